package tour

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```$")
	inline   = regexp.MustCompile("`[^`\n]*`")
	linked   = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	unslug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows the links between the project's own documents.
func TestLinks(t *testing.T) {
	t.Parallel()
	files := markdown(t)
	if len(files) < 10 {
		t.Fatalf("only %d documents found: %v", len(files), files)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linked.FindAllStringSubmatch(prose(string(text)), -1) {
			if problem := follow(file, m[1]); problem != "" {
				t.Errorf("%s: link to %s: %s", file, m[1], problem)
			}
		}
	}
}

// TestFollow shows that a broken link is found.
func TestFollow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file, link string
		broken     bool
	}{
		{"README.md", "docs/errors.md", false},
		{"README.md", "docs/adr/", false},
		{"docs/engine.md", "errors.md#one-type", false},
		{"docs/errors.md", "#one-type", false},
		{"docs/errors.md", "../README.md", false},
		{"README.md", "https://example.com/nowhere", false},
		{"README.md", "docs/nowhere.md", true},
		{"docs/engine.md", "docs/errors.md", true},
		{"docs/engine.md", "errors.md#no-such-heading", true},
		{"README.md", "/etc/passwd", true},
	}
	for _, tt := range tests {
		if problem := follow(tt.file, tt.link); (problem != "") != tt.broken {
			t.Errorf("%s -> %s: %q", tt.file, tt.link, problem)
		}
	}
}

// markdown lists the project's documents, from its root.
func markdown(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-co", "--exclude-standard", "--", "*.md")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil {
		return strings.Fields(string(out))
	}
	var files []string // an unpacked archive has no git
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "bench/*.md"} {
		found, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, name := range found {
			files = append(files, strings.TrimPrefix(name, root+"/"))
		}
	}
	return files
}

// prose is a document without its code.
func prose(text string) string {
	return inline.ReplaceAllString(fenced.ReplaceAllString(text, ""), "code")
}

// follow says what is wrong with a link in a file; links to other sites are
// taken on trust.
func follow(file, link string) (problem string) {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "":
		return ""
	case strings.HasPrefix(u.Path, "/"):
		return "it leaves the project"
	}
	target := filepath.Join(root, filepath.Dir(file), u.Path)
	if u.Path == "" {
		target = filepath.Join(root, file)
	}
	if _, err := os.Stat(target); err != nil {
		return err.Error()
	}
	if u.Fragment == "" {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	for _, h := range headings.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		if slug(h[1]) == u.Fragment {
			return ""
		}
	}
	return "no such heading"
}

// slug is the anchor of a heading: lower case, hyphens for blanks, no
// punctuation.
func slug(heading string) string {
	return strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
