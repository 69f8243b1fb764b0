package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/seal"
)

// masterKeys are the subcommands of `nephele master-key`.
type masterKeys struct{ cfg config.Config }

func masterKeyCommand(environ []string) *cobra.Command {
	m := &masterKeys{cfg: config.Default()}
	cmd := &cobra.Command{
		Use:   "master-key",
		Short: "make, rotate and retire the keys that seal secrets",
		Long: "Access keys, key material and secrets are sealed under a master key that is not in the database: in the\n" +
			"file master-key of the data directory, in --master-key-file, or in NEPHELE_MASTER_KEY. Keep a copy of it.\n\n" +
			"    nephele master-key rotate    # a new key in front of the old one; then restart the servers\n" +
			"    nephele master-key status    # under which keys the database is sealed\n" +
			"    nephele master-key retire    # take the old ones away, once nothing is under them",
	}
	load := func(cmd *cobra.Command, _ []string) error { return m.cfg.Load(cmd.Flags(), environ) }
	add := func(use, short string, run func(cmd *cobra.Command, _ []string) error) {
		c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, PreRunE: load, RunE: run}
		m.cfg.AddFlags(c.Flags())
		cmd.AddCommand(c)
	}
	add("new", "print a new master key, for NEPHELE_MASTER_KEY or a file", func(cmd *cobra.Command, _ []string) error {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), seal.NewMaster())
		return err
	})
	add("rotate", "put a new master key in front of those in the file", m.rotate)
	add("retire", "take all but the first master key out of the file (SQLite: with the server stopped)", m.retire)
	add("status", "tell under which master keys the database is sealed (SQLite: with the server stopped)", m.status)
	return cmd
}

// errFromEnvironment refuses to change a file that is not used.
var errFromEnvironment = errors.New("the master keys come from NEPHELE_MASTER_KEY; change them there: the first one seals")

func (m *masterKeys) rotate(cmd *cobra.Command, _ []string) error {
	if m.cfg.MasterKey != "" {
		return errFromEnvironment
	}
	ring, err := seal.Rotate(app.MasterKeys(m.cfg))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is the first of %d keys in %s; servers use it from their next start on.\n",
		ring.IDs()[0], len(ring.IDs()), app.MasterKeys(m.cfg))
	return err
}

func (m *masterKeys) retire(cmd *cobra.Command, _ []string) error {
	if m.cfg.MasterKey != "" {
		return errFromEnvironment
	}
	st, err := app.MasterKeyStatus(cmd.Context(), m.cfg)
	if err != nil {
		return err
	}
	if len(st.Ring) == 0 {
		return seal.ErrNoMaster
	}
	for id, n := range st.Keys {
		if id != st.Ring[0] {
			return fmt.Errorf("%d data keys are still under %s: start the server once with both keys", n, id)
		}
	}
	ring, err := seal.Retire(app.MasterKeys(m.cfg))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s alone is left in %s.\n", ring.IDs()[0], app.MasterKeys(m.cfg))
	return err
}

func (m *masterKeys) status(cmd *cobra.Command, _ []string) error {
	st, err := app.MasterKeyStatus(cmd.Context(), m.cfg)
	if err != nil {
		return err
	}
	return printStatus(cmd.OutOrStdout(), st)
}

func printStatus(w io.Writer, st seal.Status) error {
	for i, id := range st.Ring {
		role := "opens"
		if i == 0 {
			role = "seals and opens"
		}
		if _, err := fmt.Fprintf(w, "%s  %-15s  %d data keys\n", id, role, st.Keys[id]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(st.Keys)) {
		if !slices.Contains(st.Ring, id) {
			if _, err := fmt.Fprintf(w, "%s  %-15s  %d data keys\n", id, "is not here", st.Keys[id]); err != nil {
				return err
			}
		}
	}
	return nil
}
