package crash

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/store"
)

// inspect gives a transaction on the database of a dead server.
func (s *server) inspect(ctx context.Context, t *testing.T, database string, f func(*store.Tx) error) {
	t.Helper()
	where := store.Config{Dir: s.data}
	if database != "" {
		where = store.Config{URL: database}
	}
	db, err := store.Open(ctx, where)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, f); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

const allDue = `update work set due_at = ?, due = ? where kind in ('synthetics.retention', 'synthetics.code')`

// age makes the runs of every other canary older than they are kept, and has
// retention and the collection of code begin, while the server is killed a few
// times more.
func (e *attemptErrand) age(ctx context.Context, t *testing.T, s *server, database string, rng *rand.Rand) {
	t.Helper()
	var young []*attemptLife
	for i, l := range e.kept {
		if i%2 == 0 {
			e.aged = append(e.aged, l)
		} else {
			young = append(young, l)
		}
	}
	var ids []string
	for _, l := range e.aged {
		if seen := e.look(ctx, t, l.name); seen != nil {
			ids = append(ids, *seen.Id)
		}
	}
	e.kept = young
	s.kill()
	s.inspect(ctx, t, database, func(tx *store.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(`update canary_run set scheduled = scheduled - ? where canary_id = ?`, 40*24*time.Hour.Microseconds(), id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(allDue, store.Micros(tx.Now()), store.Micros(tx.Now()))
		return err
	})
	s.start()
	s.harass(rng, 2, 20*time.Millisecond, 500*time.Millisecond)
}

// verifyAged checks that neither records nor artifacts are left of old runs.
func (e *attemptErrand) verifyAged(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, l := range e.aged {
		patience, cancel := context.WithTimeout(ctx, 2*time.Minute)
		var left int
		poll(patience, func() bool {
			left = len(e.runs(patience, t, l.name, types.RunTypeCanaryRun))
			return left == 0
		})
		cancel()
		if reports := e.reportsOf(ctx, t, l.name+"/"); left > 0 || len(reports) > 0 {
			t.Errorf("%s has aged, and of its runs %d are left, and %v", l.name, left, reports)
		}
	}
}

// runLast runs a last script, before which the sandbox sweeps, and
// looks for what dead servers have left.
func runLast(ctx context.Context, t *testing.T, a *aviary) {
	t.Helper()
	a.create(ctx, t, a.request("last", apiScript("ok"), 0))
	began := false
	ran := until(ctx, func() bool {
		switch a.state(ctx, t, "last") {
		case types.CanaryStateStopped:
			return true
		case types.CanaryStateReady:
			if began = began || a.start(ctx, t, "last"); !began {
				t.Error("the last canary does not start")
			}
		}
		return false
	})
	if n := a.verifyRuns(ctx, t, "last", 0); !ran || n.runs != 1 {
		t.Errorf("the last canary has %+v", n)
	}
}

// checkLeavings looks for boxes of dead servers: processes, mounts, directories.
func (s *server) checkLeavings(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	poll(ctx, func() bool { return len(strays(s.work)) == 0 })
	for _, stray := range strays(s.work) {
		t.Errorf("a process outlived its server: %s", stray)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || strings.Contains(string(mounts), s.work) {
		t.Errorf("mounts below %s: %v\n%s", s.work, err, mounts)
	}
	spaces, _ := filepath.Glob(filepath.Join(s.work, "*"))
	if len(spaces) > 1 {
		t.Errorf("work directories of dead servers: %v", spaces)
	}
	if len(spaces) == 1 {
		if boxes, _ := filepath.Glob(filepath.Join(spaces[0], "g*")); len(boxes) > 0 {
			t.Logf("boxes in %v", boxes)
		}
	}
}

// checkDatabase kills the server and looks for work that should be done and for
// archives that no canary refers to.
func checkDatabase(ctx context.Context, t *testing.T, s *server, database string) {
	t.Helper()
	s.checkLeavings(t)
	var open []string
	for range 10 { // collected archives are gone soon, and nothing tells when
		s.kill()
		open = nil
		s.inspect(ctx, t, database, func(tx *store.Tx) (err error) {
			open, err = store.All(store.Query(tx, func(row store.Row) (name string, err error) {
				var kind, key string
				err = row.Scan(&kind, &key)
				return kind + " " + key, err
			}, `select kind, key from work where kind like 'synthetics.%' and kind not in ('synthetics.retention', 'synthetics.schedule')`))
			if err == nil {
				_, err = tx.Exec(allDue, store.Micros(tx.Now()), store.Micros(tx.Now()))
			}
			return err
		})
		if len(open) == 0 {
			break
		}
		s.start()
		<-time.NewTimer(2 * time.Second).C
	}
	for _, w := range open {
		t.Errorf("work that does not end: %s", w)
	}
	s.checkArchives(ctx, t, database)
}

// checkArchives compares the archives of code and baselines with what canaries
// and dry runs refer to.
func (s *server) checkArchives(ctx context.Context, t *testing.T, database string) {
	t.Helper()
	var docs []string
	s.inspect(ctx, t, database, func(tx *store.Tx) (err error) {
		docs, err = store.All(store.Query(tx, func(row store.Row) (doc string, err error) {
			return doc, row.Scan(&doc)
		}, `select doc from resource where kind in ('synthetics.canary', 'synthetics.dryrun')`))
		return err
	})
	referred, objects := strings.Join(docs, "\n"), filepath.Join(s.data, "blobs", "objects")
	archives := 0
	err := filepath.WalkDir(filepath.Join(objects, "synthetics"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		archives++
		key, _ := filepath.Rel(objects, strings.TrimSuffix(path, "~"))
		if !strings.Contains(referred, `"`+key+`"`) {
			t.Errorf("an archive that nothing refers to: %s", key)
		}
		return nil
	})
	if err != nil || strings.Count(referred, `"synthetics/`) < archives {
		t.Errorf("%d archives, %d references: %v", archives, strings.Count(referred, `"synthetics/`), err)
	}
	t.Logf("archives: %d, of %d canaries and dry runs", archives, len(docs))
}
