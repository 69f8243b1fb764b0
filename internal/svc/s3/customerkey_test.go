package s3_test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the header's definition
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
)

// sseKey is the three headers of a customer's key.
type sseKey struct{ algorithm, key, md5 *string }

func newKey(seed byte) sseKey {
	raw := bytes.Repeat([]byte{seed}, 32)
	sum := md5.Sum(raw) //nolint:gosec // see the import
	return sseKey{new("AES256"), new(base64.StdEncoding.EncodeToString(raw)), new(base64.StdEncoding.EncodeToString(sum[:]))}
}

func (k sseKey) get(in api.GetObjectInput) *api.GetObjectInput {
	in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = k.algorithm, k.key, k.md5
	return &in
}

// An object under a customer's key is read with that key alone, in any range,
// and its bytes are not in the blob store in clear.
func TestCustomerKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		k, other := newKey(1), newKey(2)
		text := strings.Repeat("a secret text. ", 100)
		put := must(w.PutObject(ctx, &api.PutObjectInput{
			Bucket: "bucket", Key: "k", Body: strings.NewReader(text),
			SSECustomerAlgorithm: k.algorithm, SSECustomerKey: k.key, SSECustomerKeyMD5: k.md5,
		}))(t)
		if *put.SSECustomerKeyMD5 != *k.md5 || put.ServerSideEncryption != nil {
			t.Errorf("put %+v", put)
		}
		for _, r := range []struct{ from, to int }{{0, len(text) - 1}, {0, 0}, {1, 16}, {15, 17}, {16, 31}, {777, 1400}} {
			body, _ := w.get(t, k.get(api.GetObjectInput{Bucket: "bucket", Key: "k", Range: new(fmt.Sprintf("bytes=%d-%d", r.from, r.to))}))
			if body != text[r.from:r.to+1] {
				t.Errorf("range %v reads %q", r, body)
			}
		}
		w.eachBlob(t, func(b []byte) {
			if bytes.Contains(b, []byte("secret")) {
				t.Error("the blob is in clear")
			}
		})
		_, err := w.GetObject(ctx, &api.GetObjectInput{Bucket: "bucket", Key: "k"})
		_ = refused(t, "InvalidRequest", 400, err)
		_, err = w.GetObject(ctx, other.get(api.GetObjectInput{Bucket: "bucket", Key: "k"}))
		_ = refused(t, "AccessDenied", 403, err)
		_, err = w.HeadObject(ctx, &api.HeadObjectInput{Bucket: "bucket", Key: "k"})
		_ = refused(t, "InvalidRequest", 400, err)
		_, err = w.CopyObject(ctx, &api.CopyObjectInput{Bucket: "bucket", Key: "copy", CopySource: "bucket/k"})
		_ = refused(t, "InvalidRequest", 400, err)
		must(w.CopyObject(ctx, &api.CopyObjectInput{
			Bucket: "bucket", Key: "copy", CopySource: "bucket/k",
			CopySourceSSECustomerAlgorithm: k.algorithm, CopySourceSSECustomerKey: k.key, CopySourceSSECustomerKeyMD5: k.md5,
		}))(t)
		if body, got := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "copy"}); body != text || *got.ServerSideEncryption != "AES256" {
			t.Errorf("the copy reads %q", body)
		}
		_, err = w.GetObject(ctx, k.get(api.GetObjectInput{Bucket: "bucket", Key: "copy"}))
		_ = refused(t, "InvalidRequest", 400, err)
	})
}

// Every part of an upload under a customer's key brings the key.
func TestCustomerKeyInParts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		k, other := newKey(1), newKey(2)
		up := must(w.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{
			Bucket: "bucket", Key: "big", SSECustomerAlgorithm: k.algorithm, SSECustomerKey: k.key, SSECustomerKeyMD5: k.md5,
		}))(t)
		bodies := [][]byte{pattern(5*mib, 1), pattern(1000, 2)}
		var list []*api.CompletedPart
		for i, b := range bodies {
			n := int32(i + 1)
			in := &api.UploadPartInput{Bucket: "bucket", Key: "big", UploadId: *up.UploadId, PartNumber: n, Body: bytes.NewReader(b)}
			_, err := w.UploadPart(ctx, in)
			_ = refused(t, "InvalidRequest", 400, err)
			in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = other.algorithm, other.key, other.md5
			_, err = w.UploadPart(ctx, in)
			_ = refused(t, "InvalidRequest", 400, err)
			in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = k.algorithm, k.key, k.md5
			out := must(w.UploadPart(ctx, in))(t)
			list = append(list, &api.CompletedPart{PartNumber: &n, ETag: out.ETag})
		}
		must(w.complete(t, up, list))(t)
		whole := bytes.Join(bodies, nil)
		if body, _ := w.get(t, k.get(api.GetObjectInput{Bucket: "bucket", Key: "big"})); body != string(whole) {
			t.Errorf("%d bytes came back", len(body))
		}
		body, _ := w.get(t, k.get(api.GetObjectInput{Bucket: "bucket", Key: "big", Range: new("bytes=5242870-5242900")}))
		if body != string(whole[5242870:5242901]) {
			t.Error("a range over two parts differs")
		}
	})
}

func TestCustomerKeyRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		k, other := newKey(1), newKey(2)
		for _, c := range []struct {
			name    string
			key     sseKey
			method  *api.ServerSideEncryption
			code    string
			message string
		}{
			{"no algorithm", sseKey{nil, k.key, k.md5}, nil, "InvalidArgument", "valid encryption algorithm"},
			{"other algorithm", sseKey{new("DES"), k.key, k.md5}, nil, "InvalidEncryptionAlgorithmError", "AES256"},
			{"no key", sseKey{k.algorithm, nil, k.md5}, nil, "InvalidArgument", "appropriate secret key"},
			{"no digest", sseKey{k.algorithm, k.key, nil}, nil, "InvalidArgument", "client calculated MD5"},
			{"short key", sseKey{k.algorithm, new("AAAA"), k.md5}, nil, "InvalidArgument", "invalid for the specified algorithm"},
			{"other digest", sseKey{k.algorithm, k.key, other.md5}, nil, "InvalidArgument", "did not match the hash"},
			{"two methods", k, new(api.ServerSideEncryption("aws:kms")), "InvalidArgument", "incompatible"},
		} {
			_, err := w.PutObject(t.Context(), &api.PutObjectInput{
				Bucket: "bucket", Key: "k", ServerSideEncryption: c.method,
				SSECustomerAlgorithm: c.key.algorithm, SSECustomerKey: c.key.key, SSECustomerKeyMD5: c.key.md5,
			})
			if e := refused(t, c.code, 400, err); !strings.Contains(e.Message, c.message) {
				t.Errorf("%s: %q", c.name, e.Message)
			}
		}
		if n := w.blobCount(t); n != 0 {
			t.Errorf("%d blobs are left", n)
		}
	})
}

// eachBlob calls f with the bytes of every blob.
func (w *world) eachBlob(t testing.TB, f func([]byte)) {
	t.Helper()
	for info, err := range w.blobs.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		r := must(w.blobs.Open(t.Context(), info.Key, 0, -1))(t)
		f(must(io.ReadAll(r))(t))
		_ = r.Close()
	}
}
