package cognitoidentity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// shop is a pool that believes one issuer.
func (u *user) shop(t *testing.T, i *issuer, guests bool) string {
	t.Helper()
	return u.pool(t, cognito.CreateIdentityPoolInput{
		AllowUnauthenticatedIdentities: guests, OpenIdConnectProviderARNs: []string{i.register(t, u, "app", "tool")},
	})
}

// TestLogin gives one identity to one user, and credentials of the users' role.
func TestLogin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		i := newIssuer(t)
		pool := u.shop(t, i, false)
		u.setRoles(t, pool, map[string]string{"authenticated": u.role(t, "user", trust(pool, "authenticated"))}, nil)
		alice := u.id(t, pool, i.login(t, "alice"))
		if again := u.id(t, pool, i.login(t, "alice", "aud", "tool")); again != alice {
			t.Errorf("alice is %s and %s", alice, again)
		}
		if u.id(t, pool, i.login(t, "bob")) == alice {
			t.Error("bob is alice")
		}
		out := must(u.credentials(t.Context(), alice, i.login(t, "alice")))(t)
		if who := u.whoami(t, out.Credentials); !strings.HasSuffix(who, ":assumed-role/user/CognitoIdentityCredentials") {
			t.Errorf("alice is %s", who)
		}
		// No session policy limits users.
		must(iam.NewFromConfig(u.with(out.Credentials)).ListUsers(t.Context(), &iam.ListUsersInput{}))(t)
		d := must(u.root.DescribeIdentity(t.Context(), &cognito.DescribeIdentityInput{IdentityId: &alice}))(t)
		if diff := cmp.Diff([]string{i.name}, d.Logins); diff != "" {
			t.Error(diff)
		}
		_, err := u.credentials(t.Context(), alice, nil)
		wantError(t, "alice without a login", err, "NotAuthorizedException", "Access to Identity '"+alice+"' is forbidden.")
		_, err = u.credentials(t.Context(), alice, i.login(t, "bob"))
		wantError(t, "bob as alice", err, "NotAuthorizedException",
			"Logins don't match. Please include at least one valid login for this identity or identity pool.")
	})
}

// TestRefusedLogins are tokens that prove nothing.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	u := start(t)
	i, stranger := newIssuer(t), newIssuer(t)
	pool := u.shop(t, i, false)
	past := time.Now().Add(-time.Hour).Unix()
	good := i.token(t, "alice")
	for what, tt := range map[string]struct {
		logins        map[string]string
		code, message string
	}{
		"not a token":      {map[string]string{i.name: "x"}, "NotAuthorizedException", "Invalid login token. Not a valid OpenId Connect identity token."},
		"changed token":    {map[string]string{i.name: good[:len(good)-4] + "AAAA"}, "NotAuthorizedException", "Invalid login token. Couldn't verify signed token."},
		"another audience": {i.login(t, "alice", "aud", "other"), "NotAuthorizedException", "Invalid login token. Incorrect token audience."},
		"another issuer":   {map[string]string{i.name: stranger.token(t, "alice")}, "NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName"},
		"no audience":      {i.login(t, "alice", "aud", nil), "NotAuthorizedException", "Invalid login token. Missing a required claim: aud"},
		"expired":          {i.login(t, "alice", "exp", past, "iat", past-1), "NotAuthorizedException", ""},
		"not in the pool":  {stranger.login(t, "alice"), "NotAuthorizedException", "Token is not from a supported provider of this identity pool."},
	} {
		_, err := u.nobody.GetId(t.Context(), &cognito.GetIdInput{IdentityPoolId: &pool, Logins: tt.logins})
		wantError(t, what, err, tt.code, tt.message)
	}
	list := must(u.root.ListIdentities(t.Context(), &cognito.ListIdentitiesInput{IdentityPoolId: &pool, MaxResults: aws.Int32(9)}))(t)
	if len(list.Identities) != 0 {
		t.Errorf("identities were made: %+v", list.Identities)
	}
}

