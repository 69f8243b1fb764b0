package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/insights"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// query is a Logs Insights query; its key's ID is its id.
type query struct {
	Text       string
	Groups     []queriedGroup
	Start, End int64 // seconds, both inclusive
	Limit      int
	Status     api.QueryStatus
	Created    int64 // milliseconds
	Ended      int64 // milliseconds; 0 until then
	By         string
	Statistics insights.Statistics
}

// queriedGroup is a group as it was when the query was started: one that is
// deleted and made again is another.
type queriedGroup struct{ Name, ID string }

// A query's limits.
const (
	maxQueryGroups = 50                 // AWS's
	queryTimeout   = time.Hour          // AWS's
	queryKept      = 7 * 24 * time.Hour // how long AWS keeps results
)

// ended reports whether the query has come to an end.
func (q *query) ended() bool {
	return q.Status != api.QueryStatusScheduled && q.Status != api.QueryStatusRunning
}

// StartQuery has a query executed; GetQueryResults has its result. The range of
// time is in seconds, both ends included.
func (s *Service) StartQuery(ctx context.Context, in *api.StartQueryInput) (*api.StartQueryOutput, error) {
	call := plane.FromContext(ctx)
	if in.QueryLanguage != nil && *in.QueryLanguage != api.QueryLanguageCwli {
		return nil, notImplemented(fmt.Sprintf("the query language %s", *in.QueryLanguage))
	}
	if in.EndTime < in.StartTime {
		return nil, invalid("End time should not be less than start time.")
	}
	if _, err := insights.Parse(in.QueryString, call.Time); err != nil {
		return nil, malformed(err)
	}
	names, err := queriedNames(call, in)
	if err != nil {
		return nil, err
	}
	q := query{
		Text: in.QueryString, Start: in.StartTime, End: in.EndTime, Limit: insights.MaxRows,
		Status: api.QueryStatusScheduled, Created: call.Time.UnixMilli(), By: call.Caller.ARN,
	}
	if in.Limit != nil {
		q.Limit = min(int(*in.Limit), insights.MaxRows)
	}
	k := key(call, uuid.NewString())
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		q.Groups = nil
		for _, name := range names {
			g, err := s.groups.Get(tx, key(call, name))
			if errors.Is(err, store.ErrNotFound) {
				return api.NewResourceNotFoundException("Log group '%s' does not exist for account ID '%s'", name, call.Caller.Account)
			}
			if err != nil {
				return err
			}
			q.Groups = append(q.Groups, queriedGroup{name, g.Doc.ID})
		}
		if _, err := s.queries.Create(tx, k, q); err != nil {
			return err
		}
		return s.engine.Put(tx, queryKind, k.ID, tx.Now(), k)
	})
	if err != nil {
		return nil, err
	}
	return &api.StartQueryOutput{QueryId: &k.ID}, nil
}

// malformed answers why a query cannot be understood.
func malformed(err error) error {
	if missing, ok := errors.AsType[*insights.Unsupported](err); ok {
		return notImplemented(missing.What)
	}
	bad, ok := errors.AsType[*insights.SyntaxError](err)
	if !ok {
		return err
	}
	start, end := int32(bad.Start), int32(bad.End)
	return api.NewMalformedQueryException("%s", bad.Message).With("queryCompileError", &api.QueryCompileError{
		Location: &api.QueryCompileErrorLocation{StartCharOffset: &start, EndCharOffset: &end},
		Message:  &bad.Message,
	})
}

