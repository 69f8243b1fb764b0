package nepheletest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/validate"
)

// settle is how long calls wait for their work by default.
const settle = 10 * time.Second

// stopPatience is how long a server may take to stop.
const stopPatience = 10 * time.Second

// The root user's access key of a server started with WithAuth.
const (
	RootAccessKeyID     = "AKIANEPHELETESTROOT0"
	RootSecretAccessKey = "nepheletest/root/secret/access/key/00000"
)

// sharedMasterKey is that of servers on one PostgreSQL database, which must
// have the same.
const sharedMasterKey = "bmVwaGVsZXRlc3Qgc2hhcmVkIG1hc3RlciBrZXkgMDA="

// Server is a running Nephele.
type Server struct {
	// URL is the endpoint in plain text, for example "http://127.0.0.1:39151".
	// TLS is spoken on the same port.
	URL string

	// Config points any client of the AWS SDK for Go v2 at the server, as the
	// root user of the account.
	Config aws.Config

	// Data is the server's data directory.
	Data string

	app *app.App
}

// Option changes how Start configures a server.
type Option func(*config.Config)

// WithPostgres keeps the server's rows in a PostgreSQL database instead of
// SQLite. The database should be empty or another Nephele's.
func WithPostgres(url string) Option { return func(c *config.Config) { c.Database = url } }

// WithAuth makes the server check signatures. Config signs as the root user.
func WithAuth() Option {
	return func(c *config.Config) {
		c.Auth = config.AuthOn
		c.RootAccessKeyID, c.RootSecretAccessKey = RootAccessKeyID, RootSecretAccessKey
	}
}

// WithAccount sets the account of every caller, 12 digits.
func WithAccount(id string) Option { return func(c *config.Config) { c.Account = id } }

// WithSettle sets how long a mutating call waits for its work to come to rest.
// Zero answers at once, as AWS does.
func WithSettle(d time.Duration) Option { return func(c *config.Config) { c.Settle = d } }

// WithConfig changes any setting.
func WithConfig(f func(*config.Config)) Option { return f }

// Start starts a server that stops when the test ends. It fails the test when
// the server does not start.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	cfg := config.Default()
	cfg.Listen = "127.0.0.1:0"
	cfg.Data = t.TempDir()
	cfg.LogLevel = "warn"
	cfg.Settle = settle
	for _, o := range opts {
		o(&cfg)
	}
	if cfg.Database != "" && cfg.MasterKey == "" && cfg.MasterKeyFile == "" {
		cfg.MasterKey = sharedMasterKey
	}
	a, err := app.New(t.Context(), cfg, app.WithLogger(logger(t, cfg.LogLevel)), app.WithAnswered(outputCheck(t)))
	if err != nil {
		t.Fatalf("nepheletest: %v", err)
	}
	t.Cleanup(func() { stop(t, a) })
	if err := a.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatalf("nepheletest: %v", err)
	}
	return &Server{URL: a.URL(), Config: clientConfig(t, cfg, a.URL()), Data: cfg.Data, app: a}
}

// Reset forgets everything that callers have made, in milliseconds.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	if err := s.app.Reset(t.Context()); err != nil {
		t.Fatalf("nepheletest: %v", err)
	}
}

// TLSClient is an HTTP client that trusts the server's certificates, for
// endpoints that begin with https://.
func (s *Server) TLSClient(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(s.Data, app.CAFile))
	if err != nil {
		t.Fatalf("nepheletest: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// App is the server itself, for Nephele's own tests.
func (s *Server) App() *app.App { return s.app }

func stop(t testing.TB, a *app.App) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), stopPatience)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Errorf("nepheletest: %v", err)
	}
}

// clientConfig is what SDK clients need to know of a server.
func clientConfig(t testing.TB, cfg config.Config, url string) aws.Config {
	id, secret := cfg.RootAccessKeyID, cfg.RootSecretAccessKey
	if id == "" {
		id, secret = "test", "test"
	}
	return aws.Config{
		Region:       cfg.Region,
		BaseEndpoint: aws.String(url),
		HTTPClient:   newClient(t),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, Source: "nepheletest"}, nil
		}),
		RetryMaxAttempts: 1,
	}
}

// outputCheck fails Nephele's own tests on answers that break a constraint of
// the model. Other people's tests are not the place for that.
func outputCheck(t testing.TB) func(*plane.Call, any) {
	if info, ok := debug.ReadBuildInfo(); !ok || info.Main.Path != "nephele.dev/nephele" {
		return nil
	}
	return func(call *plane.Call, out any) {
		for _, v := range validate.Output(call.Operation, out) {
			t.Errorf("nepheletest: answer of %s:%s: %s", call.Operation.Service.Name, call.Operation.Name, v)
		}
	}
}

// logger writes the server's log to the test's output.
func logger(t testing.TB, name string) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		t.Fatalf("nepheletest: %v", err)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}
