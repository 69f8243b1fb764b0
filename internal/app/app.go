package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/svc/synthetics"
)

// App is a server. Start, Stop and Reset may be called from any goroutine.
type App struct {
	cfg      config.Config
	log      *slog.Logger
	version  string // of the program
	db       *store.DB
	blobs    *blob.Store
	engine   *engine.Engine
	plane    *plane.Plane
	courier  *courier.Courier
	outbox   *outbox.Box
	runner   synthetics.Runner // in place of the sandbox; nil is the real one
	services []service
	door     *door.Door
	buckets  door.Buckets // what the door needs of S3
	metrics  *metrics
	pages    *page.Sealer // seals the tokens of paginated listings
	secret   []byte       // what pages was made of
	root     rootKey
	nonces   nonces // of signatures of the root user, for administration
	seal     *seal.Sealer

	sessions *session.Issuer
	keys     *credentials

	identity *identity.Directory
	answered func(*plane.Call, any)

	punctuality func(context.Context) (synthetics.Punctuality, error) // of canaries

	certificates http.Handler // with which messages of SNS are verified
	tokenKeys    http.Handler // with which tokens of Cognito are verified

	listener net.Listener
	served   chan error // the door's Serve returned
	undo     []undo     // what New built, for Stop, oldest first
}

// undo takes one room down again.
type undo struct {
	what string
	f    func(context.Context) error
}

// Option changes how New builds an App.
type Option func(*App)

// WithLogger makes the server log to l instead of standard error.
func WithLogger(l *slog.Logger) Option { return func(a *App) { a.log = l } }

// WithVersion tells which program this is, for people to see.
func WithVersion(v string) Option { return func(a *App) { a.version = v } }

// WithRunner has canaries run by r instead of in the sandbox, for tests.
func WithRunner(r synthetics.Runner) Option { return func(a *App) { a.runner = r } }

// WithAnswered lets f see the output of every call that succeeds, for tests.
func WithAnswered(f func(*plane.Call, any)) Option { return func(a *App) { a.answered = f } }

// New opens everything that a server with this configuration needs, without
// listening or working yet. On error nothing stays open.
func New(ctx context.Context, cfg config.Config, opts ...Option) (_ *App, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a := &App{outbox: outbox.New(), version: "dev", cfg: cfg, log: newLogger(cfg, os.Stderr), served: make(chan error, 1)}
	for _, o := range opts {
		o(a)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.takeDown(context.WithoutCancel(ctx)))
		}
	}()
	for _, build := range []struct {
		what string
		f    func(context.Context) error
	}{
		{"data directory", a.openData},
		{"store", a.openStore},
		{"blobs", a.openBlobs},
		{"page tokens", a.openPages},
		{"sealed secrets", a.openSeal},
		{"identities", a.openIdentity},
		{"engine", a.openEngine},
		{"plane", a.openPlane},
		{"services", a.openServices},
		{"door", a.openDoor},
	} {
		began := time.Now()
		if err := build.f(ctx); err != nil {
			return nil, fmt.Errorf("open %s: %w", build.what, err)
		}
		a.log.Debug("opened", "room", build.what, "duration", time.Since(began))
	}
	return a, nil
}

// onStop adds a room to those that Stop takes down.
func (a *App) onStop(what string, f func(context.Context) error) {
	a.undo = append(a.undo, undo{what, f})
}

// takeDown stops what was built, newest first.
func (a *App) takeDown(ctx context.Context) error {
	var errs []error
	for len(a.undo) > 0 {
		u := a.undo[len(a.undo)-1]
		a.undo = a.undo[:len(a.undo)-1]
		if err := u.f(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", u.what, err))
		}
	}
	return errors.Join(errs...)
}

// Start begins to work and to listen. When it returns, requests are answered.
func (a *App) Start(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", a.cfg.Listen)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w; stop what listens there, or choose another address with --listen", err)
		}
		return err // it says "listen", and where
	}
	a.listener = l
	if err := a.engine.Start(ctx); err != nil {
		return errors.Join(fmt.Errorf("start engine: %w", err), l.Close())
	}
	a.onStop("engine", a.engine.Stop)
	go func() { a.served <- a.door.Serve(l) }()
	a.onStop("door", a.stopDoor)
	return nil
}

func (a *App) stopDoor(ctx context.Context) error {
	for _, s := range a.services {
		if s.drain != nil {
			s.drain()
		}
	}
	err := a.door.Shutdown(ctx)
	return errors.Join(err, <-a.served)
}

// Stop drains and closes the server: no new requests, then no new steps, then
// the databases. What has not finished when ctx ends is cut off; durable work
// goes on at the next start. Stop must be called once after New succeeded.
func (a *App) Stop(ctx context.Context) error { return a.takeDown(ctx) }

// Run starts the server, tells ready, and stops it when ctx ends or when it can
// no longer listen, which is an error.
func (a *App) Run(ctx context.Context, ready func()) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	ready()
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-a.served:
		a.served <- nil // for stopDoor
	}
	a.log.Info("stopping", "drain", a.cfg.Drain)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Drain)
	defer cancel()
	return errors.Join(failure, a.Stop(drain))
}

// Addr is the address listened on. It is valid after Start.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// URL is the plain-text endpoint, for example "http://127.0.0.1:4566". Before
// Start it is "".
func (a *App) URL() string {
	if a.listener == nil {
		return ""
	}
	return "http://" + a.listener.Addr().String()
}

// Plane is the way to call the services from inside the process.
func (a *App) Plane() *plane.Plane { return a.plane }
