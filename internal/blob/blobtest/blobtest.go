// Package blobtest is one suite that every backend of package blob passes.
package blobtest

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // compared with what the store says
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/blob"
)

// Run runs the suite. Each test gets the empty store that open returns; open
// arranges for its release.
func Run(t *testing.T, open func(t *testing.T) *blob.Store) {
	tests := map[string]func(*testing.T, *blob.Store){
		"PutThenOpen":        putThenOpen,
		"Ranges":             ranges,
		"Overwrite":          overwrite,
		"FailedReader":       failedReader,
		"EndedContext":       endedContext,
		"InvalidKeys":        invalidKeys,
		"KeyAndDirectory":    keyAndDirectory,
		"List":               list,
		"Delete":             remove,
		"ReaderKeepsItsBlob": readerKeepsItsBlob,
		"ConcurrentWriters":  concurrentWriters,
		"PutDeleteRace":      putDeleteRace,
		"Reset":              reset,
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func put(t *testing.T, s *blob.Store, key, body string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, strings.NewReader(body))
	if err != nil {
		t.Fatalf("Put(%s): %v", key, err)
	}
	return info
}

func get(t *testing.T, s *blob.Store, key string, offset, length int64) string {
	t.Helper()
	r, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatalf("Open(%s, %d, %d): %v", key, offset, length, err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(body)
}

func keys(t *testing.T, s *blob.Store, prefix string) []string {
	t.Helper()
	found := []string{}
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		found = append(found, info.Key)
	}
	sort.Strings(found)
	return found
}

func wantMissing(t *testing.T, s *blob.Store, key string) {
	t.Helper()
	if _, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Open(%s) = %v, want ErrNotFound", key, err)
	}
}

// putThenOpen crosses the sizes where drivers change their ways: nothing, a
// byte, copy buffers, multipart uploads (5 MiB a part).
func putThenOpen(t *testing.T, s *blob.Store) {
	noise := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, 32 << 10, 32<<10 + 1, 11 << 20} {
		body := make([]byte, size)
		_, _ = noise.Read(body)
		key := fmt.Sprintf("sizes/%d", size)
		info, err := s.Put(t.Context(), key, iotest.OneByteReader(io.LimitReader(bytes.NewReader(body), 100)))
		if err != nil || info.Size != int64(min(size, 100)) {
			t.Fatalf("Put(%s, in single bytes) = %+v, %v", key, info, err)
		}
		info, err = s.Put(t.Context(), key, bytes.NewReader(body))
		if err != nil {
			t.Fatalf("Put(%s): %v", key, err)
		}
		sum := md5.Sum(body) //nolint:gosec // see the import
		if info.Key != key || info.Size != int64(size) || !bytes.Equal(info.MD5, sum[:]) {
			t.Errorf("Put(%s) = %+v, want size %d and MD5 %x", key, info, size, sum)
		}
		if got := get(t, s, key, 0, -1); got != string(body) {
			t.Errorf("%s came back changed (%d bytes)", key, len(got))
		}
	}
}

func ranges(t *testing.T, s *blob.Store) {
	put(t, s, "r", "0123456789")
	for _, tt := range []struct {
		offset, length int64
		want           string
	}{
		{0, -1, "0123456789"},
		{0, 0, ""},
		{0, 3, "012"},
		{4, 3, "456"},
		{4, -1, "456789"},
		{8, 100, "89"},
		{9, 1, "9"},
		{10, -1, ""},
		{10, 5, ""},
		{99, 1, ""},
	} {
		if got := get(t, s, "r", tt.offset, tt.length); got != tt.want {
			t.Errorf("Open(%d, %d) = %q, want %q", tt.offset, tt.length, got, tt.want)
		}
	}
	if _, err := s.Open(t.Context(), "r", -1, 1); err == nil {
		t.Error("negative offset accepted")
	}
	if _, err := s.Open(t.Context(), "r", 0, -2); err == nil {
		t.Error("negative length accepted")
	}
	wantMissing(t, s, "absent")
}

func overwrite(t *testing.T, s *blob.Store) {
	put(t, s, "o", "the longer first version")
	put(t, s, "o", "second")
	if got := get(t, s, "o", 0, -1); got != "second" {
		t.Errorf("got %q", got)
	}
}

// failedReader checks that a broken upload leaves the old bytes, or nothing.
func failedReader(t *testing.T, s *blob.Store) {
	boom := errors.New("boom")
	put(t, s, "old", "intact")
	for _, key := range []string{"old", "new"} {
		r := io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), iotest.ErrReader(boom))
		if _, err := s.Put(t.Context(), key, r); !errors.Is(err, boom) {
			t.Errorf("Put(%s) = %v, want boom", key, err)
		}
	}
	if got := get(t, s, "old", 0, -1); got != "intact" {
		t.Errorf("old blob is now %q", got)
	}
	wantMissing(t, s, "new")
	if diff := cmp.Diff([]string{"old"}, keys(t, s, "")); diff != "" {
		t.Error(diff)
	}
}