// queriedNames returns the groups that a query names, in one of three ways.
func queriedNames(call *plane.Call, in *api.StartQueryInput) ([]string, error) {
	ways := 0
	var names []string
	if in.LogGroupName != nil {
		ways++
		names = append(names, *in.LogGroupName)
	}
	if in.LogGroupNames != nil {
		ways++
		names = append(names, in.LogGroupNames...)
	}
	if in.LogGroupIdentifiers != nil {
		ways++
		for i := range in.LogGroupIdentifiers {
			name, err := groupName(call, nil, &in.LogGroupIdentifiers[i])
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
	}
	switch {
	case ways > 1:
		return nil, invalid("Only one of logGroupName, logGroupNames and logGroupIdentifiers may be specified.")
	case len(names) == 0:
		return nil, invalid("Log group information should be specified either in the query or in the request.")
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > maxQueryGroups {
		return nil, api.NewLimitExceededException("A query may name at most %d log groups.", maxQueryGroups)
	}
	return names, nil
}

func noQuery(id string) *awserr.Error {
	return api.NewResourceNotFoundException("The specified query '%s' does not exist.", id)
}

func (s *Service) query(tx *store.Tx, call *plane.Call, id string) (store.Record[query], error) {
	rec, err := s.queries.Get(tx, key(call, id))
	if errors.Is(err, store.ErrNotFound) {
		err = noQuery(id)
	}
	return rec, err
}

// GetQueryResults answers how far a query has come, and its rows when it is
// complete.
func (s *Service) GetQueryResults(ctx context.Context, in *api.GetQueryResultsInput) (*api.GetQueryResultsOutput, error) {
	call := plane.FromContext(ctx)
	sc := scope(ctx, in.QueryId)
	from := 0
	if err := s.open(sc, in.NextToken, &from); err != nil {
		return nil, err
	}
	var rec store.Record[query]
	var rows []insights.Row
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if rec, err = s.query(tx, call, in.QueryId); err == nil && rec.Doc.Status == api.QueryStatusComplete {
			rows, err = queryRows(tx, rec.Key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	language := api.QueryLanguageCwli
	out := &api.GetQueryResultsOutput{
		QueryLanguage: &language, Status: &rec.Doc.Status, Statistics: rec.Doc.statistics(), Results: [][]*api.ResultField{},
	}
	to := len(rows)
	if in.MaxItems != nil && *in.MaxItems > 0 {
		to = min(to, from+int(*in.MaxItems))
	}
	for _, row := range rows[min(from, to):to] {
		out.Results = append(out.Results, resultFields(row))
	}
	if to < len(rows) {
		out.NextToken, err = s.seal(sc, to)
	}
	return out, err
}

func resultFields(row insights.Row) []*api.ResultField {
	fields := make([]*api.ResultField, len(row))
	for i := range row {
		fields[i] = &api.ResultField{Field: &row[i].Name, Value: &row[i].Value}
	}
	return fields
}

func (q *query) statistics() *api.QueryStatistics {
	return &api.QueryStatistics{
		RecordsMatched: &q.Statistics.RecordsMatched, RecordsScanned: &q.Statistics.RecordsScanned,
		BytesScanned: &q.Statistics.BytesScanned, LogGroupsScanned: new(float64(len(q.Groups))),
		EstimatedRecordsSkipped: new(0.0), EstimatedBytesSkipped: new(0.0),
	}
}

// StopQuery ends a query that has not ended yet.
func (s *Service) StopQuery(ctx context.Context, in *api.StopQueryInput) (*api.StopQueryOutput, error) {
	call := plane.FromContext(ctx)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.query(tx, call, in.QueryId)
		if err != nil {
			return err
		}
		if rec.Doc.ended() {
			return invalid("Query '%s' is already ended with status '%s' and cannot be stopped.", in.QueryId, rec.Doc.Status)
		}
		rec.Doc.end(api.QueryStatusCancelled, tx.Now())
		if err := s.queries.Put(tx, &rec); err != nil {
			return err
		}
		return s.engine.Put(tx, queryKind, rec.ID, tx.Now().Add(queryKept), rec.Key)
	})
	if err != nil {
		return nil, err
	}
	return &api.StopQueryOutput{Success: new(true)}, nil
}

func (q *query) end(status api.QueryStatus, now time.Time) {
	q.Status, q.Ended = status, now.UnixMilli()
}

// DescribeQueries lists the queries of the last days, latest first.
func (s *Service) DescribeQueries(ctx context.Context, in *api.DescribeQueriesInput) (*api.DescribeQueriesOutput, error) {
	call := plane.FromContext(ctx)
	sc := scope(ctx, in.LogGroupName, in.Status, in.QueryLanguage)
	var after queryPlace
	if err := s.open(sc, in.NextToken, &after); err != nil {
		return nil, err
	}
	var all []store.Record[query]
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = s.queries.List(tx, call.Caller.Account, call.Caller.Region, store.ListOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r store.Record[query]) bool {
		return !wantedQuery(&r, in) || in.NextToken != nil && placeOf(&r).compare(after) <= 0
	})
	slices.SortFunc(all, func(a, b store.Record[query]) int { return placeOf(&a).compare(placeOf(&b)) })
	limit := pageSize(in.MaxResults, 1000)
	out := &api.DescribeQueriesOutput{Queries: []*api.QueryInfo{}}
	for i := range all[:min(limit, len(all))] {
		out.Queries = append(out.Queries, queryInfo(&all[i]))
	}
	if len(all) > limit {
		out.NextToken, err = s.seal(sc, placeOf(&all[limit-1]))
	}
	return out, err
}

// queryPlace is a query's place in the list.
type queryPlace struct {
	Created int64
	ID      string
}

func placeOf(r *store.Record[query]) queryPlace { return queryPlace{r.Doc.Created, r.ID} }

func (p queryPlace) compare(o queryPlace) int {
	return cmp.Or(-cmp.Compare(p.Created, o.Created), cmp.Compare(p.ID, o.ID))
}

func wantedQuery(r *store.Record[query], in *api.DescribeQueriesInput) bool {
	switch {
	case in.Status != nil && *in.Status != r.Doc.Status:
		return false
	case in.QueryLanguage != nil && *in.QueryLanguage != api.QueryLanguageCwli:
		return false
	}
	return in.LogGroupName == nil ||
		slices.ContainsFunc(r.Doc.Groups, func(g queriedGroup) bool { return g.Name == *in.LogGroupName })
}

func queryInfo(r *store.Record[query]) *api.QueryInfo {
	language := api.QueryLanguageCwli
	info := &api.QueryInfo{
		QueryLanguage: &language, QueryId: &r.ID, QueryString: &r.Doc.Text, Status: &r.Doc.Status,
		CreateTime: &r.Doc.Created, LogGroupName: &r.Doc.Groups[0].Name, UserIdentity: &r.Doc.By,
		BytesScanned: &r.Doc.Statistics.BytesScanned,
	}
	if r.Doc.Ended != 0 {
		info.QueryDuration = new(r.Doc.Ended - r.Doc.Created)
	}
	return info
}
