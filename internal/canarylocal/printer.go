package canarylocal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Printer tells people how a run is getting on. On a terminal the step that is
// running stands in the last line; elsewhere only what has ended is told.
type Printer struct {
	W        io.Writer
	Terminal bool // W takes control sequences and colours

	mu   sync.Mutex
	told map[int]bool // the steps whose end has been told
}

// Colours of a terminal.
const (
	green = "32"
	red   = "31"
	dim   = "2"
)

func (p *Printer) paint(colour, text string) string {
	if !p.Terminal {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Head tells what is going to run.
func (p *Printer) Head(m Manifest, isolation string) {
	what := m.RuntimeVersion
	if m.Browser != "" {
		what += ", " + m.Browser
	}
	fmt.Fprintf(p.W, "%s  %s\n", m.Name, p.paint(dim, what+", isolation: "+isolation))
}

// Progress tells what has happened; it is canaryrun.Job.Progress.
func (p *Printer) Progress(e canaryrun.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Event {
	case "step-started":
		if p.Terminal {
			fmt.Fprintf(p.W, "\r\x1b[K  … %d %s", e.Num, oneLine(e.Step))
		}
	case "step-ended":
		p.step(e.Num, e.Step, e.Pass, e.Ms, e.Error)
	}
}

func (p *Printer) step(num int, name string, pass bool, ms float64, reason string) {
	if p.told == nil {
		p.told = map[int]bool{}
	}
	p.told[num] = true
	mark := p.paint(green, "✓")
	if !pass {
		mark = p.paint(red, "✗")
	}
	if p.Terminal {
		fmt.Fprint(p.W, "\r\x1b[K")
	}
	fmt.Fprintf(p.W, "  %s %d %-40s %s\n", mark, num, oneLine(name), p.paint(dim, duration(ms)))
	if !pass && reason != "" {
		fmt.Fprintf(p.W, "      %s\n", p.paint(red, oneLine(reason)))
	}
}

// End tells how a run ended.
func (p *Printer) End(r *Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Terminal {
		fmt.Fprint(p.W, "\r\x1b[K")
	}
	for _, s := range r.Steps {
		if !p.told[s.Num] {
			p.step(s.Num, s.Name, s.Status == "PASSED", s.DurationMs, s.FailureReason)
		}
	}
	for _, shot := range r.shots() {
		if v := shot.VisualTest; v != nil {
			p.visual(shot.FileName, v)
		}
	}
	colour := green
	if r.Status != canaryrun.Passed {
		colour = red
	}
	fmt.Fprintf(p.W, "%s in %s: %d steps, %d screenshots", p.paint(colour, string(r.Status)), duration(r.Usage.WallMs), len(r.Steps), len(r.shots()))
	if q := r.Requests; q != nil {
		fmt.Fprintf(p.W, ", %d requests", q.C2xx+q.C3xx+q.C4xx+q.C5xx+q.Failed)
	}
	fmt.Fprintf(p.W, "; %s CPU, %d MB\n", duration(r.Usage.CPUMs), r.Usage.PeakMemoryMB)
	if r.Status != canaryrun.Passed {
		fmt.Fprintf(p.W, "%s: %s\n", r.StateReasonCode, strings.TrimSpace(printable(r.StateReason)))
	}
	fmt.Fprintf(p.W, "kept in %s\n", r.Dir)
}

func (p *Printer) visual(file string, v *canaryrun.VisualTest) {
	mark := p.paint(green, "=")
	if v.Status != "PASSED" {
		mark = p.paint(red, "≠")
	}
	fmt.Fprintf(p.W, "  %s %s differs by %.2f %% (threshold %.2f %%)", mark, oneLine(file), v.VariancePercent, v.Threshold)
	if v.Difference != "" {
		fmt.Fprintf(p.W, ": %s", oneLine(v.Difference))
	}
	if v.Error != "" {
		fmt.Fprintf(p.W, ": %s", oneLine(v.Error))
	}
	fmt.Fprintln(p.W)
}

// Log prints the run's log.
func (p *Printer) Log(r *Run) {
	for _, line := range r.Log {
		fmt.Fprintln(p.W, printable(line))
	}
}

// duration writes milliseconds for people.
func duration(ms float64) string {
	if ms < 1000 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", (time.Duration(ms) * time.Millisecond).Seconds())
}

// OneLine is the first line of a text that a script or a file made up, as a
// terminal may be given it.
func OneLine(s string) string { return oneLine(s) }

// oneLine is the first line of what a script made up.
func oneLine(s string) string {
	line, _, _ := strings.Cut(printable(s), "\n")
	return line
}

// printable keeps a script from controlling the terminal.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7F || c >= 0x80 && c < 0xA0 {
			return 0xFFFD
		}
		return c
	}, s)
}
