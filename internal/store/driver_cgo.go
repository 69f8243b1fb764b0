//go:build cgosqlite

package store

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// The C library, for runs under the race detector, which slows translated C
// down twentyfold.
const sqliteDriver = "sqlite3"

// sqliteDSN names a database file and the pragmas of its connections. This
// driver spells each pragma as a parameter of its own.
func sqliteDSN(file string, pragmas []string) string {
	q := url.Values{"_txlock": {"immediate"}}
	q.Set("_busy_timeout", strconv.FormatInt(sqliteBusyTimeout.Milliseconds(), 10))
	for _, p := range pragmas {
		name, value, _ := strings.Cut(strings.TrimSuffix(p, ")"), "(")
		if key, ok := cgoPragmas[name]; ok {
			q.Set(key, value)
		}
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

// cgoPragmas are those the driver knows; the others only tune.
var cgoPragmas = map[string]string{
	"journal_mode": "_journal_mode",
	"synchronous":  "_synchronous",
	"cache_size":   "_cache_size",
	"query_only":   "_query_only",
}

// sqliteCode is the extended result code of an error, 0 when it has none.
func sqliteCode(err error) int {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return int(e.ExtendedCode)
	}
	return 0
}
