package s3

import (
	"slices"
	"strings"
	"unicode/utf8"

	"nephele.dev/nephele/internal/store"
)

// hop returns the beginning of a query with a table hop (key, n): the first key
// of each line of a listing with a delimiter, from a key on, and one more than
// fits. It goes along the indexes of the tables, which have the columns bucket
// and key: from a key to the next, and from the first key of a common prefix to
// the first behind it, one look each. A common prefix ends in the delimiter, so
// what follows it begins with after(delimiter) in its place.
//
// SQLite reads a cross join from left to right: a query that goes on from here
// by any other join may begin with the whole bucket.
func (l listing) hop(tx *store.Tx, from string, tables ...string) (query string, args []any, err error) {
	next, ok := after(l.delimiter)
	if !ok {
		return "", nil, errHeader("delimiter")
	}
	position := "instr"
	if tx.Dialect() == store.PostgreSQL {
		position = "strpos"
	}
	skip := utf8.RuneCountInString(l.prefix)
	rest := position + `(substr(h.key, cast(? as integer)), ?)`
	behind := `case when ` + rest + ` > 0 then substr(h.key, 1, cast(? as integer) + ` + rest + `) || ? else h.key || ? end`
	first, firstArgs := l.least(`?`, []any{from}, tables)
	then, thenArgs := l.least(behind,
		[]any{skip + 1, l.delimiter, skip - 1, skip + 1, l.delimiter, next, least}, tables)
	query = `with recursive hop (key, n) as (select ` + first + `, 1 union all select ` + then + `, n + 1
			from hop h where h.key is not null and n <= cast(? as integer))`
	return query, slices.Concat(firstArgs, thenArgs, []any{l.limit}), nil
}

// least is a subquery for the least key of the tables that is not below an
// expression.
func (l listing) least(bound string, boundArgs []any, tables []string) (query string, args []any) {
	below, end := l.bound()
	list := make([]string, 0, len(tables))
	for _, table := range tables {
		list = append(list, `(select o.key from `+table+` o where o.bucket = ? and o.key >= `+bound+below+` order by o.key limit 1)`)
		args = slices.Concat(args, []any{l.bucket}, boundArgs, end)
	}
	if len(list) == 1 {
		return list[0], args
	}
	return `(select min(k.key) from (select ` + strings.Join(list, ` as key union all select `) + ` as key) k)`, args
}
