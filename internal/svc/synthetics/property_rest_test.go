package synthetics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/store"
)

// rest checks what must hold when a history is over: first while schedules go
// on, then when everything has been stopped.
func (p *player) rest() {
	pass(10 * time.Minute)
	p.observe()
	p.checkStates()
	p.checkTicks()
	for _, rec := range p.records() {
		if rec.Doc.State == stateRunning {
			_, err := p.api.StopCanary(p.ctx, &api.StopCanaryInput{Name: rec.ID})
			p.must(err)
		}
	}
	pass(2 * time.Hour) // for code that nothing refers to
	p.checkStates()
	p.checkWork()
	p.checkCode()
	p.checkMetrics()
	p.checkAttempts()
}

// checkAttempts demands that every retry follows a failure of the same tick in
// the same browser, that no attempt was made twice, and that dry runs are over.
func (p *player) checkAttempts() {
	type attempt struct {
		tick, browser string
		no            int32
	}
	seen := map[attempt]run{}
	for _, r := range p.runs {
		k := attempt{r.scheduledID(), r.Browser, r.Attempt}
		if other, twice := seen[k]; twice {
			p.fault("runs %s and %s are the same attempt", r.ID, other.ID)
		}
		seen[k] = r
	}
	for k, r := range seen {
		if k.no == 0 {
			continue
		}
		if former, ok := seen[attempt{k.tick, k.browser, k.no - 1}]; !ok || former.State == runPassed || r.DryRunID != "" {
			p.fault("run %s repeats %+v", r.ID, former)
		}
	}
	for _, rec := range p.records() {
		if d := rec.Doc.DryRun; d != nil && d.Status == runRunning {
			p.fault("canary %s has a dry run that never ends", rec.ID)
		}
	}
}

// checkStates demands that every canary is in a state that it may stay in, and
// one that runs has a schedule, and one that does not has none.
func (p *player) checkStates() {
	scheduled := p.workKeys(kindSchedule)
	for _, rec := range p.records() {
		switch rec.Doc.State {
		case stateReady, stateStopped, stateRunning:
		default:
			p.fault("canary %s is stuck in %s", rec.ID, rec.Doc.State)
		}
		if running := rec.Doc.State == stateRunning; running != slices.Contains(scheduled, rec.Doc.ID) {
			p.fault("canary %s is %s with schedules %v", rec.ID, rec.Doc.State, scheduled)
		}
		if rec.Doc.State == stateRunning && rec.Doc.Config.Expression == "rate(0 minute)" {
			p.fault("canary %s ran once and is still RUNNING", rec.ID)
		}
	}
}

func (p *player) workKeys(kind string) (keys []string) {
	p.view(func(tx *store.Tx) (err error) {
		keys, err = store.All(store.Query(tx, store.Scan1[string], `select key from work where kind = ?`, kind))
		return err
	})
	return keys
}

// checkTicks demands that no tick had two runs: within a start, no more runs
// than there were periods and updates.
func (p *player) checkTicks() {
	starts := map[string][]time.Time{}
	for _, r := range p.runs {
		if r.Attempt > 0 || r.DryRunID != "" || r.Browser == firefox {
			continue
		}
		k := startOf(r.CanaryID, r.StartNo)
		starts[k] = append(starts[k], r.Scheduled)
	}
	periods := map[string]time.Duration{"rate(1 minute)": time.Minute, "rate(5 minutes)": 5 * time.Minute, "cron(*/2 * * * ? *)": 2 * time.Minute}
	for _, rec := range p.records() {
		for start, times := range starts {
			if !strings.HasPrefix(start, rec.Doc.ID+"/") {
				continue
			}
			slices.SortFunc(times, time.Time.Compare)
			most := 1 + p.ticks[start]
			if period := periods[rec.Doc.Config.Expression]; period > 0 {
				most += int(times[len(times)-1].Sub(times[0]) / period)
			}
			if len(times) > most {
				p.fault("canary %s (%s) has %d runs in one start, want at most %d: %v", rec.ID, rec.Doc.Config.Expression, len(times), most, times)
			}
			for i := 1; i < len(times); i++ {
				if times[i].Equal(times[i-1]) {
					p.fault("canary %s has two runs for the tick at %v", rec.ID, times[i])
				}
			}
		}
	}
}

// checkWork demands that of all work rows only the canaries' retention is left.
func (p *player) checkWork() {
	var ids []string
	for _, rec := range p.records() {
		ids = append(ids, rec.Doc.ID)
	}
	for _, kind := range []string{kindCanary, kindSchedule, kindRun, kindScript, kindNative, kindPublish, kindCode} {
		if keys := p.workKeys(kind); len(keys) > 0 {
			p.fault("work is left: %s %v", kind, keys)
		}
	}
	kept := p.workKeys(kindRetention)
	slices.Sort(ids)
	slices.Sort(kept)
	if !slices.Equal(ids, kept) {
		p.fault("retention of %v, canaries are %v", kept, ids)
	}
}

// checkCode demands an archive for each canary and for each dry run with a code
// of its own.
func (p *player) checkCode() {
	var want, have []string
	for _, rec := range p.records() {
		want = append(want, rec.Doc.Config.Code.Key)
		p.view(func(tx *store.Tx) error {
			dry, err := p.listDryRuns(tx, &rec)
			for _, d := range dry {
				want = append(want, d.Doc.Config.Code.Key)
			}
			return err
		})
	}
	for info, err := range p.Blob.List(p.ctx, "synthetics/") {
		p.must(err)
		have = append(have, info.Key)
	}
	slices.Sort(want)
	slices.Sort(have)
	want = slices.Compact(want)
	if !slices.Equal(want, have) {
		p.fault("archives %v, want %v", have, want)
	}
}

// checkMetrics demands that the runs that are kept have a verdict, and that
// metrics were published once for each of them, and at most once for any other.
func (p *player) checkMetrics() {
	kept := map[string]bool{}
	p.view(func(tx *store.Tx) error {
		for r, err := range store.Query(tx, scanRun, `select doc from canary_run`) {
			if err != nil {
				return err
			}
			kept[r.ID] = true
			if r.State != runPassed && (r.State != runFailed || r.Reason != "it broke") {
				p.fault("run %s is %s: %s", r.ID, r.State, r.Reason)
			}
		}
		return nil
	})
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	for id := range kept {
		if !p.world.tokens[fmt.Sprintf("canary-run/%s/0", id)] {
			p.fault("run %s published no metrics", id)
		}
	}
	runs, points := map[string]bool{}, 0.0
	for _, job := range p.runner.jobs {
		runs[job.RunID] = true
	}
	for _, name := range []string{"one", "two"} {
		points += p.world.metrics["SuccessPercent|CanaryName="+name] + p.world.metrics["SuccessPercentDryRun|CanaryName="+name]
	}
	if int(points) > len(runs) || int(points) != len(p.world.tokens) || int(points) < len(kept) {
		p.fault("%v datapoints under %d tokens, for %d runs of which %d are kept", points, len(p.world.tokens), len(runs), len(kept))
	}
}
