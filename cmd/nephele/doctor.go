package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app/doctor"
	"nephele.dev/nephele/internal/config"
)

func doctorCommand(environ []string) *cobra.Command {
	cfg := config.Default()
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "check what this machine offers, and say how to mend what is missing",
		Long: "Checks what a server with these settings would find on this machine. The exit status is 1 when\n" +
			"the server could not start or could not run canaries.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.Load(cmd.Flags(), environ); err != nil {
				return err
			}
			checks := doctor.Examine(cmd.Context(), cfg)
			if err := printChecks(cmd.OutOrStdout(), checks, asJSON); err != nil {
				return err
			}
			if doctor.Healthy(checks) {
				return nil
			}
			return errSilent
		},
	}
	cfg.AddFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printChecks(w io.Writer, checks []doctor.Check, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(checks)
	}
	for _, c := range checks {
		if _, err := fmt.Fprintf(w, "%-4s  %-20s  %s\n", c.Verdict, c.Name, c.Detail); err != nil {
			return err
		}
		if c.Fix != "" {
			if _, err := fmt.Fprintf(w, "      %-20s  -> %s\n", "", c.Fix); err != nil {
				return err
			}
		}
	}
	return nil
}
