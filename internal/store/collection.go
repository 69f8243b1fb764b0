package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Key names a resource within its kind.
type Key struct{ Account, Region, ID string }

// Record is a resource as it was read or written.
type Record[T any] struct {
	Key
	Version          int64 // 1 when created, one more with each Put
	Created, Updated time.Time
	Doc              T
}

// Collection is the resources of one kind: documents of type T, kept as JSON,
// that are found by key, by a prefix of it, or by tag. What is listed by
// anything else, or grows with time, belongs in a table of its own.
type Collection[T any] struct{ kind string }

// NewCollection returns the collection of the given kind, such as
// "synthetics.canary". A kind belongs to one service and one type.
func NewCollection[T any](kind string) *Collection[T] { return &Collection[T]{kind} }

const recordColumns = "account, region, id, version, created, updated, doc"

// scan reads recordColumns.
func (c *Collection[T]) scan(row Row) (r Record[T], err error) {
	var created, updated int64
	var doc []byte
	if err := row.Scan(&r.Account, &r.Region, &r.ID, &r.Version, &created, &updated, &doc); err != nil {
		return r, err
	}
	r.Created, r.Updated = FromMicros(created), FromMicros(updated)
	if err := json.Unmarshal(doc, &r.Doc); err != nil {
		return r, fmt.Errorf("decode %s %q: %w", c.kind, r.ID, err)
	}
	return r, nil
}

// Get returns the resource, or ErrNotFound.
func (c *Collection[T]) Get(tx *Tx, k Key) (Record[T], error) {
	return c.scan(tx.Row("select "+recordColumns+" from resource where kind = ? and account = ? and region = ? and id = ?",
		c.kind, k.Account, k.Region, k.ID))
}

// Create adds a resource, or returns ErrExists.
func (c *Collection[T]) Create(tx *Tx, k Key, doc T) (Record[T], error) {
	text, err := c.encode(k, doc)
	if err != nil {
		return Record[T]{}, err
	}
	now := tx.Now()
	n, err := tx.Exec(`insert into resource (kind, account, region, id, version, created, updated, doc)
		values (?, ?, ?, ?, 1, ?, ?, ?) on conflict do nothing`,
		c.kind, k.Account, k.Region, k.ID, Micros(now), Micros(now), text)
	if err != nil {
		return Record[T]{}, fmt.Errorf("create %s %q: %w", c.kind, k.ID, err)
	}
	if n == 0 {
		return Record[T]{}, ErrExists
	}
	c.changed(tx, k)
	return Record[T]{Key: k, Version: 1, Created: now, Updated: now, Doc: doc}, nil
}

// Put writes r.Doc over the resource that r was read from, and moves r's
// Version and Updated on. It returns ErrConflict when somebody else wrote or
// deleted it since.
func (c *Collection[T]) Put(tx *Tx, r *Record[T]) error {
	text, err := c.encode(r.Key, r.Doc)
	if err != nil {
		return err
	}
	now := tx.Now()
	n, err := tx.Exec(`update resource set version = version + 1, updated = ?, doc = ?
		where kind = ? and account = ? and region = ? and id = ? and version = ?`,
		Micros(now), text, c.kind, r.Account, r.Region, r.ID, r.Version)
	if err != nil {
		return fmt.Errorf("put %s %q: %w", c.kind, r.ID, err)
	}
	if n == 0 {
		return ErrConflict
	}
	c.changed(tx, r.Key)
	r.Version, r.Updated = r.Version+1, now
	return nil
}

// Delete removes the resource and its tags, or returns ErrNotFound.
func (c *Collection[T]) Delete(tx *Tx, k Key) error {
	n, err := tx.Exec("delete from resource where kind = ? and account = ? and region = ? and id = ?",
		c.kind, k.Account, k.Region, k.ID)
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", c.kind, k.ID, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return c.clearTags(tx, k)
}

// changed has what is remembered of a resource forgotten when tx commits.
func (c *Collection[T]) changed(tx *Tx, k Key) { tx.db.watchers.changed(tx, c.kind, k) }

// ListOptions choose a part of a collection.
type ListOptions struct {
	Prefix string // of the ID
	After  string // only IDs greater than this, in byte order
	Limit  int    // at most so many; 0 is all
}

// List returns the resources of an account and region, in byte order of their
// IDs.
func (c *Collection[T]) List(tx *Tx, account, region string, o ListOptions) ([]Record[T], error) {
	query := "select " + recordColumns + " from resource where kind = ? and account = ? and region = ? and id > ?"
	args := []any{c.kind, account, region, o.After}
	if o.Prefix != "" {
		query += " and id >= ?"
		args = append(args, o.Prefix)
		if end, ok := prefixEnd(o.Prefix); ok {
			query += " and id < ?"
			args = append(args, end)
		}
	}
	query += " order by id"
	if o.Limit > 0 {
		query += " limit ?"
		args = append(args, o.Limit)
	}
	return All(Query(tx, c.scan, query, args...))
}

// Count returns how many resources an account and region have.
func (c *Collection[T]) Count(tx *Tx, account, region string) (n int, err error) {
	err = tx.Row("select count(*) from resource where kind = ? and account = ? and region = ?", c.kind, account, region).Scan(&n)
	return n, err
}

// prefixEnd is the least string greater than all that start with prefix. It
// steps from one code point to the next, to stay valid UTF-8, whose byte order
// is the order of code points.
func prefixEnd(prefix string) (string, bool) {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch next := runes[i] + 1; {
		case next == 0xD800: // the surrogates are no characters
			runes[i] = 0xE000
		case next > 0x10FFFF:
			continue
		default:
			runes[i] = next
		}
		return string(runes[:i+1]), true
	}
	return "", false
}

// encode writes the document as JSON text, leaving <, > and & as they are.
func (c *Collection[T]) encode(k Key, doc T) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return "", fmt.Errorf("encode %s %q: %w", c.kind, k.ID, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
