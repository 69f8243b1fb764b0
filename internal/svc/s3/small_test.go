package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// Small objects are in the database, larger ones in blobs; neither is to be seen
// from outside, and what is replaced or deleted leaves no row behind.
func TestSmallObjects(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		must(w.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: "small"}))(t)
		const most = 16 << 10
		for _, size := range []int{0, 1, most, most + 1} {
			key, body, length := fmt.Sprint(size), pattern(size, 5), int64(size)
			for range 2 { // the second replaces the first
				must(w.PutObject(t.Context(), &api.PutObjectInput{
					Bucket: "small", Key: key, Body: bytes.NewReader(body), ContentLength: &length,
				}))(t)
			}
			for _, r := range [][2]int{{0, size - 1}, {size / 3, size / 2}} {
				in := &api.GetObjectInput{Bucket: "small", Key: key}
				want := body
				if size > 1 {
					in.Range, want = new(fmt.Sprintf("bytes=%d-%d", r[0], r[1])), body[r[0]:r[1]+1]
				}
				out := must(w.GetObject(t.Context(), in))(t)
				if got := must(io.ReadAll(out.Body))(t); !bytes.Equal(got, want) {
					t.Errorf("%d bytes: %v yields %d, want %d", size, r, len(got), len(want))
				}
				if c, ok := out.Body.(io.Closer); ok {
					_ = c.Close()
				}
			}
		}
		w.wantSmall(t, 3)
		for _, size := range []int{0, 1, most, most + 1} {
			must(w.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: "small", Key: fmt.Sprint(size)}))(t)
		}
		w.wantSmall(t, 0)
	})
}

// A body of another length than was promised is refused and leaves nothing.
func TestSmallBodyOfWrongLength(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		must(w.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: "small"}))(t)
		for _, promised := range []int64{0, 9, 11} {
			_, err := w.PutObject(t.Context(), &api.PutObjectInput{
				Bucket: "small", Key: "k", Body: bytes.NewReader(pattern(10, 1)), ContentLength: &promised,
			})
			if err == nil {
				t.Errorf("10 bytes were taken for %d", promised)
			}
		}
		w.wantSmall(t, 0)
	})
}

func (w *world) wantSmall(t *testing.T, want int) {
	t.Helper()
	var rows int
	err := w.db.View(t.Context(), func(tx *store.Tx) error { return tx.Row(`select count(*) from s3_small`).Scan(&rows) })
	if err != nil || rows != want {
		t.Errorf("%d small objects in the database, want %d (%v)", rows, want, err)
	}
}
