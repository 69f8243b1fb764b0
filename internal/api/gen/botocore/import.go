// Package botocore imports service models from the data directory of an
// installed botocore (Apache-2.0): it takes the newest API version of a
// service, merges the SDK extras, and drops every word of documentation and
// every trait that only client endpoint rules use.
package botocore

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"nephele.dev/nephele/internal/api/gen/model"
)

// Import reads the newest version of a service below a botocore data
// directory and returns the model to keep.
func Import(data, service string) (model.Object, error) {
	dir, err := newest(filepath.Join(data, service))
	if err != nil {
		return nil, err
	}
	m, err := read(dir, "service-2")
	if err != nil {
		return nil, err
	}
	pages, err := readOptional(dir, "paginators-1")
	if err != nil {
		return nil, err
	}
	waiters, err := readOptional(dir, "waiters-2")
	if err != nil {
		return nil, err
	}
	out := model.Object{
		{Key: "metadata", Value: strip(m.Object("metadata"), metadataNoise)},
		{Key: "operations", Value: operations(m.Object("operations"))},
		{Key: "shapes", Value: shapes(m.Object("shapes"))},
	}
	if p := pages.Object("pagination"); len(p) > 0 {
		out.Set("pagination", p.Sorted())
	}
	if w := waiters.Object("waiters"); len(w) > 0 {
		out.Set("waiters", undescribed(w.Sorted()))
	}
	return out, nil
}

// newest returns the API version directory that sorts last: they are dates.
func newest(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) {
		if e.IsDir() {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", fmt.Errorf("%s holds no API version", dir)
}

// read returns dir/name.json or .json.gz with its sdk-extras merged in.
func read(dir, name string) (model.Object, error) {
	o, err := readOptional(dir, name)
	if err == nil && o == nil {
		err = fmt.Errorf("%s holds no %s.json", dir, name)
	}
	return o, err
}

func readOptional(dir, name string) (model.Object, error) {
	o, err := readFile(filepath.Join(dir, name+".json"))
	if err != nil || o == nil {
		return nil, err
	}
	extras, err := readFile(filepath.Join(dir, name+".sdk-extras.json"))
	if err != nil {
		return nil, err
	}
	return merge(o, extras.Object("merge")), nil
}

// readFile returns nil when neither file nor file.gz is there.
func readFile(file string) (model.Object, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = readGzip(file + ".gz")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := model.ParseObject(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return o, nil
}

func readGzip(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return io.ReadAll(z)
}

// merge lays extra over o, object by object, as botocore's loader does.
func merge(o, extra model.Object) model.Object {
	for _, f := range extra {
		if sub, ok := f.Value.(model.Object); ok {
			o.Set(f.Key, merge(o.Object(f.Key), sub))
			continue
		}
		o.Set(f.Key, f.Value)
	}
	return o
}

// Version returns the version of the botocore that a data directory belongs to.
func Version(data string) (string, error) {
	file := filepath.Join(filepath.Dir(filepath.Clean(data)), "__init__.py")
	src, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	m := versionLine.FindSubmatch(src)
	if m == nil {
		return "", fmt.Errorf("%s does not say __version__", file)
	}
	return string(m[1]), nil
}

var versionLine = regexp.MustCompile(`(?m)^__version__ = ['"]([^'"]+)['"]`)
