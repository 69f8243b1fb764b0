package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app/coverage"
)

func coverageCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "list every operation: works, or not implemented",
		Long:  "Prints docs/coverage.md from the code: what is implemented, with a checksum of each operation's model.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			services, err := coverage.Collect(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(services)
			}
			return coverage.Markdown(cmd.OutOrStdout(), services)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
