package sts_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/golang-jwt/jwt/v5"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/nepheletest"
)

// issuer is an OpenID Connect provider with a certificate of its own.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	serve := func(path string, doc func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(doc()) })
	}
	serve("/.well-known/openid-configuration", func() any {
		return map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		}
	})
	b64 := base64.RawURLEncoding
	serve("/keys", func() any {
		return map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k",
			"n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}}
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) thumbprint() string {
	sum := sha1.Sum(i.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// token is one of the issuer's, with further claims.
func (i *issuer) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{
		"iss": i.URL, "sub": "repo:nephele/main", "aud": "sts.amazonaws.com",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, all)
	token.Header["kid"] = "k"
	text, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// staticToken is a web identity token in memory.
type staticToken string

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (s staticToken) GetIdentityToken() ([]byte, error) { return []byte(s), nil }

// TestSDKWebIdentity lets the SDK's credentials provider assume a role with a
// token, without any key.
func TestSDKWebIdentity(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithConfig(func(c *config.Config) { c.CanaryEgress = "private" }))
	k := kit{s, iam.NewFromConfig(s.Config)}
	i := newIssuer(t)
	name := strings.TrimPrefix(i.URL, "https://")
	made, err := k.iam.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &i.URL, ClientIDList: []string{"sts.amazonaws.com"}, ThumbprintList: []string{i.thumbprint()},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := k.role(t, "ci", trust("AssumeRoleWithWebIdentity", `{"Federated":"`+*made.OpenIDConnectProviderArn+`"}`,
		`{"StringEquals":{"`+name+`:sub":"repo:nephele/main","`+name+`:aud":"sts.amazonaws.com"}}`), allow("s3:ListAllMyBuckets", "*"))
	anonymous := k.Config.Copy()
	anonymous.Credentials = awssdk.AnonymousCredentials{}
	client := sts.NewFromConfig(anonymous)
	by := func(token string) awssdk.Config {
		return k.by(stscreds.NewWebIdentityRoleProvider(client, arn, staticToken(token), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = "build"
		}))
	}
	good := by(i.token(t, nil))
	if got, err := who(t, good); err != nil || got != "arn:aws:sts::"+home+":assumed-role/ci/build" {
		t.Fatalf("%s, %v", got, err)
	}
	if _, err := s3.NewFromConfig(good).ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		name, token, want string
	}{
		{"another subject", i.token(t, map[string]any{"sub": "repo:mallory/main"}), "AccessDenied"},
		{"another audience", i.token(t, map[string]any{"aud": "somebody"}), "InvalidIdentityToken"},
		{"expired", i.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "ExpiredTokenException"},
		{"another issuer", i.token(t, map[string]any{"iss": "https://elsewhere.example.com"}), "InvalidIdentityToken"},
		{"tags that the role does not let in", i.token(t, map[string]any{
			"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"Team": []string{"red"}}},
		}), "AccessDenied"},
		{"no token", "this is not a token", "InvalidIdentityToken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &arn, RoleSessionName: new("build"), WebIdentityToken: &tt.token,
			})
			if got := code(t, err); got != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