func endedContext(t *testing.T, s *blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(strings.NewReader("first"), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, nil
	}), strings.NewReader("second"))
	if _, err := s.Put(ctx, "c", r); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	wantMissing(t, s, "c")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func invalidKeys(t *testing.T, s *blob.Store) {
	bad := []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a~", "a b", "a\x00", "ä", `a\b`, "a:b",
		strings.Repeat("k", blob.MaxSegment+1), strings.Repeat("k/", blob.MaxKey/2) + "k",
	}
	for _, key := range bad {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, blob.ErrKey) {
			t.Errorf("Put(%q) = %v, want ErrKey", key, err)
		}
		if _, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, blob.ErrKey) {
			t.Errorf("Open(%q) = %v, want ErrKey", key, err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, blob.ErrKey) {
			t.Errorf("Delete(%q) = %v, want ErrKey", key, err)
		}
	}
	long := strings.Repeat("k", blob.MaxSegment) + "/" + strings.Repeat("l", blob.MaxSegment)
	for _, key := range []string{long, "..a", "a.b-c_d=e@F9", "a/b/c/d/e/f"} {
		put(t, s, key, key)
		if got := get(t, s, key, 0, -1); got != key {
			t.Errorf("%s holds %q", key, got)
		}
	}
}

func keyAndDirectory(t *testing.T, s *blob.Store) {
	want := []string{"a", "a/b", "a/b/c"}
	for _, key := range want {
		put(t, s, key, key)
	}
	for _, key := range want {
		if got := get(t, s, key, 0, -1); got != key {
			t.Errorf("%s holds %q", key, got)
		}
	}
	if diff := cmp.Diff(want, keys(t, s, "")); diff != "" {
		t.Error(diff)
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "a/b/c"}, keys(t, s, "")); diff != "" {
		t.Error(diff)
	}
}

func list(t *testing.T, s *blob.Store) {
	if got := keys(t, s, ""); len(got) != 0 {
		t.Fatalf("fresh store holds %v", got)
	}
	for _, key := range []string{"x/1", "x/2", "x/10/a", "xy/1", "y"} {
		put(t, s, key, "12345")
	}
	for prefix, want := range map[string][]string{
		"":       {"x/1", "x/10/a", "x/2", "xy/1", "y"},
		"x":      {"x/1", "x/10/a", "x/2", "xy/1"},
		"x/":     {"x/1", "x/10/a", "x/2"},
		"x/1":    {"x/1", "x/10/a"},
		"x/10/":  {"x/10/a"},
		"x/10/b": {},
		"nope/":  {},
		"z":      {},
	} {
		if diff := cmp.Diff(want, keys(t, s, prefix)); diff != "" {
			t.Errorf("List(%q): %s", prefix, diff)
		}
	}
	for info, err := range s.List(t.Context(), "x/") {
		if err != nil || info.Size != 5 || info.Modified.IsZero() {
			t.Errorf("List yields %+v, %v", info, err)
		}
		break // stopping early is fine
	}
}

func remove(t *testing.T, s *blob.Store) {
	put(t, s, "d/e/f", "x")
	if err := s.Delete(t.Context(), "d/e/f"); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, s, "d/e/f")
	if err := s.Delete(t.Context(), "d/e/f"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("second Delete = %v, want ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), "d/e"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Delete of a prefix = %v, want ErrNotFound", err)
	}
	put(t, s, "d/e/f", "again")
}

func readerKeepsItsBlob(t *testing.T, s *blob.Store) {
	old := strings.Repeat("old ", 256<<10)
	put(t, s, "k", old)
	r, err := s.Open(t.Context(), "k", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", strings.Repeat("new ", 256<<10))
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || string(head)+string(rest) != old {
		t.Errorf("reader saw %d bytes, other than those it opened (%v)", 4+len(rest), err)
	}
}

func concurrentWriters(t *testing.T, s *blob.Store) {
	var wg sync.WaitGroup
	for i := range 8 {
		body := strings.Repeat(string(rune('a'+i)), 200_000)
		wg.Go(func() {
			if _, err := s.Put(t.Context(), "w", strings.NewReader(body)); err != nil {
				t.Errorf("Put: %v", err)
			}
		})
	}
	wg.Wait()
	got := get(t, s, "w", 0, -1)
	if got != strings.Repeat(got[:1], 200_000) {
		t.Errorf("two writers' bytes mixed")
	}
}

// putDeleteRace has writers make directories while deleters remove them.
func putDeleteRace(t *testing.T, s *blob.Store) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			key := fmt.Sprintf("deep/er/%d", i)
			for range 20 {
				if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
					t.Errorf("Put: %v", err)
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func reset(t *testing.T, s *blob.Store) {
	for i := range 30 {
		put(t, s, fmt.Sprintf("n/%d", i), "x")
	}
	for range 2 {
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := keys(t, s, ""); len(got) != 0 {
			t.Errorf("after Reset: %v", got)
		}
	}
	wantMissing(t, s, "n/1")
	put(t, s, "n/1", "fresh")
}
