package cognitoidentity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// TestRefusedSettings of pools change nothing.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	u := start(t)
	many := map[string]string{}
	for n := range 51 {
		many[fmt.Sprint("k", n)] = ""
	}
	for what, tt := range map[string]struct {
		in   cognito.CreateIdentityPoolInput
		code string
	}{
		"name":            {cognito.CreateIdentityPoolInput{IdentityPoolName: aws.String("a/b")}, "ValidationException"},
		"SAML":            {cognito.CreateIdentityPoolInput{SamlProviderARNs: []string{"arn:aws:iam::000000000000:saml-provider/x"}}, "NotImplemented"},
		"public provider": {cognito.CreateIdentityPoolInput{SupportedLoginProviders: map[string]string{"example.com": "1"}}, "InvalidParameterException"},
		"user pool": {cognito.CreateIdentityPoolInput{CognitoIdentityProviders: []types.CognitoIdentityProvider{
			{ProviderName: aws.String("example.com/x"), ClientId: aws.String("c")},
		}}, "InvalidParameterException"},
		"not a provider": {cognito.CreateIdentityPoolInput{OpenIdConnectProviderARNs: []string{"arn:aws:iam::000000000000:role/x"}}, "InvalidParameterException"},
		"reserved tag":   {cognito.CreateIdentityPoolInput{IdentityPoolTags: map[string]string{"aws:x": "1"}}, "InvalidParameterException"},
		"many tags":      {cognito.CreateIdentityPoolInput{IdentityPoolTags: many}, "InvalidParameterException"},
	} {
		if tt.in.IdentityPoolName == nil {
			tt.in.IdentityPoolName = aws.String("p")
		}
		_, err := u.root.CreateIdentityPool(t.Context(), &tt.in)
		wantError(t, what, err, tt.code, "")
	}
	list := must(u.root.ListIdentityPools(t.Context(), &cognito.ListIdentityPoolsInput{MaxResults: aws.Int32(60)}))(t)
	if len(list.IdentityPools) != 0 {
		t.Errorf("%d pools were made", len(list.IdentityPools))
	}
}

// TestRefusedRoles leave those that were set.
func TestRefusedRoles(t *testing.T) {
	t.Parallel()
	u := start(t)
	pool := u.pool(t, cognito.CreateIdentityPoolInput{})
	const role = "arn:aws:iam::" + account + ":role/user"
	u.setRoles(t, pool, map[string]string{"authenticated": role}, nil)
	rule := types.MappingRule{Claim: aws.String("c"), MatchType: types.MappingRuleMatchTypeEquals, Value: aws.String("v"), RoleARN: aws.String(role)}
	many := make([]types.MappingRule, 26)
	for n := range many {
		many[n] = rule
	}
	foreign := rule
	foreign.RoleARN = aws.String("arn:aws:iam::111122223333:role/user")
	const deny = types.AmbiguousRoleResolutionTypeDeny
	for what, in := range map[string]cognito.SetIdentityPoolRolesInput{
		"not a role":      {Roles: map[string]string{"authenticated": "arn:aws:iam::000000000000:user/user"}},
		"another account": {Roles: map[string]string{"authenticated": "arn:aws:iam::111122223333:role/user"}},
		"nothing for ambiguity": {RoleMappings: map[string]types.RoleMapping{"p": {
			Type: types.RoleMappingTypeToken,
		}}},
		"rules without rules": {RoleMappings: map[string]types.RoleMapping{"p": {Type: types.RoleMappingTypeRules, AmbiguousRoleResolution: deny}}},
		"token with rules": {RoleMappings: map[string]types.RoleMapping{"p": {
			Type: types.RoleMappingTypeToken, AmbiguousRoleResolution: deny,
			RulesConfiguration: &types.RulesConfigurationType{Rules: []types.MappingRule{rule}},
		}}},
		"many rules": {RoleMappings: map[string]types.RoleMapping{"p": {
			Type: types.RoleMappingTypeRules, AmbiguousRoleResolution: deny, RulesConfiguration: &types.RulesConfigurationType{Rules: many},
		}}},
		"rule for another account": {RoleMappings: map[string]types.RoleMapping{"p": {
			Type: types.RoleMappingTypeRules, AmbiguousRoleResolution: deny,
			RulesConfiguration: &types.RulesConfigurationType{Rules: []types.MappingRule{foreign}},
		}}},
	} {
		in.IdentityPoolId = &pool
		if in.Roles == nil {
			in.Roles = map[string]string{}
		}
		code := "InvalidParameterException"
		if strings.Contains(what, "another account") {
			code = "AccessDeniedException" // nobody may pass a role of another account
		}
		_, err := u.root.SetIdentityPoolRoles(t.Context(), &in)
		wantError(t, what, err, code, "")
	}
	got := must(u.root.GetIdentityPoolRoles(t.Context(), &cognito.GetIdentityPoolRolesInput{IdentityPoolId: &pool}))(t)
	if got.Roles["authenticated"] != role || got.RoleMappings != nil {
		t.Errorf("%+v", got)
	}
}

// TestPermissions asks what operations need.
func TestPermissions(t *testing.T) {
	t.Parallel()
	u := start(t)
	ctx, name := t.Context(), aws.String("eve")
	blue := u.pool(t, cognito.CreateIdentityPoolInput{IdentityPoolTags: map[string]string{"team": "blue"}})
	red := u.pool(t, cognito.CreateIdentityPoolInput{IdentityPoolTags: map[string]string{"team": "red"}})
	must(u.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: name}))(t)
	key := must(u.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name}))(t).AccessKey
	eve := cognito.NewFromConfig(u.as(credentials.NewStaticCredentialsProvider(*key.AccessKeyId, *key.SecretAccessKey, "")))
	allow := func(statement string) {
		t.Helper()
		must(u.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` + statement + `]}`)}))(t)
	}
	describe := func(id string) error {
		_, err := eve.DescribeIdentityPool(ctx, &cognito.DescribeIdentityPoolInput{IdentityPoolId: &id})
		return err
	}
	set := func() error {
		_, err := eve.SetIdentityPoolRoles(ctx, &cognito.SetIdentityPoolRolesInput{
			IdentityPoolId: &blue, Roles: map[string]string{"authenticated": "arn:aws:iam::" + account + ":role/user"},
		})
		return err
	}
	create := func(team string) error {
		_, err := eve.CreateIdentityPool(ctx, &cognito.CreateIdentityPoolInput{IdentityPoolName: aws.String("p"), IdentityPoolTags: map[string]string{"team": team}})
		return err
	}
	const denied = "AccessDeniedException"
	wantError(t, "nothing allowed", describe(blue), denied, "")

	allow(`{"Effect":"Allow","Action":"cognito-identity:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}},` +
		`{"Effect":"Allow","Action":"cognito-identity:CreateIdentityPool","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}}`)
	if err := describe(blue); err != nil {
		t.Errorf("pool of the team: %v", err)
	}
	wantError(t, "pool of another team", describe(red), denied, "")
	wantError(t, "roles without iam:PassRole", set(), denied, "")
	if err := create("blue"); err != nil {
		t.Errorf("pool for the team: %v", err)
	}
	wantError(t, "pool for another team", create("red"), denied, "")

	allow(`{"Effect":"Allow","Action":"cognito-identity:*","Resource":"arn:aws:cognito-identity:us-east-1:` + account + `:identitypool/` + blue + `"},` +
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"cognito-identity.amazonaws.com"}}}`)
	if err := set(); err != nil {
		t.Errorf("roles with iam:PassRole: %v", err)
	}
	wantError(t, "another pool", describe(red), denied, "")
}
