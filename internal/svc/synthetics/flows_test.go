package synthetics

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// inTime runs f in a bubble whose clock stands still while anything runs, on a
// store and an engine of its own.
func inTime(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		b := newBench(t, db)
		b.start(t)
		f(t, b)
	})
}

// pass lets time pass, and what falls due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (b *bench) create(t *testing.T, change func(*api.CreateCanaryInput)) {
	t.Helper()
	in := createInput("c")
	if change != nil {
		change(in)
	}
	if _, err := b.api.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	pass(time.Second)
	if _, err := b.api.StartCanary(t.Context(), &api.StartCanaryInput{Name: "c"}); err != nil {
		t.Fatal(err)
	}
	pass(time.Second)
}

func (b *bench) runs(t *testing.T) []*api.CanaryRun {
	t.Helper()
	out, err := b.api.GetCanaryRuns(t.Context(), &api.GetCanaryRunsInput{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	return out.CanaryRuns
}

func TestRateNeverDrifts(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		pass(24 * time.Hour)
		if n := b.runner.count(); n != 24*12+1 {
			t.Errorf("%d runs in a day at rate(5 minutes), want %d", n, 24*12+1)
		}
		for i, at := range b.runner.begun {
			want := b.runner.begun[0].Add(time.Duration(i) * 5 * time.Minute)
			if late := at.Sub(want); late < 0 || late > 50*time.Millisecond {
				t.Fatalf("run %d at %v, want %v", i, at, want)
			}
		}
		if got := b.world.count("SuccessPercent|CanaryName=c"); got != 24*12+1 {
			t.Errorf("%v datapoints of SuccessPercent", got)
		}
	})
}

func TestCronWaitsForItsFirstMatch(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "cron(30 * * * ? *)" })
		pass(3 * time.Hour)
		if n := b.runner.count(); n != 3 {
			t.Errorf("%d runs in three hours", n)
		}
		for _, at := range b.runner.begun {
			if at.Minute() != 30 || at.Second() != 0 {
				t.Errorf("run at %v", at)
			}
		}
	})
}

func TestRunOnceStopsItself(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Hour)
		runs := b.runs(t)
		if b.state(t, "c") != stateStopped || len(runs) != 1 || *runs[0].Status.State != runPassed {
			t.Fatalf("state %s, runs %+v", b.state(t, "c"), runs)
		}
		if *runs[0].Status.StateReason != "" || *runs[0].Status.StateReasonCode != "" {
			t.Errorf("a passed run has reason %q, code %q", *runs[0].Status.StateReason, *runs[0].Status.StateReasonCode)
		}
	})
}

func TestDurationEndsTheSchedule(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.DurationInSeconds = new(int64(660)) })
		pass(time.Hour)
		if b.state(t, "c") != stateStopped || b.runner.count() != 3 {
			t.Errorf("state %s after %d runs, want STOPPED after 3", b.state(t, "c"), b.runner.count())
		}
	})
}

// The end does not wait for the next match of a cron expression.
func TestDurationEndsBeforeTheFirstMatch(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) {
			in.Schedule.Expression, in.Schedule.DurationInSeconds = "cron(30 13 * * ? *)", new(int64(660))
		})
		pass(10 * time.Minute)
		if state := b.state(t, "c"); state != stateRunning {
			t.Errorf("state %s before the end", state)
		}
		pass(2 * time.Minute)
		if b.state(t, "c") != stateStopped || b.runner.count() != 0 {
			t.Errorf("state %s after %d runs, want STOPPED after none", b.state(t, "c"), b.runner.count())
		}
	})
}

func TestUpdateWhileRunningRunsAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		pass(time.Minute)
		_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", Schedule: &api.CanaryScheduleInput{Expression: "rate(1 hour)"}})
		if err != nil {
			t.Fatal(err)
		}
		pass(30 * time.Minute)
		if b.state(t, "c") != stateRunning || b.runner.count() != 2 {
			t.Errorf("state %s, %d runs, want RUNNING and 2", b.state(t, "c"), b.runner.count())
		}
	})
}

