package s3

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// CORS judges a request of a web page by a bucket's rules, which hold whoever
// calls: a preflight says nothing of that. has is false for a bucket without
// rules. answer is nil where no rule allows the request; else it holds the
// header fields of the answer to a preflight (headers not empty or not) and to
// the request itself, which are the same in S3.
func (s *Service) CORS(ctx context.Context, name, origin, method string, headers []string) (answer http.Header, has bool, err error) {
	if !validBucketName(name) {
		return nil, false, nil
	}
	var rules []*api.CORSRule
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, ok, err := loadConfig[api.CORSConfiguration](tx, name, corsConfig)
		rules, has = c.CORSRules, ok
		return err
	})
	if err != nil || !has {
		return nil, false, err
	}
	rule, pattern := matchCORS(rules, origin, method, headers)
	if rule == nil {
		return nil, true, nil
	}
	h := http.Header{}
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
	h.Set("Access-Control-Allow-Methods", strings.Join(rule.AllowedMethods, ", "))
	if pattern == wildcard {
		h.Set("Access-Control-Allow-Origin", wildcard)
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	if len(rule.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
	}
	if rule.MaxAgeSeconds != nil {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(*rule.MaxAgeSeconds)))
	}
	return h, true, nil
}

// publicReader tells what everybody may read of a bucket, by its policy and by
// ACLs, as far as the public access block leaves them.
type publicReader struct {
	open   bool // no signatures are demanded: everything
	policy *policyDocument
	block  publicAccessBlock
	acls   bool // ACLs count
	list   bool // the bucket's ACL lets everybody list
}

func (s *Service) publicReader(tx *store.Tx, b bucket) (publicReader, error) {
	p := publicReader{open: s.unsigned}
	if p.open {
		return p, nil
	}
	text, ok, err := loadConfig[string](tx, b.Name, policyConfig)
	if err != nil {
		return p, err
	}
	if ok {
		doc, bad := parsePolicy(text)
		if bad != nil {
			return p, errors.New("stored policy of bucket " + b.Name + ": " + bad.Message)
		}
		p.policy = doc
	}
	if p.block, err = publicAccess(tx, b.Name); err != nil {
		return p, err
	}
	p.acls = b.ownership() != ownerEnforced && !p.block.IgnorePublicAcls
	list, err := bucketACL(tx, b)
	p.list = p.acls && list.opensTo(groupAll)
	return p, err
}

// opensTo reports whether the list lets a group read.
func (a acl) opensTo(group string) bool {
	for _, g := range a.Grants {
		if g.Grantee == group && (g.Permission == "READ" || g.Permission == fullAccess) {
			return true
		}
	}
	return false
}

// mayRead reports whether everybody may read o.
func (p publicReader) mayRead(o object) bool {
	if p.open {
		return true
	}
	switch p.judge("s3:GetObject", bucketARN(o.Bucket)+pathMarker+o.Key) {
	case denied:
		return false
	case allowed:
		return true
	}
	return p.acls && o.Details.ACL.opensTo(groupAll)
}

// mayList reports whether everybody may see what is not in the bucket.
func (p publicReader) mayList(bucket string) bool {
	if p.open {
		return true
	}
	v := p.judge("s3:ListBucket", bucketARN(bucket))
	return v == allowed || v == silent && p.list
}

func (p publicReader) judge(action, resource string) verdict {
	if p.policy == nil {
		return silent
	}
	v := p.policy.anybodyMay(action, resource)
	if v == allowed && p.block.RestrictPublicBuckets && p.policy.public() {
		return silent
	}
	return v
}
