package nodejs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
)

//go:generate go run ./bundle

//go:embed dist/runtime.tar.gz
var archive []byte

// Names in the archive.
const (
	Main     = "main.cjs"     // the launcher
	Diff     = "diff.cjs"     // compares two pictures
	Modules  = "node_modules" // what scripts require
	Manifest = "SOURCES"      // the hash of the sources
)

// Unpack writes the runtime into dir, which must exist. Everybody may read it.
func Unpack(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking the Node.js runtime: %w", err)
	}
	defer root.Close()
	err = Files(func(name string, content []byte) error {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		return root.WriteFile(name, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("unpacking the Node.js runtime: %w", err)
	}
	return nil
}

// Files calls f for every file of the archive, in its order.
func Files(f func(name string, content []byte) error) error {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := f(h.Name, content); err != nil {
			return err
		}
	}
}

// SourceHash is the hash of what the archive is made from, given this
// package's directory.
func SourceHash(dir fs.FS) (string, error) {
	names := []string{"build.mjs", "playwright.mjs", "package.json", "package-lock.json"}
	err := fs.WalkDir(dir, "src", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".js") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
