package webidentity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// testIssuer is an OpenID Connect provider without a network.
type testIssuer struct {
	URL string

	mu      sync.Mutex
	keys    []jwk
	fetches int // of the key set
	header  http.Header
	answer  http.HandlerFunc // in place of everything, if set
}

const issuerURL = "http://issuer.example.com/tenant"

// testKeys are made once: they take long.
var testKeys = sync.OnceValue(func() (k struct {
	rsa, other *rsa.PrivateKey
	ec         *ecdsa.PrivateKey
},
) {
	var err [3]error
	k.rsa, err[0] = rsa.GenerateKey(rand.Reader, keyBits)
	k.other, err[1] = rsa.GenerateKey(rand.Reader, keyBits)
	k.ec, err[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, e := range err {
		if e != nil {
			panic(e)
		}
	}
	return k
})

func named(k jwk, id, algorithm string) jwk {
	k.ID, k.Algorithm = id, algorithm
	return k
}

func ecJWK(k *ecdsa.PublicKey) jwk {
	b, err := k.Bytes()
	if err != nil {
		panic(err)
	}
	return jwk{KeyType: "EC", Use: "sig", Curve: "P-256", X: b64.EncodeToString(b[1:33]), Y: b64.EncodeToString(b[33:])}
}

func newTestIssuer() *testIssuer {
	k := testKeys()
	return &testIssuer{
		URL: issuerURL, header: http.Header{},
		keys: []jwk{named(rsaJWK(&k.rsa.PublicKey), "r", ""), named(ecJWK(&k.ec.PublicKey), "e", "ES256")},
	}
}

func (i *testIssuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.Copy(w.Header(), i.header)
	switch {
	case i.answer != nil:
		i.answer(w, r)
	case r.URL.Path == "/tenant"+discoveryPath:
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case r.URL.Path == "/tenant/keys":
		i.fetches++
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
	default:
		http.NotFound(w, r)
	}
}

func (i *testIssuer) set(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
}

func (i *testIssuer) provider() Provider {
	return Provider{URL: i.URL, ARN: "arn:aws:iam::111122223333:oidc-provider/issuer.example.com/tenant", ClientIDs: []string{"app", "tool"}}
}

// claims are those of a good token.
func (i *testIssuer) claims() jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": i.URL, "sub": "alice", "aud": "app", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

func sign(t testing.TB, m jwt.SigningMethod, id string, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(m, c)
	if id != "" {
		token.Header["kid"] = id
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// memory is a way to a handler without a network.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func serve(t testing.TB, h http.Handler) *memory {
	t.Helper()
	m := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(m)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return m
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-m.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, io.EOF
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
