package s3

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

const (
	maxCORSRules  = 100
	maxRuleID     = 255 // characters of the id of a CORS or lifecycle rule
	wildcard      = "*"
	tooManyStars  = "%s \"%s\" can not have more than one wildcard."
	corsNoMethods = "Found unsupported HTTP method in CORS config. Unsupported method is %s"
)

var corsMethods = []string{"GET", "PUT", "HEAD", "POST", "DELETE"}

func errNoCORS() *awserr.Error {
	return notFound("NoSuchCORSConfiguration", "The CORS configuration does not exist")
}

// PutBucketCors says which pages may use the bucket from a browser.
func (s *Service) PutBucketCors(ctx context.Context, in *api.PutBucketCorsInput) (*api.PutBucketCorsOutput, error) {
	if err := checkCORS(in.CORSConfiguration); err != nil {
		return nil, err
	}
	return &api.PutBucketCorsOutput{}, s.putConfig(ctx, in.Bucket, in.ExpectedBucketOwner, corsConfig, in.CORSConfiguration)
}

// GetBucketCors answers the rules, or NoSuchCORSConfiguration.
func (s *Service) GetBucketCors(ctx context.Context, in *api.GetBucketCorsInput) (*api.GetBucketCorsOutput, error) {
	c, err := readConfig[api.CORSConfiguration](ctx, s, in.Bucket, in.ExpectedBucketOwner, corsConfig, errNoCORS())
	return &api.GetBucketCorsOutput{CORSRules: c.CORSRules}, err
}

// DeleteBucketCors removes the rules.
func (s *Service) DeleteBucketCors(ctx context.Context, in *api.DeleteBucketCorsInput) (*api.DeleteBucketCorsOutput, error) {
	return &api.DeleteBucketCorsOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, corsConfig)
}

func checkCORS(c *api.CORSConfiguration) *awserr.Error {
	if c == nil || len(c.CORSRules) == 0 {
		return errMalformedXML()
	}
	if len(c.CORSRules) > maxCORSRules {
		return errInvalidRequest("The number of CORS rules should not exceed allowed limit of %d rules.", maxCORSRules)
	}
	for _, r := range c.CORSRules {
		if err := checkCORSRule(r); err != nil {
			return err
		}
	}
	return nil
}

func checkCORSRule(r *api.CORSRule) *awserr.Error {
	if r == nil || len(r.AllowedMethods) == 0 || len(r.AllowedOrigins) == 0 {
		return errMalformedXML()
	}
	if len(value(r.ID, "")) > maxRuleID {
		return errInvalidRequest("ID length should not exceed allowed limit of %d", maxRuleID)
	}
	for _, m := range r.AllowedMethods {
		if !slices.Contains(corsMethods, m) {
			return errInvalidRequest(corsNoMethods, m)
		}
	}
	for _, o := range r.AllowedOrigins {
		if strings.Count(o, wildcard) > 1 {
			return errInvalidRequest(tooManyStars, "AllowedOrigin", o)
		}
	}
	for _, h := range r.AllowedHeaders {
		if strings.Count(h, wildcard) > 1 {
			return errInvalidRequest(tooManyStars, "AllowedHeader", h)
		}
	}
	for _, h := range r.ExposeHeaders {
		if strings.Contains(h, wildcard) {
			return errInvalidRequest("ExposeHeader \"%s\" contains wildcard. We currently do not support wildcard for ExposeHeader.", h)
		}
	}
	if r.MaxAgeSeconds != nil && *r.MaxAgeSeconds < 0 {
		return errMalformedXML()
	}
	return nil
}

// matchCORS returns the first rule that allows a request from origin with the
// method and the headers, of which a preflight asks for several and an actual
// request for none, and the pattern that the origin matched.
func matchCORS(rules []*api.CORSRule, origin, method string, headers []string) (rule *api.CORSRule, pattern string) {
	for _, r := range rules {
		if !slices.Contains(r.AllowedMethods, method) {
			continue
		}
		i := slices.IndexFunc(r.AllowedOrigins, func(p string) bool { return star(p, origin) })
		if i < 0 {
			continue
		}
		allowed := func(h string) bool {
			return slices.ContainsFunc(r.AllowedHeaders, func(p string) bool { return star(strings.ToLower(p), strings.ToLower(h)) })
		}
		if !slices.ContainsFunc(headers, func(h string) bool { return !allowed(h) }) {
			return r, r.AllowedOrigins[i]
		}
	}
	return nil, ""
}

// star matches text with a pattern of at most one "*", which stands for any
// characters.
func star(pattern, text string) bool {
	before, after, any := strings.Cut(pattern, wildcard)
	if !any {
		return pattern == text
	}
	return len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}
