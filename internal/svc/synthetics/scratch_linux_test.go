package synthetics

import (
	"io"
	"os"
	"testing"
)

// A scratch file has no name at any time: a server that is killed as it opens one
// would leave it.
func TestScratchHasNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f, err := scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	able, err := openNameless(dir)
	if err == nil {
		_ = able.Close()
		if f.Name() != dir {
			t.Errorf("the scratch file was %s", f.Name())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
	if _, err := f.WriteString("text"); err != nil {
		t.Error(err)
	}
	if text, err := io.ReadAll(io.NewSectionReader(f, 0, 10)); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}
