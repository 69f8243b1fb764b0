package crash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func newBucket(ctx context.Context, t *testing.T, c clients, name string) {
	t.Helper()
	if _, err := c.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
}

// digest reads an object and returns the SHA-256 of its bytes.
func digest(ctx context.Context, c clients, bucket, key string, version *string) (sum [sha256.Size]byte, err error) {
	out, err := c.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: version})
	if err != nil {
		return sum, err
	}
	defer out.Body.Close()
	h := sha256.New()
	_, err = io.Copy(h, out.Body)
	return [sha256.Size]byte(h.Sum(nil)), err
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

// uploadErrand makes objects of two parts. What was acknowledged to be complete
// is there, whole.
type uploadErrand struct {
	c    clients
	rng  *rand.Rand
	next int
	sums map[string][sha256.Size]byte // of acknowledged objects
}

const uploads = "crash-uploads"

func (u *uploadErrand) prepare(ctx context.Context, t *testing.T) {
	newBucket(ctx, t, u.c, uploads)
	u.sums = map[string][sha256.Size]byte{}
}

func (u *uploadErrand) once(ctx context.Context, t *testing.T) {
	u.next++
	key := "upload-" + strconv.Itoa(u.next)
	var id *string
	until(ctx, func() bool {
		out, err := u.c.objects.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(uploads), Key: &key})
		if err == nil {
			id = out.UploadId
		}
		return err == nil
	})
	big, small := make([]byte, 5<<20), make([]byte, 1000)
	for i := range big {
		big[i] = byte(i * u.next)
	}
	for i := range small {
		small[i] = byte(u.rng.Uint32())
	}
	parts := []types.CompletedPart{u.part(ctx, key, id, 1, big), u.part(ctx, key, id, 2, small)}
	if u.complete(ctx, t, key, id, parts) {
		u.sums[key] = sha256.Sum256(append(big, small...))
	}
}

func (u *uploadErrand) part(ctx context.Context, key string, id *string, number int32, data []byte) types.CompletedPart {
	p := types.CompletedPart{PartNumber: &number}
	until(ctx, func() bool {
		out, err := u.c.objects.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: aws.String(uploads), Key: &key, UploadId: id, PartNumber: &number, Body: bytes.NewReader(data),
		})
		if err == nil {
			p.ETag = out.ETag
		}
		return err == nil
	})
	return p
}

// complete asks until the answer is certain: an upload that is gone was
// completed by an earlier attempt, nobody aborts any.
func (u *uploadErrand) complete(ctx context.Context, t *testing.T, key string, id *string, parts []types.CompletedPart) bool {
	return until(ctx, func() bool {
		_, err := u.c.objects.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: aws.String(uploads), Key: &key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		if hasCode(err, "InvalidPart") {
			t.Errorf("%s: an acknowledged part is lost: %v", key, err)
			return true
		}
		return err == nil || hasCode(err, "NoSuchUpload")
	})
}

func (u *uploadErrand) verify(ctx context.Context, t *testing.T) {
	for key, want := range u.sums {
		var got [sha256.Size]byte
		var err error
		until(ctx, func() bool {
			got, err = digest(ctx, u.c, uploads, key, nil)
			return err == nil || hasCode(err, "NoSuchKey")
		})
		if err != nil || got != want {
			t.Errorf("%s was acknowledged and is not what was sent (%v)", key, err)
		}
	}
	t.Logf("%d uploads checked", len(u.sums))
}

// versionErrand overwrites and deletes a few keys in a versioned bucket: every
// acknowledged version stays.
type versionErrand struct {
	c    clients
	next int
	kept map[string]string // version id to body
	keys map[string]string // version id to key
}

const versions = "crash-versions"

func (v *versionErrand) prepare(ctx context.Context, t *testing.T) {
	newBucket(ctx, t, v.c, versions)
	v.kept, v.keys = map[string]string{}, map[string]string{}
	_, err := v.c.objects.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: aws.String(versions), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (v *versionErrand) once(ctx context.Context, _ *testing.T) {
	v.next++
	key, body := "key-"+strconv.Itoa(v.next%5), "body-"+strconv.Itoa(v.next)
	if v.next%7 == 0 {
		until(ctx, func() bool {
			_, err := v.c.objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(versions), Key: &key})
			return err == nil
		})
		return
	}
	until(ctx, func() bool {
		out, err := v.c.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(versions), Key: &key, Body: bytes.NewReader([]byte(body))})
		if err == nil {
			v.kept[*out.VersionId], v.keys[*out.VersionId] = body, key
		}
		return err == nil
	})
}

func (v *versionErrand) verify(ctx context.Context, t *testing.T) {
	for id, body := range v.kept {
		var got [sha256.Size]byte
		var err error
		until(ctx, func() bool {
			got, err = digest(ctx, v.c, versions, v.keys[id], &id)
			return err == nil || hasCode(err, "NoSuchVersion")
		})
		if err != nil || got != sha256.Sum256([]byte(body)) {
			t.Errorf("version %s of %s was acknowledged and is lost (%v)", id, v.keys[id], err)
		}
	}
	t.Logf("%d versions checked", len(v.kept))
}
