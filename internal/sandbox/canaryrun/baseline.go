package canaryrun

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"nephele.dev/nephele/internal/sandbox"
)

// maxBaseline is the largest picture that is taken for a baseline, in bytes.
const maxBaseline = 64 << 20

// placeBaseline puts the pictures to compare with beside the run's code, and
// says where the box sees them.
func placeBaseline(v *Visual, w *sandbox.Workspace) ([]told, []sandbox.Mount, error) {
	if v == nil || len(v.Baselines) == 0 {
		return nil, nil, nil
	}
	dir := filepath.Join(w.Dir, "baseline")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("canary run: baseline: %w", err)
	}
	var out []told
	for i, b := range v.Baselines {
		name := fmt.Sprintf("%d.png", i+1)
		if err := copyBaseline(filepath.Join(dir, name), b); err != nil {
			return nil, nil, fmt.Errorf("canary run: baseline %s: %w", b.Name, err)
		}
		out = append(out, told{Name: b.Name, File: filepath.Join(boxBaseline, name), Ignore: b.Ignore})
	}
	return out, []sandbox.Mount{{Host: dir, Box: boxBaseline}}, nil
}

func copyBaseline(to string, b Baseline) error {
	src, err := b.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(src, maxBaseline+1))
	if err == nil && n > maxBaseline {
		err = fmt.Errorf("larger than %d bytes", maxBaseline)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
