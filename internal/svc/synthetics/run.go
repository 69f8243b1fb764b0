package synthetics

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The states of a run.
const (
	runRunning api.CanaryRunState = "RUNNING"
	runPassed  api.CanaryRunState = "PASSED"
	runFailed  api.CanaryRunState = "FAILED"
)

// run is one run of a canary, as stored.
type run struct {
	ID        string
	CanaryID  string
	StartNo   int64     // the canary's Starts when the run was due
	Scheduled time.Time // when it was due
	State     api.CanaryRunState

	ScheduledRunID string    `json:",omitempty"` // the tick's first run; "" is this one
	Attempt        int32     `json:",omitempty"` // of retries, from 1
	Browser        string    `json:",omitempty"` // "" where the runtime does not choose
	DryRunID       string    `json:",omitempty"`
	MetricTime     time.Time `json:",omitzero"` // of all metrics of a run and its retries; zero is Started

	Started    time.Time // zero until a worker took it
	Completed  time.Time
	Reason     string
	ReasonCode api.CanaryRunStateReasonCode
	TestResult api.CanaryRunTestResult
	Location   string // "bucket/prefix" of the artifacts
}

func scanRun(row store.Row) (run, error) {
	var doc []byte
	if err := row.Scan(&doc); err != nil {
		return run{}, err
	}
	var r run
	err := json.Unmarshal(doc, &r)
	return r, err
}

// insertRun adds a run unless there is one for the same tick, and reports
// whether it did.
func insertRun(tx *store.Tx, r *run) (bool, error) {
	doc, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into canary_run (id, canary_id, start_no, scheduled, browser, attempt, dry_run, state, doc)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		r.ID, r.CanaryID, r.StartNo, store.Micros(r.Scheduled), r.Browser, r.Attempt, r.DryRunID, string(r.State), string(doc))
	return n == 1, err
}

