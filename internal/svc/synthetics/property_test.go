package synthetics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// Random histories of two canaries: API calls that race with the flows or wait
// for them, time that passes, and processes that end and begin anew, compared
// with a small model. A history is drawn first and then played inside a bubble,
// so that a failure can be shrunk.
func TestHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = h.play(t) })
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

// history is what happens, and how slow the world is.
type history struct {
	Takes, Slow time.Duration // of a run, of publishing its metrics
	Fails       int           // every so many-th execution fails; 0 is none
	Schedules   []api.CanaryScheduleInput
	Events      []event
}

// event is a call on a canary, a crash, or nothing but time.
type event struct {
	What   string
	Canary int
	Then   time.Duration // passes afterwards; 0 lets the flows race with the next event
}

func drawHistory(rt *rapid.T) history {
	schedule := rapid.Custom(func(rt *rapid.T) api.CanaryScheduleInput {
		return api.CanaryScheduleInput{
			Expression:        rapid.SampledFrom([]string{"rate(1 minute)", "rate(0 minute)", "rate(5 minutes)", "cron(*/2 * * * ? *)"}).Draw(rt, "expression"),
			DurationInSeconds: new(rapid.SampledFrom([]int64{0, 0, 90, 400}).Draw(rt, "duration")),
			RetryConfig:       &api.RetryConfigInput{MaxRetries: int32(rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "retries"))},
		}
	})
	happens := rapid.Custom(func(rt *rapid.T) event {
		return event{
			What: rapid.SampledFrom([]string{
				"CreateCanary", "StartCanary", "StopCanary", "UpdateCanary", "DeleteCanary", "StartCanary", "crash", "time",
				"StartCanaryDryRun", "ApplyDryRun",
			}).Draw(rt, "what"),
			Canary: rapid.IntRange(0, 1).Draw(rt, "canary"),
			Then: rapid.SampledFrom([]time.Duration{
				0, 0, 0, time.Millisecond, time.Second, 17 * time.Second, time.Minute, 4 * time.Minute,
			}).Draw(rt, "then"),
		}
	})
	return history{
		Takes:     rapid.SampledFrom([]time.Duration{0, time.Second, 50 * time.Second, 100 * time.Second}).Draw(rt, "takes"),
		Slow:      rapid.SampledFrom([]time.Duration{0, 5 * time.Second}).Draw(rt, "slow"),
		Fails:     rapid.SampledFrom([]int{0, 0, 1, 2, 3}).Draw(rt, "fails"),
		Schedules: rapid.SliceOfN(schedule, 2, 2).Draw(rt, "schedules"),
		Events:    rapid.SliceOfN(happens, 1, 30).Draw(rt, "events"),
	}
}

// player plays a history and notes what goes wrong.
type player struct {
	*bench
	h     history
	ctx   context.Context
	wrong []string
	runs  map[string]run // every run that was ever seen, by id
	ticks map[string]int // ticks that calls put out of turn, by canary id and start
}

func (p *player) fault(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf("%v: ", time.Now().Format(time.TimeOnly))+fmt.Sprintf(format, args...))
}

func (h history) play(t *testing.T) []string {
	db, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		return []string{err.Error()}
	}
	defer db.Close()
	p := &player{bench: newBench(t, db), h: h, ctx: t.Context(), runs: map[string]run{}, ticks: map[string]int{}}
	p.runner.takes, p.world.slow = h.Takes, h.Slow
	p.runner.judge = func(_ canaryrun.Job, o *canaryrun.Outcome) {
		if h.Fails > 0 && len(p.runner.jobs)%h.Fails == 0 {
			failing(o)
		}
	}
	p.must(p.Engine.Start(p.ctx))
	for _, e := range h.Events {
		p.happen(e)
		p.observe()
	}
	p.rest()
	p.must(p.Engine.Stop(p.ctx))
	return p.wrong
}

func (p *player) must(err error) {
	if err != nil {
		p.fault("%v", err)
	}
}

func (p *player) happen(e event) {
	switch e.What {
	case "time":
	case "crash":
		p.crash()
	default:
		p.operate(e)
	}
	if e.Then > 0 {
		pass(e.Then)
	}
}

// crash takes the engine from all that runs, and goes on with a new one.
func (p *player) crash() {
	now, cancel := context.WithCancel(p.ctx)
	cancel()
	_ = p.Engine.Stop(now)
	p.boot()
	p.must(p.Engine.Start(p.ctx))
}