func TestStopDuringARun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.hold = make(chan struct{})
		b.create(t, nil)
		if _, err := b.api.StopCanary(t.Context(), &api.StopCanaryInput{Name: "c"}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if b.state(t, "c") != stateStopped {
			t.Fatalf("state %s", b.state(t, "c"))
		}
		close(b.runner.hold)
		pass(time.Minute)
		if got := b.world.count("SuccessPercent|CanaryName=c"); got != 1 {
			t.Errorf("the run in progress published %v datapoints, want 1", got)
		}
		if runs := b.runs(t); len(runs) != 0 {
			t.Errorf("it is kept: %+v", runs)
		}
	})
}

// A run that goes on from an earlier start does not keep a canary that runs
// once from running.
func TestStartDuringAnOldRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		hold := make(chan struct{})
		b.runner.hold = hold
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		b.runner.release()
		b.call(t, "StartCanary", "c")
		pass(time.Minute)
		if b.state(t, "c") != stateStopped || *b.runs(t)[0].Status.State != runPassed {
			t.Errorf("state %s, newest run %+v", b.state(t, "c"), *b.runs(t)[0].Status)
		}
		close(hold)
		pass(time.Minute)
		if got := b.world.count("SuccessPercent|CanaryName=c"); got != 2 || len(b.runs(t)) != 1 {
			t.Errorf("%v datapoints, %d runs, want 2 and 1", got, len(b.runs(t)))
		}
	})
}

// A run that waits for a worker is not in progress: stopping its canary is the
// end of it.
func TestStopBeforeARunBegins(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		hold := make(chan struct{})
		b.runner.hold = hold
		for _, name := range []string{"x", "y", "z"} { // one more than there are workers
			if _, err := b.api.CreateCanary(t.Context(), createInput(name)); err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
			b.call(t, "StartCanary", name)
			pass(time.Second)
		}
		b.call(t, "StopCanary", "z")
		pass(time.Second)
		close(hold)
		pass(time.Minute)
		if n := b.runner.count(); n != 2 {
			t.Errorf("%d runs, want those of two canaries", n)
		}
	})
}

func TestDeleteForgetsEverything(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Minute)
		if _, err := b.api.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: "c"}); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Hour)
		_, err := b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: "c"})
		if !awserr.Is(err, "ResourceNotFoundException") {
			t.Errorf("GetCanary: %v", err)
		}
		for info, err := range b.Blob.List(t.Context(), "synthetics/") {
			t.Errorf("code is left behind: %v %v", info, err)
		}
		err = b.DB.View(t.Context(), func(tx *store.Tx) error {
			var work, runs int
			if err := tx.Row(`select (select count(*) from work), (select count(*) from canary_run)`).Scan(&work, &runs); err != nil {
				return err
			}
			if work+runs != 0 {
				t.Errorf("%d work rows and %d runs are left", work, runs)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestRunsThatCannotTakePlace(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.fails = errNoBrowser
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Minute)
		st := b.runs(t)[0].Status
		if *st.State != runFailed || *st.StateReasonCode != "CANARY_FAILURE" || *st.StateReason != errNoBrowser.Error() {
			t.Errorf("status %+v", st)
		}
	})
}

// A store that keeps failing spoils the run after a few executions, instead of
// visiting the site for ever.
func TestResultsThatCannotBeSaved(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.world.refuse = errors.New("the disk is full")
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Hour)
		st := b.runs(t)[0].Status
		if *st.State != runFailed || *st.StateReasonCode != "EXECUTION_FAILURE" || b.runner.count() != maxKeepAttempts+1 {
			t.Errorf("status %s %s after %d executions", *st.State, *st.StateReasonCode, b.runner.count())
		}
		if strings.Contains(*st.StateReason, "disk") {
			t.Errorf("reason %q tells what is inside", *st.StateReason)
		}
		if got := b.world.count("SuccessPercent|CanaryName=c"); got != 1 {
			t.Errorf("%v datapoints", got)
		}
	})
}

func TestRetentionRemovesOldRuns(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) {
			in.Schedule.Expression = "rate(1 hour)"
			in.SuccessRetentionPeriodInDays = new(int32(1))
		})
		pass(5 * 24 * time.Hour)
		if n := len(b.runs(t)); n > 49 || n < 24 {
			t.Errorf("%d runs are kept of 121, want those of one to two days", n)
		}
	})
}

type textError string

func (e textError) Error() string { return string(e) }

const errNoBrowser = textError("this machine has no browser")
