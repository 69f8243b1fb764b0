package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// New probes the machine and returns the best sandbox it offers. Close it.
func New(o Options) (Sandbox, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	spaces, err := newSpaces(o.WorkDir)
	if err != nil {
		return nil, err
	}
	b, level := newBox(context.Background(), o, spaces)
	if level.Isolated() {
		return b, nil
	}
	if !o.AllowUnsandboxed {
		_ = spaces.close()
		return nil, fmt.Errorf("%w: %s", ErrNoIsolation, level)
	}
	return newDirect(o, spaces, level), nil
}

// Probe says which isolation New would find.
func Probe(ctx context.Context, o Options) Level {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	spaces, err := newSpaces(o.WorkDir)
	if err != nil {
		return Level{Grade: GradeNone, Findings: []Finding{{
			Check: "work directory", Detail: err.Error(), Fix: "choose a directory that can be written",
		}}}
	}
	defer spaces.close()
	_, level := newBox(ctx, o, spaces)
	return level
}

// withDefaults fills in the zero limits.
func (s Spec) withDefaults() (Spec, error) {
	if len(s.Argv) == 0 {
		return s, fmt.Errorf("sandbox: no program to run")
	}
	if s.OutDir == "" {
		return s, fmt.Errorf("sandbox: no directory for what the run leaves")
	}
	if err := s.checkText(); err != nil {
		return s, err
	}
	s.MemoryMB = orDefault(s.MemoryMB, defaultMemoryMB)
	s.DiskMB = orDefault(s.DiskMB, defaultDiskMB)
	s.Pids = orDefault(s.Pids, defaultPids)
	s.Timeout = orDefault(s.Timeout, defaultTimeout)
	s.MaxOutput = orDefault(s.MaxOutput, defaultMaxOutput)
	return s, nil
}

// checkText refuses zero bytes, which separate arguments on their way to the
// box, and names that no environment can have.
func (s Spec) checkText() error {
	texts := append([]string{s.CodeDir, s.OutDir}, s.Argv...)
	for _, m := range s.Mounts {
		texts = append(texts, m.Host, m.Box)
	}
	for name, value := range s.Env {
		if name == "" || strings.Contains(name, "=") {
			return fmt.Errorf("sandbox: %q cannot name an environment variable", name)
		}
		texts = append(texts, name, value)
	}
	for _, text := range texts {
		if strings.Contains(text, "\x00") {
			return fmt.Errorf("sandbox: a zero byte in an argument, a path or the environment")
		}
	}
	return nil
}

func orDefault[T ~int | ~int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
