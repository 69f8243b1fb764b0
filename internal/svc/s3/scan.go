package s3

import (
	"slices"
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

// run reads the page.
func (l listing) run(tx *store.Tx) (page, error) {
	var p page
	from, ok := l.start()
	if !ok {
		return p, nil
	}
	read := l.flat
	if l.delimiter != "" {
		read = l.grouped
	}
	rows, err := read(tx, from)
	if err != nil {
		return page{}, err
	}
	if len(rows) > l.limit {
		p.truncated, rows = true, rows[:l.limit]
	}
	for _, e := range rows {
		l.take(&p, e)
	}
	return p, nil
}

// take adds an object or its common prefix to the page.
func (l listing) take(p *page, e entry) {
	if c := l.common(e.key); c != "" {
		p.prefixes, p.last = append(p.prefixes, c), c
		return
	}
	p.entries, p.last = append(p.entries, e), e.key
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

// start returns the first key that may be listed, and ok false when there is
// none.
func (l listing) start() (from string, ok bool) {
	if c := l.common(l.after); c != "" {
		from, ok = after(c)
		return max(from, l.prefix), ok
	}
	if l.after >= l.prefix && l.after != "" {
		return l.after + least, true
	}
	return l.prefix, true
}

// least is the smallest character of a key: key+least is the next possible key
// after key, for no key holds a NUL.
const least = "\x01"

const entryColumns = `o.key, o.etag, o.class, o.size, o.modified, o.sum_algorithm, o.sum_type`

// bound limits keys to the prefix.
func (l listing) bound() (condition string, args []any) {
	if end, ok := after(l.prefix); ok {
		return ` and o.key < ?`, []any{end}
	}
	return ``, nil
}

// flat reads one more row than fits, from a key on.
func (l listing) flat(tx *store.Tx, from string) ([]entry, error) {
	below, end := l.bound()
	args := slices.Concat([]any{l.bucket, from}, end, []any{l.limit + 1})
	return store.All(store.Query(tx, scanEntry,
		`select `+entryColumns+` from s3_object o where o.bucket = ? and o.key >= ?`+below+` order by o.key limit ?`, args...))
}

// grouped reads the first row of each line of a listing with a delimiter.
func (l listing) grouped(tx *store.Tx, from string) ([]entry, error) {
	hop, args, err := l.hop(tx, from, "s3_object")
	if err != nil {
		return nil, err
	}
	return store.All(store.Query(tx, scanEntry, hop+`
		select `+entryColumns+` from hop h cross join s3_object o where o.bucket = ? and o.key = h.key order by h.n`,
		append(args, l.bucket)...))
}

func scanEntry(r store.Row) (entry, error) {
	var e entry
	var modified int64
	err := r.Scan(&e.key, &e.etag, &e.class, &e.size, &modified, &e.algorithm, &e.sumType)
	e.modified = store.FromMicros(modified)
	return e, err
}
