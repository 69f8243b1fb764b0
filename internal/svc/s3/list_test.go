package s3_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// naive lists by the book: sort, filter, group.
func naive(keys []string, prefix, delimiter, after string) (want []string) {
	slices.Sort(keys)
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) || k <= after {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			k = k[:len(prefix)+i+len(delimiter)] + "*"
			if strings.HasPrefix(after, k[:len(k)-1]) {
				continue
			}
		}
		if len(want) == 0 || want[len(want)-1] != k {
			want = append(want, k)
		}
	}
	return want
}

// Pages of any size put together are the whole, in byte order, on both
// databases.
func TestListingProperty(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			name := fmt.Sprintf("bucket-%d", n)
			n++
			w.bucket(t, name)
			text := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é\U0001F600\uFFFD~")), 1, 6, -1)
			keys := rapid.SliceOfNDistinct(text, 0, 40, rapid.ID[string]).Draw(rt, "keys")
			insertKeys(t, w, name, keys)
			prefix := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é")), 0, 2, -1).Draw(rt, "prefix")
			delimiter := rapid.SampledFrom([]string{"", "/", "b", "a/"}).Draw(rt, "delimiter")
			after := rapid.OneOf(rapid.Just(""), text).Draw(rt, "after")
			size := rapid.Int32Range(1, 7).Draw(rt, "size")
			want := naive(slices.Clone(keys), prefix, delimiter, after)
			in := &api.ListObjectsV2Input{Bucket: name, Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &size}
			if diff := cmp.Diff(want, listV2(t, w, in)); diff != "" {
				rt.Fatalf("keys %q, prefix %q, delimiter %q, after %q: (-want +got)\n%s", keys, prefix, delimiter, after, diff)
			}
			if diff := cmp.Diff(want, listV1(t, w, name, prefix, delimiter, after, size)); diff != "" {
				rt.Fatalf("version 1: (-want +got)\n%s", diff)
			}
		})
	})
}

// insertKeys makes empty objects without their blobs: listings do not look.
func insertKeys(t testing.TB, w *world, bucket string, keys []string) {
	t.Helper()
	columns := []string{
		"bucket", "key", "size", "etag", "modified", "class", "sum_algorithm", "sum_type", "sum_value", "data", "parts", "doc",
	}
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.BulkInsert("s3_object", columns, func(yield func([]any) bool) {
			for _, k := range keys {
				if !yield([]any{bucket, k, int64(0), "e", int64(0), "STANDARD", "", "", "", "s3/none/x", int64(0), "{}"}) {
					return
				}
			}
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listV2 collects all pages; common prefixes end in a star.
func listV2(t testing.TB, w *world, in *api.ListObjectsV2Input) (all []string) {
	t.Helper()
	for {
		out := must(w.ListObjectsV2(t.Context(), in))(t)
		all = append(all, merge(out.Contents, out.CommonPrefixes)...)
		if int(*out.KeyCount) != len(out.Contents)+len(out.CommonPrefixes) || *out.KeyCount > *in.MaxKeys {
			t.Fatalf("key count %d of %d", *out.KeyCount, *in.MaxKeys)
		}
		if *out.IsTruncated != (out.NextContinuationToken != nil) {
			t.Fatal("truncated without a token, or the other way round")
		}
		if in.ContinuationToken = out.NextContinuationToken; in.ContinuationToken == nil {
			return all
		}
	}
}

func listV1(t testing.TB, w *world, bucket, prefix, delimiter, marker string, size int32) (all []string) {
	t.Helper()
	for {
		out := must(w.ListObjects(t.Context(), &api.ListObjectsInput{
			Bucket: bucket, Prefix: &prefix, Delimiter: &delimiter, Marker: &marker, MaxKeys: &size,
		}))(t)
		all = append(all, merge(out.Contents, out.CommonPrefixes)...)
		if !*out.IsTruncated {
			return all
		}
		if out.NextMarker != nil {
			marker = *out.NextMarker
			continue
		}
		marker = *out.Contents[len(out.Contents)-1].Key
	}
}

func merge(objects []*api.Object, prefixes []*api.CommonPrefix) (all []string) {
	for _, o := range objects {
		all = append(all, *o.Key)
	}
	for _, p := range prefixes {
		all = append(all, *p.Prefix+"*")
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(strings.TrimSuffix(a, "*"), strings.TrimSuffix(b, "*")) })
	return all
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "listed")
		insertKeys(t, w, "listed", []string{"a b+c/ü", "x"})
		out := must(w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{
			Bucket: "listed", EncodingType: new(api.EncodingType("url")), FetchOwner: new(true), MaxKeys: new(int32(5000)),
		}))(t)
		if k := *out.Contents[0].Key; k != "a+b%2Bc/%C3%BC" || *out.MaxKeys != 1000 || len(*out.Contents[0].Owner.ID) != 64 {
			t.Errorf("key %q, max keys %d", k, *out.MaxKeys)
		}
		none := must(w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: "listed", MaxKeys: new(int32(0))}))(t)
		if *none.IsTruncated || *none.KeyCount != 0 {
			t.Error("a page of nothing has no next")
		}
		_, err := w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: "listed", MaxKeys: new(int32(-1))})
		_ = refused(t, "InvalidArgument", 400, err)
		_, err = w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: "listed", ContinuationToken: new("what?")})
		_ = refused(t, "InvalidArgument", 400, err)
		_, err = w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: "listed", Prefix: new("a\x00")})
		_ = refused(t, "InvalidURI", 400, err)
		_, err = w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: "no-such-bucket"})
		_ = refused(t, "NoSuchBucket", 404, err)
	})
}
