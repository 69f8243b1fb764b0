package tour

import (
	"image"
	_ "image/png" // canaries take their screenshots as PNG
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// marker stands before a block of a page that is run here.
const marker = "<!-- tour: conformance/tour runs this block as it stands -->\n"

// block returns the README's marked block in a language.
func block(t *testing.T, language string) string {
	t.Helper()
	all := blocks(t, "README.md", language)
	if len(all) != 1 {
		t.Fatalf("README.md has %d blocks of %s after %q, want 1", len(all), language, marker)
	}
	return all[0]
}

// blocks returns a page's marked blocks in a language.
func blocks(t *testing.T, page, language string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), marker+"```"+language+"\n")
	for _, rest := range parts[1:] {
		code, _, closed := strings.Cut(rest, "\n```\n")
		if !closed {
			t.Fatalf("%s: a block does not end", page)
		}
		all = append(all, code+"\n")
	}
	return all
}

// need skips the test where one of the tools is not on PATH.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the README's tour needs %s: %v", tool, err)
		}
	}
}

// TestTour runs the README's blocks, each against a server of its own.
func TestTour(t *testing.T) {
	t.Parallel()
	need(t, "bash", "zip")
	bin := build(t)
	needCanaries(t, bin)
	t.Run("shell", func(t *testing.T) {
		t.Parallel()
		need(t, "aws")
		testShell(t, arrive(t, bin))
	})
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		need(t, "python3")
		if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").CombinedOutput(); err != nil {
			t.Skipf("the README's tour in Python needs boto3: %s", out)
		}
		testPython(t, arrive(t, bin))
	})
}

// testShell runs the tour with the AWS CLI.
func testShell(t *testing.T, n *newcomer) {
	t.Helper()
	out := n.bash(t, block(t, "sh"))
	for what, pattern := range map[string]string{
		"the run passed":                  `(?m)^PASSED$`,
		"it is the canary that was made":  `"Name": "hello"`,
		"the artifacts have a screenshot": `(?m) \d{4,} canary/us-east-1/hello/\d{4}/\d\d/\d\d/\d\d/[-\d]+/CHROME/02-open-succeeded\.png$`,
		"and a report":                    `(?m) \d{3,} canary/\S+/SyntheticsReport-PASSED\.json$`,
		"and a HAR file":                  `(?m) \d{3,} canary/\S+/results\.har$`,
		"the log has the script's line":   `"level":"INFO",.*"message":"the page says: Hello from a canary"`,
		"the metric counted the run":      `"SampleCount": [1-9]`,
		"and says that it succeeded":      `"Average": 100(\.0)?\b`,
	} {
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("not so: %s (%s)", what, pattern)
		}
	}
	shots := n.find(t, "02-open-succeeded.png")
	if len(shots) != 1 || darkPixels(t, shots[0]) < 100 {
		t.Errorf("there should be one screenshot with a heading on it: %v", shots)
	}
	if left := n.bash(t, `eval "$(bin/nephele env)"; aws synthetics describe-canaries --query 'Canaries[].Name' --output text`); strings.TrimSpace(left) != "" {
		t.Errorf("the canary is still there: %s", left)
	}
	if t.Failed() {
		t.Logf("the tour printed:\n%s", out)
	}
}

// testPython runs the Python block, with the archive that the shell block makes.
func testPython(t *testing.T, n *newcomer) {
	t.Helper()
	archive, _, found := strings.Cut(block(t, "sh"), "\naws ")
	if !found {
		t.Fatal("the shell block does not call aws")
	}
	out := n.bash(t, archive+"\npython3 - <<'PY'\n"+block(t, "python")+"PY\n")
	if !regexp.MustCompile(`(?m)^PASSED$`).MatchString(out) ||
		!regexp.MustCompile(`(?m)^\d{4,} canary/us-east-1/hello-python/\S+/02-open-succeeded\.png$`).MatchString(out) {
		t.Errorf("no run passed, or it left no screenshot:\n%s", out)
	}
	if shots := n.find(t, "02-open-succeeded.png"); len(shots) != 1 || darkPixels(t, shots[0]) < 100 {
		t.Errorf("there should be one screenshot with a heading on it: %v", shots)
	}
}

// find returns the files of a name that the tour left in its own directory.
func (n *newcomer) find(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(n.tmp, func(path string, _ os.DirEntry, err error) error {
		if filepath.Base(path) == name {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// darkPixels counts what is printed on the white page of a screenshot.
func darkPixels(t *testing.T, name string) (n int) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	const dark = 0x8000 // of 0xffff
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r < dark && g < dark && b < dark {
				n++
			}
		}
	}
	return n
}
