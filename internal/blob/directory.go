package blob

import (
	"context"
	"crypto/md5" //nolint:gosec // an ETag, not a signature
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// suffix marks a file that holds a blob. Keys cannot contain it, so the file of
// key "a" and the directory above key "a/b" have different names.
const suffix = "~"

// staleUpload is how long a file in tmp/ may lie untouched before the next
// start takes it for the remains of a crash. Replicas may share a directory, so
// younger ones are left alone.
const staleUpload = time.Hour

// directory stores blobs as files, see the package comment for the layout.
type directory struct {
	objects, tmp string
	sync         bool
	trash        sync.WaitGroup // removals in the background
}

func openDirectory(u *url.URL) (*Store, error) {
	if u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("blob: file URL %q needs an absolute path: file:///dir", u)
	}
	d := &directory{
		objects: filepath.Join(u.Path, "objects"),
		tmp:     filepath.Join(u.Path, "tmp"),
		sync:    u.Query().Get("sync") != "off",
	}
	for _, dir := range []string{d.objects, d.tmp} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("blob: %w", err)
		}
	}
	if err := d.sweep(); err != nil {
		return nil, fmt.Errorf("blob: clean %s: %w", d.tmp, err)
	}
	return &Store{backend: d}, nil
}

// sweep removes what crashed uploads and interrupted resets left behind.
func (d *directory) sweep() error {
	entries, err := os.ReadDir(d.tmp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() && time.Since(info.ModTime()) < staleUpload {
			continue
		}
		d.remove(filepath.Join(d.tmp, e.Name()))
	}
	return nil
}

// remove deletes a tree in tmp/ without making anybody wait. What fails to go
// now goes at the next sweep.
func (d *directory) remove(path string) {
	d.trash.Go(func() { _ = os.RemoveAll(path) })
}

func (d *directory) path(key string) string {
	return filepath.Join(d.objects, filepath.FromSlash(key)+suffix)
}

func (d *directory) put(ctx context.Context, key string, r io.Reader) (Info, error) {
	f, err := os.CreateTemp(d.tmp, "put-*")
	if err != nil {
		return Info{}, err
	}
	info, err := d.fill(ctx, f, r)
	if err == nil {
		err = d.publish(f.Name(), d.path(key))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return Info{}, err
	}
	info.Key = key
	return info, nil
}

// fill copies r into f and closes it, flushed.
func (d *directory) fill(ctx context.Context, f *os.File, r io.Reader) (Info, error) {
	sum := md5.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(f, sum), contextReader{ctx, r})
	if err == nil && d.sync {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return Info{Size: n, MD5: sum.Sum(nil), Modified: time.Now()}, err
}

// publish renames from to its final name. The parent may be missing, and may
// vanish again under our hands when the last blob in it is deleted.
func (d *directory) publish(from, to string) error {
	parent := filepath.Dir(to)
	for attempt := 0; ; attempt++ {
		err := os.Rename(from, to)
		if err == nil {
			return d.syncDir(parent)
		}
		if !errors.Is(err, fs.ErrNotExist) || attempt == 10 {
			return err
		}
		if err := d.mkdir(parent); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// mkdir makes dir and its ancestors up to objects, each entry flushed.
func (d *directory) mkdir(dir string) error {
	if len(dir) > len(d.objects) {
		if err := d.mkdir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(dir))
}

func (d *directory) syncDir(dir string) error {
	if !d.sync {
		return nil
	}
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // emptied and removed meanwhile: nothing left to make durable
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d *directory) open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	f, err := os.Open(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, err
	}
	if length < 0 {
		return f, nil
	}
	return &section{LimitedReader: io.LimitedReader{R: f, N: length}, file: f}, nil
}

func (d *directory) delete(_ context.Context, key string) error {
	path := d.path(key)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	// Directories that became empty go too; the first that did not ends it.
	for dir := filepath.Dir(path); len(dir) > len(d.objects) && os.Remove(dir) == nil; {
		dir = filepath.Dir(dir)
	}
	return nil
}

func (d *directory) list(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		root := d.objects
		if i := strings.LastIndexByte(prefix, '/'); i > 0 {
			if checkKey(prefix[:i]) != nil {
				return // no key starts so
			}
			root = filepath.Join(d.objects, filepath.FromSlash(prefix[:i]))
		}
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			return d.visit(path, e, err, prefix, yield)
		})
		if err != nil {
			yield(Info{}, fmt.Errorf("blob: list %s: %w", prefix, err))
		}
	}
}

// visit is list's step for one file or directory.
func (d *directory) visit(path string, e fs.DirEntry, err error, prefix string, yield func(Info, error) bool) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted while we walked
	}
	if err != nil || path == d.objects {
		return err
	}
	key := filepath.ToSlash(strings.TrimSuffix(path[len(d.objects)+1:], suffix))
	if e.IsDir() {
		if !strings.HasPrefix(key+"/", prefix) && !strings.HasPrefix(prefix, key+"/") {
			return fs.SkipDir
		}
		return nil
	}
	if !strings.HasPrefix(key, prefix) {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !yield(Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
		return fs.SkipAll
	}
	return nil
}

func (d *directory) reset(context.Context) error {
	aside, err := os.MkdirTemp(d.tmp, "reset-*")
	if err != nil {
		return err
	}
	if err := os.Rename(d.objects, filepath.Join(aside, "objects")); err != nil {
		return err
	}
	d.remove(aside)
	return d.mkdir(d.objects)
}

func (d *directory) close() error {
	d.trash.Wait()
	return nil
}

// section is part of a file. WriteTo lets io.Copy hand the file to the kernel
// (sendfile), which it does for an *os.File inside an *io.LimitedReader alone.
type section struct {
	io.LimitedReader
	file *os.File
}

func (s *section) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, &s.LimitedReader) }
func (s *section) Close() error                       { return s.file.Close() }

// contextReader fails as soon as its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
