package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"nephele.dev/nephele/internal/access"
	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/certs"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/svc/cloudwatch"
	"nephele.dev/nephele/internal/svc/events"
	"nephele.dev/nephele/internal/svc/sns"
	"nephele.dev/nephele/internal/svc/synthetics"
	"nephele.dev/nephele/internal/webidentity"
)

// newLogger returns the server's own logger.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func (a *App) openData(context.Context) error {
	if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
		return err
	}
	dir, err := filepath.Abs(a.cfg.Data)
	if err != nil {
		return err
	}
	a.cfg.Data = dir
	return nil
}

func (a *App) openStore(ctx context.Context) (err error) {
	a.db, err = store.Open(ctx, store.Config{
		Dir: a.cfg.Data, URL: a.cfg.Database, FullSync: a.cfg.Sync == "full", Logger: a.log,
	})
	if err != nil {
		return err
	}
	a.onStop("store", func(context.Context) error { return a.db.Close() })
	return nil
}

// openIdentity opens what is known of principals.
func (a *App) openIdentity(context.Context) (err error) {
	if a.root, err = a.rootKey(); err != nil {
		return err
	}
	a.identity = identity.New(a.db, a.seal)
	a.onStop("identities", a.identity.Close)
	a.sessions = session.New(a.seal)
	a.keys = &credentials{root: a.root, directory: a.identity, sessions: a.sessions, log: a.log}
	return nil
}

func (a *App) openBlobs(ctx context.Context) (err error) {
	where := a.cfg.BlobURL
	if where == "" {
		dir := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(a.cfg.Data, "blobs"))}
		where = dir.String()
	}
	a.blobs, err = blob.Open(ctx, where)
	if err != nil {
		return err
	}
	a.onStop("blobs", func(context.Context) error { return a.blobs.Close() })
	return nil
}

// The engine's lanes of their own. Flows in other lanes get a slot per CPU.
const (
	LaneAPI  = "api"  // short steps that only read and write rows
	LaneBlob = "blob" // steps that move bytes
)

func (a *App) openEngine(context.Context) error {
	cpus := runtime.NumCPU()
	a.engine = engine.New(a.db, engine.Options{
		Lanes: map[string]int{
			LaneAPI: 4 * cpus, courier.Lane: 8 * cpus, LaneBlob: 4,
			synthetics.LaneBrowser: cmp.Or(a.cfg.CanaryWorkers, cpus),
			synthetics.LaneScript:  cmp.Or(a.cfg.CanaryScriptWorkers, 4*cpus), // they wait for others
			synthetics.LaneNative:  cmp.Or(a.cfg.CanaryNativeWorkers, 64),
			synthetics.LaneTicks:   32 * cpus, // short, and they share commits
			synthetics.LanePublish: 8 * cpus,
			sns.Lane:               32 * cpus, // they wait for others
			events.Lane:            8 * cpus, cloudwatch.AlarmsLane: 4 * cpus,
		},
		Owner:  a.db.Node(),
		Logger: a.log,
	})
	return nil
}

func (a *App) openPlane(context.Context) error {
	a.metrics = newMetrics(engineCollector{a.engine}, waitingCollector{a.engine})
	o := plane.Options{
		Settler:  a.engine,
		Settle:   a.cfg.Settle,
		Logger:   a.log,
		Audit:    a.audit,
		Answered: a.answered,
		BaseURL:  a.URL,
	}
	if a.cfg.Auth == config.AuthOn {
		who := access.New(a.identity)
		o.Authorizer, o.Assume, o.Explain = who, who.Assume, access.NewExplainer(a.seal).Encode
	}
	a.plane = plane.New(o)
	a.courier = courier.New(a.engine, a.plane, all.Services())
	return nil
}

// audit follows every call.
func (a *App) audit(ctx context.Context, e *plane.Event) {
	a.metrics.called(ctx, e)
	a.keys.used(e.Call)
}

func (a *App) openServices(context.Context) (err error) {
	if a.services, err = a.buildServices(); err != nil {
		return err
	}
	for _, s := range a.services {
		a.plane.Register(s.api, s.handlers)
		if s.needs != nil {
			a.plane.RegisterNeeds(s.api, s.needs)
		}
		if s.facts != nil {
			a.plane.RegisterFacts(cmp.Or(s.factsOf, s.api.SigningName), s.facts)
		}
		if s.flows != nil {
			s.flows(a.engine)
		}
		if s.close != nil {
			a.onStop(s.api.Name, s.close)
		}
	}
	return nil
}

func (a *App) openDoor(context.Context) (err error) {
	authority, err := certs.Open(a.cfg.Data, certs.Options{Names: a.cfg.Hostnames})
	if err != nil {
		return err
	}
	proxies, err := prefixes(a.cfg.TrustedProxies)
	if err != nil {
		return err
	}
	admin, err := a.admin()
	if err != nil {
		return err
	}
	a.door, err = door.New(door.Options{
		Plane:          a.plane,
		Services:       all.Services(),
		Buckets:        a.buckets,
		Auth:           a.cfg.Auth == config.AuthOn,
		Credentials:    a.keys,
		Account:        a.cfg.Account,
		Region:         a.cfg.Region,
		Authority:      authority,
		Hostnames:      a.cfg.Hostnames,
		AllowedOrigins: a.cfg.AllowedOrigins,
		TrustedProxies: proxies,
		Admin:          admin,
		Public:         map[string]http.Handler{sns.CertificatePrefix: a.certificates, webidentity.DocumentsPrefix: a.tokenKeys},
		Health:         a.health,
		Reset:          a.Reset,
		Observe:        a.metrics.answered,
		Logger:         a.log,
	})
	return err
}

func prefixes(cidrs []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, c := range cidrs {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			return nil, fmt.Errorf("trusted proxy: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}
