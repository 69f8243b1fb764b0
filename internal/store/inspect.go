package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Server is what a PostgreSQL server says of itself and of the user.
type Server struct {
	Version   string // for example "15.8"
	MayCreate bool   // the user may create tables in the current schema
}

// Inspect connects to a PostgreSQL URL without opening or migrating anything.
func Inspect(ctx context.Context, url string) (s Server, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return s, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has told what it had to
	const query = "select current_setting('server_version'), has_schema_privilege(current_schema(), 'create')"
	if err := conn.QueryRow(ctx, query).Scan(&s.Version, &s.MayCreate); err != nil {
		return s, fmt.Errorf("inspect: %w", err)
	}
	return s, nil
}
