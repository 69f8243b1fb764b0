package s3

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

func validOwnership(o api.ObjectOwnership) bool {
	return slices.Contains([]api.ObjectOwnership{ownerEnforced, ownerPreferred, objectWriter}, o)
}

// errACLOwnership refuses ACLs where the owner of the bucket owns all.
func errACLOwnership() *awserr.Error {
	return badRequest("InvalidBucketAclWithObjectOwnership",
		"Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
}

// PutBucketOwnershipControls says who owns what is written to a bucket. ACLs
// cannot be switched off while the bucket's own grants something to others.
func (s *Service) PutBucketOwnershipControls(ctx context.Context, in *api.PutBucketOwnershipControlsInput) (*api.PutBucketOwnershipControlsOutput, error) {
	c := in.OwnershipControls
	if c == nil || len(c.Rules) != 1 || c.Rules[0] == nil || !validOwnership(c.Rules[0].ObjectOwnership) {
		return nil, errMalformedXML()
	}
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if c.Rules[0].ObjectOwnership == ownerEnforced {
			list, err := bucketACL(tx, b)
			if err != nil {
				return err
			}
			if !list.ownersAlone(canonicalID(b.Account)) {
				return errACLOwnership()
			}
		}
		return saveConfig(tx, b, ownershipConfig, c)
	})
	return &api.PutBucketOwnershipControlsOutput{}, err
}

// GetBucketOwnershipControls answers the rule. New buckets have one.
func (s *Service) GetBucketOwnershipControls(ctx context.Context, in *api.GetBucketOwnershipControlsInput) (*api.GetBucketOwnershipControlsOutput, error) {
	c, err := readConfig[*api.OwnershipControls](ctx, s, in.Bucket, in.ExpectedBucketOwner, ownershipConfig,
		notFound("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"))
	return &api.GetBucketOwnershipControlsOutput{OwnershipControls: c}, err
}

// DeleteBucketOwnershipControls removes the rule. The bucket then behaves as
// with BucketOwnerEnforced here; AWS calls buckets without a rule ObjectWriter.
func (s *Service) DeleteBucketOwnershipControls(ctx context.Context, in *api.DeleteBucketOwnershipControlsInput) (*api.DeleteBucketOwnershipControlsOutput, error) {
	return &api.DeleteBucketOwnershipControlsOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, ownershipConfig)
}

// GetPublicAccessBlock answers what of a bucket is kept from the public. New
// buckets have all four settings on, as since April 2023.
func (s *Service) GetPublicAccessBlock(ctx context.Context, in *api.GetPublicAccessBlockInput) (*api.GetPublicAccessBlockOutput, error) {
	c, err := readConfig[*api.PublicAccessBlockConfiguration](ctx, s, in.Bucket, in.ExpectedBucketOwner, publicAccessConfig,
		notFound("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"))
	return &api.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: c}, err
}

// PutPublicAccessBlock replaces the four settings; what is not said is off.
func (s *Service) PutPublicAccessBlock(ctx context.Context, in *api.PutPublicAccessBlockInput) (*api.PutPublicAccessBlockOutput, error) {
	c := in.PublicAccessBlockConfiguration
	if c == nil || c.BlockPublicAcls == nil && c.BlockPublicPolicy == nil && c.IgnorePublicAcls == nil && c.RestrictPublicBuckets == nil {
		return nil, errMalformedXML()
	}
	full := publicAccessBlock{
		value(c.BlockPublicAcls, false), value(c.IgnorePublicAcls, false),
		value(c.BlockPublicPolicy, false), value(c.RestrictPublicBuckets, false),
	}
	return &api.PutPublicAccessBlockOutput{}, s.putConfig(ctx, in.Bucket, in.ExpectedBucketOwner, publicAccessConfig, full)
}

// DeletePublicAccessBlock switches the four settings off.
func (s *Service) DeletePublicAccessBlock(ctx context.Context, in *api.DeletePublicAccessBlockInput) (*api.DeletePublicAccessBlockOutput, error) {
	return &api.DeletePublicAccessBlockOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, publicAccessConfig)
}

// publicAccessBlock is api.PublicAccessBlockConfiguration without gaps, and is
// kept under the same names.
type publicAccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

// publicAccess reads the settings of a bucket; all are off when there are none.
func publicAccess(tx *store.Tx, bucket string) (publicAccessBlock, error) {
	c, _, err := loadConfig[publicAccessBlock](tx, bucket, publicAccessConfig)
	return c, err
}
