package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"
)

// Errors of a Store. Both are reached with errors.Is.
var (
	ErrNotFound = errors.New("blob: no such key")
	ErrKey      = errors.New("blob: invalid key")
)

// MaxKey is the longest key in bytes; no segment between slashes may be longer
// than MaxSegment, which leaves file systems room for our suffix.
const (
	MaxKey     = 768
	MaxSegment = 200
)

// Info describes stored bytes.
type Info struct {
	Key      string
	Size     int64     // bytes
	MD5      []byte    // always set by Put; by List only where the backend knows it
	Modified time.Time // by the backend's clock
}

// Store is a place for blobs. It is safe for concurrent use.
type Store struct {
	backend backend
}

// backend is what a Store needs from a kind of storage. Keys are valid.
type backend interface {
	put(ctx context.Context, key string, r io.Reader) (Info, error)
	open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	delete(ctx context.Context, key string) error
	list(ctx context.Context, prefix string) iter.Seq2[Info, error]
	reset(ctx context.Context) error
	close() error
}

// Open returns the store at rawURL: file:///dir, s3://bucket?..., or mem://.
// A missing directory is made; a missing bucket is an error at first use.
func Open(ctx context.Context, rawURL string) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("blob: parse URL: %w", err)
	}
	switch u.Scheme {
	case "file":
		return openDirectory(u)
	case "s3", "mem":
		return openBucket(ctx, rawURL)
	default:
		return nil, fmt.Errorf("blob: unknown scheme %q, want file, s3 or mem", u.Scheme)
	}
}

// Put stores what r yields under key, replacing what was there. When it returns
// without error the bytes survive a crash; when r or ctx fails nothing changes.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	info, err := s.backend.put(ctx, key, r)
	if err != nil {
		return Info{}, fmt.Errorf("blob: put %s: %w", key, err)
	}
	return info, nil
}

// Open reads length bytes of key from offset on; length -1 means to the end. A
// range beyond the end yields what there is, possibly nothing. The reader sees
// the bytes as they were when opened, whatever happens to the key meanwhile.
// The error is ErrNotFound when there is no such key.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < -1 {
		return nil, fmt.Errorf("blob: open %s: bad range %d+%d", key, offset, length)
	}
	r, err := s.backend.open(ctx, key, offset, length)
	if err != nil {
		return nil, fmt.Errorf("blob: open %s: %w", key, err)
	}
	return r, nil
}

// Delete removes key. The error is ErrNotFound when there is no such key.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.backend.delete(ctx, key); err != nil {
		return fmt.Errorf("blob: delete %s: %w", key, err)
	}
	return nil
}

// List yields every blob whose key starts with prefix, in no particular order.
// Keys put or deleted meanwhile may or may not be seen.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return s.backend.list(ctx, prefix)
}

// Reset deletes everything. On a directory it takes milliseconds: the tree is
// set aside at once and removed in the background.
func (s *Store) Reset(ctx context.Context) error { return s.backend.reset(ctx) }

// Close ends background work and releases the store.
func (s *Store) Close() error { return s.backend.close() }

// checkKey accepts slash-separated segments of letters, digits and ".-_=@",
// none of them "." or "..". So every key is a valid name on every backend.
func checkKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > MaxSegment {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
		for i := range len(segment) {
			if !keyByte(segment[i]) {
				return fmt.Errorf("%w: %q", ErrKey, key)
			}
		}
	}
	return nil
}

func keyByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte(".-_=@", c) >= 0
}
