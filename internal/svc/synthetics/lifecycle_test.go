package synthetics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var allStates = []api.CanaryState{
	stateCreating, stateReady, stateStarting, stateRunning, stateUpdating, stateStopping, stateStopped, stateError, stateDeleting,
}

// Every operation in every state: accepted where the state machine has an
// arrow, a conflict with AWS's words and no change anywhere else.
func TestOperationsInEveryState(t *testing.T) {
	t.Parallel()
	type operation struct {
		call   func(*bench, *testing.T, string) error
		enters api.CanaryState
		words  string
	}
	operations := map[string]operation{
		"StartCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.StartCanary(t.Context(), &api.StartCanaryInput{Name: n})
			return err
		}, stateStarting, "Canary is not in a startable state"},
		"StopCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.StopCanary(t.Context(), &api.StopCanaryInput{Name: n})
			return err
		}, stateStopping, "Canary is in a state that can't be stopped: %s"},
		"UpdateCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: n, SuccessRetentionPeriodInDays: new(int32(7))})
			return err
		}, stateUpdating, "Canary is in a state that can't be modified: %s"},
		"DeleteCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: n})
			return err
		}, stateDeleting, "Canary is in a state that can't be deleted: %s"},
		"StartCanaryDryRun": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.StartCanaryDryRun(t.Context(), &api.StartCanaryDryRunInput{Name: n})
			return err
		}, "", "Canary is in a state in which no dry run can be started: %s"},
	}
	accepted := map[string][]api.CanaryState{
		"StartCanary":  {stateReady, stateStopped, stateError},
		"StopCanary":   {stateRunning},
		"UpdateCanary": {stateReady, stateRunning, stateStopped, stateError},
		"DeleteCanary": {stateReady, stateStopped, stateError},

		"StartCanaryDryRun": {stateReady, stateRunning, stateStopped},
	}
	short := map[string]string{
		"StartCanary": "start", "StopCanary": "stop", "UpdateCanary": "update", "DeleteCanary": "delete", "StartCanaryDryRun": "dry",
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		for name, op := range operations {
			for i, state := range allStates {
				canary, enters := fmt.Sprintf("%d-%s", i, short[name]), op.enters
				if enters == "" {
					enters = state // what is tried leaves the canary alone
				}
				b.put(t, canary, state)
				err := op.call(b, t, canary)
				if slices.Contains(accepted[name], state) {
					if err != nil || b.state(t, canary) != enters {
						t.Errorf("%s in %s: %v, state %s, want %s", name, state, err, b.state(t, canary), enters)
					}
					continue
				}
				want := op.words
				if name != "StartCanary" {
					want = fmt.Sprintf(op.words, state)
				}
				answer := awserr.As(err)
				if answer == nil || answer.Code != "ConflictException" || answer.Status != 409 || answer.Message != want {
					t.Errorf("%s in %s: got %v, want ConflictException %q", name, state, err, want)
				}
				if got := b.state(t, canary); got != state {
					t.Errorf("%s refused in %s left state %s", name, state, got)
				}
			}
		}
	})
}

func TestUnknownCanary(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		_, err := b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: "nobody"})
		if !awserr.Is(err, "ResourceNotFoundException") || awserr.As(err).Status != 404 {
			t.Errorf("GetCanary: %v", err)
		}
		_, err = b.api.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceArn: "arn:aws:synthetics:us-east-1:000000000000:canary:nobody"})
		if !awserr.Is(err, "NotFoundException") {
			t.Errorf("ListTagsForResource: %v", err)
		}
	})
}

// A runtime that has been deprecated takes no new canaries, and no canary that
// has another; those that have it are updated in all else.
func TestDeprecatedRuntimes(t *testing.T) {
	t.Parallel()
	const old = "syn-nodejs-puppeteer-7.0"
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		for i, test := range []struct {
			from string
			in   api.UpdateCanaryInput
			ok   bool
		}{
			{old, api.UpdateCanaryInput{SuccessRetentionPeriodInDays: new(int32(7))}, true},
			{old, api.UpdateCanaryInput{RuntimeVersion: new(old), Code: createInput("x").Code}, true},
			{old, api.UpdateCanaryInput{RuntimeVersion: new("syn-nodejs-puppeteer-6.2")}, false},
			{old, api.UpdateCanaryInput{RuntimeVersion: new("syn-nodejs-puppeteer-9.0")}, true},
			{"syn-nodejs-puppeteer-10.0", api.UpdateCanaryInput{RuntimeVersion: new(old)}, false},
		} {
			name := fmt.Sprint("canary-", i)
			b.put(t, name, stateReady)
			b.alter(t, name, func(d *canary) { d.Config.Runtime = test.from })
			test.in.Name = name
			_, err := b.api.UpdateCanary(t.Context(), &test.in)
			if answer := awserr.As(err); test.ok && err != nil || !test.ok && (answer == nil || answer.Code != "ValidationException") {
				t.Errorf("from %s, %+v: %v", test.from, test.in, err)
			}
		}
	})
}

// alter stores something about a canary, past all rules.
func (b *bench) alter(t *testing.T, name string, f func(*canary)) {
	t.Helper()
	err := b.DB.Update(t.Context(), func(tx *store.Tx) error {
		rec, err := b.canaries.Get(tx, store.Key{Account: testAccount, Region: testRegion, ID: name})
		if err != nil {
			return err
		}
		f(&rec.Doc)
		return b.canaries.Put(tx, &rec)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is asked of a runtime is checked when the runtime changes as well.
func TestRuntimeThatLacksWhatACanaryHas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		for name, test := range map[string]struct {
			has     func(*config)
			runtime string
		}{
			"tracing":   {func(c *config) { c.Tracing = true }, "syn-python-selenium-6.0"},
			"blueprint": {func(c *config) { c.Runtime, c.Code.Handler, c.Code.Blueprint = "syn-nodejs-3.0", "", "multi-checks" }, "syn-nodejs-puppeteer-10.0"},
		} {
			b.put(t, name, stateReady)
			b.alter(t, name, func(d *canary) { test.has(&d.Config) })
			_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: name, RuntimeVersion: &test.runtime})
			if !awserr.Is(err, "ValidationException") || !strings.Contains(err.Error(), "not supported for runtime version "+test.runtime) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
