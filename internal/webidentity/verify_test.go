package webidentity

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store/storetest"
)

// newTestVerifier believes one issuer, in account 111122223333.
func newTestVerifier(t testing.TB, i *testIssuer) *Verifier {
	t.Helper()
	return NewVerifier(Options{
		Issuer: NewIssuer(storetest.SQLite(t), seal.NewEphemeral(), nil),
		Dial:   serve(t, i).dial, Plain: true, Provider: oneProvider(i.provider()),
	})
}

func TestVerifyProvider(t *testing.T) {
	t.Parallel()
	i := newTestIssuer()
	v := newTestVerifier(t, i)
	c := i.claims()
	c["amr"] = []string{"pwd", "otp"}
	c["email"] = "alice@example.com"
	c[tagsClaim] = map[string]any{"principal_tags": map[string]any{"team": []string{"blue"}}, "transitive_tag_keys": []string{"team"}}
	c[sourceClaim] = "alice"
	k := testKeys()
	for name, token := range map[string]string{
		"RS256": sign(t, jwt.SigningMethodRS256, "r", k.rsa, c),
		"RS384": sign(t, jwt.SigningMethodRS384, "r", k.rsa, c),
		"RS512": sign(t, jwt.SigningMethodRS512, "r", k.rsa, c),
		"ES256": sign(t, jwt.SigningMethodES256, "e", k.ec, c),
		"no id": sign(t, jwt.SigningMethodRS256, "", k.rsa, c),
	} {
		got, err := v.Verify(t.Context(), "111122223333", token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := Token{
			Issuer: i.URL, Provider: i.provider().ARN, Name: i.URL, Subject: "alice", Audience: []string{"app"}, AMR: []string{"pwd", "otp"},
			Claims: map[string][]string{
				i.URL + ":aud": {"app"}, i.URL + ":oaud": {"app"}, i.URL + ":sub": {"alice"},
				i.URL + ":amr": {"pwd", "otp"}, i.URL + ":email": {"alice@example.com"},
			},
			Tags: map[string]string{"team": "blue"}, Transitive: []string{"team"}, SourceIdentity: "alice",
			Raw: got.Raw, Issued: got.Issued, Expires: got.Expires,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if life := got.Expires.Sub(got.Issued); life != time.Hour {
			t.Errorf("%s: lives %v", name, life)
		}
	}
}

// TestAudience is azp where there is one, and aud may be a list.
func TestAudience(t *testing.T) {
	t.Parallel()
	i := newTestIssuer()
	v := newTestVerifier(t, i)
	for _, tt := range []struct {
		aud  any
		azp  string
		kind error
	}{
		{"app", "", nil},
		{[]string{"stranger", "tool"}, "", nil},
		{"stranger", "", ErrAudience},
		{"stranger", "app", nil},
		{"app", "stranger", ErrAudience},
	} {
		c := i.claims()
		c["aud"] = tt.aud
		if tt.azp != "" {
			c["azp"] = tt.azp
		}
		_, err := v.Verify(t.Context(), "111122223333", sign(t, jwt.SigningMethodRS256, "r", testKeys().rsa, c))
		if !errors.Is(err, tt.kind) || (err == nil) != (tt.kind == nil) {
			t.Errorf("aud %v, azp %q: %v, want %v", tt.aud, tt.azp, err, tt.kind)
		}
	}
}

// TestRefusedTokens are changed in one way each.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	i := newTestIssuer()
	v := newTestVerifier(t, i)
	k := testKeys()
	now := time.Now()
	good := sign(t, jwt.SigningMethodRS256, "r", k.rsa, i.claims())
	parts := strings.Split(good, ".")
	with := func(change map[string]any) string {
		c := i.claims()
		maps.Copy(c, change)
		for name, value := range change {
			if value == nil {
				delete(c, name)
			}
		}
		return sign(t, jwt.SigningMethodRS256, "r", k.rsa, c)
	}
	critical := jwt.NewWithClaims(jwt.SigningMethodRS256, i.claims())
	critical.Header["kid"], critical.Header["crit"] = "r", []string{"b64"}
	withCritical, err := critical.SignedString(k.rsa)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for name, tt := range map[string]struct {
		token string
		kind  error
	}{
		"empty":                     {"", ErrInvalid},
		"not a token":               {"eyJ.eyJ.x", ErrInvalid},
		"too long":                  {good + strings.Repeat("A", MaxLength), ErrInvalid},
		"no signature":              {parts[0] + "." + parts[1] + ".", ErrInvalid},
		"another key":               {sign(t, jwt.SigningMethodRS256, "r", k.other, i.claims()), ErrInvalid},
		"another key, no id":        {sign(t, jwt.SigningMethodRS256, "", k.other, i.claims()), ErrInvalid},
		"unknown key id":            {sign(t, jwt.SigningMethodRS256, "x", k.rsa, i.claims()), ErrInvalid},
		"key of another algorithm":  {sign(t, jwt.SigningMethodES256, "r", k.ec, i.claims()), ErrInvalid},
		"unsigned":                  {sign(t, jwt.SigningMethodNone, "r", jwt.UnsafeAllowNoneSignatureType, i.claims()), ErrInvalid},
		"public key as HMAC secret": {sign(t, jwt.SigningMethodHS256, "r", public, i.claims()), ErrInvalid},
		"PSS":                       {sign(t, jwt.SigningMethodPS256, "r", k.rsa, i.claims()), ErrInvalid},
		"payload of another":        {parts[0] + "." + strings.Split(with(map[string]any{"sub": "bob"}), ".")[1] + "." + parts[2], ErrInvalid},
		"critical extension":        {withCritical, ErrInvalid},
		"trailing bits":             {good[:len(good)-1] + string(good[len(good)-1]+1), ErrInvalid},
		"no issuer":                 {with(map[string]any{"iss": nil}), ErrInvalid},
		"another issuer":            {with(map[string]any{"iss": "https://evil.example.com"}), ErrNoProvider},
		"Cognito's name":            {with(map[string]any{"iss": CognitoIssuer}), ErrInvalid},
		"no subject":                {with(map[string]any{"sub": nil}), ErrInvalid},
		"long subject":              {with(map[string]any{"sub": strings.Repeat("a", 256)}), ErrInvalid},
		"no audience":               {with(map[string]any{"aud": nil}), ErrInvalid},
		"audience of another type":  {with(map[string]any{"aud": 7}), ErrInvalid},
		"no expiry":                 {with(map[string]any{"exp": nil}), ErrInvalid},
		"expiry of another type":    {with(map[string]any{"exp": "never"}), ErrInvalid},
		"expired":                   {with(map[string]any{"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-time.Second).Unix()}), ErrExpired},
		"no issue time":             {with(map[string]any{"iat": nil}), ErrInvalid},
		"issued in future":          {with(map[string]any{"iat": now.Add(10 * time.Minute).Unix()}), ErrInvalid},
		"not yet valid":             {with(map[string]any{"nbf": now.Add(10 * time.Minute).Unix()}), ErrInvalid},
		"tags of another type":      {with(map[string]any{tagsClaim: "x"}), ErrInvalid},
		"tag with two values": {
			with(map[string]any{tagsClaim: map[string]any{"principal_tags": map[string]any{"a": []string{"1", "2"}}}}), ErrInvalid,
		},
	} {
		if _, err := v.Verify(t.Context(), "111122223333", tt.token); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", name, err, tt.kind)
		}
	}
	if _, err := v.Verify(t.Context(), "444455556666", good); !errors.Is(err, ErrNoProvider) {
		t.Errorf("an account without the provider: %v", err)
	}
	if _, err := v.Verify(t.Context(), "111122223333", good); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

// FuzzVerify believes a token only if it was signed here.
func FuzzVerify(f *testing.F) {
	i := newTestIssuer()
	v := newTestVerifier(f, i)
	k := testKeys()
	c := i.claims()
	c["exp"] = time.Now().Add(24 * time.Hour).Unix()
	own, err := v.o.Issuer.Issue(f.Context(), Claims{Pool: "us-east-1:p", Identity: "us-east-1:i", AMR: []string{"unauthenticated"}, Life: MaxLife})
	if err != nil {
		f.Fatal(err)
	}
	seeds := map[string]bool{
		own: true,
		sign(f, jwt.SigningMethodRS256, "r", k.rsa, c): true,
		sign(f, jwt.SigningMethodRS512, "", k.rsa, c):  true,
		sign(f, jwt.SigningMethodES256, "e", k.ec, c):  true,
	}
	for s := range seeds {
		f.Add(s)
		f.Add(strings.Replace(s, ".", ". ", 1))
	}
	f.Add(sign(f, jwt.SigningMethodNone, "r", jwt.UnsafeAllowNoneSignatureType, c))
	f.Add(sign(f, jwt.SigningMethodHS256, "r", []byte("secret"), c))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(t.Context(), "111122223333", token)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		if !seeds[token] || got.Subject == "" || len(got.Audience) == 0 {
			t.Fatalf("believed: %q", token)
		}
	})
}
