package app_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

// quiet is a configuration for a test, and the option that goes with it.
func quiet(t *testing.T) (config.Config, app.Option) {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Data = "127.0.0.1:0", t.TempDir()
	return cfg, app.WithLogger(slog.New(slog.DiscardHandler))
}

func health(ctx context.Context, url string) (status int, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_nephele/health", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// TestLifecycle starts and stops servers on one directory, one after another,
// and leaves nothing running.
func TestLifecycle(t *testing.T) { //nolint:paralleltest // counts goroutines
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cfg, log := quiet(t)
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		a, err := app.New(ctx, cfg, log)
		if err != nil {
			t.Fatal(err)
		}
		if a.URL() != "" {
			t.Error("an address before Start")
		}
		if err := a.Start(ctx); err != nil {
			t.Fatal(err)
		}
		if status, err := health(ctx, a.URL()); status != http.StatusOK {
			t.Errorf("health: %d, %v", status, err)
		}
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
		if _, err := health(ctx, a.URL()); err == nil {
			t.Error("a stopped server answers")
		}
		cancel()
	}
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	cfg, log := quiet(t)
	a, err := app.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestOneServerADirectory refuses a second server on a data directory, and
// leaves the first alone.
func TestOneServerADirectory(t *testing.T) {
	t.Parallel()
	cfg, log := quiet(t)
	first, err := app.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Stop(context.WithoutCancel(t.Context())) //nolint:errcheck // told below
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second, err := app.New(t.Context(), cfg, log); err == nil || !strings.Contains(err.Error(), "open store") {
		t.Errorf("second server: %v, %v", second, err)
	}
	if status, err := health(t.Context(), first.URL()); status != http.StatusOK {
		t.Errorf("the first: %d, %v", status, err)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a listener of the test
	cfg, log := quiet(t)
	cfg.Listen = taken.Addr().String()
	a, err := app.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Run(t.Context(), func() { t.Error("ready on a port that is taken") })
	if err == nil || !strings.Contains(err.Error(), "address already in use; stop what listens there") {
		t.Errorf("got %v", err)
	}
	again, err := app.New(t.Context(), cfg, log) // the directory is free again
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()
	cfg, log := quiet(t)
	cfg.Account = "12"
	if _, err := app.New(t.Context(), cfg, log); err == nil || !strings.Contains(err.Error(), "12 digits") {
		t.Errorf("got %v", err)
	}
	cfg, _ = quiet(t)
	cfg.Database = "postgres://nobody:hunter2@127.0.0.1:1/none?connect_timeout=1"
	if _, err := app.New(t.Context(), cfg, log); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an unreachable database: %v", err)
	}
}
