package sts_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/webidentity"
)

const (
	pool     = "us-east-1:00000000-0000-0000-0000-000000000001"
	person   = "us-east-1:00000000-0000-0000-0000-000000000002"
	provider = "arn:aws:iam::111122223333:oidc-provider/token.example.com"
)

func guest() webidentity.Token {
	return webidentity.Token{
		Issuer: webidentity.CognitoIssuer, Provider: webidentity.Cognito, Name: webidentity.Cognito,
		Subject: person, Audience: []string{pool}, AMR: []string{"unauthenticated"},
		Claims: map[string][]string{
			"cognito-identity.amazonaws.com:aud": {pool}, "cognito-identity.amazonaws.com:sub": {person},
			"cognito-identity.amazonaws.com:amr": {"unauthenticated"},
		},
		Issued: time.Now(), Expires: time.Now().Add(time.Hour),
	}
}

func worker() webidentity.Token {
	return webidentity.Token{
		Issuer: "https://token.example.com", Provider: provider, Name: "token.example.com",
		Subject: "repo:nephele/main", Audience: []string{"sts.amazonaws.com"},
		Claims: map[string][]string{"token.example.com:sub": {"repo:nephele/main"}, "token.example.com:aud": {"sts.amazonaws.com"}},
		Tags:   map[string]string{"Team": "red"}, Transitive: []string{"Team"}, SourceIdentity: "alice",
		Issued: time.Now(), Expires: time.Now().Add(time.Hour),
	}
}

// stranger calls without a signature.
func stranger() plane.Caller {
	return plane.Caller{Account: "000000000000", Region: "us-east-1", Kind: plane.Anonymous}
}

const guests = `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}`

func TestWebIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.tokens["guest"] = guest()
	arn := w.role(t, here, "guests", trust("AssumeRoleWithWebIdentity", `{"Federated":"cognito-identity.amazonaws.com"}`, guests),
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}}`)
	out, err := w.as(stranger()).AssumeRoleWithWebIdentity(t.Context(), &api.AssumeRoleWithWebIdentityInput{
		RoleArn: arn, RoleSessionName: "web", WebIdentityToken: "guest",
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Audience != pool || *out.Provider != webidentity.Cognito || *out.SubjectFromWebIdentityToken != person {
		t.Errorf("%+v", out)
	}
	c := w.bearer(t, out.Credentials)
	if c.Session.Provider != webidentity.Cognito || c.Account != here || c.ARN != "arn:aws:sts::111122223333:assumed-role/guests/web" {
		t.Errorf("%+v", c)
	}
	if !w.allowed(t, c, "s3:GetObject", "arn:aws:s3:::b/"+person+"/k") || w.allowed(t, c, "s3:GetObject", "arn:aws:s3:::b/somebody/k") {
		t.Error("the policy variable is not the token's claim")
	}
}

func TestWebIdentityTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.tokens["worker"] = worker()
	in := &api.AssumeRoleWithWebIdentityInput{RoleSessionName: "ci", WebIdentityToken: "worker", DurationSeconds: new(int32(7200))}
	federated := `{"Federated":"` + provider + `"}`
	in.RoleArn = w.role(t, here, "tagged", trust("AssumeRoleWithWebIdentity TagSession SetSourceIdentity", federated, `{"StringEquals":{"aws:RequestTag/team":"red","sts:RoleSessionName":"ci"}}`), admin)
	out, err := w.as(stranger()).AssumeRoleWithWebIdentity(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	c := w.bearer(t, out.Credentials)
	if diff := cmp.Diff(map[string]string{"Team": "red"}, c.Tags); diff != "" || *out.SourceIdentity != "alice" {
		t.Error(diff)
	}
	if c.Session.SourceIdentity != "alice" || !slices.Equal(c.Session.Transitive, []string{"Team"}) || c.Session.Provider != provider {
		t.Errorf("%+v", c.Session)
	}
	for name, actions := range map[string]string{
		"no-tags": "AssumeRoleWithWebIdentity SetSourceIdentity", "no-source": "AssumeRoleWithWebIdentity TagSession", "neither": "AssumeRole",
	} {
		in.RoleArn = w.role(t, here, name, trust(actions, federated, ""), "")
		_, err := w.as(stranger()).AssumeRoleWithWebIdentity(t.Context(), in)
		wantError(t, err, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
}

func TestWebIdentityRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.tokens["guest"], w.tokens["worker"] = guest(), worker()
	broken := worker()
	broken.Tags = map[string]string{"Team": "a", "team": "b"}
	w.tokens["twice"] = broken
	broken.Tags = map[string]string{"aws:x": ""}
	w.tokens["reserved"] = broken
	broken.Tags = map[string]string{"x": strings.Repeat("x", 257)}
	w.tokens["long"] = broken
	broken.Tags = map[string]string{}
	for i := range 51 {
		broken.Tags[fmt.Sprint(i)] = ""
	}
	w.tokens["many"] = broken
	broken.Tags, broken.SourceIdentity = nil, "a b"
	w.tokens["source"] = broken
	huge := guest()
	for range 500 {
		huge.Claims["cognito-identity.amazonaws.com:amr"] = append(huge.Claims["cognito-identity.amazonaws.com:amr"], rand.Text())
	}
	w.tokens["huge"] = huge
	arn := w.role(t, here, "guests", trust("AssumeRoleWithWebIdentity", `{"Federated":"cognito-identity.amazonaws.com"}`, guests), "")
	const no = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
	for _, tt := range []struct {
		name string
		in   api.AssumeRoleWithWebIdentityInput
		want string
	}{
		{"another issuer", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "worker"}, no},
		{"no role", api.AssumeRoleWithWebIdentityInput{RoleArn: arn + "x"}, no},
		{"no ARN", api.AssumeRoleWithWebIdentityInput{RoleArn: "this is not an arn at all"}, "ValidationError: this is not an arn at all is invalid"},
		{"too long", api.AssumeRoleWithWebIdentityInput{DurationSeconds: new(int32(7201))}, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"half a policy", api.AssumeRoleWithWebIdentityInput{Policy: new("{")}, "MalformedPolicyDocument: Syntax errors in policy."},
		{"OAuth", api.AssumeRoleWithWebIdentityInput{ProviderId: new("www.amazon.com")}, "NotImplemented: Nephele does not implement OAuth 2.0 access tokens: ProviderId cannot be given."},
		{"a tag twice", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "twice"}, "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"a tag of AWS's", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "reserved"}, "InvalidParameterValue: aws: prefixed tag key names are not allowed for external use."},
		{"a long tag", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "long"}, "InvalidParameterValue: A session tag of the token is too long, or has no key."},
		{"many tags", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "many"}, "InvalidParameterValue: The token has more than 50 session tags."},
		{"a source identity with a space", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "source"}, "InvalidParameterValue: The source identity of the token is not valid."},
		{"claims that are too long", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "huge"}, "PackedPolicyTooLarge: Serialized token too large for session"},
		{"invalid", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: webidentity.ErrInvalid.Error()}, "InvalidIdentityToken: " + webidentity.ErrInvalid.Error()},
		{"no provider", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: webidentity.ErrNoProvider.Error()}, "InvalidIdentityToken: " + webidentity.ErrNoProvider.Error()},
		{"audience", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: webidentity.ErrAudience.Error()}, "InvalidIdentityToken: " + webidentity.ErrAudience.Error()},
		{"expired", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: webidentity.ErrExpired.Error()}, "ExpiredTokenException: " + webidentity.ErrExpired.Error()},
		{"unreachable", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: webidentity.ErrUnreachable.Error()}, "IDPCommunicationError: " + webidentity.ErrUnreachable.Error()},
		{"a fault of ours", api.AssumeRoleWithWebIdentityInput{WebIdentityToken: "unknown"}, "InternalFailure: We encountered an internal error. Please try again."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.RoleSessionName = "web"
			if tt.in.RoleArn == "" {
				tt.in.RoleArn = arn
			}
			if tt.in.WebIdentityToken == "" {
				tt.in.WebIdentityToken = "guest"
			}
			_, err := w.as(stranger()).AssumeRoleWithWebIdentity(t.Context(), &tt.in)
			wantError(t, err, tt.want)
		})
	}
}

// TestWebIdentityTrust: a role that trusts users does not trust tokens, and the
// other way around.
func TestWebIdentityTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.tokens["guest"] = guest()
	alice := w.user(t, here, "alice", admin)
	users := w.role(t, here, "users", trust("*", aws(here), ""), "")
	guests := w.role(t, here, "guests", trust("*", `{"Federated":"cognito-identity.amazonaws.com"}`, ""), "")
	for _, c := range []plane.Caller{stranger(), alice, plane.RootCaller(here, "us-east-1")} {
		_, err := w.as(c).AssumeRoleWithWebIdentity(t.Context(), &api.AssumeRoleWithWebIdentityInput{RoleArn: users, RoleSessionName: "me", WebIdentityToken: "guest"})
		wantError(t, err, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
		_, err = w.as(c).AssumeRoleWithWebIdentity(t.Context(), &api.AssumeRoleWithWebIdentityInput{RoleArn: guests, RoleSessionName: "me", WebIdentityToken: "guest"})
		wantError(t, err, "")
	}
	if _, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: guests, RoleSessionName: "me"}); !awserr.Is(err, "AccessDenied") {
		t.Error(err)
	}
}
