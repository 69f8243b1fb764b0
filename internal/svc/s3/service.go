package s3

import (
	"log/slog"
	"reflect"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Blob   *blob.Store
	Logger *slog.Logger
}

// Service answers the S3 API.
type Service struct {
	db     *store.DB
	engine *engine.Engine
	blobs  *blob.Store
	log    *slog.Logger
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, engine: d.Engine, blobs: d.Blob, log: d.Logger}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		AbortMultipartUpload:    s.AbortMultipartUpload,
		CompleteMultipartUpload: s.CompleteMultipartUpload,
		CopyObject:              s.CopyObject,
		CreateBucket:            s.CreateBucket,
		CreateMultipartUpload:   s.CreateMultipartUpload,
		DeleteBucket:            s.DeleteBucket,
		DeleteBucketTagging:     s.DeleteBucketTagging,
		DeleteObject:            s.DeleteObject,
		DeleteObjectTagging:     s.DeleteObjectTagging,
		DeleteObjects:           s.DeleteObjects,
		GetBucketLocation:       s.GetBucketLocation,
		GetBucketTagging:        s.GetBucketTagging,
		GetBucketVersioning:     s.GetBucketVersioning,
		GetObject:               s.GetObject,
		GetObjectAttributes:     s.GetObjectAttributes,
		GetObjectTagging:        s.GetObjectTagging,
		HeadBucket:              s.HeadBucket,
		HeadObject:              s.HeadObject,
		ListBuckets:             s.ListBuckets,
		ListMultipartUploads:    s.ListMultipartUploads,
		ListObjects:             s.ListObjects,
		ListObjectsV2:           s.ListObjectsV2,
		ListParts:               s.ListParts,
		PutBucketTagging:        s.PutBucketTagging,
		PutObject:               s.PutObject,
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
