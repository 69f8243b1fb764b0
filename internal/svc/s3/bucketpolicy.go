package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

func errNoPolicy() *awserr.Error {
	return notFound("NoSuchBucketPolicy", "The bucket policy does not exist")
}

// PutBucketPolicy replaces a bucket's policy. Public ones are refused where the
// public access block says so.
func (s *Service) PutBucketPolicy(ctx context.Context, in *api.PutBucketPolicyInput) (*api.PutBucketPolicyOutput, error) {
	doc, bad := parsePolicy(in.Policy)
	if bad != nil {
		return nil, bad
	}
	if _, err := policy.Parse(in.Policy, policy.ResourceUse); err != nil {
		return nil, errMalformedPolicy(err.Error())
	}
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := doc.check(b.Name); err != nil {
			return err
		}
		block, err := publicAccess(tx, b.Name)
		if err != nil {
			return err
		}
		if block.BlockPublicPolicy && doc.public() {
			who := plane.FromContext(tx.Context()).Caller.ARN
			return awserr.New("AccessDenied", http.StatusForbidden, "User: %s is not authorized to perform: s3:PutBucketPolicy on resource: \"%s\" "+
				"because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", who, bucketARN(b.Name))
		}
		return saveConfig(tx, b, policyConfig, in.Policy)
	})
	return &api.PutBucketPolicyOutput{}, err
}

// GetBucketPolicy answers the policy as it was put, or NoSuchBucketPolicy.
func (s *Service) GetBucketPolicy(ctx context.Context, in *api.GetBucketPolicyInput) (*api.GetBucketPolicyOutput, error) {
	text, err := readConfig[string](ctx, s, in.Bucket, in.ExpectedBucketOwner, policyConfig, errNoPolicy())
	return &api.GetBucketPolicyOutput{Policy: &text}, err
}

// DeleteBucketPolicy removes the policy.
func (s *Service) DeleteBucketPolicy(ctx context.Context, in *api.DeleteBucketPolicyInput) (*api.DeleteBucketPolicyOutput, error) {
	return &api.DeleteBucketPolicyOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, policyConfig)
}

// GetBucketPolicyStatus tells whether the policy is public.
func (s *Service) GetBucketPolicyStatus(ctx context.Context, in *api.GetBucketPolicyStatusInput) (*api.GetBucketPolicyStatusOutput, error) {
	text, err := readConfig[string](ctx, s, in.Bucket, in.ExpectedBucketOwner, policyConfig, errNoPolicy())
	if err != nil {
		return nil, err
	}
	doc, bad := parsePolicy(text)
	if bad != nil {
		return nil, fmt.Errorf("stored policy of %s: %w", in.Bucket, error(bad))
	}
	return &api.GetBucketPolicyStatusOutput{PolicyStatus: &api.PolicyStatus{IsPublic: new(doc.public())}}, nil
}

// public reports whether the policy gives something to everybody (S3 User
// Guide, "The meaning of public").
func (d *policyDocument) public() bool {
	return slices.ContainsFunc(d.Statements, func(s *statement) bool {
		return s.Effect == "Allow" && s.anybody() && !s.restricted()
	})
}

// anybody reports whether everybody is among the principals.
func (s *statement) anybody() bool {
	if s.NotPrincipal != nil {
		return true
	}
	return s.Principal.Any || slices.Contains(s.Principal.ByType["AWS"], wildcard)
}

// fixedKeys are the condition keys that, held to fixed values, keep a
// statement from being public.
var fixedKeys = []string{
	"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount",
	"aws:sourceorgid", "aws:sourceorgpaths", "aws:userid", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount",
	"aws:principalarn", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
	"s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

// positive are the operators that hold a key to values.
var positive = []string{"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"}

// restricted reports whether a condition holds the statement to fixed values.
func (s *statement) restricted() bool {
	for op, keys := range s.Condition {
		if !slices.Contains(positive, op) {
			continue
		}
		for key, values := range keys {
			if slices.Contains(fixedKeys, strings.ToLower(key)) && !slices.ContainsFunc(values, open) {
				return true
			}
		}
	}
	return false
}

// open reports whether a value of a condition is no restriction: a pattern
// that begins with a star, or a network wider than those one can own.
func open(v string) bool {
	if p, err := netip.ParsePrefix(v); err == nil {
		return p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 32
	}
	return strings.HasPrefix(v, wildcard) || strings.HasPrefix(v, "arn:*") || strings.Contains(v, "::*:")
}

// verdict is what a policy says of a request by nobody in particular.
type verdict uint8

const (
	silent verdict = iota
	allowed
	denied
)

// anybodyMay judges a request without a signature. A condition cannot be
// judged here: an Allow with one does not count, a Deny with one does.
func (d *policyDocument) anybodyMay(action, resource string) verdict {
	v := silent
	for _, s := range d.Statements {
		if !s.anybody() || !s.concerns(action, resource) {
			continue
		}
		if s.Effect == "Deny" {
			return denied
		}
		if s.NotPrincipal == nil && len(s.Condition) == 0 {
			v = allowed
		}
	}
	return v
}

func (s *statement) concerns(action, resource string) bool {
	matches := func(patterns texts, text string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, text) })
	}
	lower := func(t texts) texts {
		out := make(texts, len(t))
		for i := range t {
			out[i] = strings.ToLower(t[i])
		}
		return out
	}
	action = strings.ToLower(action)
	if len(s.Action) > 0 && !matches(lower(s.Action), action) || len(s.NotAction) > 0 && matches(lower(s.NotAction), action) {
		return false
	}
	if len(s.Resource) > 0 && !matches(s.Resource, resource) || len(s.NotResource) > 0 && matches(s.NotResource, resource) {
		return false
	}
	return true
}
