package s3_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func eachWorld(b *testing.B, f func(b *testing.B, w *world)) {
	b.Run("sqlite", func(b *testing.B) { f(b, newWorld(b, storetest.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) {
		f(b, newWorld(b, storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)})))
	})
}

// BenchmarkList reads pages of a bucket with a million objects: 1,000 flat
// keys, 1,000 common prefixes of 999 keys each, and one prefix of them.
func BenchmarkList(b *testing.B) {
	eachWorld(b, func(b *testing.B, w *world) {
		w.bucket(b, "million")
		keys := make([]string, 0, 1_000_000)
		for i := range 1000 {
			keys = append(keys, fmt.Sprintf("flat-%04d", i))
			for j := range 999 {
				keys = append(keys, fmt.Sprintf("run-%04d/%04d.png", i, j))
			}
		}
		insertKeys(b, w, "million", keys)
		for name, in := range map[string]*api.ListObjectsV2Input{
			"page":     {Bucket: "million", StartAfter: new("run-0500")},
			"prefix":   {Bucket: "million", Prefix: new("run-0500/")},
			"prefixes": {Bucket: "million", Delimiter: new("/"), Prefix: new("run-")},
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					must(w.ListObjectsV2(b.Context(), in))(b)
				}
			})
		}
	})
}

// BenchmarkPut writes and reads objects without HTTP and without flushing
// files.
func BenchmarkPut(b *testing.B) {
	eachWorld(b, func(b *testing.B, w *world) {
		w.bucket(b, "bucket")
		for _, size := range []int{1 << 10, 8 << 20} {
			data := pattern(size, 1)
			b.Run(fmt.Sprintf("put-%d", size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for i := 0; b.Loop(); i++ {
					must(w.PutObject(b.Context(), &api.PutObjectInput{Bucket: "bucket", Key: fmt.Sprint(i % 100), Body: bytes.NewReader(data)}))(b)
				}
			})
			b.Run(fmt.Sprintf("get-%d", size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					out := must(w.GetObject(b.Context(), &api.GetObjectInput{Bucket: "bucket", Key: "0"}))(b)
					must(io.Copy(io.Discard, out.Body))(b)
					_ = out.Body.(io.Closer).Close()
				}
			})
		}
	})
}

// BenchmarkListVersions reads pages of versions: of a million keys with one
// version each, of one key with a million, and common prefixes of both kinds.
func BenchmarkListVersions(b *testing.B) {
	eachWorld(b, func(b *testing.B, w *world) {
		w.bucket(b, "wide")
		w.bucket(b, "deep")
		wide := make([]string, 0, 1_000_000)
		for i := range 1000 {
			for j := range 1000 {
				wide = append(wide, fmt.Sprintf("run-%04d/%04d.png", i, j))
			}
		}
		insertKeys(b, w, "wide", wide)
		insertVersions(b, w, "deep", "mid/key", 1_000_000)
		insertKeys(b, w, "deep", []string{"a", "mid/key", "z"})
		for name, in := range map[string]*api.ListObjectVersionsInput{
			"wide":          {Bucket: "wide", KeyMarker: new("run-0500")},
			"wide prefixes": {Bucket: "wide", Delimiter: new("/")},
			"deep":          {Bucket: "deep", KeyMarker: new("b")},
			"deep prefixes": {Bucket: "deep", Delimiter: new("/")},
			"deep middle":   {Bucket: "deep", KeyMarker: new("mid/key"), VersionIdMarker: new(versionID(500_000))},
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					must(w.ListObjectVersions(b.Context(), in))(b)
				}
			})
		}
		b.Run("deep objects", func(b *testing.B) {
			for b.Loop() {
				must(w.ListObjectsV2(b.Context(), &api.ListObjectsV2Input{Bucket: "deep"}))(b)
			}
		})
	})
}

func versionID(seq int64) string {
	var raw [24]byte
	binary.BigEndian.PutUint64(raw[:], uint64(seq))
	raw[23] = 1
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// insertVersions makes noncurrent versions of a key without their blobs.
func insertVersions(b *testing.B, w *world, bucket, key string, n int64) {
	b.Helper()
	columns := []string{
		"bucket", "key", "seq", "version", "marker", "retired", "size", "etag", "modified", "class",
		"sum_algorithm", "sum_type", "sum_value", "data", "parts", "doc",
	}
	err := w.db.Update(b.Context(), func(tx *store.Tx) error {
		_, err := tx.BulkInsert("s3_version", columns, func(yield func([]any) bool) {
			for i := range n {
				seq := -i - 1 + n
				if !yield([]any{
					bucket, key, seq, versionID(seq), int64(0), int64(1), int64(0), "e", int64(0), "STANDARD",
					"", "", "", "s3/none/x", int64(0), "{}",
				}) {
					return
				}
			}
		})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
