package kms_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/kms"
)

const (
	account = "123456789012"
	other   = "210987654321"
	region  = "eu-west-1"
)

// bench is the service on a plane, as its callers see it.
type bench struct {
	api.Client
	plane   *plane.Plane
	db      *store.DB
	engine  *engine.Engine
	service *kms.Service
	sealer  *seal.Sealer
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newBench(t, db)) })
}

// newBench puts a service on a plane, its engine running, where everybody may
// do everything.
func newBench(t testing.TB, db *store.DB) *bench {
	t.Helper()
	return newBenchWith(t, db, seal.NewEphemeral(), policy.Open{})
}

func newBenchWith(t testing.TB, db *store.DB, sealer *seal.Sealer, who policy.Evaluator) *bench {
	t.Helper()
	e := engine.New(db, engine.Options{Poll: 30 * day, Lease: 30 * day}) // on SQLite no notice gets lost, and bubbles pass years
	b := connect(t, db, e, sealer, who)
	b.service.Flows(e)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.Background()) })
	return b
}

// connect puts a service on a plane.
func connect(t testing.TB, db *store.DB, e *engine.Engine, sealer *seal.Sealer, who policy.Evaluator) *bench {
	t.Helper()
	pages, err := page.New([]byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	p := plane.New(plane.Options{Authorizer: who, Settler: e, Logger: slog.New(slog.DiscardHandler)})
	s := kms.New(kms.Deps{DB: db, Engine: e, Seal: sealer, Pages: pages, Plane: p})
	p.Register(api.Service(), s.Handlers())
	p.RegisterNeeds(api.Service(), s.Needs)
	p.RegisterFacts("kms", s.Facts)
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	b := &bench{plane: p, db: db, engine: e, service: s, sealer: sealer}
	b.Client = b.as(plane.RootCaller(account, region))
	return b
}

func (b *bench) as(c plane.Caller) api.Client { return api.Client{Invoker: b.plane.As(c)} }

// fataler is a test, or a run of rapid's.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// must fails the test on an error.
func must[T any](t fataler) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// key makes a symmetric key and returns its ARN.
func (b *bench) key(t testing.TB) string {
	t.Helper()
	return *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{})).KeyMetadata.Arn
}

func (b *bench) encrypt(t testing.TB, key, text string, context map[string]string) []byte {
	t.Helper()
	return must[*api.EncryptOutput](t)(b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte(text), EncryptionContext: context})).CiphertextBlob
}

func (b *bench) decrypt(t testing.TB, blob []byte, context map[string]string) string {
	t.Helper()
	return string(must[*api.DecryptOutput](t)(b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})).Plaintext)
}

// wantError checks code and message of an answer; an empty message is any.
func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[*awserr.Error](err)
	if !ok || e.Code != code || message != "" && e.Message != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

// idOf is the id in a key's ARN.
func idOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
