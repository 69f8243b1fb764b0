package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

func envCommand(environ []string) *cobra.Command {
	cfg := config.Default()
	var shell string
	var tls bool
	cmd := &cobra.Command{
		Use:   "env",
		Short: "print the exports that point AWS tools at the server",
		Long: "Prints shell commands that point the AWS CLI and SDKs at a server with the same settings:\n\n" +
			"    eval \"$(nephele env)\"                               # sh, bash, zsh\n" +
			"    nephele env | source                                # fish\n" +
			"    nephele env --shell powershell | Out-String | iex   # PowerShell",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.Load(cmd.Flags(), environ); err != nil {
				return err
			}
			vars, err := exports(cfg, tls)
			if err != nil {
				return err
			}
			return printExports(cmd.OutOrStdout(), shellOf(shell, environ), vars)
		},
	}
	cfg.AddFlags(cmd.Flags())
	cmd.Flags().StringVar(&shell, "shell", "", "sh, fish or powershell; that of $SHELL when empty")
	cmd.Flags().BoolVar(&tls, "tls", false, "use https and the server's certificate authority")
	return cmd
}

// variable is one line of the output.
type variable struct{ name, value string }

// exports are the variables that AWS tools read (SDKs and Tools Reference
// Guide, "Environment variables").
func exports(cfg config.Config, tls bool) ([]variable, error) {
	id, secret, err := credentials(cfg)
	if err != nil {
		return nil, err
	}
	endpoint, err := endpoint(cfg.Listen, tls)
	if err != nil {
		return nil, err
	}
	vars := []variable{
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_ACCESS_KEY_ID", id},
		{"AWS_SECRET_ACCESS_KEY", secret},
		{"AWS_REGION", cfg.Region},
		{"AWS_DEFAULT_REGION", cfg.Region},
	}
	if !tls {
		return vars, nil
	}
	ca, err := filepath.Abs(filepath.Join(cfg.Data, app.CAFile))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(ca); err != nil {
		return nil, fmt.Errorf("no certificate authority yet; start the server with --data %s first: %w", cfg.Data, err)
	}
	return append(vars, variable{"AWS_CA_BUNDLE", ca}, variable{"NODE_EXTRA_CA_CERTS", ca}), nil
}

func credentials(cfg config.Config) (id, secret string, err error) {
	if cfg.RootAccessKeyID != "" {
		return cfg.RootAccessKeyID, cfg.RootSecretAccessKey, nil
	}
	if cfg.Auth == config.AuthOff {
		return "test", "test", nil
	}
	id, secret, err = app.RootCredentials(cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("no root credentials in %s; start the server with --auth on first, "+
			"or set NEPHELE_ROOT_ACCESS_KEY_ID and NEPHELE_ROOT_SECRET_ACCESS_KEY here as for the server", cfg.Data)
	}
	return id, secret, err
}

// endpoint is the URL of a server that listens on addr. One that listens on
// every address is reached over loopback.
func endpoint(addr string, tls bool) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if tls {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// shellOf is the shell asked for, else the user's.
func shellOf(asked string, environ []string) string {
	if asked != "" {
		return asked
	}
	for _, kv := range environ {
		if path, ok := strings.CutPrefix(kv, "SHELL="); ok && filepath.Base(path) == "fish" {
			return "fish"
		}
	}
	return "sh"
}

// stray is a variable that must not be left from credentials of another
// account: a request with a token that does not go with its key is refused.
const stray = "AWS_SESSION_TOKEN"

func printExports(w io.Writer, shell string, vars []variable) error {
	var line func(v variable) string
	var unset string
	switch shell {
	case "sh", "bash", "zsh":
		unset = "unset " + stray
		line = func(v variable) string {
			return "export " + v.name + "='" + strings.ReplaceAll(v.value, "'", `'\''`) + "'"
		}
	case "fish":
		unset = "set -e " + stray
		line = func(v variable) string {
			return "set -gx " + v.name + " '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(v.value) + "'"
		}
	case "powershell", "pwsh":
		unset = "Remove-Item Env:" + stray + " -ErrorAction SilentlyContinue"
		line = func(v variable) string {
			return "$Env:" + v.name + " = '" + strings.ReplaceAll(v.value, "'", "''") + "'"
		}
	default:
		return fmt.Errorf("--shell: %q is none of sh, fish, powershell", shell)
	}
	lines := []string{unset}
	for _, v := range vars {
		lines = append(lines, line(v))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
