package door_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/rum"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/certs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	account   = "123456789012"
)

// house is a door with a few operations behind it, listening on loopback.
type house struct {
	door      *door.Door
	authority *certs.Authority
	addr      string // host:port
	log       *syncBuffer

	mu      sync.Mutex
	objects map[string][]byte
	seen    []door.Observation
	header  http.Header   // of the last PutObject
	entered chan struct{} // one for each call of GetCanary
	leave   chan struct{} // GetCanary waits for it when the name is "slow"
}

func (h *house) url() string { return "http://" + h.addr }

func (h *house) tlsURL() string {
	_, port, _ := net.SplitHostPort(h.addr)
	return "https://localhost:" + port
}

// client trusts the house's authority and reaches it under every name.
func (h *house) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: h.authority.Pool()},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", h.addr)
		},
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// observed waits for n observations, which come after the answers.
func (h *house) observed(t *testing.T, n int) []door.Observation {
	t.Helper()
	for {
		h.mu.Lock()
		seen := h.seen
		h.mu.Unlock()
		if len(seen) >= n {
			return seen
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no observation")
		case <-time.After(time.Millisecond):
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// open starts a house; change may alter the options.
func open(t testing.TB, change func(*door.Options)) *house {
	t.Helper()
	authority, err := certs.Open(t.TempDir(), certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		authority: authority, log: &syncBuffer{}, objects: map[string][]byte{},
		entered: make(chan struct{}, 1000), leave: make(chan struct{}),
	}
	logger := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := plane.New(plane.Options{Logger: quiet})
	o := door.Options{
		Plane: p, Services: h.services(p), Authority: authority, Credentials: keys{}, Logger: logger,
		Account: account, Region: "eu-west-1",
		Observe: func(o *door.Observation) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.seen = append(h.seen, *o)
		},
	}
	if change != nil {
		change(&o)
	}
	if h.door, err = door.New(o); err != nil {
		t.Fatal(err)
	}
	h.listen(t)
	return h
}

func (h *house) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.door.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		h.door.Shutdown(ctx) //nolint:errcheck // some tests leave connections open
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if strings.Contains(h.log.String(), "level=ERROR") {
			t.Errorf("errors in the log:\n%s", h.log.String())
		}
	})
}

func withAuth(o *door.Options) { o.Auth = true }

// keys knows one user, one session of a role, and how tokens go wrong.
type keys struct{}

func (keys) Credential(_ context.Context, id, token string) (door.Credential, error) {
	switch {
	case id == "AKIABROKENBROKENAAAA":
		return door.Credential{}, errors.New("the database is away")
	case id == accessKey && token == "":
		return door.Credential{Secret: secretKey, Caller: plane.Caller{
			Account: account, Kind: plane.User, ARN: "arn:aws:iam::" + account + ":user/u", ID: "AIDA",
		}}, nil
	case id == "ASIAIOSFODNN7EXAMPLE" && token == "expired":
		return door.Credential{}, door.ErrExpiredToken
	case id == "ASIAIOSFODNN7EXAMPLE" && token == "token":
		return door.Credential{Secret: secretKey, Caller: plane.Caller{
			Account: account, Kind: plane.AssumedRole, ARN: "arn:aws:sts::" + account + ":assumed-role/r/s", ID: "AROA:s",
		}}, nil
	case id == accessKey || id == "ASIAIOSFODNN7EXAMPLE":
		return door.Credential{}, door.ErrInvalidToken
	}
	return door.Credential{}, door.ErrUnknownKey
}

// quiet is a logger that writes nothing.
var quiet = slog.New(slog.DiscardHandler)

// services registers the operations behind the door.
func (h *house) services(p *plane.Plane) []*shape.Service {
	p.Register(sts.Service(), sts.Handlers{GetCallerIdentity: h.identity}.Table())
	p.Register(ssm.Service(), ssm.Handlers{GetParameter: h.parameter}.Table())
	p.Register(synthetics.Service(), synthetics.Handlers{GetCanary: h.canary}.Table())
	p.Register(cloudwatch.Service(), cloudwatch.Handlers{PutMetricData: h.metric}.Table())
	p.Register(s3.Service(), s3.Handlers{PutObject: h.put, GetObject: h.get, DeleteObjects: h.deleteObjects}.Table())
	return []*shape.Service{
		sts.Service(), ssm.Service(), synthetics.Service(), cloudwatch.Service(), s3.Service(), rum.Service(),
	}
}

func (h *house) identity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := plane.FromContext(ctx)
	id := c.Caller.Region + " " + c.Caller.AccessKeyID + " " + c.Caller.SourceIP.String() + " " + c.BaseURL
	for _, secret := range []string{"Authorization", "X-Amz-Security-Token"} {
		if c.Header.Get(secret) != "" {
			return nil, errors.New("a handler sees " + secret)
		}
	}
	return &sts.GetCallerIdentityOutput{Account: &c.Caller.Account, Arn: &c.Caller.ARN, UserId: &id}, nil
}

func (h *house) parameter(_ context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	return &ssm.GetParameterOutput{Parameter: &ssm.Parameter{Name: &in.Name, Value: new("v")}}, nil
}

func (h *house) canary(ctx context.Context, in *synthetics.GetCanaryInput) (*synthetics.GetCanaryOutput, error) {
	h.entered <- struct{}{}
	switch in.Name {
	case "slow":
		select {
		case <-h.leave:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case "absent":
		return nil, synthetics.NewResourceNotFoundException("Canary not found")
	}
	return &synthetics.GetCanaryOutput{Canary: &synthetics.Canary{Name: &in.Name}}, nil
}

func (h *house) metric(context.Context, *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	return nil, nil
}

func (h *house) put(ctx context.Context, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.objects[in.Bucket+"/"+in.Key] = body
	h.header = plane.FromContext(ctx).Header
	sum := md5.Sum(body)
	return &s3.PutObjectOutput{ETag: new(`"` + hex.EncodeToString(sum[:]) + `"`)}, nil
}

func (h *house) get(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, ok := h.objects[in.Bucket+"/"+in.Key]
	if !ok {
		return nil, awserr.New("NoSuchKey", http.StatusNotFound, "The specified key does not exist.")
	}
	return &s3.GetObjectOutput{Body: bytes.NewReader(body), ContentLength: new(int64(len(body)))}, nil
}

func (h *house) deleteObjects(_ context.Context, in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	return &s3.DeleteObjectsOutput{}, nil
}

func (h *house) object(name string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, ok := h.objects[name]
	return string(b), ok
}
