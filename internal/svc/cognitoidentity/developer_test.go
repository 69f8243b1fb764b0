package cognitoidentity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const developer = "login.shop"

// TestDeveloper follows users of a developer from registration to the end.
func TestDeveloper(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		ctx := t.Context()
		pool := u.pool(t, cognito.CreateIdentityPoolInput{DeveloperProviderName: aws.String(developer), AllowUnauthenticatedIdentities: true})
		role := u.role(t, "user", trust(pool, "authenticated"))
		u.setRoles(t, pool, map[string]string{"authenticated": role}, nil)
		register := func(user, id string) (*cognito.GetOpenIdTokenForDeveloperIdentityOutput, error) {
			in := &cognito.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: &pool, Logins: map[string]string{developer: user}}
			if id != "" {
				in.IdentityId = &id
			}
			return u.root.GetOpenIdTokenForDeveloperIdentity(ctx, in)
		}
		alice := must(register("alice", ""))(t)
		if again := must(register("alice", *alice.IdentityId))(t); *again.IdentityId != *alice.IdentityId {
			t.Errorf("alice is %s and %s", *alice.IdentityId, *again.IdentityId)
		}
		// The client exchanges the token for credentials.
		logins := map[string]string{"cognito-identity.amazonaws.com": *alice.Token}
		out := must(u.credentials(ctx, *alice.IdentityId, logins))(t)
		if who := u.whoami(t, out.Credentials); !strings.Contains(who, ":assumed-role/user/") {
			t.Errorf("alice is %s", who)
		}
		bob := must(register("bob", ""))(t)
		_, err := u.credentials(ctx, *bob.IdentityId, logins)
		wantError(t, "alice's token for bob", err, "NotAuthorizedException", "")
		_, err = register("bob", *alice.IdentityId)
		wantError(t, "bob as alice", err, "DeveloperUserAlreadyRegisteredException", "")
		must(register("alice2", *alice.IdentityId))(t)

		lookup := func(user, id string) (*cognito.LookupDeveloperIdentityOutput, error) {
			in := &cognito.LookupDeveloperIdentityInput{IdentityPoolId: &pool}
			if user != "" {
				in.DeveloperUserIdentifier = &user
			}
			if id != "" {
				in.IdentityId = &id
			}
			return u.root.LookupDeveloperIdentity(ctx, in)
		}
		if l := must(lookup("", *alice.IdentityId))(t); !slices.Equal(l.DeveloperUserIdentifierList, []string{"alice", "alice2"}) {
			t.Errorf("users of alice: %v", l.DeveloperUserIdentifierList)
		}
		if l := must(lookup("bob", *bob.IdentityId))(t); *l.IdentityId != *bob.IdentityId {
			t.Errorf("bob is %s", *l.IdentityId)
		}
		_, err = lookup("bob", *alice.IdentityId)
		wantError(t, "bob in alice", err, "ResourceConflictException", "")
		_, err = lookup("eve", "")
		wantError(t, "nobody", err, "ResourceNotFoundException", "")
		_, err = lookup("", "")
		wantError(t, "nothing asked", err, "InvalidParameterException", "")

		merged := must(u.root.MergeDeveloperIdentities(ctx, &cognito.MergeDeveloperIdentitiesInput{
			IdentityPoolId: &pool, DeveloperProviderName: aws.String(developer),
			SourceUserIdentifier: aws.String("alice"), DestinationUserIdentifier: aws.String("bob"),
		}))(t)
		if *merged.IdentityId != *bob.IdentityId {
			t.Errorf("merged into %s", *merged.IdentityId)
		}
		if l := must(lookup("", *bob.IdentityId))(t); len(l.DeveloperUserIdentifierList) != 3 {
			t.Errorf("users of bob: %v", l.DeveloperUserIdentifierList)
		}
		_, err = u.credentials(ctx, *alice.IdentityId, logins)
		wantError(t, "merged identity", err, "NotAuthorizedException", "")
		must(u.root.UnlinkDeveloperIdentity(ctx, &cognito.UnlinkDeveloperIdentityInput{
			IdentityPoolId: &pool, DeveloperProviderName: aws.String(developer), IdentityId: bob.IdentityId, DeveloperUserIdentifier: aws.String("alice"),
		}))(t)
		if fresh := must(register("alice", ""))(t); *fresh.IdentityId == *bob.IdentityId || *fresh.IdentityId == *alice.IdentityId {
			t.Error("alice has an identity that she was taken from")
		}
	})
}

// TestLookupPages lists many users of one identity.
func TestLookupPages(t *testing.T) {
	t.Parallel()
	u := start(t)
	pool := u.pool(t, cognito.CreateIdentityPoolInput{DeveloperProviderName: aws.String(developer)})
	var id *string
	for _, user := range []string{"a", "b", "c", "d", "e"} {
		id = must(u.root.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognito.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: &pool, IdentityId: id, Logins: map[string]string{developer: user},
		}))(t).IdentityId
	}
	var got []string
	in := &cognito.LookupDeveloperIdentityInput{IdentityPoolId: &pool, IdentityId: id, MaxResults: aws.Int32(2)}
	for {
		out := must(u.root.LookupDeveloperIdentity(t.Context(), in))(t)
		got = append(got, out.DeveloperUserIdentifierList...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
		t.Error(got)
	}
}

// TestDeveloperTags are session tags that the developer gives.
func TestDeveloperTags(t *testing.T) {
	t.Parallel()
	u := start(t)
	pool := u.pool(t, cognito.CreateIdentityPoolInput{DeveloperProviderName: aws.String(developer)})
	name := "user"
	role := u.role(t, name, trust(pool, "authenticated", "sts:TagSession"))
	must(u.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("all"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/plan":"gold"}}}}`)}))(t)
	u.setRoles(t, pool, map[string]string{"authenticated": role}, nil)
	for plan, allowed := range map[string]bool{"gold": true, "free": false} {
		out := must(u.root.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognito.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: &pool, Logins: map[string]string{developer: "alice"},
			PrincipalTags: map[string]string{"plan": plan}, TokenDuration: aws.Int64(60),
		}))(t)
		c := must(u.credentials(t.Context(), *out.IdentityId, map[string]string{"cognito-identity.amazonaws.com": *out.Token}))(t)
		_, err := iam.NewFromConfig(u.with(c.Credentials)).ListUsers(t.Context(), &iam.ListUsersInput{})
		if (err == nil) != allowed {
			t.Errorf("plan %s: %v", plan, err)
		}
	}
}
