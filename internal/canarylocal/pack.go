package canarylocal

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"nephele.dev/nephele/internal/canaryruntime"
)

// kept is where a project keeps what its runs leave.
const kept = ".nephele"

// maxArchive is the largest code archive, in bytes: the service's limit.
const maxArchive = 50 << 20

// Pack makes the code archive of the project in dir, as it would be uploaded.
// Scripts at its root go where v looks for them.
func Pack(dir string, v canaryruntime.Version) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProject, err)
	}
	defer root.Close()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	below := prefix(root, v)
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == kept || name == ".git"):
			return fs.SkipDir
		case !d.Type().IsRegular(), name == ManifestFile:
			return nil
		case out.Len() > maxArchive:
			return fmt.Errorf("larger than %d MB", maxArchive>>20)
		}
		return pack(z, root, name, path.Join(below, name))
	})
	if err != nil {
		return nil, fmt.Errorf("%w: packing %s: %w", ErrProject, dir, err)
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// prefix is where the files of a project go that is not laid out as an archive.
func prefix(root *os.Root, v canaryruntime.Version) string {
	for _, dir := range []string{"nodejs", "python"} {
		if info, err := root.Stat(dir); err == nil && info.IsDir() {
			return ""
		}
	}
	switch {
	case v.RootLevelCode():
		return ""
	case strings.HasPrefix(string(v.Family), "syn-python"):
		return "python"
	default:
		return "nodejs/node_modules"
	}
}

func pack(z *zip.Writer, root *os.Root, name, to string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := z.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
