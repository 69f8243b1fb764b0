package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/blueprint"
	"nephele.dev/nephele/internal/canarylocal"
	"nephele.dev/nephele/internal/canaryruntime"
)

func canaryNewCommand() *cobra.Command {
	var family string
	var set []string
	cmd := &cobra.Command{
		Use:   "new [BLUEPRINT DIR]",
		Short: "begin a canary from a blueprint; without arguments list them",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		ValidArgs: blueprint.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listBlueprints(cmd.OutOrStdout())
			}
			return newCanary(cmd.OutOrStdout(), args[0], args[1], family, set)
		},
	}
	cmd.Flags().StringVar(&family, "family", "", "the `FAMILY` of runtimes to write it for, such as syn-nodejs-playwright")
	cmd.Flags().StringArrayVar(&set, "set", nil, "a parameter, `NAME=VALUE`; repeated for a list")
	return cmd
}

func listBlueprints(w io.Writer) error {
	for _, name := range blueprint.Names() {
		b, err := blueprint.ByName(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n    %s\n    for %s\n", name, b.Description, strings.Join(families(b), ", "))
		for _, p := range b.Parameters {
			fmt.Fprintf(w, "    --set %s=%s  %s\n", p.Name, p.Default, p.Description)
		}
		for _, name := range slices.Sorted(maps.Keys(b.Environment)) {
			fmt.Fprintf(w, "    environment %s  %s\n", name, b.Environment[name])
		}
	}
	return nil
}

func families(b blueprint.Blueprint) []string { return slices.Sorted(maps.Keys(b.Families)) }

// preferred is the order in which a blueprint's family is chosen.
var preferred = []canaryruntime.Family{canaryruntime.Puppeteer, canaryruntime.Playwright, canaryruntime.NodeJS, canaryruntime.Selenium}

func newCanary(w io.Writer, name, dir, family string, set []string) error {
	b, err := blueprint.ByName(name)
	if err != nil {
		return err
	}
	if family == "" {
		at := slices.IndexFunc(preferred, func(f canaryruntime.Family) bool { return slices.Contains(families(b), string(f)) })
		family = string(preferred[at])
	}
	values := map[string][]string{}
	for _, s := range set {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("--set: %q is not NAME=VALUE", s)
		}
		values[k] = append(values[k], v)
	}
	files, err := b.Files(family, values)
	if err != nil {
		return err
	}
	m := canarylocal.Manifest{
		RuntimeVersion: canaryruntime.Latest(canaryruntime.Family(family)).Name,
		Handler:        b.Families[family].Handler, Blueprint: b.Kind, TimeoutInSeconds: 60,
	}
	if err := writeNew(dir, files, &m); err != nil {
		return err
	}
	for _, file := range append(slices.Sorted(maps.Keys(files)), canarylocal.ManifestFile) {
		fmt.Fprintln(w, filepath.Join(dir, file))
	}
	fmt.Fprintf(w, "\nrun it:  nephele canary run %s\n", dir)
	return nil
}

// writeNew writes the files of a new canary and overwrites none.
func writeNew(dir string, files map[string][]byte, m *canarylocal.Manifest) error {
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is there already", filepath.Join(dir, name))
		}
	}
	for name, text := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil { //nolint:gosec // source code
			return err
		}
	}
	return m.Write(dir)
}
