package s3_test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the ETag's definition
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

const mib = 1 << 20

// pattern is size bytes that differ by position and seed.
func pattern(size, seed int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*7 + i>>9 + seed)
	}
	return b
}

// parts uploads bodies as parts with the given numbers.
func (w *world) parts(t testing.TB, up *api.CreateMultipartUploadOutput, numbers []int32, bodies [][]byte) []*api.CompletedPart {
	t.Helper()
	var list []*api.CompletedPart
	for i, b := range bodies {
		out := must(w.UploadPart(t.Context(), &api.UploadPartInput{
			Bucket: *up.Bucket, Key: *up.Key, UploadId: *up.UploadId, PartNumber: numbers[i], Body: bytes.NewReader(b),
			ContentLength: new(int64(len(b))), ChecksumAlgorithm: up.ChecksumAlgorithm,
		}))(t)
		c := &api.CompletedPart{PartNumber: &numbers[i], ETag: out.ETag}
		if a := up.ChecksumAlgorithm; a != nil {
			name := "Checksum" + string(*a)
			reflect.ValueOf(c).Elem().FieldByName(name).Set(reflect.ValueOf(out).Elem().FieldByName(name))
		}
		list = append(list, c)
	}
	return list
}

func (w *world) complete(t testing.TB, up *api.CreateMultipartUploadOutput, list []*api.CompletedPart) (*api.CompleteMultipartUploadOutput, error) {
	t.Helper()
	return w.CompleteMultipartUpload(t.Context(), &api.CompleteMultipartUploadInput{
		Bucket: *up.Bucket, Key: *up.Key, UploadId: *up.UploadId, MultipartUpload: &api.CompletedMultipartUpload{Parts: list},
	})
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		up := must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{
			Bucket: "bucket", Key: "big", ContentType: new("x/big"), Metadata: map[string]string{"a": "b"},
		}))(t)
		bodies := [][]byte{pattern(5*mib, 1), pattern(5*mib+3, 2), pattern(11, 3), pattern(17, 4)}
		list := w.parts(t, up, []int32{2, 5, 9, 7}, bodies) // part 7 is never listed
		w.parts(t, up, []int32{2}, [][]byte{bodies[0]})     // once more
		whole := bytes.Join(bodies[:3], nil)
		out := must(w.complete(t, up, list[:3]))(t)
		again := must(w.complete(t, up, list[:3]))(t)

		sums := md5.New() //nolint:gosec // as above
		for _, b := range bodies[:3] {
			s := md5.Sum(b) //nolint:gosec // as above
			sums.Write(s[:])
		}
		if want := fmt.Sprintf("%q", hex.EncodeToString(sums.Sum(nil))+"-3"); *out.ETag != want || *again.ETag != want {
			t.Errorf("ETag %s, then %s, want %s", *out.ETag, *again.ETag, want)
		}
		single := must(w.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: "single", Body: bytes.NewReader(whole)}))(t)
		if *out.ChecksumCRC64NVME != *single.ChecksumCRC64NVME || *out.ChecksumType != "FULL_OBJECT" {
			t.Errorf("checksum %s of the parts, %s of the whole", *out.ChecksumCRC64NVME, *single.ChecksumCRC64NVME)
		}
		body, got := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "big"})
		if body != string(whole) || *got.ContentType != "x/big" || got.Metadata["a"] != "b" {
			t.Errorf("%d bytes, %+v", len(body), got)
		}
		for _, r := range [][2]int{{0, 0}, {5*mib - 1, 5 * mib}, {5 * mib, 5*mib + 5}, {3, 10*mib + 6}, {10*mib + 3, 10*mib + 13}} {
			body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "big", Range: new(fmt.Sprintf("bytes=%d-%d", r[0], r[1]))})
			if body != string(whole[r[0]:r[1]+1]) {
				t.Errorf("range %v: %d bytes", r, len(body))
			}
		}
		body, got = w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "big", PartNumber: new(int32(3))})
		if body != string(bodies[2]) || *got.PartsCount != 3 || *got.ContentRange != fmt.Sprintf("bytes %d-%d/%d", 10*mib+3, 10*mib+13, len(whole)) {
			t.Errorf("part 3: %d bytes, %+v", len(body), got)
		}
		attributes := must(w.GetObjectAttributes(t.Context(), &api.GetObjectAttributesInput{
			Bucket: "bucket", Key: "big", ObjectAttributes: []api.ObjectAttributes{"ETag", "ObjectParts", "ObjectSize", "Checksum"},
		}))(t)
		if *attributes.ObjectSize != int64(len(whole)) || *attributes.ObjectParts.TotalPartsCount != 3 {
			t.Errorf("attributes %+v", attributes)
		}
		must(w.CopyObject(t.Context(), &api.CopyObjectInput{Bucket: "bucket", Key: "copy", CopySource: "bucket/big"}))(t)
		if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "copy"}); body != string(whole) {
			t.Errorf("copy has %d bytes", len(body))
		}
	})
}

