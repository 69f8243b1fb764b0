package s3

import (
	"log/slog"
	"maps"
	"reflect"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Blob   *blob.Store
	Logger *slog.Logger

	// Plane and Courier reach the destinations of notifications. Websites read
	// objects through Plane, as their visitors.
	Plane   *plane.Plane
	Courier *courier.Courier
}

// Service answers the S3 API.
type Service struct {
	db     *store.DB
	engine *engine.Engine
	blobs  *blob.Store
	log    *slog.Logger

	plane    *plane.Plane
	courier  *courier.Courier
	policies policy.Cache
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, engine: d.Engine, blobs: d.Blob, log: d.Logger, plane: d.Plane, courier: d.Courier}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	all := s.bucketHandlers()
	maps.Copy(all, s.objectHandlers())
	return all
}

// bucketHandlers are those of buckets and what is set for them.
func (s *Service) bucketHandlers() map[string]shape.Handler {
	return api.Handlers{
		CreateBucket:                               s.CreateBucket,
		DeleteBucket:                               s.DeleteBucket,
		DeleteBucketCors:                           s.DeleteBucketCors,
		DeleteBucketEncryption:                     s.DeleteBucketEncryption,
		DeleteBucketLifecycle:                      s.DeleteBucketLifecycle,
		DeleteBucketOwnershipControls:              s.DeleteBucketOwnershipControls,
		DeleteBucketPolicy:                         s.DeleteBucketPolicy,
		DeleteBucketReplication:                    s.DeleteBucketReplication,
		DeleteBucketTagging:                        s.DeleteBucketTagging,
		DeleteBucketWebsite:                        s.DeleteBucketWebsite,
		DeletePublicAccessBlock:                    s.DeletePublicAccessBlock,
		GetBucketAccelerateConfiguration:           s.GetBucketAccelerateConfiguration,
		GetBucketAcl:                               s.GetBucketAcl,
		GetBucketAnalyticsConfiguration:            s.GetBucketAnalyticsConfiguration,
		GetBucketCors:                              s.GetBucketCors,
		GetBucketEncryption:                        s.GetBucketEncryption,
		GetBucketIntelligentTieringConfiguration:   s.GetBucketIntelligentTieringConfiguration,
		GetBucketInventoryConfiguration:            s.GetBucketInventoryConfiguration,
		GetBucketLifecycleConfiguration:            s.GetBucketLifecycleConfiguration,
		GetBucketLocation:                          s.GetBucketLocation,
		GetBucketLogging:                           s.GetBucketLogging,
		GetBucketMetricsConfiguration:              s.GetBucketMetricsConfiguration,
		GetBucketNotificationConfiguration:         s.GetBucketNotificationConfiguration,
		GetBucketOwnershipControls:                 s.GetBucketOwnershipControls,
		GetBucketPolicy:                            s.GetBucketPolicy,
		GetBucketPolicyStatus:                      s.GetBucketPolicyStatus,
		GetBucketReplication:                       s.GetBucketReplication,
		GetBucketRequestPayment:                    s.GetBucketRequestPayment,
		GetBucketTagging:                           s.GetBucketTagging,
		GetBucketVersioning:                        s.GetBucketVersioning,
		GetBucketWebsite:                           s.GetBucketWebsite,
		GetObjectLockConfiguration:                 s.GetObjectLockConfiguration,
		GetPublicAccessBlock:                       s.GetPublicAccessBlock,
		HeadBucket:                                 s.HeadBucket,
		ListBucketAnalyticsConfigurations:          s.ListBucketAnalyticsConfigurations,
		ListBucketIntelligentTieringConfigurations: s.ListBucketIntelligentTieringConfigurations,
		ListBucketInventoryConfigurations:          s.ListBucketInventoryConfigurations,
		ListBucketMetricsConfigurations:            s.ListBucketMetricsConfigurations,
		ListBuckets:                                s.ListBuckets,
		PutBucketAcl:                               s.PutBucketAcl,
		PutBucketCors:                              s.PutBucketCors,
		PutBucketEncryption:                        s.PutBucketEncryption,
		PutBucketLifecycleConfiguration:            s.PutBucketLifecycleConfiguration,
		PutBucketNotificationConfiguration:         s.PutBucketNotificationConfiguration,
		PutBucketOwnershipControls:                 s.PutBucketOwnershipControls,
		PutBucketPolicy:                            s.PutBucketPolicy,
		PutBucketTagging:                           s.PutBucketTagging,
		PutBucketVersioning:                        s.PutBucketVersioning,
		PutBucketWebsite:                           s.PutBucketWebsite,
		PutPublicAccessBlock:                       s.PutPublicAccessBlock,
	}.Table()
}

// objectHandlers are those of objects, their versions and uploads.
func (s *Service) objectHandlers() map[string]shape.Handler {
	return api.Handlers{
		AbortMultipartUpload:    s.AbortMultipartUpload,
		CompleteMultipartUpload: s.CompleteMultipartUpload,
		CopyObject:              s.CopyObject,
		CreateMultipartUpload:   s.CreateMultipartUpload,
		DeleteObject:            s.DeleteObject,
		DeleteObjectTagging:     s.DeleteObjectTagging,
		DeleteObjects:           s.DeleteObjects,
		GetObject:               s.GetObject,
		GetObjectAcl:            s.GetObjectAcl,
		GetObjectAttributes:     s.GetObjectAttributes,
		GetObjectTagging:        s.GetObjectTagging,
		HeadObject:              s.HeadObject,
		ListMultipartUploads:    s.ListMultipartUploads,
		ListObjectVersions:      s.ListObjectVersions,
		ListObjects:             s.ListObjects,
		ListObjectsV2:           s.ListObjectsV2,
		ListParts:               s.ListParts,
		PutObject:               s.PutObject,
		PutObjectAcl:            s.PutObjectAcl,
		PutObjectTagging:        s.PutObjectTagging,
		UploadPart:              s.UploadPart,
		UploadPartCopy:          s.UploadPartCopy,
	}.Table()
}

// Resources returns the ARN of the bucket or object that a call concerns, for
// authorization. Every input calls them Bucket and Key.
func (s *Service) Resources(_ *plane.Call, in any) []string {
	v := reflect.ValueOf(in).Elem()
	name := v.FieldByName("Bucket")
	if !name.IsValid() || name.Kind() != reflect.String {
		return []string{"*"}
	}
	arn := bucketARN(name.String())
	if key := v.FieldByName("Key"); key.IsValid() && key.Kind() == reflect.String {
		arn += pathMarker + key.String()
	}
	return []string{arn}
}
