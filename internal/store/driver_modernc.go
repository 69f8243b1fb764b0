//go:build !cgosqlite

package store

import (
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
)

// The default driver is SQLite translated to Go: no C compiler, no cgo.
const sqliteDriver = "sqlite"

// sqliteDSN names a database file and the pragmas of its connections.
func sqliteDSN(file string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	q.Set("_busy_timeout", fmt.Sprint(sqliteBusyTimeout.Milliseconds()))
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

// sqliteCode is the extended result code of an error, 0 when it has none.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}
