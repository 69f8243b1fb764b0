package blob

import (
	"context"
	"crypto/md5" //nolint:gosec // an ETag, not a signature
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/memblob" // mem://
	_ "gocloud.dev/blob/s3blob"  // s3://
	"gocloud.dev/gcerrors"
)

// bucket stores blobs in anything gocloud.dev has a driver for.
type bucket struct {
	b *blob.Bucket
}

func openBucket(ctx context.Context, rawURL string) (*Store, error) {
	b, err := blob.OpenBucket(ctx, rawURL)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Store{backend: bucket{b}}, nil
}

func (b bucket) put(ctx context.Context, key string, r io.Reader) (Info, error) {
	// Closing a writer whose context has ended abandons the upload.
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := b.b.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return Info{}, err
	}
	sum := md5.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(w, sum), contextReader{ctx, r})
	if err != nil {
		abandon()
		_ = w.Close()
		return Info{}, err
	}
	if err := w.Close(); err != nil {
		return Info{}, err
	}
	return Info{Key: key, Size: n, MD5: sum.Sum(nil), Modified: time.Now()}, nil
}

func (b bucket) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.b.NewRangeReader(ctx, key, offset, length, nil)
	if err == nil {
		return r, nil
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNotFound
	}
	// A range that starts at or beyond the end is an error to some drivers.
	if a, aerr := b.b.Attributes(ctx, key); aerr == nil && offset >= a.Size {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return nil, err
}

func (b bucket) delete(ctx context.Context, key string) error {
	// S3 deletes what is not there without a word: ask first. Two racing
	// deletes of one key may both succeed.
	ok, err := b.b.Exists(ctx, key)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	err = b.b.Delete(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return ErrNotFound
	}
	return err
}

func (b bucket) list(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		it := b.b.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := it.Next(ctx)
			if err == io.EOF { //nolint:errorlint // the iterator's documented sentinel
				return
			}
			if err != nil {
				yield(Info{}, fmt.Errorf("blob: list %s: %w", prefix, err))
				return
			}
			if !yield(Info{Key: o.Key, Size: o.Size, MD5: o.MD5, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

// reset deletes key by key: a bucket has nothing quicker.
func (b bucket) reset(ctx context.Context) error {
	for info, err := range b.list(ctx, "") {
		if err != nil {
			return err
		}
		if err := b.b.Delete(ctx, info.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
	}
	return nil
}

func (b bucket) close() error { return b.b.Close() }
