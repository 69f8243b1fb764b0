package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// crashVariable holds the database of a child that steps until it is killed.
const crashVariable = "NEPHELE_TEST_CRASH"

// Each of crashRows rows counts to crashSteps, a step at a time.
const (
	crashRows  = 20
	crashSteps = 40
)

var tallies = store.NewCollection[int]("test.tally")

// count is a flow whose every step writes a domain row of its own: a step that
// took effect twice meets its own traces.
func count(stepped func(id string)) engine.FlowFunc {
	return func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		var n int
		if err := w.State(&n); err != nil {
			return engine.Next{}, err
		}
		next := engine.Now().WithState(n + 1)
		if n+1 == crashSteps {
			next = engine.Done()
		}
		id := fmt.Sprintf("%s/%d", w.Key, n)
		next, err := w.Commit(ctx, next, func(tx *store.Tx) error {
			_, err := tallies.Create(tx, store.Key{ID: id}, n)
			return err
		})
		if err == nil {
			stepped(id)
		}
		return next, err
	}
}

func crashChild() {
	c := store.Config{Dir: os.Getenv(crashVariable)}
	if strings.HasPrefix(c.Dir, "postgres:") {
		c = store.Config{URL: c.Dir}
	}
	db, err := store.Open(context.Background(), c)
	if err != nil {
		log.Fatal(err)
	}
	e := engine.New(db, crashOptions())
	e.Register("count", "l", count(func(id string) { fmt.Println(id) }))
	if err := e.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	select {}
}

// crashOptions have a lease that a test can wait for on PostgreSQL and that
// would be noticed on SQLite, where nobody should wait for it.
func crashOptions() engine.Options {
	return engine.Options{Lanes: map[string]int{"l": 8}, Lease: 2 * time.Second}
}

// TestKilledEngine kills stepping processes with SIGKILL and has the last one
// finish: every step took effect exactly once.
func TestKilledEngine(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(db, crashOptions())
		e.Register("count", "l", count(func(string) {}))
		for i := range crashRows {
			enginetest.Put(t, db, e, "count", fmt.Sprint(i), 0)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			stepAndKill(t, c, 100)
		}
		finishCount(t, c)
	})
}

// stepAndKill lets a child step and kills it after so many steps.
func stepAndKill(t *testing.T, c store.Config, after int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVariable+"="+c.Dir+c.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, n := bufio.NewScanner(out), 0
	for lines.Scan() {
		if n++; n == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || n < after {
		t.Fatalf("the child ended by itself after %d steps: %v", n, err)
	}
}

// finishCount steps the rest and counts what took effect.
func finishCount(t *testing.T, c store.Config) {
	t.Helper()
	db := storetest.Open(t, c)
	stepped := make(chan string, crashRows*crashSteps)
	enginetest.Start(t, db, crashOptions(), func(e *engine.Engine) {
		e.Register("count", "l", count(func(id string) { stepped <- id }))
	})
	for left := 1; left > 0; {
		enginetest.Receive(t, stepped)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.Row("select count(*) from work").Scan(&left)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	checkTallies(t, db)
}

// checkTallies finds every step of every row.
func checkTallies(t *testing.T, db *store.DB) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		all, err := tallies.List(tx, "", "", store.ListOptions{})
		if len(all) != crashRows*crashSteps {
			t.Errorf("%d steps took effect, want %d", len(all), crashRows*crashSteps)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Two engines share a database: a row is stepped by one at a time, and all are
// stepped.
func TestTwoEngines(t *testing.T) {
	t.Parallel()
	c := store.Config{URL: storetest.PostgresURL(t)}
	here := storetest.Open(t, c)
	var engines []*engine.Engine
	for _, db := range []*store.DB{here, storetest.Open(t, c)} {
		engines = append(engines, enginetest.Start(t, db, crashOptions(), func(e *engine.Engine) {
			e.Register("count", "l", count(func(string) {}))
		}))
	}
	enginetest.Rest(t, engines[0], func(ctx context.Context) {
		err := here.Update(ctx, func(tx *store.Tx) error {
			for i := range crashRows {
				if err := engines[0].Put(tx, "count", fmt.Sprint(i), tx.Now(), 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	checkTallies(t, here)
	for i, e := range engines {
		s, err := e.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if k := s.Kinds["count"]; k.Errors > 0 {
			t.Errorf("engine %d: %d steps failed", i, k.Errors)
		}
	}
}
