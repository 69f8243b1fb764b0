package engine

import (
	"errors"
	"time"

	"nephele.dev/nephele/internal/store"
)

type postgresTable struct{}

// dbNow is the database's clock in microseconds, at the beginning of the
// statement: clock_timestamp may change from row to row, which would keep the
// planner from looking due_at up in the index.
const dbNow = "(extract(epoch from statement_timestamp()) * 1000000)::bigint"

// resume leaves other engines' rows alone: they may be alive, and leases tell.
func (postgresTable) resume(tx *store.Tx, lane, owner string, now, until int64) error {
	_, err := tx.Exec(`update work set due_at = due, owner = '', epoch = greatest(epoch + 1, `+dbNow+`)
		where lane = ? and due_at between ? and ? and owner = ?`, lane, now, until, owner)
	return err
}

func (postgresTable) claim(tx *store.Tx, r claimRequest) (c claimed, err error) {
	began := time.Now()
	scan := func(row store.Row) (*Work, error) {
		w := &Work{expires: began.Add(r.lease)}
		var due int64
		err := row.Scan(&w.Kind, &w.Key, &due, &w.epoch, &w.Attempt, &w.trace, &w.state, &w.tid, &c.now)
		w.Due = store.FromMicros(due)
		return w, err
	}
	c.rows, err = store.All(store.Query(tx, scan, `with ready as materialized (
			select kind, key from work where lane = ? and due_at <= `+dbNow+` and kind = any(?::text[])
			order by due_at limit ? for update skip locked)
		update work w set due_at = `+dbNow+` + ?, epoch = greatest(w.epoch + 1, `+dbNow+`), owner = ?
		from ready where w.kind = ready.kind and w.key = ready.key
		returning w.kind, w.key, w.due, w.epoch, w.attempt, w.trace, w.state, w.ctid::text, `+dbNow,
		r.lane, r.kinds, r.want, r.lease.Microseconds(), r.owner))
	if err != nil {
		return c, err
	}
	sortByDue(c.rows)
	if len(c.rows) == r.want {
		c.next = c.now // there may be more
		return c, nil
	}
	var next *int64
	err = tx.Row(`select (select due_at from work where lane = ? and kind = any(?::text[]) order by due_at limit 1), `+dbNow,
		r.lane, r.kinds).Scan(&next, &c.now)
	c.next = never
	if next != nil {
		c.next = *next
	}
	return c, err
}

// columns are outcomes turned on their side, for unnest.
type columns struct {
	kinds, keys, lanes, traces []string
	epochs, ats, dues          []int64
	attempts                   []int32
	hasStates                  []bool
	states                     [][]byte
}

func (c *columns) add(o outcome) {
	c.kinds, c.keys, c.epochs = append(c.kinds, o.w.Kind), append(c.keys, o.w.Key), append(c.epochs, o.w.epoch)
	if o.delete {
		return
	}
	c.lanes, c.traces = append(c.lanes, o.w.kind.lane.name), append(c.traces, o.trace)
	c.ats, c.dues = append(c.ats, store.Micros(o.at)), append(c.dues, store.Micros(o.due))
	c.attempts = append(c.attempts, int32(o.attempt))
	c.hasStates, c.states = append(c.hasStates, o.hasState), append(c.states, o.state)
}

func (postgresTable) finish(tx *store.Tx, batch []outcome) error {
	var gone, stay columns
	for _, o := range batch {
		if o.delete {
			gone.add(o)
		} else {
			stay.add(o)
		}
	}
	if len(gone.kinds) > 0 {
		_, err := tx.Exec(`delete from work w using unnest(?::text[], ?::text[], ?::bigint[]) as o(kind, key, epoch)
			where w.kind = o.kind and w.key = o.key and w.epoch = o.epoch`, gone.kinds, gone.keys, gone.epochs)
		if err != nil {
			return err
		}
	}
	if len(stay.kinds) == 0 {
		return nil
	}
	_, err := tx.Exec(`update work w set lane = o.lane, due_at = o.at, due = o.due, owner = '', attempt = o.attempt,
			trace = o.trace, state = case when o.has_state then o.state else w.state end
		from unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::integer[], ?::text[], ?::boolean[], ?::bytea[])
			as o(kind, key, epoch, lane, at, due, attempt, trace, has_state, state)
		where w.kind = o.kind and w.key = o.key and w.epoch = o.epoch`,
		stay.kinds, stay.keys, stay.epochs, stay.lanes, stay.ats, stay.dues, stay.attempts, stay.traces, stay.hasStates, stay.states)
	return err
}

// commit finds the row by its address first. A serializable transaction that
// reads an index page conflicts with every other that writes to the page, and
// all steps write to the same few pages.
func (t postgresTable) commit(tx *store.Tx, o outcome) error {
	for _, where := range []string{"where ctid = ?::tid and kind = ? and key = ? and epoch = ?", "where ?::text is not null and kind = ? and key = ? and epoch = ?"} {
		n, err := t.commitWhere(tx, o, where)
		if err != nil || n > 0 {
			return err
		}
	}
	return ErrFenced
}

func (postgresTable) commitWhere(tx *store.Tx, o outcome, where string) (int64, error) {
	row := []any{o.w.address(), o.w.Kind, o.w.Key, o.w.epoch}
	if o.delete {
		return tx.Exec("delete from work "+where, row...)
	}
	args := []any{o.w.kind.lane.name, store.Micros(o.at), store.Micros(o.due), o.trace}
	set := "update work set lane = ?, due_at = ?, due = ?, owner = '', attempt = 0, trace = ?"
	if o.hasState {
		set, args = set+", state = ?", append(args, o.state)
	}
	return tx.Exec(set+" "+where, append(args, row...)...)
}

func (postgresTable) check(tx *store.Tx, w *Work) error {
	for _, where := range []string{"where ctid = ?::tid and kind = ? and key = ? and epoch = ?", "where ?::text is not null and kind = ? and key = ? and epoch = ?"} {
		var one int
		err := tx.Row("select 1 from work "+where+" for no key update", w.address(), w.Kind, w.Key, w.epoch).Scan(&one)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return ErrFenced
}

func (postgresTable) extend(tx *store.Tx, rows []*Work, lease time.Duration) (map[rowKey]string, error) {
	var c columns
	for _, w := range rows {
		c.add(outcome{w: w, delete: true})
	}
	kept := make(map[rowKey]string, len(rows))
	scan := func(row store.Row) (struct{}, error) {
		var id rowKey
		var tid string
		err := row.Scan(&id.kind, &id.key, &tid)
		kept[id] = tid
		return struct{}{}, err
	}
	_, err := store.All(store.Query(tx, scan, `update work w set due_at = `+dbNow+` + ?
		from unnest(?::text[], ?::text[], ?::bigint[]) as o(kind, key, epoch)
		where w.kind = o.kind and w.key = o.key and w.epoch = o.epoch and w.owner <> ''
		returning w.kind, w.key, w.ctid::text`, lease.Microseconds(), c.kinds, c.keys, c.epochs))
	return kept, err
}
