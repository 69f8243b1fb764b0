package canaryrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/runtimes/nodejs"
)

// Comparison is two pictures to compare, PNG files of the host.
type Comparison struct {
	Base, Other string
	Threshold   float64 // percent of the pixels that may differ
	Color       string  // of the difference, "#RRGGBB"; empty is the library's
	Ignore      []Area
}

// Limits of a comparison: pictures come from scripts.
const (
	compareMemoryMB = 1000
	compareTimeout  = time.Minute
)

// Compare compares two pictures in a box of their own, by the code that
// compares screenshots during a run.
func (r *Runner) Compare(ctx context.Context, c Comparison) (VisualTest, error) {
	w, err := r.o.Sandbox.Workspace("compare")
	if err != nil {
		return VisualTest{}, err
	}
	defer w.Close()
	for name, from := range map[string]string{"base.png": c.Base, "other.png": c.Other} {
		open := func() (io.ReadCloser, error) { return os.Open(from) }
		if err := copyBaseline(filepath.Join(w.Code, name), Baseline{Open: open}); err != nil {
			return VisualTest{}, err
		}
	}
	var stdout, stderr bytes.Buffer
	used, err := r.o.Sandbox.Run(ctx, sandbox.Spec{
		ID: "compare", Runtime: "nodejs", Argv: r.compareArgs(c), CodeDir: w.Code, OutDir: w.Out,
		Env:      map[string]string{"HOME": sandbox.BoxHome, "TMPDIR": sandbox.BoxOut},
		Mounts:   append([]sandbox.Mount{{Host: r.runtime.Code, Box: boxRuntime}}, r.node.mounts...),
		MemoryMB: compareMemoryMB, Timeout: compareTimeout, Stdout: &stdout, Stderr: &stderr, MaxOutput: 1 << 20,
	})
	if err != nil {
		return VisualTest{}, fmt.Errorf("compare pictures: %w", err)
	}
	var test VisualTest
	if err := json.Unmarshal(stdout.Bytes(), &test); err != nil || used.TimedOut || used.OutOfMemory {
		return VisualTest{}, fmt.Errorf("compare pictures: %s", firstLine(stderr.String(), used))
	}
	test.Picture, err = readDifference(w.Out)
	return test, err
}

// compareArgs is the command line of the comparing program.
func (r *Runner) compareArgs(c Comparison) []string {
	argv := []string{
		r.node.box, filepath.Join(boxRuntime, nodejs.Diff),
		sandbox.BoxCode + "/base.png", sandbox.BoxCode + "/other.png", sandbox.BoxOut + "/difference.png",
		"--threshold", strconv.FormatFloat(c.Threshold, 'f', -1, 64),
	}
	if c.Color != "" {
		argv = append(argv, "--color", c.Color)
	}
	for _, a := range c.Ignore {
		argv = append(argv, "--ignore", fmt.Sprintf("%d,%d,%d,%d", a.X1, a.Y1, a.X2, a.Y2))
	}
	return argv
}

// firstLine tells why a program failed.
func firstLine(stderr string, used sandbox.Result) string {
	if line, _, _ := bytes.Cut([]byte(stderr), []byte("\n")); len(line) > 0 {
		return string(line)
	}
	return fmt.Sprintf("exit code %d", used.ExitCode)
}

// readDifference is the picture of the difference; nil when there is none.
func readDifference(out string) ([]byte, error) {
	f, err := os.OpenInRoot(out, "difference.png")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBaseline))
}
