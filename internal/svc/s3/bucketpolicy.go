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
		if err := ownersPolicy(tx, b); err != nil {
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
	text := ""
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := ownersPolicy(tx, b); err != nil {
			return err
		}
		have, ok, err := loadConfig[string](tx, b.Name, policyConfig)
		if err == nil && !ok {
			err = errNoPolicy().With("BucketName", b.Name)
		}
		text = have
		return err
	})
	return &api.GetBucketPolicyOutput{Policy: &text}, err
}

// DeleteBucketPolicy removes the policy.
func (s *Service) DeleteBucketPolicy(ctx context.Context, in *api.DeleteBucketPolicyInput) (*api.DeleteBucketPolicyOutput, error) {
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := ownersPolicy(tx, b); err != nil {
			return err
		}
		return dropConfig(tx, b, policyConfig)
	})
	return &api.DeleteBucketPolicyOutput{}, err
}

// ownersPolicy refuses other accounts: whatever the policy gives them, itself
// is the owner's (API reference of S3, PutBucketPolicy).
func ownersPolicy(tx *store.Tx, b bucket) error {
	call := plane.FromContext(tx.Context())
	if call.Caller.Account == b.Account && call.Caller.Kind != plane.Anonymous {
		return nil
	}
	err := awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "The specified method is not allowed against this resource.").
		With("ResourceType", "BUCKETPOLICY")
	if call.Operation != nil {
		err = err.With("Method", call.Operation.Method)
	}
	return err
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
