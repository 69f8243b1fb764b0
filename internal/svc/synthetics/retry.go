package synthetics

import (
	"time"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// longestTwice is the run timeout from which a canary may be retried only once
// (Synthetics API reference, RetryConfigInput).
const longestTwice = 600 * time.Second

// setRetries takes over RetryConfig and checks it against the runtime and the
// timeout, either of which may have changed alone.
func (p *patch) setRetries(c *config) error {
	if p.schedule != nil && p.schedule.RetryConfig != nil {
		c.Retries = p.schedule.RetryConfig.MaxRetries
	}
	switch {
	case c.Retries == 0:
		return nil
	case c.Retries < 0 || c.Retries > 2:
		return invalid("MaxRetries must be between 0 and 2")
	case !c.runtime().DryRuns():
		return invalid("RetryConfig is not supported for runtime version %s", c.Runtime)
	case c.Retries > 1 && c.Timeout >= longestTwice:
		return invalid("MaxRetries can be 2 only if TimeoutInSeconds is less than %d", int(longestTwice.Seconds()))
	}
	return nil
}

// retries reports whether another attempt follows the run: it failed, whatever
// the reason, and attempts are left. Dry runs have a single one.
func (c *config) retries(r *run) bool {
	return r.DryRunID == "" && r.State == runFailed && r.Attempt < c.Retries
}

// retry inserts the run that repeats a failed one, and has it begin as soon as
// there is a worker. Its metrics bear the time of the first attempt.
func (s *Service) retry(tx *store.Tx, rec *store.Record[canary], failed *run) error {
	next := run{
		ID: newID(), CanaryID: failed.CanaryID, StartNo: failed.StartNo, Scheduled: tx.Now(), State: runRunning,
		ScheduledRunID: failed.scheduledID(), Attempt: failed.Attempt + 1, Browser: failed.Browser, MetricTime: failed.measured(),
	}
	inserted, err := insertRun(tx, &next)
	if err != nil || !inserted {
		return err
	}
	return s.putRun(tx, rec, &next)
}

// measureRetries are the metrics about the attempts of a tick, which the last of
// them publishes: how many came after the first, and whether one passed. A run
// without a verdict of its own says nothing of success, as everywhere.
func measureRetries(c *config, r *run, o *canaryrun.Outcome) []datum {
	if c.Retries == 0 || r.DryRunID != "" || c.retries(r) {
		return nil
	}
	data := []datum{{Name: "RetryCount", Unit: "Count", Value: float64(r.Attempt)}}
	if o != nil && !o.TimedOut && o.Report != nil {
		passed := o.TestResult == string(canaryrun.Passed)
		data = append(data, datum{Name: "SuccessPercentWithRetries", Unit: "Percent", Value: percent(passed)})
	}
	return data
}
