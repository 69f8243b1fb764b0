package engine

import (
	"errors"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

type sqliteTable struct{}

func (sqliteTable) resume(tx *store.Tx, lane, _ string, now, until int64) error {
	_, err := tx.Exec(`update work set due_at = due, owner = '', epoch = epoch + 1
		where lane = ? and due_at between ? and ? and owner <> ''`, lane, now, until)
	return err
}

func (sqliteTable) claim(tx *store.Tx, r claimRequest) (c claimed, err error) {
	began := tx.Now()
	c.now, c.next = store.Micros(began), never
	in := "(?" + strings.Repeat(", ?", len(r.kinds)-1) + ")"
	args := []any{store.Micros(began.Add(r.lease)), r.owner, r.lane, c.now}
	kinds := make([]any, len(r.kinds))
	for i, k := range r.kinds {
		kinds[i] = k
	}
	scan := func(row store.Row) (*Work, error) {
		w := &Work{expires: began.Add(r.lease)}
		var due int64
		err := row.Scan(&w.Kind, &w.Key, &due, &w.epoch, &w.Attempt, &w.trace, &w.state)
		w.Due = store.FromMicros(due)
		return w, err
	}
	c.rows, err = store.All(store.Query(tx, scan, `update work set due_at = ?, epoch = epoch + 1, owner = ?
		where (kind, key) in (select kind, key from work where lane = ? and due_at <= ? and kind in `+in+`
			order by due_at limit ?)
		returning kind, key, due, epoch, attempt, trace, state`, append(append(args, kinds...), r.want)...))
	if err != nil {
		return c, err
	}
	sortByDue(c.rows)
	if len(c.rows) == r.want {
		c.next = c.now // there may be more
		return c, nil
	}
	err = tx.Row("select due_at from work where lane = ? and kind in "+in+" order by due_at limit 1",
		append([]any{r.lane}, kinds...)...).Scan(&c.next)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return c, err
}

const fence = " where kind = ? and key = ? and epoch = ?"

// write writes one outcome and reports whether the row was still the step's.
func (sqliteTable) write(tx *store.Tx, o outcome) (bool, error) {
	if o.delete {
		n, err := tx.Exec("delete from work"+fence, o.w.Kind, o.w.Key, o.w.epoch)
		return n > 0, err
	}
	set := "update work set lane = ?, due_at = ?, due = ?, owner = '', attempt = ?, trace = ?"
	args := []any{o.w.kind.lane.name, store.Micros(o.at), store.Micros(o.due), o.attempt, o.trace}
	if o.hasState {
		set, args = set+", state = ?", append(args, o.state)
	}
	n, err := tx.Exec(set+fence, append(args, o.w.Kind, o.w.Key, o.w.epoch)...)
	return n > 0, err
}

func (t sqliteTable) finish(tx *store.Tx, batch []outcome) error {
	for _, o := range batch {
		if _, err := t.write(tx, o); err != nil {
			return err
		}
	}
	return nil
}

func (t sqliteTable) commit(tx *store.Tx, o outcome) error {
	ours, err := t.write(tx, o)
	if err == nil && !ours {
		return ErrFenced
	}
	return err
}

func (sqliteTable) check(tx *store.Tx, w *Work) error {
	var one int
	err := tx.Row("select 1 from work"+fence, w.Kind, w.Key, w.epoch).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return ErrFenced
	}
	return err
}

func (sqliteTable) extend(tx *store.Tx, rows []*Work, lease time.Duration) (map[rowKey]string, error) {
	kept := make(map[rowKey]string, len(rows))
	until := store.Micros(tx.Now().Add(lease))
	for _, w := range rows {
		n, err := tx.Exec("update work set due_at = ?"+fence+" and owner <> ''", until, w.Kind, w.Key, w.epoch)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			kept[w.id()] = ""
		}
	}
	return kept, nil
}
