// Bundle rebuilds dist/runtime.tar.gz when the sources changed. It runs in the
// directory of package nodejs (go generate) and needs Node.js and npm only
// when there is something to do. The archive is the same on every machine:
// versions are locked, names sorted, times left out.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"nephele.dev/nephele/runtimes/nodejs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	hash, err := nodejs.SourceHash(os.DirFS("."))
	if err != nil {
		return err
	}
	if recorded() == hash {
		return nil
	}
	if _, err := os.Stat("node_modules"); err != nil {
		if err := command("npm", "ci", "--no-audit", "--no-fund"); err != nil {
			return err
		}
	}
	if err := command("node", "build.mjs"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("build", nodejs.Manifest), []byte(hash), 0o600); err != nil {
		return err
	}
	archive, err := pack(os.DirFS("build"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("dist", "runtime.tar.gz"), archive, 0o644)
}

// recorded is the hash in the archive that this program was built with.
func recorded() (hash string) {
	_ = nodejs.Files(func(name string, content []byte) error {
		if name == nodejs.Manifest {
			hash = string(content)
		}
		return nil
	})
	return hash
}

func command(name string, args ...string) error {
	c := exec.CommandContext(context.Background(), name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w (Node.js with npm is needed to rebuild the bundle)", name, err)
	}
	return nil
}

// pack makes the archive. fs.WalkDir walks in lexical order.
func pack(dir fs.FS) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatPAX}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
