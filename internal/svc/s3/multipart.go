package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// upload is a row of s3_upload.
type upload struct {
	ID, Bucket, Key, Initiator string
	Initiated                  time.Time
	Class                      string
	Algorithm, SumType         string // Algorithm "": the caller named none
	Details                    details
}

const uploadColumns = `id, bucket, key, initiator, initiated, class, sum_algorithm, sum_type, doc`

func scanUpload(r store.Row) (upload, error) {
	var u upload
	var initiated int64
	var doc []byte
	if err := r.Scan(&u.ID, &u.Bucket, &u.Key, &u.Initiator, &initiated, &u.Class, &u.Algorithm, &u.SumType, &doc); err != nil {
		return upload{}, err
	}
	u.Initiated = store.FromMicros(initiated)
	if err := json.Unmarshal(doc, &u.Details); err != nil {
		return upload{}, fmt.Errorf("document of upload %s: %w", u.ID, err)
	}
	return u, nil
}

// getUpload returns the upload in progress, or NoSuchUpload.
func getUpload(tx *store.Tx, bucket, key, id string) (upload, error) {
	u, err := scanUpload(tx.Row(`select `+uploadColumns+` from s3_upload where id = ?`, id))
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.Bucket != bucket || u.Key != key) {
		return upload{}, errNoSuchUpload(id)
	}
	return u, err
}

// sumAlgorithm is what the parts are summed by.
func (u upload) sumAlgorithm() string {
	if u.Algorithm == "" {
		return defaultAlgorithm
	}
	return u.Algorithm
}

// CreateMultipartUpload begins an upload in parts.
func (s *Service) CreateMultipartUpload(ctx context.Context, in *api.CreateMultipartUploadInput) (*api.CreateMultipartUploadOutput, error) {
	u, n, err := newUpload(in)
	if err != nil {
		return nil, err
	}
	u.Initiator = plane.FromContext(ctx).Caller.ARN
	err2 := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := n.settle(tx, b, &u.Details); err != nil {
			return err
		}
		u.ID = newUploadID(tx.Now())
		doc, err := json.Marshal(u.Details)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into s3_upload (`+uploadColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			u.ID, u.Bucket, u.Key, u.Initiator, store.Micros(tx.Now()), u.Class, u.Algorithm, u.SumType, string(doc))
		return err
	})
	if err2 != nil {
		return nil, err2
	}
	out := &api.CreateMultipartUploadOutput{Bucket: &in.Bucket, Key: &in.Key, UploadId: &u.ID}
	if u.Algorithm != "" {
		out.ChecksumAlgorithm = new(api.ChecksumAlgorithm(u.Algorithm))
		out.ChecksumType = new(api.ChecksumType(u.SumType))
	}
	setEncryption(out, u.Details.Encryption)
	return out, nil
}

// newUploadID begins with the time, so that the uploads of a key sort by when
// they began.
func newUploadID(began time.Time) string {
	return fmt.Sprintf("%016x", store.Micros(began)) + randomName() + randomName()[:16]
}

func newUpload(in *api.CreateMultipartUploadInput) (upload, newObject, *awserr.Error) {
	u := upload{Bucket: in.Bucket, Key: in.Key}
	if err := checkKey(in.Key); err != nil {
		return u, newObject{}, err
	}
	var n newObject
	var err *awserr.Error
	if n, u.Class, u.Details, err = readNew(in); err != nil {
		return u, n, err
	}
	u.Details.SumAsked, u.Details.Asked = in.ChecksumAlgorithm != nil, uploadKeys(in)
	return u, n, u.setSum(in.ChecksumAlgorithm, in.ChecksumType)
}

// setSum takes over the checksum that the whole is to have. CRCs of parts can
// be combined into the whole's, which CRC64NVME always is and hashes never are.
func (u *upload) setSum(algorithm *api.ChecksumAlgorithm, sumType *api.ChecksumType) *awserr.Error {
	if algorithm == nil {
		if sumType != nil {
			return errInvalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return nil
	}
	u.Algorithm, u.SumType = string(*algorithm), composite
	if err := checkAlgorithm(u.Algorithm); err != nil {
		return err
	}
	if u.Algorithm == defaultAlgorithm {
		u.SumType = fullObject
	}
	if sumType == nil {
		return nil
	}
	named := string(*sumType)
	hashed := algorithms[u.Algorithm].crc == nil
	if named == fullObject && hashed || named == composite && u.Algorithm == defaultAlgorithm || named != fullObject && named != composite {
		return errInvalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", named, lower(u.Algorithm))
	}
	u.SumType = named
	return nil
}

// AbortMultipartUpload ends an upload and gives up its parts.
func (s *Service) AbortMultipartUpload(ctx context.Context, in *api.AbortMultipartUploadInput) (*api.AbortMultipartUploadOutput, error) {
	return &api.AbortMultipartUploadOutput{}, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, _ bucket) error {
		u, err := getUpload(tx, in.Bucket, in.Key, in.UploadId)
		if err != nil {
			return err
		}
		if t := in.IfMatchInitiatedTime; t != nil && !t.Truncate(time.Second).Equal(u.Initiated.Truncate(time.Second)) {
			return errPrecondition("x-amz-if-match-initiated-time")
		}
		return dropUpload(tx, u.ID)
	})
}

// dropUpload deletes an upload in progress and its parts.
func dropUpload(tx *store.Tx, id string) error {
	if _, err := tx.Exec(`delete from s3_upload where id = ?`, id); err != nil {
		return err
	}
	return dropParts(tx, id)
}

// dropUploads deletes all uploads in progress of a bucket.
func dropUploads(tx *store.Tx, bucket string) error {
	ids, err := store.All(store.Query(tx, store.Scan1[string], `select id from s3_upload where bucket = ?`, bucket))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := dropUpload(tx, id); err != nil {
			return err
		}
	}
	return nil
}
