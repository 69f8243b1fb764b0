package extras_test

import (
	"slices"
	"testing"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/extras"
)

// TestAll reads what there is of every service, and finds the operations,
// members and states that it names in the models.
func TestAll(t *testing.T) {
	t.Parallel()
	paginators, waiters := 0, 0
	for _, svc := range all.Services() {
		x := extras.Of(svc.Name)
		for name, p := range x.Paginators {
			paginators++
			op := svc.Operation(name)
			if op == nil || len(p.InputTokens) == 0 || len(p.InputTokens) != len(p.OutputTokens) || len(p.ResultKeys) == 0 {
				t.Errorf("%s:%s: %+v", svc.Name, name, p)
				continue
			}
			for _, key := range append(slices.Clone(p.InputTokens), p.LimitKey) {
				if key != "" && op.Input.Member(key) == nil {
					t.Errorf("%s:%s has no input %s", svc.Name, name, key)
				}
			}
		}
		for name, w := range x.Waiters {
			waiters++
			if svc.Operation(w.Operation) == nil || w.Delay <= 0 || w.MaxAttempts <= 0 || len(w.Acceptors) == 0 {
				t.Errorf("%s:%s: %+v", svc.Name, name, w)
			}
			for _, a := range w.Acceptors {
				if !slices.Contains([]string{"success", "failure", "retry"}, a.State) {
					t.Errorf("%s:%s leads to %q", svc.Name, name, a.State)
				}
				if !slices.Contains([]string{"path", "pathAll", "pathAny", "status", "error"}, a.Matcher) {
					t.Errorf("%s:%s matches by %q", svc.Name, name, a.Matcher)
				}
			}
		}
	}
	if paginators < 390 || waiters < 80 {
		t.Errorf("%d paginators and %d waiters", paginators, waiters)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	p := extras.Of("s3").Paginators["ListObjectsV2"]
	if p == nil || p.LimitKey != "MaxKeys" || !slices.Equal(p.ResultKeys, []string{"Contents", "CommonPrefixes"}) {
		t.Errorf("%+v", p)
	}
	if first, second := extras.Of("s3"), extras.Of("s3"); first != second {
		t.Error("it is read twice")
	}
	if none := extras.Of("sts"); len(none.Paginators)+len(none.Waiters) != 0 {
		t.Errorf("%+v", none)
	}
}
