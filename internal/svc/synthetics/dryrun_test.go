package synthetics

import (
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

func (b *bench) dryRun(t *testing.T, change func(*api.StartCanaryDryRunInput)) string {
	t.Helper()
	in := &api.StartCanaryDryRunInput{Name: "c"}
	if change != nil {
		change(in)
	}
	out, err := b.api.StartCanaryDryRun(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.DryRunConfig.DryRunId
}

// canaryAs is the canary as GetCanary shows it, for a dry run or as it is.
func (b *bench) canaryAs(t *testing.T, dryRun string) *api.Canary {
	t.Helper()
	in := &api.GetCanaryInput{Name: "c"}
	if dryRun != "" {
		in.DryRunId = &dryRun
	}
	out, err := b.api.GetCanary(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.Canary
}

func TestDryRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		b.runner.takes = 10 * time.Second
		before, own := b.canaryAs(t, ""), b.runner.count()
		b.told(t)
		id := b.dryRun(t, func(in *api.StartCanaryDryRunInput) {
			in.RunConfig = &api.CanaryRunConfigInput{MemoryInMB: new(int32(1024)), EnvironmentVariables: map[string]string{"SECRET": "hunter2"}}
			in.Code = &api.CanaryCodeInput{Handler: new("other.handler"), ZipFile: testZip("other")}
			in.RuntimeVersion = new("syn-nodejs-puppeteer-11.0")
		})
		pass(time.Second)
		if got := b.canaryAs(t, id).DryRunConfig; *got.LastDryRunExecutionStatus != "RUNNING" || *got.DryRunId != id {
			t.Errorf("while it runs: %+v", got)
		}
		for what, err := range map[string]error{"another": b.tryDryRun(t), "its result": b.applyDry(t, id)} {
			if !awserr.Is(err, "ConflictException") {
				t.Errorf("%s, while it runs: %v", what, err)
			}
		}
		pass(time.Minute)
		tried := b.canaryAs(t, id)
		if *tried.DryRunConfig.LastDryRunExecutionStatus != "PASSED" || *tried.RunConfig.MemoryInMB != 1024 || *tried.Code.Handler != "other.handler" ||
			*tried.Schedule.Expression != "rate(5 minutes)" || *tried.RuntimeVersion != "syn-nodejs-puppeteer-11.0" {
			t.Errorf("the canary as the dry run sees it: %+v", tried)
		}
		if now := b.canaryAs(t, ""); *now.RunConfig.MemoryInMB != *before.RunConfig.MemoryInMB || *now.Code.Handler != "index.handler" || *now.DryRunConfig.DryRunId != id {
			t.Errorf("the canary as it is: %+v", now)
		}
		job := b.lastJob()
		if b.runner.count() != own+1 || !job.DryRun || job.Env["SECRET"] != "hunter2" || job.MemoryMB != 1024 || job.Handler != "other.handler" || job.Browser != chrome {
			t.Errorf("job %+v", job)
		}
		b.checkDryRuns(t, id)
		if told, _ := b.told(t); len(told) != 0 {
			t.Errorf("events %v", told)
		}
	})
}

// checkDryRuns looks for the runs of a dry run where they are to be, and for its
// metrics.
func (b *bench) checkDryRuns(t *testing.T, id string) {
	t.Helper()
	for _, r := range b.runs(t) {
		if r.DryRunConfig != nil {
			t.Errorf("a dry run is among the runs of the schedule: %+v", r)
		}
	}
	for name, in := range map[string]*api.GetCanaryRunsInput{
		"by id":   {Name: "c", DryRunId: &id},
		"by both": {Name: "c", DryRunId: &id, RunType: new(api.RunTypeDryRun)},
		"by type": {Name: "c", RunType: new(api.RunTypeDryRun)},
	} {
		out, err := b.api.GetCanaryRuns(t.Context(), in)
		if err != nil || len(out.CanaryRuns) != 1 || *out.CanaryRuns[0].DryRunConfig.DryRunId != id {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	_, err := b.api.GetCanaryRuns(t.Context(), &api.GetCanaryRunsInput{Name: "c", DryRunId: &id, RunType: new(api.RunTypeCanaryRun)})
	if !awserr.Is(err, "ValidationException") {
		t.Errorf("DryRunId with CANARY_RUN: %v", err)
	}
	for metric, want := range map[string]float64{"SuccessPercentDryRun": 1, "DurationDryRun": 1, "SuccessPercent": float64(b.runner.count() - 1)} {
		if got := b.world.count(metric + "|CanaryName=c"); got != want {
			t.Errorf("%v datapoints of %s, want %v", got, metric, want)
		}
	}
}

func (b *bench) tryDryRun(t *testing.T) error {
	t.Helper()
	_, err := b.api.StartCanaryDryRun(t.Context(), &api.StartCanaryDryRunInput{Name: "c"})
	return err
}

func (b *bench) applyDry(t *testing.T, id string) error {
	t.Helper()
	_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", DryRunId: &id})
	return err
}

func TestApplyDryRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		id := b.dryRun(t, func(in *api.StartCanaryDryRunInput) {
			in.RunConfig = &api.CanaryRunConfigInput{MemoryInMB: new(int32(1024)), EnvironmentVariables: map[string]string{"NAME": "b"}}
			in.Code = &api.CanaryCodeInput{Handler: new("other.handler"), ZipFile: testZip("other")}
		})
		pass(time.Minute)
		_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", DryRunId: &id, RuntimeVersion: new("syn-nodejs-puppeteer-11.0")})
		if !awserr.Is(err, "ValidationException") {
			t.Errorf("with another field: %v", err)
		}
		if err := b.applyDry(t, newID()); !awserr.Is(err, "ResourceNotFoundException") {
			t.Errorf("an unknown dry run: %v", err)
		}
		_, err = b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", DryRunId: &id, Schedule: &api.CanaryScheduleInput{Expression: "rate(1 hour)"}})
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		now := b.canaryAs(t, "")
		if *now.RunConfig.MemoryInMB != 1024 || *now.Code.Handler != "other.handler" || *now.Schedule.Expression != "rate(1 hour)" || *now.Status.State != stateRunning {
			t.Errorf("updated: %+v", now)
		}
		if job := b.lastJob(); job.DryRun || job.Env["NAME"] != "b" || job.Handler != "other.handler" {
			t.Errorf("the next run: %+v", job)
		}
		b.call(t, "StopCanary", "c")
		pass(40 * 24 * time.Hour) // the dry run is forgotten, what it tried is in force
		if got := b.canaryAs(t, "").DryRunConfig; got != nil {
			t.Errorf("still %+v", got)
		}
		b.call(t, "StartCanary", "c")
		pass(time.Second)
		if st := b.runs(t)[0].Status; *st.State != runPassed {
			t.Errorf("its code is gone: %s", *st.StateReason)
		}
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		b.call(t, "DeleteCanary", "c")
		pass(2 * time.Hour)
		if n := b.blobs(t); n != 0 {
			t.Errorf("%d archives are left behind", n)
		}
	})
}

func TestFailedDryRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) {
			in.Schedule.RetryConfig = &api.RetryConfigInput{MaxRetries: 1}
			in.RuntimeVersion, in.BrowserConfigs = "syn-nodejs-puppeteer-11.0", browserConfigs(chrome, firefox)
		})
		b.runner.judge = func(job canaryrun.Job, o *canaryrun.Outcome) {
			if job.Browser == firefox {
				failing(o)
			}
		}
		before := b.runner.count()
		id := b.dryRun(t, nil)
		pass(time.Minute)
		if got := b.canaryAs(t, id).DryRunConfig; *got.LastDryRunExecutionStatus != "FAILED" || b.runner.count() != before+2 {
			t.Errorf("%s after %d runs", *got.LastDryRunExecutionStatus, b.runner.count()-before)
		}
		if err := b.applyDry(t, id); !awserr.Is(err, "ValidationException") {
			t.Errorf("applied: %v", err)
		}
		if err := b.tryDryRun(t); err != nil {
			t.Errorf("another try: %v", err)
		}
	})
}

// A dry run goes on over kill -9, and over the canary's stop.
func TestDryRunOverACrash(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		b.runner.takes = 30 * time.Second
		id := b.dryRun(t, nil)
		b.call(t, "StopCanary", "c")
		pass(10 * time.Second)
		p := &player{bench: b, ctx: t.Context()}
		p.crash()
		pass(time.Minute)
		if got := b.canaryAs(t, id).DryRunConfig; *got.LastDryRunExecutionStatus != "PASSED" || b.world.count("SuccessPercentDryRun|CanaryName=c") != 1 {
			t.Errorf("%s, metrics %v", *got.LastDryRunExecutionStatus, b.world.metrics)
		}
		if err := p.Engine.Stop(t.Context()); err != nil || len(p.wrong) > 0 {
			t.Error(err, p.wrong)
		}
	})
}

func TestDryRunStates(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		allowed := map[api.CanaryState]bool{stateReady: true, stateRunning: true, stateStopped: true}
		for _, state := range []api.CanaryState{stateCreating, stateReady, stateStarting, stateRunning, stateUpdating, stateStopping, stateStopped, stateError, stateDeleting} {
			name := strings.ToLower(string(state))
			b.put(t, name, state)
			_, err := b.api.StartCanaryDryRun(t.Context(), &api.StartCanaryDryRunInput{Name: name})
			if allowed[state] && err != nil || !allowed[state] && !awserr.Is(err, "ConflictException") {
				t.Errorf("%s: %v", state, err)
			}
		}
		if _, err := b.api.StartCanaryDryRun(t.Context(), &api.StartCanaryDryRunInput{Name: "nobody"}); !awserr.Is(err, "ResourceNotFoundException") {
			t.Errorf("no canary: %v", err)
		}
		_, err := b.api.StartCanaryDryRun(t.Context(), &api.StartCanaryDryRunInput{Name: "ready", RuntimeVersion: new("syn-nodejs-puppeteer-9.1")})
		if !awserr.Is(err, "ValidationException") {
			t.Errorf("a runtime without dry runs: %v", err)
		}
		_, err = b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: "ready", DryRunId: new(newID())})
		if !awserr.Is(err, "ResourceNotFoundException") {
			t.Errorf("an unknown dry run: %v", err)
		}
	})
}

// What a dry run is given stays secret, as it does for a canary.
func TestDryRunIsSealed(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		asked := dryPatch(&api.StartCanaryDryRunInput{Name: "c", RunConfig: &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"NAME": "hunter2"}}},
			&plane.Call{Time: time.Now(), Caller: plane.RootCaller(testAccount, testRegion)})
		p := player{bench: b, ctx: t.Context()}
		rec := &p.records()[0]
		conf, err := b.merge(rec, asked, &stagedParts{owner: refOf(rec)})
		if err != nil || len(conf.Environment) != 0 || len(conf.Sealed) == 0 || strings.Contains(string(conf.Sealed), "hunter2") {
			t.Errorf("%+v, %v", conf, err)
		}
	})
}
