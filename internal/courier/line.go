package courier

import (
	"encoding/json"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/store"
)

// queue puts l at the end of its line and reports whether it is the first
// there. A message that stands in its line already stays where it is.
func queue(tx *store.Tx, l *letter, due time.Time) (first bool, err error) {
	var there, lowest, last int64
	row := tx.Row(`select count(*), coalesce(min(place), 0), coalesce(max(place), 0) from courier_line
		where class = ? and line = ?`, l.Class, l.Order)
	if err := row.Scan(&there, &lowest, &last); err != nil {
		return false, fmt.Errorf("courier: line %q of %s: %w", l.Order, l.Class, err)
	}
	l.Place = last + 1
	body, err := json.Marshal(l)
	if err != nil {
		return false, fmt.Errorf("courier: message %q: %w", l.ID, err)
	}
	n, err := tx.Exec(`insert into courier_line (class, line, place, id, due, body) values (?, ?, ?, ?, ?, ?)
		on conflict do nothing`, l.Class, l.Order, l.Place, l.ID, store.Micros(due), body)
	return n == 1 && there == 0, err
}

// advance takes l out of its line and returns the message that is then first,
// or store.ErrNotFound.
func advance(tx *store.Tx, l *letter) (*letter, time.Time, error) {
	_, err := tx.Exec(`delete from courier_line where class = ? and line = ? and place = ?`, l.Class, l.Order, l.Place)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("courier: leave line: %w", err)
	}
	var (
		body []byte
		due  int64
	)
	err = tx.Row(`select due, body from courier_line where class = ? and line = ? order by place limit 1`,
		l.Class, l.Order).Scan(&due, &body)
	if err != nil {
		return nil, time.Time{}, err
	}
	var next letter
	if err := json.Unmarshal(body, &next); err != nil {
		return nil, time.Time{}, fmt.Errorf("courier: message in line: %w", err)
	}
	return &next, store.FromMicros(due), nil
}
