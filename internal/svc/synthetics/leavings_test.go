package synthetics

import (
	"errors"
	"maps"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// An execution that was interrupted after its upload leaves nothing beside the
// artifacts of the one that counts.
func TestRepeatedExecutionReplacesArtifacts(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge = func(_ canaryrun.Job, o *canaryrun.Outcome) {
			names := []string{"SyntheticsReport-PASSED.json", "page.png"}
			b.world.mu.Lock()
			defer b.world.mu.Unlock()
			b.world.refuse = nil
			if len(b.runner.jobs) == 1 {
				b.world.refuse = errors.New("the server is about to die")
				failing(o)
				names = []string{"SyntheticsReport-FAILED.json", "page.png", "broken.png"}
			}
			for _, name := range names {
				o.Attach(name, []byte(name))
			}
		}
		b.world.objects["artifacts/elsewhere/kept.txt"] = []byte("a user's")
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Minute)
		if runs := b.runs(t); len(runs) != 1 || *runs[0].Status.State != runPassed || b.runner.count() != 2 {
			t.Errorf("%d executions, runs %+v", b.runner.count(), runs)
		}
		b.world.mu.Lock()
		defer b.world.mu.Unlock()
		var names []string
		for key := range maps.Keys(b.world.objects) {
			names = append(names, path.Base(key))
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{"SyntheticsReport-PASSED.json", "kept.txt", "page.png"}, names); diff != "" {
			t.Error(diff)
		}
	})
}
