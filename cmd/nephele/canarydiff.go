package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/canarylocal"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// canaryDiff is the state of one `nephele canary diff`.
type canaryDiff struct {
	machine config.Config
	o       canarylocal.CompareOptions
	project string
	ignore  []string
	asJSON  bool
}

func canaryDiffCommand(_ []string) *cobra.Command {
	c := &canaryDiff{machine: config.Default()}
	cmd := &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "compare two runs: their steps, and their screenshots pixel by pixel",
		Long: "Compares two runs that `nephele canary run` has kept, each given by its directory, its name, or as\n" +
			"last or previous. Pictures of what differs are written below the second run. The exit status is 0\n" +
			"when nothing differs, 1 when something does, and 2 when they could not be compared.",
		Args: cobra.ExactArgs(2),
		RunE: c.run,
	}
	fs := cmd.Flags()
	fs.StringVar(&c.project, "in", ".", "the canary's `DIR`, for last and previous")
	fs.Float64Var(&c.o.Threshold, "threshold", 0, "`PERCENT` of the pixels that may differ")
	fs.StringArrayVar(&c.ignore, "ignore", nil, "an area that does not count, `X1,Y1,X2,Y2` in pixels")
	fs.StringVar(&c.o.Color, "color", "", "`#RRGGBB` of what differs")
	fs.StringVar(&c.o.Out, "out", "", "write pictures of differences to this `DIR`")
	fs.BoolVar(&c.asJSON, "json", false, "print JSON")
	addMachineFlags(cmd, &c.machine)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{statusNotRun, err} })
	return cmd
}

func (c *canaryDiff) run(cmd *cobra.Command, args []string) error {
	d, err := c.compare(cmd, args)
	if err != nil {
		return &exitError{statusNotRun, err}
	}
	if c.asJSON {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		err = e.Encode(d)
	} else {
		err = printDifference(cmd.OutOrStdout(), d)
	}
	if err == nil && !d.Same() {
		return errSilent
	}
	return err
}

func (c *canaryDiff) compare(cmd *cobra.Command, args []string) (*canarylocal.Difference, error) {
	for _, text := range c.ignore {
		area, err := parseArea(text)
		if err != nil {
			return nil, err
		}
		c.o.Ignore = append(c.o.Ignore, area)
	}
	base, err := canarylocal.Open(c.project, args[0])
	if err != nil {
		return nil, err
	}
	other, err := canarylocal.Open(c.project, args[1])
	if err != nil {
		return nil, err
	}
	machine, err := openMachine(c.machine)
	if err != nil {
		return nil, err
	}
	defer machine.close()
	return canarylocal.Compare(cmd.Context(), machine.runner, base, other, c.o)
}

// parseArea reads x1,y1,x2,y2.
func parseArea(text string) (a canaryrun.Area, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return a, fmt.Errorf("--ignore: %q is not X1,Y1,X2,Y2", text)
	}
	for i, to := range []*int{&a.X1, &a.Y1, &a.X2, &a.Y2} {
		if *to, err = strconv.Atoi(strings.TrimSpace(parts[i])); err != nil {
			return a, fmt.Errorf("--ignore: %q is not X1,Y1,X2,Y2", text)
		}
	}
	return a, nil
}

func printDifference(w io.Writer, d *canarylocal.Difference) error {
	var out strings.Builder
	for _, s := range d.Steps {
		mark := " "
		if s.Base != s.Other {
			mark = "≠"
		}
		fmt.Fprintf(&out, "%s step %-40s %-8s %8.0f ms   %-8s %8.0f ms\n", mark, canarylocal.OneLine(s.Name), orNone(s.Base), s.BaseMs, orNone(s.Other), s.OtherMs)
	}
	for _, p := range d.Pictures {
		mark := " "
		if p.Status != "PASSED" {
			mark = "≠"
		}
		fmt.Fprintf(&out, "%s %-45s %6.2f %%", mark, canarylocal.OneLine(p.File), p.VariancePercent)
		if p.Error != "" {
			fmt.Fprintf(&out, "  %s", canarylocal.OneLine(p.Error))
		}
		if p.Difference != "" && p.Status != "PASSED" {
			fmt.Fprintf(&out, "  %s", canarylocal.OneLine(p.Difference))
		}
		out.WriteByte('\n')
	}
	for _, name := range d.Missing {
		fmt.Fprintf(&out, "- %s\n", canarylocal.OneLine(name))
	}
	for _, name := range d.Added {
		fmt.Fprintf(&out, "+ %s\n", canarylocal.OneLine(name))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func orNone(status string) string {
	if status == "" {
		return "-"
	}
	return canarylocal.OneLine(status)
}
