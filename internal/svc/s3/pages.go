package s3

import (
	"context"
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