// TestGuestLogsIn keeps the identity of a guest who turns out to be somebody new,
// and gives it up for that of somebody known.
func TestGuestLogsIn(t *testing.T) {
	t.Parallel()
	u := start(t)
	i := newIssuer(t)
	pool := u.shop(t, i, true)
	u.setRoles(t, pool, map[string]string{
		"authenticated": u.role(t, "user", trust(pool, "authenticated")), "unauthenticated": u.role(t, "guest", trust(pool, "unauthenticated")),
	}, nil)
	first, second := u.id(t, pool, nil), u.id(t, pool, nil)
	if out := must(u.credentials(t.Context(), first, i.login(t, "alice")))(t); *out.IdentityId != first {
		t.Errorf("the guest %s became %s", first, *out.IdentityId)
	}
	if out := must(u.credentials(t.Context(), second, i.login(t, "alice")))(t); *out.IdentityId != first {
		t.Errorf("alice is %s, not %s", *out.IdentityId, first)
	}
	_, err := u.credentials(t.Context(), second, nil)
	wantError(t, "the other guest", err, "NotAuthorizedException", "Access to Identity '"+second+"' is forbidden.")
	for hide, want := range map[bool]int{true: 1, false: 2} {
		out := must(u.root.ListIdentities(t.Context(), &cognito.ListIdentitiesInput{IdentityPoolId: &pool, MaxResults: aws.Int32(9), HideDisabled: hide}))(t)
		if len(out.Identities) != want {
			t.Errorf("hiding %t: %d identities, want %d", hide, len(out.Identities), want)
		}
	}
	unlink := &cognito.UnlinkIdentityInput{IdentityId: &first, Logins: i.login(t, "bob"), LoginsToRemove: []string{i.name}}
	_, err = u.nobody.UnlinkIdentity(t.Context(), unlink)
	wantError(t, "bob unlinks alice", err, "NotAuthorizedException", "")
	unlink.Logins = i.login(t, "alice")
	must(u.nobody.UnlinkIdentity(t.Context(), unlink))(t)
	if again := u.id(t, pool, i.login(t, "alice")); again == first {
		t.Error("alice still has the identity that she gave up")
	}
}

// TestRoleMappings chooses roles by rules and by claims.
func TestRoleMappings(t *testing.T) {
	t.Parallel()
	u := start(t)
	i := newIssuer(t)
	pool := u.shop(t, i, false)
	roles := map[string]string{}
	for _, name := range []string{"user", "admin", "staff"} {
		roles[name] = u.role(t, name, trust(pool, "authenticated"))
	}
	set := func(m types.RoleMapping) {
		t.Helper()
		u.setRoles(t, pool, map[string]string{"authenticated": roles["user"]}, map[string]types.RoleMapping{i.name: m})
	}
	rules := types.RoleMapping{
		Type: types.RoleMappingTypeRules, AmbiguousRoleResolution: types.AmbiguousRoleResolutionTypeAuthenticatedRole,
		RulesConfiguration: &types.RulesConfigurationType{Rules: []types.MappingRule{
			{Claim: aws.String("isAdmin"), MatchType: types.MappingRuleMatchTypeEquals, Value: aws.String("true"), RoleARN: aws.String(roles["admin"])},
			{Claim: aws.String("groups"), MatchType: types.MappingRuleMatchTypeStartsWith, Value: aws.String("staff-"), RoleARN: aws.String(roles["staff"])},
			{Claim: aws.String("mail"), MatchType: types.MappingRuleMatchTypeContains, Value: aws.String("@shop"), RoleARN: aws.String(roles["staff"])},
			{Claim: aws.String("level"), MatchType: types.MappingRuleMatchTypeNotEqual, Value: aws.String("0"), RoleARN: aws.String(roles["admin"])},
		}},
	}
	denying := rules
	denying.AmbiguousRoleResolution = types.AmbiguousRoleResolutionTypeDeny
	token := types.RoleMapping{Type: types.RoleMappingTypeToken, AmbiguousRoleResolution: types.AmbiguousRoleResolutionTypeDeny}
	both := []string{roles["admin"], roles["staff"]}
	for _, tt := range []struct {
		what    string
		mapping types.RoleMapping
		custom  string
		claims  []any
		want    string // "" is refused
	}{
		{"first rule", rules, "", []any{"isAdmin", true, "groups", "staff-a"}, "admin"},
		{"rule of a list", rules, "", []any{"groups", []string{"a", "staff-b"}}, "staff"},
		{"rule of a part", rules, "", []any{"mail", "a@shop.example.com"}, "staff"},
		{"rule of inequality", rules, "", []any{"level", 7}, "admin"},
		{"inequality of what is equal", rules, "", []any{"level", 0}, "user"},
		{"no rule", rules, "", nil, "user"},
		{"no rule, denied", denying, "", nil, ""},
		{"another rule on request", rules, "staff", []any{"isAdmin", true, "groups", "staff-a"}, "staff"},
		{"no rule for the request", rules, "staff", []any{"isAdmin", true}, ""},
		{"preferred role", token, "", []any{"cognito:preferred_role", roles["staff"], "cognito:roles", both}, "staff"},
		{"one role", token, "", []any{"cognito:roles", both[:1]}, "admin"},
		{"several roles", token, "", []any{"cognito:roles", both}, ""},
		{"role of several on request", token, "admin", []any{"cognito:roles", both}, "admin"},
		{"role of others on request", token, "user", []any{"cognito:roles", both}, ""},
	} {
		set(tt.mapping)
		logins := i.login(t, "alice", tt.claims...)
		in := &cognito.GetCredentialsForIdentityInput{IdentityId: aws.String(u.id(t, pool, logins)), Logins: logins}
		if tt.custom != "" {
			in.CustomRoleArn = aws.String(roles[tt.custom])
		}
		out, err := u.nobody.GetCredentialsForIdentity(t.Context(), in)
		if tt.want == "" {
			wantError(t, tt.what, err, "NotAuthorizedException", "")
			continue
		}
		if who := u.whoami(t, must(out, err)(t).Credentials); !strings.Contains(who, ":assumed-role/"+tt.want+"/") {
			t.Errorf("%s: %s, want %s", tt.what, who, tt.want)
		}
	}
	got := must(u.root.GetIdentityPoolRoles(t.Context(), &cognito.GetIdentityPoolRolesInput{IdentityPoolId: &pool}))(t)
	if got.Roles["authenticated"] != roles["user"] || got.RoleMappings[i.name].Type != types.RoleMappingTypeToken {
		t.Errorf("%+v", got)
	}
}

