package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

// The collector's settings where the environment does not have its own: the
// heap of a server is small, and a garbage collection of it cheap beside the
// memory that a slower one would keep.
const (
	gcPercent   = 50
	memoryLimit = 1 << 30 // soft: beyond it the collector works harder
)

func serveCommand(environ []string) *cobra.Command {
	cfg := config.Default()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "start the server",
		Long: "Starts the server and runs it until SIGINT or SIGTERM, then lets requests in flight finish.\n" +
			"Every flag --x-y is also the variable NEPHELE_X_Y and the key x_y of the file that --config names.\n" +
			"Root credentials come from NEPHELE_ROOT_ACCESS_KEY_ID and NEPHELE_ROOT_SECRET_ACCESS_KEY.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.Load(cmd.Flags(), environ); err != nil {
				return err
			}
			started := tuneCollector()
			a, err := app.New(cmd.Context(), cfg, app.WithVersion(version))
			if err != nil {
				return err
			}
			return a.Run(cmd.Context(), func() {
				started()
				banner(cmd.OutOrStdout(), cfg, a.URL())
			})
		},
	}
	cfg.AddFlags(cmd.Flags())
	return cmd
}

// tuneCollector sets the collector up and lets it rest until the server has
// started: what is made by then stays, and to look through it twice takes a
// third of the start's time. The limit holds meanwhile.
func tuneCollector() (started func()) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(-1)
	return func() { debug.SetGCPercent(gcPercent) }
}

// banner says how to point the AWS CLI at the server.
func banner(w io.Writer, cfg config.Config, url string) {
	self := "nephele"
	if exe, err := os.Executable(); err == nil {
		self = shellWord(filepath.Clean(exe))
	}
	fmt.Fprintf(w, "Nephele %s answers at %s (data in %s)\n\n", version, url, cfg.Data)
	fmt.Fprintf(w, "Point the AWS CLI and SDKs here, in another shell:\n\n    eval \"$(%s env%s)\"\n    aws sts get-caller-identity\n\n", self, envFlags(cfg))
}

// envFlags are what `nephele env` must be told, in a shell in whatever
// directory, to point at a server with this configuration.
func envFlags(cfg config.Config) (flags string) {
	std := config.Default()
	add := func(name, value, unless string) {
		if value != unless {
			flags += " --" + name + " " + shellWord(value)
		}
	}
	add("listen", cfg.Listen, std.Listen)
	if data, err := filepath.Abs(cfg.Data); err == nil && (cfg.Data != std.Data || cfg.Auth != std.Auth) {
		add("data", data, "")
	}
	add("auth", cfg.Auth, std.Auth)
	add("region", cfg.Region, std.Region)
	return flags
}

// shellWord is s as one word of a shell's command line.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("/._-:[]@%+=,", r) || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