// operate makes a call, whose answer must fit the state that the canary was in
// when nothing else happened.
func (p *player) operate(e event) {
	synctest.Wait()
	name := []string{"one", "two"}[e.Canary]
	before, dry := p.stateOf(name), p.dryOf(name)
	err := p.invoke(e, name, dry)
	code := ""
	if answer := awserr.As(err); answer != nil {
		code = answer.Code
	} else if err != nil {
		code = err.Error()
	}
	want := ""
	switch {
	case e.What == "CreateCanary" && before != "":
		want = "ValidationException"
	case e.What == "CreateCanary":
	case before == "":
		want = "ResourceNotFoundException"
	case e.What == "ApplyDryRun":
		want = p.wantOfApply(before, dry)
	case e.What == "StartCanaryDryRun" && dry.Status == runRunning:
		want = "ConflictException"
	case !slices.Contains(accepts[e.What], before):
		want = "ConflictException"
	}
	if code != want && !strings.HasSuffix(string(before), "ING") { // else a flow may have been faster
		p.fault("%s in %q: got %q, want %q", e.What, before, code, want)
	}
	if code != "" && code != "ValidationException" && code != "ResourceNotFoundException" && code != "ConflictException" {
		p.fault("%s in %q: %v", e.What, before, err)
	}
	if code == "" && (e.What == "UpdateCanary" || e.What == "ApplyDryRun") {
		p.countTick(name)
	}
}

// wantOfApply is the answer to putting a dry run in force.
func (p *player) wantOfApply(before api.CanaryState, dry dryNote) string {
	switch {
	case !slices.Contains(accepts["UpdateCanary"], before):
		return "ConflictException"
	case dry.ID == "":
		return "ResourceNotFoundException"
	case dry.Status == runRunning:
		return "ConflictException"
	case dry.Status == runFailed:
		return "ValidationException"
	}
	return ""
}

func (p *player) invoke(e event, name string, dry dryNote) (err error) {
	switch e.What {
	case "CreateCanary":
		in := createInput(name)
		in.Schedule, in.RunConfig = &p.h.Schedules[e.Canary], &api.CanaryRunConfigInput{TimeoutInSeconds: new(int32(59))}
		if name == "two" {
			in.RuntimeVersion, in.BrowserConfigs = "syn-nodejs-puppeteer-11.0", browserConfigs(chrome, firefox)
		}
		_, err = p.api.CreateCanary(p.ctx, in)
	case "StartCanary":
		_, err = p.api.StartCanary(p.ctx, &api.StartCanaryInput{Name: name})
	case "StopCanary":
		_, err = p.api.StopCanary(p.ctx, &api.StopCanaryInput{Name: name})
	case "UpdateCanary":
		code := createInput(name).Code
		_, err = p.api.UpdateCanary(p.ctx, &api.UpdateCanaryInput{Name: name, Code: code})
	case "StartCanaryDryRun":
		_, err = p.api.StartCanaryDryRun(p.ctx, &api.StartCanaryDryRunInput{Name: name, Code: createInput(name).Code})
	case "ApplyDryRun":
		_, err = p.api.UpdateCanary(p.ctx, &api.UpdateCanaryInput{Name: name, DryRunId: new(cmp.Or(dry.ID, newID()))})
	case "DeleteCanary":
		_, err = p.api.DeleteCanary(p.ctx, &api.DeleteCanaryInput{Name: name})
	}
	return err
}

// dryOf is a canary's latest dry run.
func (p *player) dryOf(name string) (note dryNote) {
	for _, rec := range p.records() {
		if rec.ID == name && rec.Doc.DryRun != nil {
			note = *rec.Doc.DryRun
		}
	}
	return note
}

// stateOf is a canary's state, "" when there is none.
func (p *player) stateOf(name string) api.CanaryState {
	out, err := p.api.GetCanary(p.ctx, &api.GetCanaryInput{Name: name})
	if err != nil {
		if !awserr.Is(err, "ResourceNotFoundException") {
			p.fault("GetCanary: %v", err)
		}
		return ""
	}
	return *out.Canary.Status.State
}

func (p *player) view(f func(*store.Tx) error) { p.must(p.DB.View(p.ctx, f)) }

// records returns all canaries.
func (p *player) records() (all []store.Record[canary]) {
	p.view(func(tx *store.Tx) (err error) {
		all, err = p.canaries.List(tx, testAccount, testRegion, store.ListOptions{})
		return err
	})
	return all
}

func startOf(canaryID string, start int64) string { return fmt.Sprintf("%s/%d", canaryID, start) }

// countTick notes that an update lets its canary run at once, out of turn.
func (p *player) countTick(name string) {
	for _, rec := range p.records() {
		if rec.ID == name {
			p.ticks[startOf(rec.Doc.ID, rec.Doc.Starts)]++
		}
	}
}

// observe remembers every run, for those of stopped and deleted canaries go.
func (p *player) observe() {
	p.view(func(tx *store.Tx) error {
		for r, err := range store.Query(tx, scanRun, `select doc from canary_run`) {
			if err != nil {
				return err
			}
			p.runs[r.ID] = r
		}
		return nil
	})
}
