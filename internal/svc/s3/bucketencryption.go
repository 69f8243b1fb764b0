package s3

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

var encryptions = []api.ServerSideEncryption{"AES256", "aws:kms", "aws:kms:dsse"}

// PutBucketEncryption sets how objects are encrypted that do not say it.
func (s *Service) PutBucketEncryption(ctx context.Context, in *api.PutBucketEncryptionInput) (*api.PutBucketEncryptionOutput, error) {
	if err := checkEncryption(in.ServerSideEncryptionConfiguration); err != nil {
		return nil, err
	}
	return &api.PutBucketEncryptionOutput{}, s.putConfig(ctx, in.Bucket, in.ExpectedBucketOwner, encryptionConfig, in.ServerSideEncryptionConfiguration)
}

func checkEncryption(c *api.ServerSideEncryptionConfiguration) *awserr.Error {
	if c == nil || len(c.Rules) != 1 || c.Rules[0] == nil {
		return errMalformedXML()
	}
	r := c.Rules[0]
	if b := r.BlockedEncryptionTypes; b != nil {
		for _, t := range b.EncryptionType {
			if t != "NONE" && t != "SSE-C" {
				return errMalformedXML()
			}
		}
	}
	d := r.ApplyServerSideEncryptionByDefault
	switch {
	case d == nil && r.BlockedEncryptionTypes == nil && r.BucketKeyEnabled == nil:
		return errMalformedXML()
	case d == nil:
		return nil
	case !slices.Contains(encryptions, d.SSEAlgorithm):
		return errMalformedXML()
	case d.SSEAlgorithm == "AES256" && d.KMSMasterKeyID != nil:
		return errInvalidArgument("KMSMasterKeyID", *d.KMSMasterKeyID,
			"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	return nil
}

// GetBucketEncryption answers the bucket's encryption, which every bucket has.
func (s *Service) GetBucketEncryption(ctx context.Context, in *api.GetBucketEncryptionInput) (*api.GetBucketEncryptionOutput, error) {
	out := &api.GetBucketEncryptionOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, b bucket) error {
		e := b.defaultEncryption()
		rule := &api.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &api.ServerSideEncryptionByDefault{
				SSEAlgorithm: e.Algorithm, KMSMasterKeyID: optional(e.KeyID),
			},
			BucketKeyEnabled: &e.BucketKey,
		}
		if len(e.Blocked) > 0 {
			rule.BlockedEncryptionTypes = &api.BlockedEncryptionTypes{EncryptionType: e.Blocked}
		}
		out.ServerSideEncryptionConfiguration = &api.ServerSideEncryptionConfiguration{Rules: []*api.ServerSideEncryptionRule{rule}}
		return nil
	})
	return out, err
}

// DeleteBucketEncryption goes back to AES256.
func (s *Service) DeleteBucketEncryption(ctx context.Context, in *api.DeleteBucketEncryptionInput) (*api.DeleteBucketEncryptionOutput, error) {
	return &api.DeleteBucketEncryptionOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, encryptionConfig)
}
