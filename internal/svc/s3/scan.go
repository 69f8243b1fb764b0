package s3

import (
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// listing is a page of a bucket as both list operations ask for it.
type listing struct {
	bucket, prefix, delimiter string
	after                     string // keys and common prefixes up to here are done
	limit                     int
}

// entry is an object's line in a listing.
type entry struct {
	key, etag, class   string
	size               int64
	modified           time.Time
	algorithm, sumType string
}

// page is the answer: entries and prefixes together are at most the limit.
type page struct {
	entries   []entry
	prefixes  []string
	truncated bool
	last      string // the greatest key or common prefix
}

// firstScan is how many rows the first query of a delimited listing reads. The
// number doubles while rows are used and falls back after a jump, so that big
// common prefixes cost one short query each and flat buckets few long ones.
const firstScan = 32

// run reads the page.
func (l listing) run(tx *store.Tx) (page, error) {
	var p page
	from, open, ok := l.start()
	batch := l.limit + 1
	if l.delimiter != "" {
		batch = min(batch, firstScan)
	}
	for ok {
		rows, err := l.query(tx, from, open, batch)
		if err != nil {
			return page{}, err
		}
		jumped := false
		for _, e := range rows {
			if jumped && strings.HasPrefix(e.key, p.last) {
				continue // inside a common prefix that is listed
			}
			if len(p.entries)+len(p.prefixes) == l.limit {
				p.truncated = true
				return p, nil
			}
			jumped = l.take(&p, e)
		}
		if len(rows) < batch {
			return p, nil
		}
		from, open, batch = rows[len(rows)-1].key, true, min(batch*2, l.limit+1)
		if jumped {
			from, ok = after(p.last)
			open, batch = false, min(l.limit+1, firstScan)
		}
	}
	return p, nil
}

// take adds an object or its common prefix to the page, and reports the latter.
func (l listing) take(p *page, e entry) (jumped bool) {
	if c := l.common(e.key); c != "" {
		p.prefixes, p.last = append(p.prefixes, c), c
		return true
	}
	p.entries, p.last = append(p.entries, e), e.key
	return false
}

// common returns the common prefix that key falls under, or "".
func (l listing) common(key string) string {
	if l.delimiter == "" || !strings.HasPrefix(key, l.prefix) {
		return ""
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(l.prefix)+i+len(l.delimiter)]
}

// start returns the key at which the scan begins, open when that key itself is
// not included, and ok false when there is nothing to scan.
func (l listing) start() (from string, open, ok bool) {
	if c := l.common(l.after); c != "" {
		from, ok = after(c)
		return max(from, l.prefix), false, ok
	}
	if l.after >= l.prefix && l.after != "" {
		return l.after, true, true
	}
	return l.prefix, false, true
}

// query reads the first rows from a key on, within the prefix.
func (l listing) query(tx *store.Tx, from string, open bool, limit int) ([]entry, error) {
	q := `select key, etag, class, size, modified, sum_algorithm, sum_type from s3_object where bucket = ? and key `
	args := []any{l.bucket, from}
	q += comparison(open) + ` ?`
	if end, ok := after(l.prefix); ok {
		q, args = q+` and key < ?`, append(args, end)
	}
	return store.All(store.Query(tx, scanEntry, q+` order by key limit ?`, append(args, limit)...))
}

func comparison(open bool) string {
	if open {
		return ">"
	}
	return ">="
}

func scanEntry(r store.Row) (entry, error) {
	var e entry
	var modified int64
	err := r.Scan(&e.key, &e.etag, &e.class, &e.size, &modified, &e.algorithm, &e.sumType)
	e.modified = store.FromMicros(modified)
	return e, err
}
