package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nephele.dev/nephele/internal/canarylocal"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Exit statuses of `nephele canary`: what was run failed, or could not be run.
const (
	statusFailed = 1
	statusNotRun = 2
)

func canaryCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "write, run and compare canaries on this machine, without a server",
		Long: "Runs canaries from a directory, with the launcher, the library and the sandbox of the service.\n\n" +
			"    nephele canary new heartbeat site --set urls=http://127.0.0.1:8080/\n" +
			"    nephele canary run site\n" +
			"    nephele canary run site --baseline last    # compare its screenshots with the last run's\n" +
			"    nephele canary diff previous last --in site",
	}
	cmd.AddCommand(canaryRunCommand(environ), canaryDiffCommand(environ), canaryNewCommand())
	return cmd
}

// canaryRun is the state of one `nephele canary run`.
type canaryRun struct {
	environ  []string
	machine  config.Config
	manifest canarylocal.Manifest // what flags say
	o        canarylocal.Options
	env      []string
	secrets  []string
	junit    string
	asJSON   bool
	log      bool
}

func canaryRunCommand(environ []string) *cobra.Command {
	c := &canaryRun{environ: environ, machine: config.Default()}
	cmd := &cobra.Command{
		Use:   "run DIR",
		Short: "run the canary in a directory once",
		Long: "Runs the canary in DIR once and shows its steps as they end. The exit status is 0 when it passed,\n" +
			"1 when it failed, and 2 when it could not be run. DIR is laid out as a code archive; canary.yaml\n" +
			"in it says what CreateCanary would be told, and flags say otherwise.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.o.Dir = args[0]
			return c.run(cmd)
		},
	}
	c.addFlags(cmd)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{statusNotRun, err} })
	return cmd
}

func (c *canaryRun) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	m := &c.manifest
	fs.StringVar(&m.Name, "name", "", "the canary's `NAME`")
	fs.StringVar(&m.RuntimeVersion, "runtime", "", "the runtime `VERSION`, such as syn-nodejs-puppeteer-11.0")
	fs.StringVar(&m.Handler, "handler", "", "the `FILE.FUNCTION` to call")
	fs.StringVar(&m.Browser, "browser", "", "CHROME or FIREFOX")
	fs.IntVar(&m.TimeoutInSeconds, "timeout", 0, "`SECONDS` that the run may take; 60 unless said otherwise")
	fs.IntVar(&m.MemoryInMB, "memory", 0, "`MB` of memory that the run may use; 1000 unless said otherwise")
	fs.StringArrayVarP(&c.env, "env", "e", nil, "an environment variable of the script, `NAME=VALUE`, or NAME for this shell's")
	fs.StringArrayVar(&c.secrets, "secret", nil, "a secret that a blueprint refers to, `NAME=VALUE`, or NAME for this shell's variable")
	fs.StringVar(&c.o.Region, "region", "us-east-1", "the `REGION` that the script is told")
	fs.StringVar(&c.o.Out, "out", "", "keep what the run leaves in this `DIR`, not below the canary's")
	fs.StringVar(&c.o.Baseline, "baseline", "", "compare screenshots with an earlier `RUN`: its directory, last, or previous")
	fs.StringVar(&c.junit, "junit", "", "write a JUnit report to this `FILE`")
	fs.BoolVar(&c.asJSON, "json", false, "print the run as JSON and nothing else")
	fs.BoolVar(&c.log, "log", false, "print the run's log too")
	addMachineFlags(cmd, &c.machine)
}

// addMachineFlags adds the flags that say what of this machine runs use. People
// test what runs beside them, so private addresses are not refused.
func addMachineFlags(cmd *cobra.Command, cfg *config.Config) {
	fs := cmd.Flags()
	fs.StringVar(&cfg.CanaryEgress, "canary-egress", "private", "which addresses the script may reach: public, or private ones too")
	fs.StringSliceVar(&cfg.CanaryAllow, "canary-allow", nil, "`ADDR:PORT` that the script may reach in any case")
	fs.StringVar(&cfg.CanaryBrowser, "canary-browser", "", "`PATH` of the browser")
	fs.StringVar(&cfg.CanaryFirefox, "canary-firefox", "", "`PATH` of Firefox")
	fs.StringVar(&cfg.CanaryPython, "canary-python", "", "`PATH` of a python3 with Selenium")
	fs.BoolVar(&cfg.CanaryUnsafe, "canary-unsafe", false, "run scripts even where this machine cannot isolate them")
}

