package secretsmanager

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/kms"
	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

const (
	testAccount  = "123456789012"
	otherAccount = "210987654321"
	testRegion   = "eu-west-1"
)

// bench is the service on a plane, with a KMS that the test plays.
type bench struct {
	db      *store.DB
	engine  *engine.Engine
	plane   *plane.Plane
	service *Service
	kms     *fakeKMS
	client  api.Client // the root user's
	log     *safeBuffer
}

// safeBuffer takes what many write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBench(t testing.TB, db *store.DB) *bench { return newGuardedBench(t, db, policy.Open{}) }

// newGuardedBench asks an evaluator.
func newGuardedBench(t testing.TB, db *store.DB, guard policy.Evaluator) *bench {
	t.Helper()
	b := &bench{db: db, kms: &fakeKMS{broken: map[string]error{}}, log: &safeBuffer{}}
	log := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.plane = plane.New(plane.Options{Logger: log, Authorizer: guard})
	sealer, err := page.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	b.engine = enginetest.Start(t, db, engine.Options{Poll: time.Hour, Lease: time.Hour}, func(e *engine.Engine) {
		b.service = New(Deps{DB: db, Engine: e, Plane: b.plane, Pages: sealer, Logger: log})
		b.service.Flows(e)
	})
	b.plane.Register(api.Service(), b.service.Handlers())
	b.plane.RegisterNeeds(api.Service(), b.service.Needs)
	b.plane.RegisterFacts("secretsmanager", b.service.Facts)
	b.plane.Register(kms.Service(), kms.Handlers{
		GenerateDataKey: b.kms.generate, Encrypt: b.kms.encrypt, Decrypt: b.kms.decrypt,
	}.Table())
	b.plane.RegisterNeeds(kms.Service(), func(*plane.Call, any) []policy.Need { return nil })
	b.client = b.as(plane.RootCaller(testAccount, testRegion))
	return b
}

func (b *bench) as(c plane.Caller) api.Client { return api.Client{Invoker: b.plane.As(c)} }

// fakeKMS encrypts by writing down. It breaks where the test says so.
type fakeKMS struct {
	mu     sync.Mutex
	broken map[string]error // by operation, or by the key that is to encrypt
	calls  []kmsCall
}

// kmsCall is a call that arrived.
type kmsCall struct {
	Operation, Key string
	Context        map[string]string
	Via            []string
	Account        string
}

type fakeBlob struct {
	Key     string
	Context map[string]string
	Plain   []byte
}

func (k *fakeKMS) note(ctx context.Context, key string, encryption map[string]string) error {
	call := plane.FromContext(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, kmsCall{call.Operation.Name, key, encryption, call.Caller.Via, call.Caller.Account})
	if err := k.broken[call.Operation.Name]; err != nil {
		return err
	}
	return k.broken[key]
}

// last is the latest call.
func (k *fakeKMS) last() kmsCall {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls[len(k.calls)-1]
}

func (k *fakeKMS) generate(ctx context.Context, in *kms.GenerateDataKeyInput) (*kms.GenerateDataKeyOutput, error) {
	if err := k.note(ctx, in.KeyId, in.EncryptionContext); err != nil {
		return nil, err
	}
	plain := make([]byte, 32)
	rand.Read(plain) //nolint:errcheck // never fails
	blob, err := json.Marshal(fakeBlob{in.KeyId, in.EncryptionContext, plain})
	return &kms.GenerateDataKeyOutput{KeyId: &in.KeyId, Plaintext: plain, CiphertextBlob: blob}, err
}

func (k *fakeKMS) encrypt(ctx context.Context, in *kms.EncryptInput) (*kms.EncryptOutput, error) {
	if err := k.note(ctx, in.KeyId, in.EncryptionContext); err != nil {
		return nil, err
	}
	blob, err := json.Marshal(fakeBlob{in.KeyId, in.EncryptionContext, in.Plaintext})
	return &kms.EncryptOutput{KeyId: &in.KeyId, CiphertextBlob: blob}, err
}

func (k *fakeKMS) decrypt(ctx context.Context, in *kms.DecryptInput) (*kms.DecryptOutput, error) {
	var blob fakeBlob
	if err := json.Unmarshal(in.CiphertextBlob, &blob); err != nil {
		return nil, err
	}
	if err := k.note(ctx, blob.Key, in.EncryptionContext); err != nil {
		return nil, err
	}
	if !maps.Equal(blob.Context, in.EncryptionContext) {
		return nil, kms.NewInvalidCiphertextException("")
	}
	return &kms.DecryptOutput{KeyId: &blob.Key, Plaintext: blob.Plain}, nil
}

// token makes a ClientRequestToken of a short name.
func token(name string) *string {
	return new(name + strings.Repeat("-", 32-len(name)))
}

// create makes a secret with a value in version v1.
func (b *bench) create(t testing.TB, name, value string) string {
	t.Helper()
	out, err := b.client.CreateSecret(t.Context(), &api.CreateSecretInput{Name: name, SecretString: &value, ClientRequestToken: token("v1")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ARN
}

// put adds a version.
func (b *bench) put(t testing.TB, id, version, value string, stages ...string) {
	t.Helper()
	_, err := b.client.PutSecretValue(t.Context(), &api.PutSecretValueInput{
		SecretId: id, SecretString: &value, ClientRequestToken: token(version), VersionStages: stages,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// get reads the current value, or its refusal.
func (b *bench) get(ctx context.Context, id string) string {
	return b.getAs(ctx, b.client, id)
}

func (b *bench) getAs(ctx context.Context, c api.Client, id string) string {
	out, err := c.GetSecretValue(ctx, &api.GetSecretValueInput{SecretId: id})
	if err != nil {
		return refusal(err)
	}
	return *out.SecretString
}

// refusal is an answer: "code status: message"; "" for success.
func refusal(err error) string {
	if err == nil {
		return ""
	}
	var e *awserr.Error
	if !errors.As(err, &e) {
		return "no answer: " + err.Error()
	}
	return strings.TrimSpace(e.Code + ": " + e.Message)
}