func updateRun(tx *store.Tx, r *run) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update canary_run set state = ?, doc = ? where id = ?`, string(r.State), string(doc), r.ID)
	return err
}

func deleteRun(tx *store.Tx, id string) error {
	_, err := tx.Exec(`delete from canary_run where id = ?`, id)
	return err
}

// getRun returns a run, or nil when it is gone.
func getRun(tx *store.Tx, id string) (*run, error) {
	r, err := scanRun(tx.Row(`select doc from canary_run where id = ?`, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &r, err
}

// runInProgress reports whether a start of the canary has a run that is not
// complete. One of an earlier start goes on by itself and holds nothing up.
func runInProgress(tx *store.Tx, canaryID string, start int64) (bool, error) {
	var n int
	err := tx.Row(`select count(*) from canary_run where canary_id = ? and start_no = ? and state = 'RUNNING' and dry_run = ''`,
		canaryID, start).Scan(&n)
	return n > 0, err
}

// runFilter says which of a canary's runs are meant: without a word, those of
// its schedule.
type runFilter struct {
	Dry      bool   // dry runs instead
	DryRunID string // those of one dry run
	Browser  string // those in one browser

	also []string // ids of further canaries whose runs are listed
}

// where is the filter as SQL. A run of a runtime that does not choose its
// browser was in Chrome.
func (f runFilter) where() (sql string, args []any) {
	switch {
	case f.DryRunID != "":
		sql, args = ` and dry_run <> '' and dry_run = ?`, append(args, f.DryRunID)
	case f.Dry:
		sql = ` and dry_run <> ''`
	default:
		sql = ` and dry_run = ''`
	}
	switch f.Browser {
	case "":
	case chrome:
		sql += ` and browser in ('', 'CHROME')`
	default:
		sql, args = sql+` and browser = ?`, append(args, f.Browser)
	}
	return sql, args
}

// newestRuns lists a canary's runs, newest first, from before the given
// position; zero is the newest.
func newestRuns(tx *store.Tx, canaryID string, f runFilter, before runPosition, limit int) ([]run, error) {
	which, args := f.where()
	ids := []any{canaryID}
	for _, id := range f.also {
		ids = append(ids, id)
	}
	of := `?` + strings.Repeat(`, ?`, len(f.also))
	q, args := `select doc from canary_run where canary_id in (`+of+`)`+which, append(ids, args...)
	if before.ID != "" {
		q += ` and (scheduled, id) < (?, ?)`
		args = append(args, before.Scheduled, before.ID)
	}
	return store.All(store.Query(tx, scanRun, q+` order by scheduled desc, id desc limit ?`, append(args, limit)...))
}

// runPosition is where a page of runs ended.
type runPosition struct {
	Scheduled int64 // microseconds
	ID        string
}

func (r *run) position() runPosition {
	return runPosition{Scheduled: store.Micros(r.Scheduled), ID: r.ID}
}

// GetCanaryRuns lists a canary's runs within its retention, newest first.
func (s *Service) GetCanaryRuns(ctx context.Context, in *api.GetCanaryRunsInput) (*api.GetCanaryRunsOutput, error) {
	if in.DryRunId != nil && is(in.RunType, string(api.RunTypeCanaryRun)) {
		return nil, invalid("DryRunId cannot be specified with RunType CANARY_RUN")
	}
	which := runFilter{Dry: is(in.RunType, string(api.RunTypeDryRun))}
	assign(&which.DryRunID, in.DryRunId)
	pageOf := struct {
		Name  string
		Which runFilter
	}{in.Name, which}
	var before runPosition
	if err := s.position(ctx, pageOf, in.NextToken, &before); err != nil {
		return nil, err
	}
	limit := limitOr(in.MaxResults, 100)
	out := &api.GetCanaryRunsOutput{CanaryRuns: []*api.CanaryRun{}}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.load(tx, keyFor(plane.FromContext(ctx), in.Name))
		if err != nil {
			return err
		}
		of, err := s.whereRuns(tx, rec)
		if err != nil {
			return err
		}
		every := which
		every.also = slices.DeleteFunc(slices.Collect(maps.Keys(of)), func(id string) bool { return id == rec.Doc.ID })
		runs, err := newestRuns(tx, rec.Doc.ID, every, before, limit+1)
		if err != nil {
			return err
		}
		out.CanaryRuns = out.CanaryRuns[:0]
		if len(runs) > limit {
			runs = runs[:limit]
			if out.NextToken, err = s.token(ctx, pageOf, runs[limit-1].position()); err != nil {
				return err
			}
		}
		for i := range runs {
			out.CanaryRuns = append(out.CanaryRuns, runs[i].view(of[runs[i].CanaryID]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// view is the run as the API shows it. A complete run that passed has an empty
// reason and code, as in AWS.
func (r *run) view(rec *store.Record[canary]) *api.CanaryRun {
	v := &api.CanaryRun{
		Id: new(r.ID), ScheduledRunId: new(r.scheduledID()), Name: new(rec.ID),
		Status:   &api.CanaryRunStatus{State: new(r.State)},
		Timeline: &api.CanaryRunTimeline{Started: new(r.began()), MetricTimestampForRunAndRetries: new(r.measured())},
	}
	if rec.Doc.multi() {
		v.Location = new(rec.Region)
	}
	if r.Browser != "" {
		v.BrowserType = new(api.BrowserType(r.Browser))
	}
	if r.Attempt > 0 {
		v.RetryAttempt = new(r.Attempt)
	}
	if r.DryRunID != "" {
		v.DryRunConfig = &api.CanaryDryRunConfigOutput{DryRunId: new(r.DryRunID)}
	}
	if r.Location != "" {
		v.ArtifactS3Location = new(r.Location)
	}
	if r.State != runRunning {
		v.Status.StateReason, v.Status.StateReasonCode = new(r.Reason), new(r.ReasonCode)
		v.Status.TestResult = new(r.TestResult)
		v.Timeline.Completed = new(r.Completed)
	}
	return v
}

// began is when the run started, or was due while it waits for a worker.
func (r *run) began() time.Time {
	if r.Started.IsZero() {
		return r.Scheduled
	}
	return r.Started
}

// measured is the time of the run's metrics: that of the first of its tick.
func (r *run) measured() time.Time {
	if r.MetricTime.IsZero() {
		return r.began()
	}
	return r.MetricTime
}

// scheduledID is the id of the tick's first run.
func (r *run) scheduledID() string { return cmp.Or(r.ScheduledRunID, r.ID) }

// timeline shows when the canary was created and changed, and when its most
// recent run started and ended.
func (s *Service) timeline(tx *store.Tx, rec *store.Record[canary]) (*api.CanaryTimeline, error) {
	t := &api.CanaryTimeline{Created: new(rec.Doc.Created), LastModified: new(rec.Doc.Modified)}
	runs, err := newestRuns(tx, rec.Doc.ID, runFilter{}, runPosition{}, 2)
	for i := range runs {
		if t.LastStarted == nil && !runs[i].Started.IsZero() {
			t.LastStarted = new(runs[i].Started)
		}
		if t.LastStopped == nil && !runs[i].Completed.IsZero() {
			t.LastStopped = new(runs[i].Completed)
		}
	}
	return t, err
}

// runPrefix is where a run's artifacts go: the canary's location and the start
// time in UTC to the millisecond, in it the region of a replica, and below it the
// browser, where the runtime chooses.
func runPrefix(rec *store.Record[canary], started time.Time, browser string) string {
	t := started.UTC()
	hour := rec.Doc.Config.ArtifactBucket + t.Format("/2006/01/02/15")
	if rec.Doc.Primary != "" {
		hour += "/" + rec.Region
	}
	prefix := fmt.Sprintf("%s/%s-%03d", hour, t.Format("04-05"), t.Nanosecond()/int(time.Millisecond))
	if browser != "" {
		prefix += "/" + browser
	}
	return prefix
}
