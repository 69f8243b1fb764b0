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

// insertUploads makes uploads in progress, n for each key, and returns a line
// for each.
func insertUploads(t testing.TB, w *world, bucket string, counts map[string]int) (lines []string) {
	t.Helper()
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		lines = nil
		for key, n := range counts {
			for i := range n {
				id := fmt.Sprintf("%016x%s", i, bucket+key)
				_, err := tx.Exec(`insert into s3_upload (id, bucket, key, initiator, initiated, class, sum_algorithm, sum_type, doc)
					values (?, ?, ?, 'me', 0, 'STANDARD', '', '', '{}')`, id, bucket, key)
				if err != nil {
					return err
				}
				lines = append(lines, key+" "+id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(lines, func(a, b string) int {
		ka, ia, _ := strings.Cut(a, " ")
		kb, ib, _ := strings.Cut(b, " ")
		return max(min(2*strings.Compare(ka, kb)+strings.Compare(ia, ib), 1), -1)
	})
	return lines
}

// naiveUploads groups lines by the book.
func naiveUploads(lines []string, prefix, delimiter string) (want []string) {
	for _, line := range lines {
		key, _, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			line = key[:len(prefix)+i+len(delimiter)] + "*"
			if len(want) > 0 && want[len(want)-1] == line {
				continue
			}
		}
		want = append(want, line)
	}
	return want
}

// Pages of uploads of any size put together are the whole.
func TestUploadListingProperty(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			name := fmt.Sprintf("bucket-%d", n)
			n++
			w.bucket(t, name)
			keys := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é")), 1, 4, -1)
			lines := insertUploads(t, w, name, rapid.MapOfN(keys, rapid.IntRange(1, 4), 0, 12).Draw(rt, "uploads"))
			prefix := rapid.SampledFrom([]string{"", "a", "a/", "é"}).Draw(rt, "prefix")
			delimiter := rapid.SampledFrom([]string{"", "/", "b"}).Draw(rt, "delimiter")
			size := rapid.Int32Range(1, 5).Draw(rt, "size")
			in := &api.ListMultipartUploadsInput{Bucket: name, Prefix: &prefix, Delimiter: &delimiter, MaxUploads: &size}
			if diff := cmp.Diff(naiveUploads(lines, prefix, delimiter), uploadPages(rt, w, in)); diff != "" {
				rt.Fatalf("prefix %q, delimiter %q, pages of %d (-want +got)\n%s", prefix, delimiter, size, diff)
			}
		})
	})
}

func uploadPages(t *rapid.T, w *world, in *api.ListMultipartUploadsInput) (all []string) {
	for {
		out, err := w.ListMultipartUploads(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		page := make([]string, 0, len(out.Uploads)+len(out.CommonPrefixes))
		for _, u := range out.Uploads {
			page = append(page, *u.Key+" "+*u.UploadId)
		}
		for _, p := range out.CommonPrefixes {
			page = append(page, *p.Prefix+"*")
		}
		slices.SortStableFunc(page, func(a, b string) int {
			return strings.Compare(strings.TrimSuffix(strings.Split(a, " ")[0], "*"), strings.TrimSuffix(strings.Split(b, " ")[0], "*"))
		})
		if all = append(all, page...); !*out.IsTruncated {
			return all
		}
		if len(page) == 0 || len(page) > int(*in.MaxUploads) {
			t.Fatalf("a page of %d lines", len(page))
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
}