func TestMultipartChecksums(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		body := pattern(100, 1)
		for _, c := range []struct{ algorithm, sumType, want string }{
			{"CRC32", "", "COMPOSITE"},
			{"CRC32", "FULL_OBJECT", "FULL_OBJECT"},
			{"CRC64NVME", "", "FULL_OBJECT"},
			{"SHA256", "", "COMPOSITE"},
			{"MD5", "", "COMPOSITE"},
			{"XXHASH128", "", "COMPOSITE"},
		} {
			in := &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "k", ChecksumAlgorithm: new(api.ChecksumAlgorithm(c.algorithm))}
			if c.sumType != "" {
				in.ChecksumType = new(api.ChecksumType(c.sumType))
			}
			up := must(w.CreateMultipartUpload(t.Context(), in))(t)
			out := must(w.complete(t, up, w.parts(t, up, []int32{1}, [][]byte{body})))(t)
			if *up.ChecksumType != api.ChecksumType(c.want) || *out.ChecksumType != *up.ChecksumType {
				t.Errorf("%v: type %s, then %s", c, *up.ChecksumType, *out.ChecksumType)
			}
		}
		_, err := w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{
			Bucket: "bucket", Key: "k", ChecksumAlgorithm: new(api.ChecksumAlgorithm("SHA1")), ChecksumType: new(api.ChecksumType("FULL_OBJECT")),
		})
		_ = refused(t, "InvalidRequest", 400, err)
		up := must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{
			Bucket: "bucket", Key: "k", ChecksumAlgorithm: new(api.ChecksumAlgorithm("SHA1")),
		}))(t)
		_, err = w.UploadPart(t.Context(), &api.UploadPartInput{
			Bucket: "bucket", Key: "k", UploadId: *up.UploadId, PartNumber: 1, ChecksumCRC32: new("AAAAAA=="),
		})
		_ = refused(t, "InvalidRequest", 400, err)
		// A checksum is verified also where the upload declared none.
		up = must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "k"}))(t)
		_, err = w.UploadPart(t.Context(), &api.UploadPartInput{
			Bucket: "bucket", Key: "k", UploadId: *up.UploadId, PartNumber: 1, ChecksumCRC32: new("AAAAAA=="), Body: bytes.NewReader(body),
		})
		_ = refused(t, "BadDigest", 400, err)
	})
}

func TestMultipartRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		up := must(w.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "k"}))(t)
		list := w.parts(t, up, []int32{1, 2}, [][]byte{pattern(10, 1), pattern(10, 2)})
		part := func(n int32, etag string) *api.CompletedPart { return &api.CompletedPart{PartNumber: &n, ETag: &etag} }
		for _, c := range []struct {
			list []*api.CompletedPart
			code string
		}{
			{nil, "MalformedXML"},
			{[]*api.CompletedPart{list[1], list[0]}, "InvalidPartOrder"},
			{[]*api.CompletedPart{list[0], list[0]}, "InvalidPartOrder"},
			{[]*api.CompletedPart{list[0], list[1]}, "EntityTooSmall"},
			{[]*api.CompletedPart{part(1, "feed")}, "InvalidPart"},
			{[]*api.CompletedPart{part(3, *list[0].ETag)}, "InvalidPart"},
		} {
			_, err := w.complete(t, up, c.list)
			_ = refused(t, c.code, 400, err)
		}
		for _, n := range []int32{0, 10_001} {
			_, err := w.UploadPart(ctx, &api.UploadPartInput{Bucket: "bucket", Key: "k", UploadId: *up.UploadId, PartNumber: n})
			_ = refused(t, "InvalidArgument", 400, err)
		}
		_, err := w.UploadPart(ctx, &api.UploadPartInput{Bucket: "bucket", Key: "other", UploadId: *up.UploadId, PartNumber: 1})
		_ = refused(t, "NoSuchUpload", 404, err)

		parts := must(w.ListParts(ctx, &api.ListPartsInput{Bucket: "bucket", Key: "k", UploadId: *up.UploadId, MaxParts: new(int32(1))}))(t)
		if len(parts.Parts) != 1 || !*parts.IsTruncated || *parts.NextPartNumberMarker != 1 {
			t.Errorf("parts %+v", parts)
		}
		uploads := must(w.ListMultipartUploads(ctx, &api.ListMultipartUploadsInput{Bucket: "bucket"}))(t)
		if len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *up.UploadId {
			t.Errorf("uploads %+v", uploads.Uploads)
		}
		must(w.AbortMultipartUpload(ctx, &api.AbortMultipartUploadInput{Bucket: "bucket", Key: "k", UploadId: *up.UploadId}))(t)
		_, err = w.AbortMultipartUpload(ctx, &api.AbortMultipartUploadInput{Bucket: "bucket", Key: "k", UploadId: *up.UploadId})
		_ = refused(t, "NoSuchUpload", 404, err)
		_, err = w.complete(t, up, list)
		_ = refused(t, "NoSuchUpload", 404, err)
	})
}

func TestListUploadsPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		for _, key := range []string{"a", "a", "d/1", "d/2", "e"} {
			must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: key}))(t)
		}
		var got []string
		in := &api.ListMultipartUploadsInput{Bucket: "bucket", Delimiter: new("/"), MaxUploads: new(int32(1))}
		for {
			out := must(w.ListMultipartUploads(t.Context(), in))(t)
			for _, u := range out.Uploads {
				got = append(got, *u.Key)
			}
			for _, p := range out.CommonPrefixes {
				got = append(got, *p.Prefix)
			}
			if !*out.IsTruncated {
				break
			}
			in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
		}
		if fmt.Sprint(got) != "[a a d/ e]" {
			t.Errorf("uploads %v", got)
		}
	})
}

func TestUploadPartCopy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		w.put(t, "bucket", "src", "0123456789")
		up := must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "dst"}))(t)
		in := api.UploadPartCopyInput{
			Bucket: "bucket", Key: "dst", UploadId: *up.UploadId, PartNumber: 1, CopySource: "bucket/src", CopySourceRange: new("bytes=2-5"),
		}
		part := must(w.UploadPartCopy(t.Context(), &in))(t)
		must(w.complete(t, up, []*api.CompletedPart{{PartNumber: new(int32(1)), ETag: part.CopyPartResult.ETag}}))(t)
		if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "dst"}); body != "2345" {
			t.Errorf("copied %q", body)
		}
		up = must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "dst"}))(t)
		in.UploadId = *up.UploadId
		for _, bad := range []string{"bytes=5-100", "bytes=5-", "bytes=-2", "5-6"} {
			in.CopySourceRange = &bad
			_, err := w.UploadPartCopy(t.Context(), &in)
			_ = refused(t, "InvalidArgument", 400, err)
		}
	})
}

// Whatever is replaced, deleted or aborted is collected, and nothing else: an
// hour in which blobs without rows lie is swept a day later.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.put(t, "bucket", "kept", "1")
		w.put(t, "bucket", "replaced", "1")
		w.put(t, "bucket", "replaced", "2")
		w.put(t, "bucket", "deleted", "1")
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "deleted"}))(t)
		old := time.Now().UTC().Add(-30 * time.Hour).Format("2006010215")
		if _, err := w.blobs.Put(ctx, "s3/"+old+"/orphan", bytes.NewReader(nil)); err != nil {
			t.Fatal(err)
		}
		w.run(t, "s3.orphans", func(tx *store.Tx) error {
			_, err := tx.Exec(`update s3_sweep set hour = ?`, old)
			return err
		})
		w.run(t, "s3.garbage", nil)
		if n := w.blobCount(t); n != 2 {
			t.Errorf("%d blobs are left, want 2", n)
		}
		for key, want := range map[string]string{"kept": "1", "replaced": "2"} {
			if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: key}); body != want {
				t.Errorf("%s reads %q", key, body)
			}
		}
		var hour string
		_ = w.db.View(ctx, func(tx *store.Tx) error { return tx.Row(`select hour from s3_sweep`).Scan(&hour) })
		if hour <= old {
			t.Errorf("swept until %s", hour)
		}
	})
}

// run makes a flow due and waits until it rests.
func (w *world) run(t testing.TB, kind string, also func(*store.Tx) error) {
	t.Helper()
	ctx, wait := w.engine.Track(t.Context())
	err := w.db.Update(ctx, func(tx *store.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return w.engine.Put(tx, kind, "all", tx.Now(), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}
