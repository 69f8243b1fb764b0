package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// GetBucketVersioning answers nothing for a bucket that never had versions.
func (s *Service) GetBucketVersioning(ctx context.Context, in *api.GetBucketVersioningInput) (*api.GetBucketVersioningOutput, error) {
	out := &api.GetBucketVersioningOutput{}
	return out, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, b bucket) error {
		if b.Versioning != "" {
			out.Status = new(api.BucketVersioningStatus(b.Versioning))
		}
		return nil
	})
}

// PutBucketVersioning enables or suspends versioning. Suspending keeps every
// version that there is.
func (s *Service) PutBucketVersioning(ctx context.Context, in *api.PutBucketVersioningInput) (*api.PutBucketVersioningOutput, error) {
	c := in.VersioningConfiguration
	if err := checkVersioning(c); err != nil {
		return nil, err
	}
	return &api.PutBucketVersioningOutput{}, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		_, err := tx.Exec(`update s3_bucket set versioning = ? where name = ?`, string(*c.Status), b.Name)
		return err
	})
}

func checkVersioning(c *api.VersioningConfiguration) *awserr.Error {
	switch {
	case c == nil:
		return errMalformedXML()
	case c.MFADelete != nil && *c.MFADelete != "Disabled":
		return errHeader("MfaDelete")
	case c.Status == nil:
		return badRequest("IllegalVersioningConfigurationException", "The Versioning element must be specified")
	case *c.Status != enabled && *c.Status != suspended:
		return errMalformedXML()
	}
	return nil
}
