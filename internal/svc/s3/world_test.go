package s3_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/s3"
)

const account = "000000000000"

// world is the service on a fresh database, called as through the door but
// without HTTP.
type world struct {
	api.Client
	db     *store.DB
	blobs  *blob.Store
	engine *engine.Engine
	plane  *plane.Plane
	svc    *s3.Service
	told   *told
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *store.DB) *world { return newWorldWith(t, db, engine.Options{}) }

func newWorldWith(t testing.TB, db *store.DB, o engine.Options) *world {
	t.Helper()
	return newWorldOf(t, db, o, nil)
}

// decider decides by the policies that principals have, by their ARNs, and
// those of the resources.
type decider map[string]policy.Policies

// Evaluate implements policy.Evaluator.
func (d decider) Evaluate(_ context.Context, r policy.Request) (policy.Decision, error) {
	own := d[r.Principal.ARN]
	return policy.Decide(&r, &own), nil
}

// newWorldOf is newWorldWith where callers are asked for permission, unless may
// is nil.
func newWorldOf(t testing.TB, db *store.DB, o engine.Options, may policy.Evaluator) *world {
	t.Helper()
	blobs, err := blob.Open(t.Context(), "file://"+t.TempDir()+"?sync=off")
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(db, o)
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: may})
	tell := newTold(p)
	svc := s3.New(s3.Deps{DB: db, Engine: e, Blob: blobs, Plane: p, Courier: courier.New(e, p, tell.services())})
	svc.Flows(e)
	p.Register(api.Service(), svc.Handlers())
	p.RegisterNeeds(api.Service(), svc.Needs)
	p.RegisterFacts("s3", svc.Facts)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := blobs.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{Client: client(p, account, "us-east-1"), db: db, blobs: blobs, engine: e, plane: p, svc: svc, told: tell}
}

func client(p *plane.Plane, account, region string) api.Client {
	return api.Client{Invoker: p.As(plane.RootCaller(account, region))}
}

func (w *world) bucket(t testing.TB, name string) {
	t.Helper()
	must(w.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: name}))(t)
}

func (w *world) put(t testing.TB, bucket, key, body string) *api.PutObjectOutput {
	t.Helper()
	return must(w.PutObject(t.Context(), &api.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(body)}))(t)
}

func (w *world) get(t testing.TB, in *api.GetObjectInput) (string, *api.GetObjectOutput) {
	t.Helper()
	out := must(w.GetObject(t.Context(), in))(t)
	return content(t, out.Body), out
}

func content(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := r.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}

// blobCount is how many blobs there are.
func (w *world) blobCount(t testing.TB) int {
	t.Helper()
	n := 0
	for _, err := range w.blobs.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantCode fails unless err is an answer with the given code and status.
func wantCode[T any](t testing.TB, code string, status int) func(T, error) *awserr.Error {
	return func(_ T, err error) *awserr.Error {
		t.Helper()
		e := awserr.As(err)
		if e == nil || e.Code != code || e.Status != status {
			t.Fatalf("error %v, want %s (%d)", err, code, status)
		}
		return e
	}
}

func refused(t testing.TB, code string, status int, err error) *awserr.Error {
	t.Helper()
	return wantCode[any](t, code, status)(nil, err)
}
