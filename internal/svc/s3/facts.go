package s3

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Facts tells what is known of a bucket or an object, for authorization: the
// owner of the bucket, its policy and, where they count, the access control
// lists, as far as the public access block leaves them; the object's tags.
func (s *Service) Facts(ctx context.Context, call *plane.Call, arn string) (res policy.Resource, err error) {
	name, key, _ := strings.Cut(strings.TrimPrefix(arn, "arn:aws:s3:::"), pathMarker)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		b, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, name))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		f := facts{s: s, b: b, caller: &call.Caller, res: &res}
		return f.gather(tx, key)
	})
	return res, err
}

// facts gathers what is known of a bucket and one object in it.
type facts struct {
	s      *Service
	b      bucket
	caller *plane.Caller
	res    *policy.Resource
}

func (f *facts) gather(tx *store.Tx, key string) error {
	f.res.Account, f.res.Keys = f.b.Account, policy.Keys{}
	text, ok, err := loadConfig[string](tx, f.b.Name, policyConfig)
	if err != nil {
		return err
	}
	block, err := publicAccess(tx, f.b.Name)
	if err != nil {
		return err
	}
	if ok && !f.shut(block, text) {
		f.res.Policies = f.s.policies.Policies(bucketARN(f.b.Name), text, policy.ResourceUse)
	}
	if err := f.bucketACL(tx, block); err != nil || key == "" || strings.Contains(key, wildcard) {
		return err
	}
	h, err := look(tx, f.b, key)
	if err != nil || !h.exists {
		return err
	}
	for tag, value := range h.current.Details.Tags {
		f.res.Keys["s3:existingobjecttag/"+strings.ToLower(tag)] = []string{value}
	}
	f.objectACL(h.current, block)
	return nil
}

// shut reports whether RestrictPublicBuckets takes away from the caller what
// the policy gives: a public policy counts for services and the owner's account
// alone.
func (f *facts) shut(block publicAccessBlock, text string) bool {
	if !block.RestrictPublicBuckets || f.caller.Kind == plane.Service || f.caller.Kind != plane.Anonymous && f.caller.Account == f.b.Account {
		return false
	}
	doc, bad := parsePolicy(text)
	return bad != nil || doc.public()
}

// listedBucket and listedObject are what the permissions of access control
// lists are worth (S3 User Guide, "Access control list (ACL) overview").
var (
	listedBucket = map[string][]string{
		"READ":      {"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"},
		"WRITE":     {"s3:PutObject"},
		"READ_ACP":  {"s3:GetBucketAcl"},
		"WRITE_ACP": {"s3:PutBucketAcl"},
	}
	listedObject = map[string][]string{
		"READ":      {"s3:GetObject", "s3:GetObjectVersion"},
		"READ_ACP":  {"s3:GetObjectAcl", "s3:GetObjectVersionAcl"},
		"WRITE_ACP": {"s3:PutObjectAcl", "s3:PutObjectVersionAcl"},
	}
)

func (f *facts) bucketACL(tx *store.Tx, block publicAccessBlock) error {
	if f.b.ownership() == ownerEnforced {
		return nil
	}
	list, err := bucketACL(tx, f.b)
	if err == nil {
		f.grant(list, block, listedBucket)
	}
	return err
}

func (f *facts) objectACL(o object, block publicAccessBlock) {
	if f.b.ownership() != ownerEnforced {
		f.grant(o.Details.ACL, block, listedObject)
	}
}

// grant adds, as a policy, what a list gives the caller.
func (f *facts) grant(list acl, block publicAccessBlock, worth map[string][]string) {
	var actions []string
	for _, g := range list.Grants {
		if !f.grants(g, block) {
			continue
		}
		for permission, of := range worth {
			if g.Permission == permission || g.Permission == fullAccess {
				actions = append(actions, of...)
			}
		}
	}
	if len(actions) == 0 {
		return
	}
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": map[string]any{
			"Effect": "Allow", "Principal": wildcard, "Action": sortedUnique(actions),
			"Resource": []string{bucketARN(f.b.Name), bucketARN(f.b.Name) + "/*"},
		},
	})
	if err == nil { // a map of strings cannot fail
		f.res.Policies = append(f.res.Policies, f.s.policies.Policies("access control list", string(text), policy.ResourceUse)...)
	}
}

// grants reports whether a grant is to the caller. Grants to the owner's own
// account are not needed: its policies decide.
func (f *facts) grants(g grant, block publicAccessBlock) bool {
	switch g.Grantee {
	case groupAll:
		return !block.IgnorePublicAcls
	case groupAuth:
		return !block.IgnorePublicAcls && f.caller.Kind != plane.Anonymous
	}
	return g.Type == granteeUser && f.caller.Kind != plane.Anonymous && f.caller.Account != f.b.Account &&
		g.Grantee == canonicalID(f.caller.Account)
}

func sortedUnique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
