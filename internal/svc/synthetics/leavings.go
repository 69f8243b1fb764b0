package synthetics

import (
	"context"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// clearLeavings deletes what an earlier execution of a run has left and the one
// that counts has not: a report with another verdict, screenshots of other steps.
// The role need not be able to; the log then tells.
func (s *Service) clearLeavings(ctx context.Context, as *actor, m *mission, o *canaryrun.Outcome) error {
	if !m.repeated {
		return nil
	}
	_, prefix, _ := strings.Cut(m.r.Location, "/")
	err := deleteBelow(ctx, s3.Client{Invoker: as.calls}, m.r.Location, func(there *s3.Object) bool {
		mine := func(a canaryrun.Artifact) bool { return prefix+"/"+a.Name == *there.Key }
		return there.LastModified.Before(o.Started) && !slices.ContainsFunc(o.Artifacts, mine)
	})
	if refusal(err) == nil {
		return err
	}
	s.Logger.Warn("artifacts of an interrupted execution of a canary run stay", "canary", m.rec.ID, "run", m.r.ID, "error", err)
	return nil
}