// TestAttributes makes session tags of claims, which the role must permit.
func TestAttributes(t *testing.T) {
	t.Parallel()
	u := start(t)
	i := newIssuer(t)
	pool := u.shop(t, i, false)
	set := func(in cognito.SetPrincipalTagAttributeMapInput) *cognito.SetPrincipalTagAttributeMapOutput {
		t.Helper()
		in.IdentityPoolId, in.IdentityProviderName = &pool, &i.name
		return must(u.root.SetPrincipalTagAttributeMap(t.Context(), &in))(t)
	}
	if out := set(cognito.SetPrincipalTagAttributeMapInput{UseDefaults: aws.Bool(true)}); out.PrincipalTags["username"] != "sub" || out.PrincipalTags["client"] != "aud" {
		t.Errorf("defaults: %v", out.PrincipalTags)
	}
	set(cognito.SetPrincipalTagAttributeMapInput{PrincipalTags: map[string]string{"team": "custom:team"}})
	got := must(u.root.GetPrincipalTagAttributeMap(t.Context(), &cognito.GetPrincipalTagAttributeMapInput{IdentityPoolId: &pool, IdentityProviderName: &i.name}))(t)
	if *got.UseDefaults || got.PrincipalTags["team"] != "custom:team" {
		t.Errorf("%+v", got)
	}
	logins := i.login(t, "alice", "custom:team", "blue")
	id := u.id(t, pool, logins)
	u.setRoles(t, pool, map[string]string{"authenticated": u.role(t, "untagged", trust(pool, "authenticated"))}, nil)
	_, err := u.credentials(t.Context(), id, logins)
	wantError(t, "role without sts:TagSession", err, "InvalidIdentityPoolConfigurationException", "")

	name := "tagged"
	arn := u.role(t, name, trust(pool, "authenticated", "sts:TagSession"))
	must(u.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("all"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}}`)}))(t)
	u.setRoles(t, pool, map[string]string{"authenticated": arn}, nil)
	for team, allowed := range map[string]bool{"blue": true, "red": false} {
		out := must(u.credentials(t.Context(), id, i.login(t, "alice", "custom:team", team)))(t)
		_, err := iam.NewFromConfig(u.with(out.Credentials)).ListUsers(t.Context(), &iam.ListUsersInput{})
		if (err == nil) != allowed {
			t.Errorf("team %s: %v", team, err)
		}
	}
}

// TestProviderOfIAM has a role trust an OpenID Connect provider directly.
func TestProviderOfIAM(t *testing.T) {
	t.Parallel()
	u := start(t)
	i := newIssuer(t)
	arn := i.register(t, u, "app")
	role := u.role(t, "deploy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"`+arn+`"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"`+i.name+`:sub":"repo:*"},"StringEquals":{"`+i.name+`:aud":"app"}}}}`)
	anonymous := sts.NewFromConfig(u.as(aws.AnonymousCredentials{}))
	assume := func(token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return anonymous.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String("ci"), WebIdentityToken: &token,
		})
	}
	out := must(assume(i.token(t, "repo:shop")))(t)
	if who := u.whoami(t, fromSTS(out.Credentials)); !strings.HasSuffix(who, ":assumed-role/deploy/ci") {
		t.Errorf("I am %s", who)
	}
	_, err := assume(i.token(t, "user:eve"))
	wantError(t, "another subject", err, "AccessDenied", "")
	_, err = assume(i.token(t, "repo:shop", "aud", "other"))
	wantError(t, "another audience", err, "InvalidIdentityToken", "Incorrect token audience")
	_, err = assume(newIssuer(t).token(t, "repo:shop"))
	wantError(t, "another issuer", err, "InvalidIdentityToken", "")
	past := time.Now().Add(-time.Hour).Unix()
	_, err = assume(i.token(t, "repo:shop", "exp", past, "iat", past-1))
	wantError(t, "expired", err, "ExpiredTokenException", "")
}
