package store

import (
	"context"
	"io/fs"
)

// Migrate applies the migrations of dir to db.
func Migrate(ctx context.Context, db *DB, dir fs.FS) error { return migrate(ctx, db, dir) }

// Rebind turns `?` placeholders into PostgreSQL's.
var Rebind = rebind

// PrefixEnd is the least string greater than all with the prefix.
var PrefixEnd = prefixEnd

// MemoSize and MemoFor are how much a Memo remembers, and for how long.
const (
	MemoSize = memoSize
	MemoFor  = memoFor
)
