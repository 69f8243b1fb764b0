// Bundle rebuilds dist/console.tar when the sources changed. It runs in the
// directory of package console (go generate) and needs Node.js and npm only when
// there is something to do. The archive is the same on every machine: versions
// are locked, names sorted, times left out.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"nephele.dev/nephele/console"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	hash, err := console.SourceHash(os.DirFS(".."))
	if err != nil {
		return err
	}
	if recorded() == hash {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	if err := command("npm", "run", "--silent", "build"); err != nil {
		return err
	}
	if err := notices(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("build", console.Manifest), []byte(hash), 0o600); err != nil {
		return err
	}
	archive, err := pack(os.DirFS("build"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("dist", "console.tar"), archive, 0o644)
}

// install makes node_modules what the lock file says, unless it is.
func install() error {
	want, err := os.Stat("package-lock.json")
	if err != nil {
		return err
	}
	if have, err := os.Stat(filepath.Join("node_modules", ".package-lock.json")); err == nil && !have.ModTime().Before(want.ModTime()) {
		return nil
	}
	return command("npm", "ci", "--no-audit", "--no-fund")
}

// notices moves what Vite gathers of licences to where they are found.
func notices() error {
	gathered := filepath.Join("build", ".vite")
	text, err := os.ReadFile(filepath.Join(gathered, "license.md"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(gathered); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("build", "NOTICE"), text, 0o600); err != nil {
		return err
	}
	return os.WriteFile("THIRD_PARTY", text, 0o644)
}

// recorded is the hash in the archive that this program was built with.
func recorded() string {
	files, err := console.Files()
	if err != nil {
		return ""
	}
	z, err := gzip.NewReader(bytes.NewReader(files[console.Manifest]))
	if err != nil {
		return ""
	}
	hash, err := io.ReadAll(z)
	if err != nil {
		return ""
	}
	return string(hash)
}

func command(name string, args ...string) error {
	c := exec.CommandContext(context.Background(), name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w (Node.js with npm is needed to rebuild the console)", name, err)
	}
	return nil
}

// pack makes the archive. fs.WalkDir walks in lexical order.
func pack(dir fs.FS) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		zipped, err := compress(content)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(zipped)), Format: tar.FormatPAX}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(zipped)
		return err
	})
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

func compress(content []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(content)
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}
