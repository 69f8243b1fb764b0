package canarylocal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Comparer compares two pictures; canaryrun.Runner is the real one.
type Comparer interface {
	Compare(ctx context.Context, c canaryrun.Comparison) (canaryrun.VisualTest, error)
}

// Difference is what tells two runs apart.
type Difference struct {
	Base     string        `json:"base"`  // the runs' directories
	Other    string        `json:"other"` //
	Steps    []StepChange  `json:"steps"`
	Pictures []PictureTest `json:"pictures"`
	// Missing pictures are in Base alone, Added ones in Other alone.
	Missing []string `json:"missing"`
	Added   []string `json:"added"`
}

// StepChange is a step in both runs; an empty status means that one lacks it.
type StepChange struct {
	Name    string  `json:"name"`
	Base    string  `json:"base"`
	Other   string  `json:"other"`
	BaseMs  float64 `json:"baseMs"`
	OtherMs float64 `json:"otherMs"`
}

// PictureTest is the comparison of a picture that both runs have.
type PictureTest struct {
	File string `json:"file"`
	canaryrun.VisualTest
}

// Same reports whether nothing differs but durations.
func (d *Difference) Same() bool {
	return len(d.Missing) == 0 && len(d.Added) == 0 &&
		!slices.ContainsFunc(d.Steps, func(s StepChange) bool { return s.Base != s.Other }) &&
		!slices.ContainsFunc(d.Pictures, func(p PictureTest) bool { return p.Status != "PASSED" })
}

// CompareOptions say what counts.
type CompareOptions struct {
	Threshold float64 // percent of the pixels that may differ
	Ignore    []canaryrun.Area
	Color     string // of the difference, "#RRGGBB"; empty is the library's
	Out       string // where pictures of differences go; empty is below the other run
}

// Compare compares run other with run base, step by step and picture by
// picture, by their names.
func Compare(ctx context.Context, c Comparer, base, other *Run, o CompareOptions) (*Difference, error) {
	d := &Difference{Base: base.Dir, Other: other.Dir, Steps: steps(base, other), Missing: []string{}, Added: []string{}, Pictures: []PictureTest{}}
	theirs := other.pictures()
	for _, name := range base.pictures() {
		if !slices.Contains(theirs, name) {
			d.Missing = append(d.Missing, name)
			continue
		}
		test, err := comparePicture(ctx, c, base, other, name, o)
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", name, err)
		}
		d.Pictures = append(d.Pictures, PictureTest{name, test})
	}
	ours := base.pictures()
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			d.Added = append(d.Added, name)
		}
	}
	return d, nil
}

// openOut opens the directory for pictures of differences and tells its name. A
// run may have come from anywhere, so the one in it does not lead out of it.
func openOut(o CompareOptions, other *Run) (out *os.Root, dir string, err error) {
	if o.Out != "" {
		if err := os.MkdirAll(o.Out, 0o755); err != nil {
			return nil, "", err
		}
		out, err = os.OpenRoot(o.Out)
		return out, o.Out, err
	}
	const below = "difference"
	run, err := os.OpenRoot(other.Dir)
	if err != nil {
		return nil, "", err
	}
	defer run.Close()
	if err := run.MkdirAll(below, 0o755); err != nil {
		return nil, "", err
	}
	out, err = run.OpenRoot(below)
	return out, filepath.Join(other.Dir, below), err
}

func comparePicture(ctx context.Context, c Comparer, base, other *Run, name string, o CompareOptions) (canaryrun.VisualTest, error) {
	in := canaryrun.Comparison{
		Base: filepath.Join(base.Dir, name), Other: filepath.Join(other.Dir, name),
		Threshold: o.Threshold, Ignore: o.Ignore, Color: o.Color,
	}
	for _, file := range []string{in.Base, in.Other} {
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			return canaryrun.VisualTest{}, errors.Join(fs.ErrNotExist, err)
		}
	}
	test, err := c.Compare(ctx, in)
	if err != nil || len(test.Picture) == 0 {
		return test, err
	}
	out, dir, err := openOut(o, other)
	if err != nil {
		return test, err
	}
	defer out.Close()
	if err := out.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return test, err
	}
	test.Difference = filepath.Join(dir, name)
	return test, out.WriteFile(name, test.Picture, 0o600)
}

// steps pairs the steps of two runs by their names, in the order of the first.
func steps(base, other *Run) []StepChange {
	out := []StepChange{}
	rest := slices.Clone(other.Steps)
	for _, s := range base.Steps {
		change := StepChange{Name: s.Name, Base: s.Status, BaseMs: s.DurationMs}
		if at := slices.IndexFunc(rest, func(o Step) bool { return o.Name == s.Name }); at >= 0 {
			change.Other, change.OtherMs = rest[at].Status, rest[at].DurationMs
			rest = slices.Delete(rest, at, at+1)
		}
		out = append(out, change)
	}
	for _, s := range rest {
		out = append(out, StepChange{Name: s.Name, Other: s.Status, OtherMs: s.DurationMs})
	}
	return out
}
