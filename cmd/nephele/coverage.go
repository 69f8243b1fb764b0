package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/coverage"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/shape"
)

//go:generate go run . coverage --output ../../docs/coverage.md

func coverageCommand() *cobra.Command {
	var asJSON bool
	var output string
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "list every operation: works, or not implemented",
		Long:  "Prints docs/coverage.md from the code: what is implemented, with a checksum of each operation's model.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b bytes.Buffer
			err := ask(cmd.Context(), func(implemented coverage.Implemented) error {
				if asJSON {
					return printCoverage(&b, implemented)
				}
				return coverage.Markdown(&b, all.Services(), implemented)
			})
			if err == nil && output != "" {
				return os.WriteFile(output, b.Bytes(), 0o644)
			}
			_, writeErr := b.WriteTo(cmd.OutOrStdout())
			return errors.Join(err, writeErr)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to a file instead of standard output")
	return cmd
}

// ask builds a server on a temporary directory and passes on what it
// implements, so that the answer cannot be wrong.
func ask(ctx context.Context, f func(coverage.Implemented) error) (err error) {
	dir, err := os.MkdirTemp("", "nephele-coverage-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := config.Default()
	cfg.Data = dir
	a, err := app.New(ctx, cfg, app.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(ctx)) }()
	return f(a.Plane().Implements)
}

// coverageLine is one operation in the JSON form.
type coverageLine struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Works     bool   `json:"works"`
	Shape     string `json:"shape"`
}

func printCoverage(w io.Writer, implemented coverage.Implemented) error {
	lines := []coverageLine{}
	for _, svc := range all.Services() {
		for _, op := range svc.Operations() {
			lines = append(lines, coverageLine{svc.Name, op.Name, implemented(op), shape.Checksum(op)})
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(lines)
}
