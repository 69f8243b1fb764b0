package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// collect copies the regular files below src into dst and counts the entries
// it leaves behind. It runs when nothing of the run is alive any more, so src
// no longer changes; it follows no link, because both ends are os.Root and
// only regular files are opened. limit bounds the bytes: sparse files claim
// more than the tmpfs they were made on.
func collect(dst string, src *os.Root, limit int64) (dropped int, err error) {
	to, err := os.OpenRoot(dst)
	if err != nil {
		return 0, fmt.Errorf("sandbox: collecting: %w", err)
	}
	defer to.Close()
	c := collector{from: src, to: to, left: limit}
	err = fs.WalkDir(src.FS(), ".", c.visit)
	if err != nil {
		return c.dropped, fmt.Errorf("sandbox: collecting: %w", err)
	}
	return c.dropped, nil
}

type collector struct {
	from, to *os.Root
	left     int64
	files    int
	dropped  int
}

// visit takes one entry. An entry that cannot be read is dropped; only a
// failure to write ends the walk.
func (c *collector) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		c.dropped++
		if d != nil && d.IsDir() && name != "." {
			return fs.SkipDir
		}
		return nil
	case name == ".":
		return nil
	case c.files >= maxFiles, !plainName(name):
		c.dropped++
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case d.IsDir():
		c.files++
		return c.to.MkdirAll(name, 0o700)
	case !d.Type().IsRegular():
		c.dropped++
		return nil
	}
	c.files++
	return c.copy(name)
}

// copy copies one regular file.
func (c *collector) copy(name string) error {
	in, err := c.from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		c.dropped++
		return nil
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > c.left {
		c.dropped++
		return nil
	}
	out, err := c.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, info.Size()))
	c.left -= n
	return errors.Join(err, out.Close())
}

// plainName refuses names that later stages could misread.
func plainName(name string) bool {
	if len(name) > 900 || len(path.Base(name)) > 255 {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' || r == 0xfffd })
}
