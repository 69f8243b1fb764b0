package webidentity

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // thumbprints are made of it
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestThumbprint is what a certificate that nobody knows is believed by.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	i := newTestIssuer()
	srv := httptest.NewTLSServer(i)
	defer srv.Close()
	i.URL = srv.URL + "/tenant"
	sum := sha1.Sum(srv.Certificate().Raw) //nolint:gosec // see above
	print := strings.ToUpper(hex.EncodeToString(sum[:]))
	named := strings.Replace(i.URL, "127.0.0.1", "localhost", 1) // not in the certificate
	for _, tt := range []struct {
		name, url   string
		thumbprints []string
		kind        error
	}{
		{"its own", i.URL, []string{strings.Repeat("0", 40), print}, nil},
		{"none", i.URL, nil, ErrUnreachable},
		{"another", i.URL, []string{strings.Repeat("0", 40)}, ErrUnreachable},
		{"its own, of another host", named, []string{print}, ErrUnreachable},
	} {
		i.set(func() { i.URL = tt.url })
		p := i.provider()
		p.Thumbprints = tt.thumbprints
		v := NewVerifier(Options{Dial: new(net.Dialer).DialContext})
		_, err := v.VerifyFrom(t.Context(), p, sign(t, jwt.SigningMethodRS256, "r", testKeys().rsa, i.claims()))
		if !errors.Is(err, tt.kind) || (err == nil) != (tt.kind == nil) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.kind)
		}
	}
}

// TestHostileIssuers answer what must not be followed or read.
func TestHostileIssuers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"nothing":  func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"garbage":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"too much": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxDocument+1)) },
		"another's document": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer":"https://other","jwks_uri":"http://x"}`))
		},
		"keys in a file": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer":"` + issuerURL + `","jwks_uri":"file:///etc/passwd"}`))
		},
		"keys with a user": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer":"` + issuerURL + `","jwks_uri":"http://a:b@x/"}`))
		},
		"redirects for ever": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"redirect elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "ftp://x/", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newTestIssuer()
			i.answer = answer
			v := newTestVerifier(t, i)
			_, err := v.Verify(t.Context(), "111122223333", sign(t, jwt.SigningMethodRS256, "r", testKeys().rsa, i.claims()))
			if !errors.Is(err, ErrUnreachable) {
				t.Errorf("%v, want unreachable", err)
			}
		})
	}
}

// TestPlainIssuer is refused where only HTTPS is believed.
func TestPlainIssuer(t *testing.T) {
	t.Parallel()
	i := newTestIssuer()
	v := NewVerifier(Options{Dial: serve(t, i).dial})
	_, err := v.VerifyFrom(t.Context(), i.provider(), sign(t, jwt.SigningMethodRS256, "r", testKeys().rsa, i.claims()))
	if !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v, want unreachable", err)
	}
}

// TestSlowIssuer is given up.
func TestSlowIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newTestIssuer()
		i.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		v := newTestVerifier(t, i)
		begin := time.Now()
		_, err := v.Verify(t.Context(), "111122223333", sign(t, jwt.SigningMethodRS256, "r", testKeys().rsa, i.claims()))
		if took := time.Since(begin); !errors.Is(err, ErrUnreachable) || took != fetchTime {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestCache counts how often keys are fetched.
func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newTestIssuer()
		i.header.Set("Cache-Control", "public, max-age=120")
		v := NewVerifier(Options{Issuer: NewIssuer(storetest.SQLite(t), seal.NewEphemeral(), nil), Dial: serve(t, i).dial, Plain: true})
		k := testKeys()
		ask := func(id string, want error, fetches int) {
			t.Helper()
			_, err := v.VerifyFrom(t.Context(), i.provider(), sign(t, jwt.SigningMethodRS256, id, k.rsa, i.claims()))
			if !errors.Is(err, want) || (err == nil) != (want == nil) || i.fetches != fetches {
				t.Errorf("after %d fetches: %v; want %v after %d", i.fetches, err, want, fetches)
			}
		}
		ask("r", nil, 1)
		ask("r", nil, 1)
		ask("new", ErrInvalid, 1) // too soon to ask again
		time.Sleep(refetchAfter)
		ask("new", ErrInvalid, 2)
		ask("new", ErrInvalid, 2)
		i.set(func() { i.keys = append(i.keys, named(rsaJWK(&k.rsa.PublicKey), "new", "RS256")) })
		time.Sleep(refetchAfter)
		ask("new", nil, 3)
		time.Sleep(121 * time.Second)
		ask("r", nil, 4)

		i.set(func() {
			i.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		})
		time.Sleep(121 * time.Second)
		ask("r", ErrUnreachable, 4)
		i.set(func() { i.answer = nil })
		ask("r", ErrUnreachable, 4) // the failure is remembered
		time.Sleep(refetchAfter + time.Second)
		ask("r", nil, 5)
	})
}

// TestWeakKeys are passed over.
func TestWeakKeys(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"no keys":       `{"keys":[]}`,
		"short modulus": `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`,
		"exponent of 1": `{"keys":[{"kty":"RSA","n":"` + rsaJWK(&testKeys().rsa.PublicKey).N + `","e":"AQ"}]}`,
		"encryption":    `{"keys":[{"kty":"RSA","use":"enc","n":"` + rsaJWK(&testKeys().rsa.PublicKey).N + `","e":"AQAB"}]}`,
		"off the curve": `{"keys":[{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}]}`,
		"symmetric":     `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		"too many":      `{"keys":[` + strings.Repeat("{},", maxKeys) + `{}]}`,
	} {
		if keys, err := parseSet([]byte(set)); err == nil {
			t.Errorf("%s: %v", name, keys)
		}
	}
}

// FuzzParseSet reads key sets of strangers: what it returns can verify.
func FuzzParseSet(f *testing.F) {
	k := testKeys()
	for _, key := range []jwk{rsaJWK(&k.rsa.PublicKey), ecJWK(&k.ec.PublicKey), {KeyType: "oct"}} {
		b, err := json.Marshal(map[string]any{"keys": []jwk{key, {}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseSet(b)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Fatalf("%d keys, error %v", len(keys), err)
		}
		for _, k := range keys {
			switch key := k.key.(type) {
			case *rsa.PublicKey:
				if n := key.N.BitLen(); n < minModulus || n > maxModulus || key.E < 3 {
					t.Fatalf("RSA key of %d bits, exponent %d", n, key.E)
				}
			case *ecdsa.PublicKey:
				if _, err := key.ECDH(); err != nil {
					t.Fatal(err)
				}
			default:
				t.Fatalf("a %T", key)
			}
		}
	})
}
