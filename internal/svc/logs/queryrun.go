package logs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/insights"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
)

// The flow of a query: its row falls due to run it, and again to forget it.
const (
	queryKind = "logs.query" // key: the query's id; state: its store.Key
	queryLane = "query"
)

// runQuery executes a query, or deletes one that has been kept long enough. A
// run that is cut off begins anew.
func (s *Service) runQuery(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var k store.Key
	if err := w.State(&k); err != nil {
		return engine.Next{}, err
	}
	var rec store.Record[query]
	err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
		if rec, err = s.queries.Get(tx, k); err != nil || rec.Doc.ended() {
			return err
		}
		rec.Doc.Status = api.QueryStatusRunning
		return s.queries.Put(tx, &rec)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return engine.Done(), nil
	case err != nil:
		return engine.Next{}, err
	case rec.Doc.ended():
		return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error { return s.forgetQuery(tx, k) })
	}
	rows, status, err := s.execute(ctx, w, &rec)
	if err != nil {
		return engine.Next{}, err
	}
	return w.Commit(ctx, engine.At(time.Now().Add(queryKept)), func(tx *store.Tx) error {
		now, err := s.queries.Get(tx, k)
		if err != nil {
			return err
		}
		now.Doc.Statistics = rec.Doc.Statistics
		now.Doc.end(status, tx.Now())
		if err := s.queries.Put(tx, &now); err != nil || status != api.QueryStatusComplete {
			return err
		}
		return keepRows(tx, k, rows)
	})
}

// execute runs a query to its end. An error says that it did not come to one;
// a query that fails by itself has status Failed.
func (s *Service) execute(ctx context.Context, w *engine.Work, rec *store.Record[query]) ([]insights.Row, api.QueryStatus, error) {
	parsed, err := insights.Parse(rec.Doc.Text, time.UnixMilli(rec.Doc.Created))
	if err != nil {
		return nil, api.QueryStatusFailed, nil //nolint:nilerr // was understood before an upgrade
	}
	limited, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, st, err := parsed.Run(limited, s.queried(limited, rec), insights.Options{
		Limit: rec.Doc.Limit,
		Progress: func(st insights.Statistics) error {
			return w.Checkpoint(limited, func(tx *store.Tx) error {
				now, err := s.queries.Get(tx, rec.Key)
				if err != nil {
					return err
				}
				now.Doc.Statistics = st
				return s.queries.Put(tx, &now)
			})
		},
	})
	rec.Doc.Statistics = st
	switch {
	case err == nil:
		return rows, api.QueryStatusComplete, nil
	case errors.Is(err, insights.ErrTooLarge):
		s.log.Warn("query given up", "query", rec.ID, "error", err)
		return nil, api.QueryStatusFailed, nil
	case ctx.Err() == nil && limited.Err() != nil:
		return nil, api.QueryStatusTimeout, nil
	}
	return nil, "", err
}

// queried yields the events that a query looks at, latest first in each group.
// A group that has been deleted since has none.
func (s *Service) queried(ctx context.Context, rec *store.Record[query]) iter.Seq2[insights.Event, error] {
	return func(yield func(insights.Event, error) bool) {
		for _, g := range rec.Doc.Groups {
			for e, err := range s.queriedGroup(ctx, rec, g) {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// Events are read so many at a time, each lot in a transaction of its own: a
// long query holds none open.
const (
	queryLot      = 5_000
	queryLotBytes = 8 << 20
)

func (s *Service) queriedGroup(ctx context.Context, rec *store.Record[query], g queriedGroup) iter.Seq2[insights.Event, error] {
	q := journal.Query{Log: g.ID, To: time.Unix(rec.Doc.End, 0).Add(time.Second), Backward: true}
	log := rec.Account + ":" + g.Name
	return func(yield func(insights.Event, error) bool) {
		for more := true; more; {
			var events []journal.Event
			var err error
			if events, more, err = s.queryLot(ctx, rec, g, &q); err != nil {
				yield(insights.Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(insights.Event{
					Timestamp: e.Time, Ingested: e.Ingested, Message: string(e.Body), Log: log,
					LogStream: nameOf(e.Stream), Pointer: pointer(g, e.Cursor),
				}, nil) {
					return
				}
			}
		}
	}
}

// queryLot reads the next events and moves q behind them.
func (s *Service) queryLot(ctx context.Context, rec *store.Record[query], g queriedGroup, q *journal.Query) (events []journal.Event, more bool, err error) {
	var last journal.Cursor
	err = s.db.View(ctx, func(tx *store.Tx) error {
		events, more = nil, false
		now, err := s.groups.Get(tx, store.Key{Account: rec.Account, Region: rec.Region, ID: g.Name})
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Doc.ID != g.ID {
			return nil
		}
		if err != nil {
			return err
		}
		streams := s.streamsOf(tx, &now)
		q.From = later(time.Unix(rec.Doc.Start, 0), now.Doc.kept(tx.Now()))
		looked, size := 0, 0
		for e, err := range journal.Scan(tx, *q) {
			if err != nil {
				return err
			}
			last = e.Cursor
			live, err := streams.live(e.Stream)
			if err != nil {
				return err
			}
			if live {
				events = append(events, e)
			}
			looked++
			if size += len(e.Body); looked == queryLot || size > queryLotBytes {
				more = true
				return nil
			}
		}
		return nil
	})
	q.After = &last
	return events, more, err
}

// pointer names an event (@ptr) for GetLogRecord.
func pointer(g queriedGroup, c journal.Cursor) string {
	return base64.StdEncoding.EncodeToString([]byte(g.ID + " " + c.String() + " " + g.Name))
}

// parsePointer reads what pointer wrote.
func parsePointer(text string) (g queriedGroup, c journal.Cursor, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return g, c, err
	}
	parts := strings.SplitN(string(b), " ", 3)
	if len(parts) != 3 {
		return g, c, errors.New("not a pointer to a log event")
	}
	c, err = journal.ParseCursor(parts[1])
	return queriedGroup{Name: parts[2], ID: parts[0]}, c, err
}

func keepRows(tx *store.Tx, k store.Key, rows []insights.Row) error {
	data, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("rows of query %s: %w", k.ID, err)
	}
	_, err = tx.Exec(`insert into logs_query_result (account, region, id, rows) values (?, ?, ?, ?)`, k.Account, k.Region, k.ID, data)
	return err
}

func queryRows(tx *store.Tx, k store.Key) (rows []insights.Row, err error) {
	var data []byte
	err = tx.Row(`select rows from logs_query_result where account = ? and region = ? and id = ?`, k.Account, k.Region, k.ID).Scan(&data)
	if err == nil {
		err = json.Unmarshal(data, &rows)
	}
	return rows, err
}

func (s *Service) forgetQuery(tx *store.Tx, k store.Key) error {
	_, err := tx.Exec(`delete from logs_query_result where account = ? and region = ? and id = ?`, k.Account, k.Region, k.ID)
	if err != nil {
		return err
	}
	if err := s.queries.Delete(tx, k); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
