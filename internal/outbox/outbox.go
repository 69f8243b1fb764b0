package outbox

import (
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Bounds of the box.
const (
	MaxAge   = 30 * 24 * time.Hour
	MaxCount = 10_000
)

// Mail is a mail as it was written.
type Mail struct {
	ID      int64     `json:"id"` // set by Put
	Created time.Time `json:"created"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body,omitempty"` // plain text; not in listings
}

// Box is the outbox of a database. The zero value is ready.
type Box struct{}

// New returns the box.
func New() *Box { return &Box{} }

// Put writes a mail, if tx commits, and drops what exceeds the bounds.
func (b *Box) Put(tx *store.Tx, m Mail) error {
	now := tx.Now()
	err := tx.Row("insert into outbox (created, sender, recipient, subject, body) values (?, ?, ?, ?, ?) returning id",
		store.Micros(now), m.From, m.To, m.Subject, m.Body).Scan(&m.ID)
	if err != nil {
		return fmt.Errorf("write mail to %s: %w", m.To, err)
	}
	if _, err := tx.Exec("delete from outbox where id <= ?", m.ID-MaxCount); err != nil {
		return fmt.Errorf("trim outbox: %w", err)
	}
	return b.expire(tx, now)
}

// expire drops mails that are too old. Numbers grow with time, so the oldest
// come first, and a few at a time suffice to keep up with what is written.
func (b *Box) expire(tx *store.Tx, now time.Time) error {
	_, err := tx.Exec("delete from outbox where id in (select id from outbox order by id limit 10) and created < ?",
		store.Micros(now.Add(-MaxAge)))
	if err != nil {
		return fmt.Errorf("trim outbox: %w", err)
	}
	return nil
}

// List returns up to limit mails with numbers above after, oldest first, without
// their bodies.
func (b *Box) List(tx *store.Tx, after int64, limit int) ([]Mail, error) {
	return store.All(store.Query(tx, scan, `select id, created, sender, recipient, subject, '' from outbox
		where id > ? and created >= ? order by id limit ?`, after, store.Micros(tx.Now().Add(-MaxAge)), limit))
}

// Last returns the last mails that were written, oldest first, without their
// bodies.
func (b *Box) Last(tx *store.Tx, limit int) ([]Mail, error) {
	return store.All(store.Query(tx, scan, `select * from (
			select id, created, sender, recipient, subject, '' as body from outbox where created >= ? order by id desc limit ?
		) as mails order by id`, store.Micros(tx.Now().Add(-MaxAge)), limit))
}

// ErrNotFound says that there is no such mail.
var ErrNotFound = errors.New("no such mail")

// Get returns a mail, or ErrNotFound.
func (b *Box) Get(tx *store.Tx, id int64) (Mail, error) {
	m, err := scan(tx.Row("select id, created, sender, recipient, subject, body from outbox where id = ?", id))
	if errors.Is(err, store.ErrNotFound) {
		return m, ErrNotFound
	}
	return m, err
}

func scan(r store.Row) (m Mail, err error) {
	var created int64
	if err := r.Scan(&m.ID, &created, &m.From, &m.To, &m.Subject, &m.Body); err != nil {
		return m, err
	}
	m.Created = store.FromMicros(created)
	return m, nil
}