// run runs the canary and tells how it went.
func (c *canaryRun) run(cmd *cobra.Command) error {
	m, err := c.settle()
	if err != nil {
		return &exitError{statusNotRun, err}
	}
	out := cmd.OutOrStdout()
	told := out
	if c.asJSON {
		told = io.Discard
	}
	printer := &canarylocal.Printer{W: told, Terminal: isTerminal(told)}
	machine, err := openMachine(c.machine)
	if err != nil {
		return &exitError{statusNotRun, err}
	}
	defer machine.close()
	printer.Head(m, string(machine.box.Level().Grade))
	c.o.Manifest, c.o.Progress, c.o.Egress = m, printer.Progress, machine.egress
	run, err := canarylocal.Execute(cmd.Context(), machine.runner, c.o)
	if err != nil {
		return &exitError{statusNotRun, err}
	}
	if c.log {
		printer.Log(run)
	}
	printer.End(run)
	if err := c.report(out, run); err != nil {
		return &exitError{statusNotRun, err}
	}
	if run.Status != canaryrun.Passed {
		return errSilent
	}
	return nil
}

// settle puts what flags say over what canary.yaml says.
func (c *canaryRun) settle() (canarylocal.Manifest, error) {
	m, err := canarylocal.Load(c.o.Dir)
	if err != nil {
		return m, err
	}
	overlay(&m.Name, c.manifest.Name)
	overlay(&m.RuntimeVersion, c.manifest.RuntimeVersion)
	overlay(&m.Handler, c.manifest.Handler)
	overlay(&m.Browser, strings.ToUpper(c.manifest.Browser))
	overlay(&m.TimeoutInSeconds, c.manifest.TimeoutInSeconds)
	overlay(&m.MemoryInMB, c.manifest.MemoryInMB)
	vars, err := c.pairs(c.env)
	if err != nil {
		return m, err
	}
	if m.Environment == nil {
		m.Environment = map[string]string{}
	}
	maps.Copy(m.Environment, vars)
	secrets, err := c.pairs(c.secrets)
	if err != nil {
		return m, err
	}
	c.o.Secret = func(_ context.Context, name string) (string, error) {
		if value, ok := secrets[name]; ok {
			return value, nil
		}
		return "", fmt.Errorf("the secret %s is not known here; give it with --secret %s=VALUE", name, name)
	}
	if c.o.Baseline == "last" || c.o.Baseline == "previous" {
		base, err := canarylocal.Open(c.o.Dir, c.o.Baseline)
		if err != nil {
			return m, err
		}
		c.o.Baseline = base.Dir
	}
	return m, m.Complete(c.o.Dir)
}

func overlay[T comparable](dst *T, src T) {
	var zero T
	if src != zero {
		*dst = src
	}
}

// pairs reads NAME=VALUE; a NAME alone is looked up in the environment.
func (c *canaryRun) pairs(given []string) (map[string]string, error) {
	out := map[string]string{}
	for _, g := range given {
		name, value, ok := strings.Cut(g, "=")
		if name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", g)
		}
		if !ok {
			if value, ok = lookup(c.environ, name); !ok {
				return nil, fmt.Errorf("%s is not set in the environment", name)
			}
		}
		out[name] = value
	}
	return out, nil
}

func lookup(environ []string, name string) (string, bool) {
	for _, e := range environ {
		if n, v, _ := strings.Cut(e, "="); n == name {
			return v, true
		}
	}
	return "", false
}

// report writes what machines read.
func (c *canaryRun) report(out io.Writer, run *canarylocal.Run) error {
	if c.asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(run); err != nil {
			return err
		}
	}
	if c.junit == "" {
		return nil
	}
	f, err := os.Create(c.junit)
	if err != nil {
		return err
	}
	return errors.Join(run.WriteJUnit(f), f.Close())
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// canaryMachine is what runs scripts.
type canaryMachine struct {
	box    sandbox.Sandbox
	runner *canaryrun.Runner
	egress sandbox.EgressPolicy
}

func openMachine(cfg config.Config) (*canaryMachine, error) {
	m := &canaryMachine{}
	switch cfg.CanaryEgress {
	case "public":
	case "private":
		m.egress.AllowPrivate = true
	default:
		return nil, fmt.Errorf("--canary-egress: %q is neither public nor private", cfg.CanaryEgress)
	}
	for _, a := range cfg.CanaryAllow {
		to, err := netip.ParseAddrPort(a)
		if err != nil {
			return nil, fmt.Errorf("--canary-allow: %q is not an address with a port such as 10.0.0.7:8080", a)
		}
		m.egress.Allow = append(m.egress.Allow, to)
	}
	log := slog.New(slog.DiscardHandler)
	box, err := sandbox.New(sandbox.Options{AllowUnsandboxed: cfg.CanaryUnsafe, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("%w\n'nephele doctor' says how to mend it; --canary-unsafe runs the script without isolation", err)
	}
	m.box = box
	m.runner, err = canaryrun.New(canaryrun.Options{Sandbox: box, Browser: cfg.CanaryBrowser, Firefox: cfg.CanaryFirefox, Python: cfg.CanaryPython, Logger: log})
	if err != nil {
		return nil, errors.Join(err, box.Close())
	}
	return m, nil
}

func (m *canaryMachine) close() {
	_ = m.runner.Close()
	_ = m.box.Close()
}
