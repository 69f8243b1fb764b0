package cloudwatch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of an item of the history, from the model.
const (
	maxSummary     = 255
	maxHistoryData = 4095
)

// historyAge is how long an item is kept.
const historyAge = 30 * 24 * time.Hour

// record adds an item to the history of an alarm.
func (b *alarmBook) record(a *alarmRecord, item api.HistoryItemType, summary string, data any) error {
	text, err := encodeJSON(data)
	if err != nil {
		return fmt.Errorf("history of alarm %q: %w", a.Name, err)
	}
	return b.recordText(a.alarmKey, a.Kind, item, summary, text)
}

func (b *alarmBook) recordText(k alarmKey, kind api.AlarmType, item api.HistoryItemType, summary, data string) error {
	if err := b.keepHistory(); err != nil {
		return err
	}
	_, err := b.tx.Exec(`insert into alarm_history (account, region, time, id, name, kind, item, summary, data)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`, k.Account, k.Region, store.Micros(b.now), historyID(), k.Name, string(kind), string(item),
		cut(summary, maxSummary), cut(data, maxHistoryData))
	if err != nil {
		return fmt.Errorf("history of alarm %q: %w", k.Name, err)
	}
	return nil
}

// historyCount orders what a process writes at the same time.
var historyCount atomic.Uint64

// historyID is unique, and greater than those that this process made before.
func historyID() string { return fmt.Sprintf("%016x-%s", historyCount.Add(1), rand.Text()) }

// cut shortens s to n bytes at most, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

type historyState struct {
	StateValue      alarm.State `json:"stateValue"`
	StateReason     string      `json:"stateReason"`
	StateReasonData any         `json:"stateReasonData,omitempty"`
}

func historyStateOf(s alarmStatus) historyState {
	h := historyState{StateValue: s.State, StateReason: s.Reason}
	if data := raw(s.ReasonData); data != nil {
		h.StateReasonData = data
	}
	return h
}

func stateUpdateData(old, now alarmStatus) any {
	return struct {
		Version  string       `json:"version"`
		OldState historyState `json:"oldState"`
		NewState historyState `json:"newState"`
	}{"1.0", historyStateOf(old), historyStateOf(now)}
}

// DescribeAlarmHistory lists what happened to alarms, those that are deleted
// among them, newest first unless asked otherwise.
func (s *Service) DescribeAlarmHistory(ctx context.Context, in *api.DescribeAlarmHistoryInput) (*api.DescribeAlarmHistoryOutput, error) {
	if in.AlarmContributorId != nil {
		return nil, notImplemented("Nephele does not implement the contributors of cloudwatch:DescribeAlarmHistory yet.")
	}
	if in.StartDate != nil && in.EndDate != nil && in.StartDate.After(*in.EndDate) {
		return nil, validation("The parameter StartDate must be less than the parameter EndDate.")
	}
	call := plane.FromContext(ctx)
	scope := page.Scope{Account: call.Caller.Account, Region: call.Caller.Region, Operation: "cloudwatch:DescribeAlarmHistory", Filters: []any{
		in.AlarmName, in.AlarmTypes, in.HistoryItemType, in.StartDate, in.EndDate, in.ScanBy,
	}}
	q := historyQuery{in: in, scope: scope, limit: pageSize(in.MaxRecords)}
	if in.NextToken != nil && s.pages.Open(scope, *in.NextToken, &q.after) != nil {
		return nil, api.NewInvalidNextToken("Request parameter NextToken is invalid")
	}
	out := &api.DescribeAlarmHistoryOutput{AlarmHistoryItems: []*api.AlarmHistoryItem{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := q.read(tx)
		if err != nil {
			return err
		}
		for i, r := range rows[:min(len(rows), q.limit)] {
			out.AlarmHistoryItems = append(out.AlarmHistoryItems, &r.AlarmHistoryItem)
			if i == q.limit-1 && len(rows) > q.limit {
				token, err := s.pages.Seal(scope, r.at)
				out.NextToken = &token
				return err
			}
		}
		return nil
	})
	return out, err
}

const maxRecords = 100

func pageSize(n *int32) int {
	if n == nil {
		return maxRecords
	}
	return int(*n)
}

// historyPlace is where an item stands in the listing.
type historyPlace struct {
	Time int64
	ID   string
}

