package canaryrun

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Caps of a code archive. Lambda allows 250 MB unpacked, layers included.
const (
	maxEntries  = 20_000 // directories that only the names imply included
	maxUnpacked = 250 << 20
	maxNameLen  = 1000
)

// CheckCode reads the archive's directory and fails with ErrBadCode when Run
// would refuse it. It unpacks nothing.
func CheckCode(r io.ReaderAt, size int64) error {
	_, err := openZip(r, size)
	return err
}

// openZip opens an archive and judges every entry by its header.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrBadCode, err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("%w: it has more than %d entries", ErrBadCode, maxEntries)
	}
	var total uint64
	dirs := map[string]bool{}
	for _, f := range z.File {
		if why := refuseEntry(f); why != "" {
			return nil, fmt.Errorf("%w: entry %.100q %s", ErrBadCode, f.Name, why)
		}
		if implied(dirs, f.Name); len(dirs) > maxEntries {
			return nil, fmt.Errorf("%w: it has more than %d directories", ErrBadCode, maxEntries)
		}
		total += f.UncompressedSize64
		if total > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return nil, fmt.Errorf("%w: it unpacks to more than %d MB", ErrBadCode, maxUnpacked>>20)
		}
	}
	return z, nil
}

// implied adds the directories above an entry to dirs.
func implied(dirs map[string]bool, name string) {
	for dir := path.Dir(name); dir != "." && !dirs[dir] && len(dirs) <= maxEntries; dir = path.Dir(dir) {
		dirs[dir] = true
	}
}

// refuseEntry says what is wrong with an entry; empty when nothing is.
func refuseEntry(f *zip.File) string {
	name := strings.TrimSuffix(f.Name, "/")
	mode := f.Mode()
	switch {
	case len(name) > maxNameLen, !fs.ValidPath(name), name == ".":
		return "has a path that leads elsewhere"
	case strings.ContainsAny(name, "\\\x00"):
		return "has a backslash or a zero byte in its name"
	case !mode.IsRegular() && !mode.IsDir():
		return "is neither a file nor a directory"
	case f.Flags&1 != 0:
		return "is encrypted"
	}
	return ""
}

// unzip unpacks an archive into dir. Sizes are enforced on what comes out, not
// on what the headers claim. Everybody may read the result.
func unzip(r io.ReaderAt, size int64, dir string) error {
	z, err := openZip(r, size)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxUnpacked)
	for _, f := range z.File {
		n, err := unzipEntry(root, f, left)
		if err != nil {
			return fmt.Errorf("%w: entry %.100q: %w", ErrBadCode, f.Name, err)
		}
		left -= n
	}
	return nil
}

func unzipEntry(root *os.Root, f *zip.File, left int64) (int64, error) {
	name := strings.TrimSuffix(f.Name, "/")
	if f.Mode().IsDir() {
		return 0, root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return 0, err
	}
	in, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, io.LimitReader(in, left+1))
	if err == nil && n > left {
		err = fmt.Errorf("the archive unpacks to more than %d MB", maxUnpacked>>20)
	}
	return n, errors.Join(err, out.Close())
}
