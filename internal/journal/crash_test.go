package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// crashEnv hands a database to the child that TestKill kills.
const crashEnv = "NEPHELE_JOURNAL_CRASH_DIR"

const crashBatch = 7

// TestMain runs the tests, or in the process that TestKill starts, the child.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		if err := appendForever(dir); err != nil {
			fmt.Println(err)
		}
		return
	}
	m.Run()
}

// appendForever appends batches and says so when they are committed.
func appendForever(dir string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Dir: dir})
	for i := 0; err == nil; i++ {
		err = db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
			return journal.Append(tx, "l", fmt.Sprint(i%3), batch(i, crashBatch))
		})
		if err == nil {
			fmt.Println("appended")
		}
	}
	return err
}

// TestKill kills a process that appends: acknowledged batches are there, and
// no batch is there in part.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged, rounds := 0, 4
	for range rounds {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said, enough := 0, 20+rand.IntN(100)
		for s := bufio.NewScanner(out); s.Scan(); {
			if s.Text() != "appended" {
				t.Fatalf("child says %q", s.Text())
			}
			if said++; said == enough {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait() // it was killed
		acknowledged += said
	}
	db := storetest.Open(t, store.Config{Dir: dir})
	n := len(scan(t, db, journal.Query{Log: "l"}, 0))
	// A batch may have been committed without anybody having heard of it.
	if n%crashBatch != 0 || n/crashBatch < acknowledged || n/crashBatch > acknowledged+rounds {
		t.Errorf("%d events, %d batches of %d were acknowledged", n, acknowledged, crashBatch)
	}
}
