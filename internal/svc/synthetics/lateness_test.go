package synthetics

import (
	"fmt"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// startMany creates and starts canaries, name by name.
func (b *bench) startMany(t *testing.T, change func(name string, in *api.CreateCanaryInput), names ...string) {
	t.Helper()
	for _, name := range names {
		in := createInput(name)
		change(name, in)
		if _, err := b.api.CreateCanary(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	pass(time.Second)
	for _, name := range names {
		b.call(t, "StartCanary", name)
	}
}

// Three canaries whose runs take minutes do not keep the workers from ten whose
// runs take a second: those that wait go first, and the long ones have their turn.
func TestLongRunsDoNotStarveShortOnes(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		long := map[string]bool{"long-a": true, "long-b": true, "long-c": true}
		b.runner.takesOf = func(job canaryrun.Job) time.Duration {
			if long[job.CanaryName] {
				return 2 * time.Minute
			}
			return time.Second
		}
		names := []string{"long-a", "long-b", "long-c"}
		for n := range 10 {
			names = append(names, fmt.Sprintf("short-%02d", n))
		}
		b.startMany(t, func(name string, in *api.CreateCanaryInput) {
			in.Schedule.Expression = "cron(* * * * ? *)"
		}, names...)
		pass(30 * time.Minute)
		runs := map[string]int{}
		for _, job := range b.runner.jobs {
			runs[job.CanaryName]++
		}
		for _, name := range names {
			least := 18 // of 30: with two workers, and three canaries that would take them both
			if long[name] {
				least = 4
			}
			if runs[name] < least {
				t.Errorf("%s ran %d times in half an hour, want at least %d", name, runs[name], least)
			}
		}
		if b.skipped.Load() == 0 {
			t.Error("no tick was passed over")
		}
	})
}

func TestPunctuality(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		var late []time.Duration
		b.Late = func(d time.Duration) { late = append(late, d) }
		hold := make(chan struct{})
		b.runner.hold = hold
		b.startMany(t, func(string, *api.CreateCanaryInput) {}, "a", "b", "c")
		pass(30 * time.Second)
		p, err := b.Punctuality(t.Context())
		if err != nil || !p.Late || p.Waiting[LaneBrowser] != 1 || p.Longest < 29 || p.PassedOver != 0 {
			t.Errorf("with two workers for three runs: %+v, %v", p, err)
		}
		pass(5 * time.Minute)
		if p, _ = b.Punctuality(t.Context()); p.PassedOver != 3 || p.Waiting[LaneBrowser] != 1 {
			t.Errorf("after another tick: %+v", p)
		}
		close(hold)
		pass(10 * time.Minute)
		if p, err = b.Punctuality(t.Context()); err != nil || p.Late || p.Waiting[LaneBrowser] != 0 {
			t.Errorf("with nothing to do: %+v, %v", p, err)
		}
		if len(late) < 6 || late[2] < 5*time.Minute || late[len(late)-1] > time.Second {
			t.Errorf("late by %v", late)
		}
		for _, name := range []string{"a", "b", "c"} {
			if b.world.count("SkippedRuns|CanaryName="+name) == 0 || b.world.count("ScheduleLateness|CanaryName="+name) == 0 {
				t.Errorf("nothing was published of %s: %v", name, b.world.metrics)
			}
		}
	})
}

// What the server sleeps through is not made up for, but told.
func TestTicksMissedWhileDown(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		if err := b.Engine.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		b.boot()
		if err := b.Engine.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if n, skipped := b.runner.count(), b.skipped.Load(); n != 2 || skipped != 11 {
			t.Errorf("%d runs, %d ticks passed over, want 2 and 11", n, skipped)
		}
	})
}

// Scripts without a browser have workers of their own.
func TestScriptsDoNotWaitForBrowsers(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		hold := make(chan struct{})
		b.runner.hold = hold
		b.startMany(t, func(string, *api.CreateCanaryInput) {}, "a", "b", "c")
		pass(time.Second)
		b.runner.release()
		b.startMany(t, func(_ string, in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-nodejs-3.0" }, "script")
		pass(time.Second)
		if job := b.lastJob(); job.CanaryName != "script" {
			t.Errorf("the last run is of %s", job.CanaryName)
		}
		close(hold)
	})
}
