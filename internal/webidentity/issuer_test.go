package webidentity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var guest = Claims{Pool: "us-east-1:pool", Identity: "us-east-1:identity", AMR: []string{"unauthenticated"}, Life: 10 * time.Minute}

func oneProvider(p Provider) func(context.Context, string, string) (Provider, error) {
	return func(_ context.Context, account, issuer string) (Provider, error) {
		if account != "111122223333" || issuer != p.URL {
			return Provider{}, ErrNoProvider
		}
		return p, nil
	}
}

func issue(t *testing.T, i *Issuer, c Claims) string {
	t.Helper()
	s, err := i.Issue(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestIssue has one server sign and another, on the same database, verify.
func TestIssue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := seal.NewEphemeral()
		signs, verifies := NewIssuer(db, s, nil), NewVerifier(Options{Issuer: NewIssuer(db, s, nil)})
		c := guest
		c.Tags = map[string]string{"team": "blue"}
		got, err := verifies.Verify(t.Context(), "any", issue(t, signs, c))
		if err != nil {
			t.Fatal(err)
		}
		want := Token{
			Issuer: CognitoIssuer, Provider: Cognito, Name: Cognito, Subject: c.Identity, Audience: []string{c.Pool}, AMR: c.AMR,
			Claims: map[string][]string{
				Cognito + ":aud": {c.Pool}, Cognito + ":oaud": {c.Pool}, Cognito + ":sub": {c.Identity}, Cognito + ":amr": c.AMR,
			},
			Tags: c.Tags, Transitive: []string{"team"}, Raw: got.Raw, Issued: got.Issued, Expires: got.Issued.Add(c.Life),
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
}

func TestIssueRefusesLives(t *testing.T) {
	t.Parallel()
	i := NewIssuer(storetest.SQLite(t), seal.NewEphemeral(), nil)
	for _, life := range []time.Duration{0, -time.Second, MaxLife + time.Second} {
		if _, err := i.Issue(t.Context(), Claims{Life: life}); err == nil {
			t.Errorf("%v is a life", life)
		}
	}
}

// TestKeyIsSealed looks for the private key in the database.
func TestKeyIsSealed(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	i := NewIssuer(db, seal.NewEphemeral(), nil)
	issue(t, i, guest)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		all, err := storedKeys.List(tx, "", "", store.ListOptions{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d keys, error %v", len(all), err)
		}
		if strings.Contains(string(all[0].Doc.Sealed), string(i.ring.signer.D.Bytes())) {
			t.Error("the private key is in the clear")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	stranger := NewIssuer(db, seal.NewEphemeral(), nil)
	if _, err := stranger.Issue(t.Context(), guest); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("another server's sealer: %v", err)
	}
}

// TestRotation follows a key from its making to its end.
func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		s := seal.NewEphemeral()
		i, replica := NewIssuer(db, s, nil), NewIssuer(db, s, nil)
		v := NewVerifier(Options{Issuer: replica})
		first := guest
		first.Life = MaxLife
		issue(t, i, first)
		time.Sleep(signsFor)
		held := issue(t, replica, first) // makes the second key
		old := issue(t, i, first)
		if keyID(t, held) != keyID(t, old) {
			t.Error("two servers sign with two keys")
		}
		if err := i.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		fresh := issue(t, i, first)
		if keyID(t, old) == keyID(t, fresh) {
			t.Error("the key did not change")
		}
		time.Sleep(2 * rereadAfter)
		for name, token := range map[string]string{"old": old, "fresh": fresh} {
			if _, err := v.Verify(t.Context(), "", token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(keySetOf(t, i)); n != 3 {
			t.Errorf("%d public keys, want 3", n)
		}
		time.Sleep(verifiesFor + heldFor)
		if n := len(keySetOf(t, i)); n != 1 {
			t.Errorf("%d public keys, want the one that signs", n)
		}
		if _, err := v.Verify(t.Context(), "", old); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExpired) {
			t.Errorf("a token of a key that is gone: %v", err)
		}
	})
}

func keyID(t *testing.T, token string) string {
	t.Helper()
	u, err := peek(token)
	if err != nil {
		t.Fatal(err)
	}
	return u.keyID
}

func keySetOf(t *testing.T, i *Issuer) []publicKey {
	t.Helper()
	b, err := i.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := parseSet(b)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// lossy is a sealer whose master key can be lost.
type lossy struct {
	Sealer
	lost bool
}

func (l *lossy) Open(purpose string, sealed []byte, bound ...string) ([]byte, error) {
	if l.lost {
		l.lost = false // what is sealed from now on opens
		return nil, seal.ErrLost
	}
	return l.Sealer.Open(purpose, sealed, bound...)
}

// TestLostKey signs on with another one, and tokens of the lost one verify.
func TestLostKey(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	s := &lossy{Sealer: seal.NewEphemeral()}
	old := issue(t, NewIssuer(db, s, nil), guest)
	s.lost = true
	i := NewIssuer(db, s, nil)
	fresh := issue(t, i, guest)
	if keyID(t, old) == keyID(t, fresh) {
		t.Error("signed with a key that is lost")
	}
	v := NewVerifier(Options{Issuer: i})
	for name, token := range map[string]string{"old": old, "fresh": fresh} {
		if _, err := v.Verify(t.Context(), "", token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDocuments verifies a token with nothing but what is published.
func TestDocuments(t *testing.T) {
	t.Parallel()
	i := NewIssuer(storetest.SQLite(t), seal.NewEphemeral(), nil)
	srv := httptest.NewServer(i.Documents())
	defer srv.Close()
	get := func(url string, into any) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusOK && resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s is not for pages", url)
		}
		_ = json.NewDecoder(resp.Body).Decode(into)
		return resp.StatusCode
	}
	var d map[string]any
	get(srv.URL+"/.well-known/openid-configuration", &d)
	if d["issuer"] != CognitoIssuer {
		t.Fatalf("discovery: %v", d)
	}
	var set json.RawMessage
	get(d["jwks_uri"].(string), &set) //nolint:forcetypeassert // fails the test
	keys, err := parseSet(set)
	if err != nil {
		t.Fatal(err)
	}
	token := issue(t, i, guest)
	if _, err := check(token, algorithms, jwt.VerificationKey(keys[0].key)); err != nil {
		t.Error(err)
	}
	if status := get(srv.URL+"/.well-known/other", &set); status != http.StatusNotFound {
		t.Errorf("another document: %d", status)
	}
}

// TestWatch has a server sign with the key that another one has made, long
// before it would read the keys again by itself.
func TestWatch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := seal.NewEphemeral()
		i := NewIssuer(db, s, nil)
		i.Watch(ctx)
		old := keyID(t, issue(t, i, guest))
		if err := NewIssuer(db, s, nil).Rotate(ctx); err != nil {
			t.Fatal(err)
		}
		for keyID(t, issue(t, i, guest)) == old {
			if ctx.Err() != nil {
				t.Fatal("still signs with the old key")
			}
		}
	})
}
