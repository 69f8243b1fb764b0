package console

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:generate go run ./bundle

//go:embed dist/console.tar
var archive []byte

// Manifest is the name in the archive of the hash of the sources.
const Manifest = "SOURCES"

// Files are the archive's files by name, each compressed by gzip. Their bytes
// are those of the program: they must not be changed.
func Files() (map[string][]byte, error) {
	raw := bytes.NewReader(archive)
	r := tar.NewReader(raw)
	files := map[string][]byte{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("console: archive: %w", err)
		}
		at := int64(len(archive)) - int64(raw.Len())
		files[h.Name] = archive[at : at+h.Size : at+h.Size]
	}
}

// SourceHash is the hash of what the archive is made from, given the root of
// the module.
func SourceHash(root fs.FS) (string, error) {
	names := []string{"console/index.html", "console/package.json", "console/package-lock.json", "console/tsconfig.json", "console/vite.config.ts", "console/vite.unit.config.ts"}
	for _, dir := range []string{"console/src", blueprints} {
		err := fs.WalkDir(root, dir, func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && name == blueprints {
				return nil
			}
			if err == nil && !d.IsDir() && !strings.HasPrefix(path.Base(name), ".") && !strings.HasSuffix(name, ".test.ts") {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// blueprints is where the scripts come from that the console creates canaries
// with.
const blueprints = "internal/blueprint/templates"
