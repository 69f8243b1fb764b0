package python

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed all:src
var sources embed.FS

// Names in the unpacked runtime.
const (
	Main  = "main.py"  // the launcher
	Check = "check.py" // prints {"version":[3,11,2],"selenium":"4.8.3"}; given a directory, compiles it
)

// Unpack writes the runtime into dir, which must exist. Everybody may read it.
func Unpack(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking the Python runtime: %w", err)
	}
	defer root.Close()
	err = fs.WalkDir(sources, "src", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".py") {
			return err
		}
		content, err := sources.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, "src/")
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		return root.WriteFile(name, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("unpacking the Python runtime: %w", err)
	}
	return nil
}

// CheckSource is the program of Check, for a Python that has nothing unpacked.
func CheckSource() string {
	content, err := sources.ReadFile("src/" + Check)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(content)
}
