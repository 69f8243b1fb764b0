package synthetics

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const password = "correct-horse-battery-staple"

func withPassword(in *api.CreateCanaryInput) {
	in.RunConfig = &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"PASSWORD": password}}
}

// TestEnvironmentIsSealed: the script gets the variables, and neither the
// database's files nor the log have them.
func TestEnvironmentIsSealed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		db, err := store.Open(t.Context(), store.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		b := newBench(t, db)
		var log bytes.Buffer
		b.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.start(t)
		b.create(t, withPassword)
		if got := b.runner.jobs[0].Env["PASSWORD"]; got != password {
			t.Errorf("the script has the password %q", got)
		}
		b.update(t, &api.UpdateCanaryInput{Name: "c", RunConfig: &api.CanaryRunConfigInput{MemoryInMB: new(int32(960))}})
		if got := b.lastJob().Env["PASSWORD"]; got != password {
			t.Errorf("after an update of something else the password is %q", got)
		}
		b.runner.fails = errNoBrowser
		b.update(t, &api.UpdateCanaryInput{Name: "c", RunConfig: &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"OTHER": password + "2"}}})
		if env := b.lastJob().Env; env["OTHER"] != password+"2" || env["PASSWORD"] != "" {
			t.Errorf("after an update the script has %q and %q", env["OTHER"], env["PASSWORD"])
		}
		b.update(t, &api.UpdateCanaryInput{Name: "c", RunConfig: &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{}}})
		if env := b.lastJob().Env; env["OTHER"] != "" {
			t.Errorf("the variables are still there: %v", env)
		}
		if n := containing(t, dir, password); n != 0 {
			t.Errorf("%d files of the database have the password", n)
		}
		if n := containing(t, dir, "rate(5 minutes)"); n == 0 {
			t.Error("no file has even the schedule")
		}
		if strings.Contains(log.String(), password) || !strings.Contains(log.String(), "canary run could not take place") {
			t.Errorf("log: %s", log.String())
		}
	})
}

// TestStoredEnvironment: variables that an older version has stored in the clear
// are those of the next run, and sealed from then on.
func TestStoredEnvironment(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.put(t, "c", stateReady)
		b.change(t, func(rec *store.Record[canary]) {
			rec.Doc.Config.Environment = map[string]string{"PASSWORD": password}
			rec.Doc.Config.Code = code{Handler: "index.handler", Key: "code"}
		})
		if _, err := b.Blob.Put(t.Context(), "code", bytes.NewReader(testZip(""))); err != nil {
			t.Fatal(err)
		}
		b.call(t, "StartCanary", "c")
		pass(time.Second)
		if got := b.lastJob().Env["PASSWORD"]; got != password {
			t.Errorf("the script has the password %q", got)
		}
		b.change(t, func(rec *store.Record[canary]) {
			if c := rec.Doc.Config; c.Environment != nil || len(c.Sealed) == 0 {
				t.Errorf("after the run %d variables are in the clear and %d bytes sealed", len(c.Environment), len(c.Sealed))
			}
		})
		pass(5 * time.Minute)
		if got := b.lastJob().Env["PASSWORD"]; b.runner.count() != 2 || got != password {
			t.Errorf("in run %d the script has the password %q", b.runner.count(), got)
		}
	})
}

// TestEnvironmentLost: without the master key, runs fail and say why, until the
// variables are set again or the key is back.
func TestEnvironmentLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		old, next := seal.NewMaster(), seal.NewMaster()
		b.Seal = sealer(t, db, old)
		in := createInput("c")
		withPassword(in)
		if _, err := b.api.CreateCanary(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		rec := b.record(t, "c")
		b.Seal = sealer(t, db, next)
		vars, err := b.environment(rec)
		if !errors.Is(err, errEnvironmentLost) || vars != nil {
			t.Errorf("without the key: %v, error %v", vars, err)
		}
		if got := b.state(t, "c"); got != stateCreating {
			t.Errorf("the canary is %s", got)
		}
		b.Seal = sealer(t, db, next+"\n"+old)
		if vars, err := b.environment(rec); err != nil || !maps.Equal(vars, in.RunConfig.EnvironmentVariables) {
			t.Errorf("with the key back: %v, error %v", vars, err)
		}
		other := *rec
		other.Doc.ID = newID()
		if vars, err := b.environment(&other); err == nil {
			t.Errorf("another canary's variables open: %v", vars)
		}
	})
}

// TestRunWithoutMasterKey: the verdict says what is missing.
func TestRunWithoutMasterKey(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.Seal = sealer(t, b.DB, seal.NewMaster())
		b.create(t, withPassword)
		b.Seal = sealer(t, b.DB, seal.NewMaster())
		pass(5 * time.Minute)
		st := b.runs(t)[0].Status
		if *st.State != runFailed || *st.StateReasonCode != "CANARY_FAILURE" || !strings.Contains(*st.StateReason, "lacks the master key") {
			t.Errorf("run %s %s: %s", *st.State, *st.StateReasonCode, *st.StateReason)
		}
		b.update(t, &api.UpdateCanaryInput{Name: "c", RunConfig: &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"PASSWORD": "new"}}})
		if got := *b.runs(t)[0].Status.State; got != runPassed {
			t.Errorf("with new variables the run is %s", got)
		}
	})
}

// sealer opens the database under master keys, whatever it was sealed under.
func sealer(t *testing.T, db *store.DB, keys string) *seal.Sealer {
	t.Helper()
	ring, err := seal.ParseRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), db, seal.Options{Ring: ring, AcceptLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) record(t *testing.T, name string) (rec *store.Record[canary]) {
	t.Helper()
	err := b.DB.View(t.Context(), func(tx *store.Tx) (err error) {
		rec, err = b.load(tx, store.Key{Account: testAccount, Region: testRegion, ID: name})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// change stores the canary c with what f changes.
func (b *bench) change(t *testing.T, f func(*store.Record[canary])) {
	t.Helper()
	rec := b.record(t, "c")
	f(rec)
	if err := b.DB.Update(t.Context(), func(tx *store.Tx) error { return b.canaries.Put(tx, rec) }); err != nil {
		t.Fatal(err)
	}
}

// update updates a running canary, which runs at once.
func (b *bench) update(t *testing.T, in *api.UpdateCanaryInput) {
	t.Helper()
	if _, err := b.api.UpdateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	pass(10 * time.Second)
}

// containing counts the files below dir that contain text.
func containing(t *testing.T, dir, text string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
