package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Dump gives f each table of a PostgreSQL database with all its rows as text,
// one a line, for tests of what must not be in it. Bytes are in hexadecimal.
func Dump(t testing.TB, url string, f func(table string, text []byte)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	defer conn.Close(ctx)
	tables, err := column(ctx, conn, "select table_name from information_schema.tables where table_schema = 'public'")
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	for _, name := range tables {
		rows, err := column(ctx, conn, fmt.Sprintf("select t::text from %s t", pgx.Identifier{name}.Sanitize()))
		if err != nil {
			t.Fatalf("dump %s: %v", name, err)
		}
		f(name, []byte(strings.Join(rows, "\n")))
	}
}

// column is what a query with one column answers.
func column(ctx context.Context, conn *pgx.Conn, query string) ([]string, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
