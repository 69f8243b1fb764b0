package canarylocal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"nephele.dev/nephele/internal/canaryruntime"
)

// ManifestFile is the name of a project's manifest.
const ManifestFile = "canary.yaml"

// Manifest is what CreateCanary would be told of a canary.
type Manifest struct {
	Name             string            `yaml:"name,omitempty"`
	RuntimeVersion   string            `yaml:"runtimeVersion,omitempty"`
	Handler          string            `yaml:"handler,omitempty"`
	Blueprint        string            `yaml:"blueprint,omitempty"` // "multi-checks"
	Browser          string            `yaml:"browser,omitempty"`   // CHROME or FIREFOX
	TimeoutInSeconds int               `yaml:"timeoutInSeconds,omitempty"`
	MemoryInMB       int               `yaml:"memoryInMB,omitempty"`
	EphemeralStorage int               `yaml:"ephemeralStorage,omitempty"` // MB
	ActiveTracing    bool              `yaml:"activeTracing,omitempty"`
	Environment      map[string]string `yaml:"environmentVariables,omitempty"`
}

// ErrProject is what is wrong with a project.
var ErrProject = errors.New("this is not a canary that can be run")

// Load reads the manifest of the project in dir and guesses what it leaves out:
// the name from the directory's, the rest from its files.
func Load(dir string) (Manifest, error) {
	var m Manifest
	if _, err := os.ReadDir(dir); err != nil {
		return m, fmt.Errorf("%w: %w", ErrProject, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%w: %w", ErrProject, err)
	}
	if err == nil {
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&m); err != nil {
			return m, fmt.Errorf("%w: %s: %w", ErrProject, ManifestFile, err)
		}
	}
	return m, nil
}

// Complete guesses what m leaves out, and checks it.
func (m *Manifest) Complete(dir string) error {
	if m.Name == "" {
		m.Name = nameOf(dir)
	}
	if m.Blueprint == "" && m.Handler == "" {
		m.guess(dir)
	}
	if m.RuntimeVersion == "" {
		m.RuntimeVersion = canaryruntime.Latest(family(m, dir)).Name
	}
	v, ok := canaryruntime.ByName(m.RuntimeVersion)
	switch {
	case !name.MatchString(m.Name):
		return fmt.Errorf("%w: %q is no name of a canary: 1 to 255 lower-case letters, digits, hyphens and underscores", ErrProject, m.Name)
	case !ok:
		return fmt.Errorf("%w: there is no runtime version %q", ErrProject, m.RuntimeVersion)
	case m.Blueprint != "" && !slices.Contains(v.Blueprints(), m.Blueprint):
		return fmt.Errorf("%w: the runtime version %s has no blueprint %q", ErrProject, v.Name, m.Blueprint)
	case m.Blueprint == "" && m.Handler == "":
		return fmt.Errorf("%w: found no script in %s; say which function to call with --handler file.function", ErrProject, dir)
	case m.Browser != "" && !slices.Contains(v.Browsers(), m.Browser):
		return fmt.Errorf("%w: the runtime version %s has no browser %q", ErrProject, v.Name, m.Browser)
	}
	return nil
}

// name is the API's rule for names of canaries.
var name = regexp.MustCompile(`^[0-9a-z_-]{1,255}$`)

var unfit = regexp.MustCompile(`[^0-9a-z_-]+`)

// nameOf makes a canary's name of a directory's.
func nameOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	name := strings.Trim(unfit.ReplaceAllString(strings.ToLower(filepath.Base(abs)), "-"), "-")
	if name == "" {
		return "canary"
	}
	return name
}

// scriptDirs are where a script may be in a code archive.
var scriptDirs = []string{".", "nodejs/node_modules", "python"}

// MultiChecksFile is the configuration of a multi-checks canary.
const MultiChecksFile = "blueprint-config.json"

// guess finds the one script there is. With several, index and canary win.
func (m *Manifest) guess(dir string) {
	if _, err := os.Stat(filepath.Join(dir, MultiChecksFile)); err == nil {
		m.Blueprint = "multi-checks"
		return
	}
	var found []string
	for _, sub := range scriptDirs {
		for _, pattern := range []string{"*.js", "*.mjs", "*.cjs", "*.py"} {
			matches, _ := filepath.Glob(filepath.Join(dir, sub, pattern))
			found = append(found, matches...)
		}
	}
	at := slices.IndexFunc(found, func(f string) bool { b := stem(f); return b == "index" || b == "canary" })
	switch {
	case at >= 0:
		m.Handler = stem(found[at]) + ".handler"
	case len(found) == 1:
		m.Handler = stem(found[0]) + ".handler"
	}
}

func stem(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// marks are what scripts of a family ask for, the most telling first.
var marks = []struct {
	text   string
	family canaryruntime.Family
}{
	{"synthetics-playwright", canaryruntime.Playwright},
	{"synthetics-puppeteer", canaryruntime.Puppeteer},
	{"synthetics-core", canaryruntime.NodeJS},
}

// family tells the runtimes that a project is written for.
func family(m *Manifest, dir string) canaryruntime.Family {
	if m.Blueprint != "" {
		return canaryruntime.NodeJS
	}
	file, _, _ := strings.Cut(m.Handler, ".")
	for _, sub := range scriptDirs {
		if _, err := os.Stat(filepath.Join(dir, sub, file+".py")); err == nil {
			return canaryruntime.Selenium
		}
		for _, ext := range []string{".js", ".mjs", ".cjs"} {
			text, err := os.ReadFile(filepath.Join(dir, sub, file+ext))
			if err != nil {
				continue
			}
			for _, mark := range marks {
				if bytes.Contains(text, []byte(mark.text)) {
					return mark.family
				}
			}
		}
	}
	return canaryruntime.Puppeteer
}

// Write writes the manifest of a new project.
func (m *Manifest) Write(dir string) error {
	text, err := yaml.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ManifestFile), text, 0o600)
}
