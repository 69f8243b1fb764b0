package s3_test

import (
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
)

// A key of the caller's is never taken and then not used, whatever the
// operation.
func TestCustomerKeysAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		w.put(t, "bucket", "source", "text")
		up := must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "big"}))(t)
		list := w.parts(t, up, []int32{1}, [][]byte{[]byte("part")})
		aes, id := new("AES256"), *up.UploadId
		_, err := w.UploadPartCopy(t.Context(), &api.UploadPartCopyInput{
			Bucket: "bucket", Key: "big", UploadId: id, PartNumber: 2, CopySource: "bucket/source", SSECustomerAlgorithm: aes,
		})
		_ = refused(t, "NotImplemented", 501, err)
		_, err = w.ListParts(t.Context(), &api.ListPartsInput{Bucket: "bucket", Key: "big", UploadId: id, SSECustomerAlgorithm: aes})
		_ = refused(t, "NotImplemented", 501, err)
		_, err = w.CompleteMultipartUpload(t.Context(), &api.CompleteMultipartUploadInput{
			Bucket: "bucket", Key: "big", UploadId: id, SSECustomerAlgorithm: aes, MultipartUpload: &api.CompletedMultipartUpload{Parts: list},
		})
		_ = refused(t, "NotImplemented", 501, err)
		_, err = w.GetObjectAttributes(t.Context(), &api.GetObjectAttributesInput{
			Bucket: "bucket", Key: "source", SSECustomerAlgorithm: aes, ObjectAttributes: []api.ObjectAttributes{"ETag"},
		})
		_ = refused(t, "NotImplemented", 501, err)
		must(w.complete(t, up, list))(t) // nothing was changed
	})
}