type historyQuery struct {
	in    *api.DescribeAlarmHistoryInput
	scope page.Scope
	after historyPlace
	limit int
}

type historyRow struct {
	api.AlarmHistoryItem
	at historyPlace
}

func scanHistory(row store.Row) (r historyRow, err error) {
	var name, summary, data string
	var kind api.AlarmType
	var item api.HistoryItemType
	err = row.Scan(&r.at.Time, &r.at.ID, &name, &kind, &item, &summary, &data)
	at := store.FromMicros(r.at.Time)
	r.AlarmHistoryItem = api.AlarmHistoryItem{
		AlarmName: &name, AlarmType: &kind, Timestamp: &at, HistoryItemType: &item, HistorySummary: &summary, HistoryData: &data,
	}
	return r, err
}

// read returns one row more than the limit, if there are more.
func (q *historyQuery) read(tx *store.Tx) ([]historyRow, error) {
	var sql strings.Builder
	sql.WriteString("select time, id, name, kind, item, summary, data from alarm_history where account = ? and region = ? and time >= ?")
	from := tx.Now().Add(-historyAge)
	if q.in.StartDate != nil && q.in.StartDate.After(from) {
		from = *q.in.StartDate
	}
	args := []any{q.scope.Account, q.scope.Region, store.Micros(from)}
	where := func(condition string, values ...any) {
		sql.WriteString(" and " + condition)
		args = append(args, values...)
	}
	if q.in.AlarmName != nil {
		where("name = ?", *q.in.AlarmName)
	}
	if q.in.EndDate != nil {
		where("time <= ?", store.Micros(*q.in.EndDate))
	}
	if q.in.HistoryItemType != nil {
		where("item = ?", string(*q.in.HistoryItemType))
	}
	metric, composite := wantedTypes(q.in.AlarmTypes)
	if !metric || !composite {
		kind := api.AlarmTypeMetricAlarm
		if composite {
			kind = api.AlarmTypeCompositeAlarm
		}
		where("kind = ?", string(kind))
	}
	order, beyond := "desc", "<"
	if q.in.ScanBy != nil && *q.in.ScanBy == api.ScanByTimestampAscending {
		order, beyond = "asc", ">"
	}
	if q.after.ID != "" {
		where("(time, id) "+beyond+" (?, ?)", q.after.Time, q.after.ID)
	}
	sql.WriteString(" order by time " + order + ", id " + order + " limit ?")
	return store.All(store.Query(tx, scanHistory, sql.String(), append(args, q.limit+1)...))
}

// wantedTypes reads a list of alarm types; without one it is metric alarms.
func wantedTypes(types []api.AlarmType) (metric, composite bool) {
	for _, t := range types {
		metric = metric || t == api.AlarmTypeMetricAlarm
		composite = composite || t == api.AlarmTypeCompositeAlarm
	}
	return metric || len(types) == 0, composite
}

// The history is swept by a work row that the first item makes. A row in
// alarm_shard tells that it is there.
const (
	historyKind  = "cloudwatch.alarmhistory"
	historyEvery = time.Hour
	historyBatch = 1000
)

// keepHistory makes the work row unless it is there.
func (b *alarmBook) keepHistory() error {
	if _, known := b.revs[historyKind]; known {
		return nil
	}
	b.revs[historyKind] = 0
	var one int
	err := b.tx.Row("select 1 from alarm_shard where id = ?", historyKind).Scan(&one)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := b.tx.Exec("insert into alarm_shard (id, incarnation, rev) values (?, 0, 0)", historyKind); err != nil {
		return err
	}
	return b.s.engine.Put(b.tx, historyKind, "all", b.now.Add(historyEvery), nil)
}

// sweepHistory deletes what is too old, a batch at a time.
func (s *Service) sweepHistory(ctx context.Context, w *engine.Work) (engine.Next, error) {
	for {
		var deleted int64
		err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
			deleted, err = tx.Exec(`delete from alarm_history where (account, region, time, id) in
				(select account, region, time, id from alarm_history where time < ? order by time limit ?)`,
				store.Micros(tx.Now().Add(-historyAge)), historyBatch)
			return err
		})
		if err != nil {
			return engine.Next{}, fmt.Errorf("sweep history of alarms: %w", err)
		}
		if deleted < historyBatch {
			return engine.At(time.Now().Add(historyEvery)), nil
		}
	}
}
