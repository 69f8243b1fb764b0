package app

import (
	"context"
	"fmt"
	"net/http"

	"nephele.dev/nephele/console"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store"
)

// admin answers the paths below /_nephele/ that the door leaves to us.
func (a *App) admin() (http.Handler, error) {
	pages, err := console.Handler(a.consoleConfig())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /_nephele/metrics", a.nearOrRoot(a.metrics.handler()))
	mux.Handle("GET "+console.Path, pages)
	mux.Handle("GET "+OutboxPath, a.rootOnly(a.listOutbox))
	mux.Handle("GET "+OutboxPath+"/{id}", a.rootOnly(a.showMail))
	return mux, nil
}

// consoleConfig is what the console tells anybody. Who is asked for a key learns
// the account from its answer.
func (a *App) consoleConfig() console.Config {
	c := console.Config{Auth: a.cfg.Auth == config.AuthOn, Region: a.cfg.Region, Version: a.version}
	if !c.Auth {
		c.Account = a.cfg.Account
	}
	return c
}

// health is what GET /_nephele/health tells beyond its status: requests will
// be served only when the database answers.
func (a *App) health(ctx context.Context) (any, error) {
	ping := func(tx *store.Tx) error {
		var one int
		return tx.Row("select 1").Scan(&one)
	}
	if err := a.db.View(ctx, ping); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	services := make([]string, len(a.services))
	for i, s := range a.services {
		services[i] = s.api.Name
	}
	canaries, err := a.punctuality(ctx)
	if err != nil {
		return nil, fmt.Errorf("canaries: %w", err)
	}
	return map[string]any{"database": a.db.Dialect().String(), "services": services, "canaries": canaries}, nil
}
