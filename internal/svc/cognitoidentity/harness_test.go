package cognitoidentity_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // thumbprints are made of it
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/golang-jwt/jwt/v5"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

const account = "000000000000"

// user drives a server from outside: as its root user, and as nobody.
type user struct {
	*nepheletest.Server
	root   *cognito.Client
	nobody *cognito.Client
	iam    *iam.Client
}

func start(t *testing.T, options ...nepheletest.Option) *user {
	t.Helper()
	options = append([]nepheletest.Option{
		nepheletest.WithAuth(), nepheletest.WithConfig(func(c *config.Config) { c.CanaryEgress = "private" }),
	}, options...)
	s := nepheletest.Start(t, options...)
	u := &user{Server: s, root: cognito.NewFromConfig(s.Config), iam: iam.NewFromConfig(s.Config)}
	u.nobody = cognito.NewFromConfig(u.as(aws.AnonymousCredentials{}))
	return u
}

// each runs f on servers with each database.
func each(t *testing.T, f func(t *testing.T, u *user)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.URL != "" {
			f(t, start(t, nepheletest.WithPostgres(c.URL)))
			return
		}
		f(t, start(t))
	})
}

func (u *user) as(p aws.CredentialsProvider) aws.Config {
	c := u.Config.Copy()
	c.Credentials = p
	return c
}

// with is the configuration of who has credentials that Cognito gave.
func (u *user) with(c *types.Credentials) aws.Config {
	return u.as(credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretKey, *c.SessionToken))
}

// pool makes a pool.
func (u *user) pool(t *testing.T, in cognito.CreateIdentityPoolInput) string {
	t.Helper()
	if in.IdentityPoolName == nil {
		in.IdentityPoolName = aws.String("pool")
	}
	return *must(u.root.CreateIdentityPool(t.Context(), &in))(t).IdentityPoolId
}

// trust is the documented trust policy of a role for a pool.
func trust(pool, amr string, more ...string) string {
	actions := `"` + strings.Join(append([]string{"sts:AssumeRoleWithWebIdentity"}, more...), `","`) + `"`
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
		`"Action":[` + actions + `],"Condition":{` +
		`"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},` +
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + amr + `"}}}]}`
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// role makes a role that may do everything.
func (u *user) role(t *testing.T, name, trust string) string {
	t.Helper()
	out := must(u.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}))(t)
	must(u.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("all"), PolicyDocument: aws.String(everything),
	}))(t)
	return *out.Role.Arn
}

func (u *user) setRoles(t *testing.T, pool string, roles map[string]string, mappings map[string]types.RoleMapping) {
	t.Helper()
	must(u.root.SetIdentityPoolRoles(t.Context(), &cognito.SetIdentityPoolRolesInput{
		IdentityPoolId: &pool, Roles: roles, RoleMappings: mappings,
	}))(t)
}

// id asks for an identity as nobody.
func (u *user) id(t *testing.T, pool string, logins map[string]string) string {
	t.Helper()
	return *must(u.nobody.GetId(t.Context(), &cognito.GetIdInput{IdentityPoolId: &pool, Logins: logins}))(t).IdentityId
}

// credentials asks for credentials as nobody.
func (u *user) credentials(ctx context.Context, id string, logins map[string]string) (*cognito.GetCredentialsForIdentityOutput, error) {
	return u.nobody.GetCredentialsForIdentity(ctx, &cognito.GetCredentialsForIdentityInput{IdentityId: &id, Logins: logins})
}

// whoami is the ARN behind credentials.
func (u *user) whoami(t *testing.T, c *types.Credentials) string {
	t.Helper()
	return *must(sts.NewFromConfig(u.with(c)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t).Arn
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

// wantError checks code and message of an error; an empty message is any.
func wantError(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Errorf("%s: %v, want %s", what, err, code)
		return
	}
	if e.ErrorCode() != code || message != "" && e.ErrorMessage() != message {
		t.Errorf("%s: %s: %s\nwant %s: %s", what, e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

// issuer is an OpenID Connect provider on the loopback, with a certificate that
// nobody knows.
type issuer struct {
	url, name  string
	thumbprint string
	key        *rsa.PrivateKey
}

var issuerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{key: must(issuerKey())(t)}
	mux := http.NewServeMux()
	answer := func(path string, f func() any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(f()) })
	}
	answer("/t/.well-known/openid-configuration", func() any { return map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"} })
	answer("/t/keys", func() any {
		return map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
			"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
		}}}
	})
	srv := httptest.NewTLSServer(mux)
	t.Cleanup(srv.Close)
	i.url = srv.URL + "/t"
	i.name = strings.TrimPrefix(i.url, "https://")
	sum := sha1.Sum(srv.Certificate().Raw) //nolint:gosec // see above
	i.thumbprint = hex.EncodeToString(sum[:])
	return i
}

// register makes the issuer a provider in IAM and returns its ARN.
func (i *issuer) register(t *testing.T, u *user, clients ...string) string {
	t.Helper()
	return *must(u.iam.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &i.url, ClientIDList: clients, ThumbprintList: []string{i.thumbprint},
	}))(t).OpenIDConnectProviderArn
}

// token signs a token for a client; more are further claims.
func (i *issuer) token(t *testing.T, subject string, more ...any) string {
	t.Helper()
	now := time.Now()
	c := jwt.MapClaims{"iss": i.url, "sub": subject, "aud": "app", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for n := 0; n+1 < len(more); n += 2 {
		c[fmt.Sprint(more[n])] = more[n+1]
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = "1"
	return must(token.SignedString(i.key))(t)
}

// login is the Logins of one token.
func (i *issuer) login(t *testing.T, subject string, more ...any) map[string]string {
	t.Helper()
	return map[string]string{i.name: i.token(t, subject, more...)}
}
