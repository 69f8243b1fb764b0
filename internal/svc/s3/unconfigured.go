package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
)

// Configurations that no bucket of Nephele can have: what would put them is
// not implemented, and what reads them answers as AWS does for a bucket that
// never had one, which is the truth.

// GetBucketAccelerateConfiguration answers that acceleration was never set.
func (s *Service) GetBucketAccelerateConfiguration(ctx context.Context, in *api.GetBucketAccelerateConfigurationInput) (*api.GetBucketAccelerateConfigurationOutput, error) {
	return &api.GetBucketAccelerateConfigurationOutput{}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// GetBucketLogging answers that no log is written.
func (s *Service) GetBucketLogging(ctx context.Context, in *api.GetBucketLoggingInput) (*api.GetBucketLoggingOutput, error) {
	return &api.GetBucketLoggingOutput{}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// GetBucketRequestPayment answers that the owner pays.
func (s *Service) GetBucketRequestPayment(ctx context.Context, in *api.GetBucketRequestPaymentInput) (*api.GetBucketRequestPaymentOutput, error) {
	return &api.GetBucketRequestPaymentOutput{Payer: new(api.Payer("BucketOwner"))}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// absent answers code for a bucket that the caller may use.
func (s *Service) absent(ctx context.Context, bucket string, owner *string, code, message string) error {
	if err := s.viewBucket(ctx, bucket, owner, nil); err != nil {
		return err
	}
	return notFound(code, message).With("BucketName", bucket)
}

const noConfiguration = "The specified configuration does not exist."

// GetBucketReplication answers ReplicationConfigurationNotFoundError.
func (s *Service) GetBucketReplication(ctx context.Context, in *api.GetBucketReplicationInput) (*api.GetBucketReplicationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
}

// DeleteBucketReplication succeeds, as without a configuration in AWS.
func (s *Service) DeleteBucketReplication(ctx context.Context, in *api.DeleteBucketReplicationInput) (*api.DeleteBucketReplicationOutput, error) {
	return &api.DeleteBucketReplicationOutput{}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// GetObjectLockConfiguration answers ObjectLockConfigurationNotFoundError.
func (s *Service) GetObjectLockConfiguration(ctx context.Context, in *api.GetObjectLockConfigurationInput) (*api.GetObjectLockConfigurationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
}

// GetBucketAnalyticsConfiguration answers NoSuchConfiguration.
func (s *Service) GetBucketAnalyticsConfiguration(ctx context.Context, in *api.GetBucketAnalyticsConfigurationInput) (*api.GetBucketAnalyticsConfigurationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchConfiguration", noConfiguration)
}

// GetBucketInventoryConfiguration answers NoSuchConfiguration.
func (s *Service) GetBucketInventoryConfiguration(ctx context.Context, in *api.GetBucketInventoryConfigurationInput) (*api.GetBucketInventoryConfigurationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchConfiguration", noConfiguration)
}

// GetBucketMetricsConfiguration answers NoSuchConfiguration.
func (s *Service) GetBucketMetricsConfiguration(ctx context.Context, in *api.GetBucketMetricsConfigurationInput) (*api.GetBucketMetricsConfigurationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchConfiguration", noConfiguration)
}

// GetBucketIntelligentTieringConfiguration answers NoSuchConfiguration.
func (s *Service) GetBucketIntelligentTieringConfiguration(ctx context.Context, in *api.GetBucketIntelligentTieringConfigurationInput) (*api.GetBucketIntelligentTieringConfigurationOutput, error) {
	return nil, s.absent(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchConfiguration", noConfiguration)
}

// ListBucketAnalyticsConfigurations answers none.
func (s *Service) ListBucketAnalyticsConfigurations(ctx context.Context, in *api.ListBucketAnalyticsConfigurationsInput) (*api.ListBucketAnalyticsConfigurationsOutput, error) {
	return &api.ListBucketAnalyticsConfigurationsOutput{IsTruncated: new(false)}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// ListBucketInventoryConfigurations answers none.
func (s *Service) ListBucketInventoryConfigurations(ctx context.Context, in *api.ListBucketInventoryConfigurationsInput) (*api.ListBucketInventoryConfigurationsOutput, error) {
	return &api.ListBucketInventoryConfigurationsOutput{IsTruncated: new(false)}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// ListBucketMetricsConfigurations answers none.
func (s *Service) ListBucketMetricsConfigurations(ctx context.Context, in *api.ListBucketMetricsConfigurationsInput) (*api.ListBucketMetricsConfigurationsOutput, error) {
	return &api.ListBucketMetricsConfigurationsOutput{IsTruncated: new(false)}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}

// ListBucketIntelligentTieringConfigurations answers none.
func (s *Service) ListBucketIntelligentTieringConfigurations(ctx context.Context, in *api.ListBucketIntelligentTieringConfigurationsInput) (*api.ListBucketIntelligentTieringConfigurationsOutput, error) {
	return &api.ListBucketIntelligentTieringConfigurationsOutput{IsTruncated: new(false)}, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, nil)
}
