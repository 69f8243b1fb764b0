package cognitoidentity_test

import (
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/nepheletest"
)

// TestRegions finds pools of any region by their ids, and shows each region its
// own.
func TestRegions(t *testing.T) {
	t.Parallel()
	u := start(t)
	there := u.Config.Copy()
	there.Region = "eu-west-1"
	pool := *must(cognito.NewFromConfig(there).CreateIdentityPool(t.Context(), &cognito.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("p"), AllowUnauthenticatedIdentities: true,
	}))(t).IdentityPoolId
	u.setRolesIn(t, there, pool, map[string]string{"unauthenticated": u.role(t, "guest", trust(pool, "unauthenticated"))})
	id := u.id(t, pool, nil)
	if id[:10] != "eu-west-1:" {
		t.Errorf("identity %s", id)
	}
	must(u.credentials(t.Context(), id, nil))(t)
	_, err := u.root.DescribeIdentityPool(t.Context(), &cognito.DescribeIdentityPoolInput{IdentityPoolId: &pool})
	wantError(t, "pool of another region", err, "ResourceNotFoundException", "IdentityPool '"+pool+"' not found.")
}

func (u *user) setRolesIn(t *testing.T, c aws.Config, pool string, roles map[string]string) {
	t.Helper()
	must(cognito.NewFromConfig(c).SetIdentityPoolRoles(t.Context(), &cognito.SetIdentityPoolRolesInput{IdentityPoolId: &pool, Roles: roles}))(t)
}

// TestAccounts keeps the pools of accounts apart, on a server without
// signatures, where the access key names the account.
func TestAccounts(t *testing.T) {
	t.Parallel()
	u := start(t, nepheletest.WithConfig(func(c *config.Config) { c.Auth = config.AuthOff }))
	other := cognito.NewFromConfig(u.as(credentials.NewStaticCredentialsProvider("111122223333", "x", "")))
	pool := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true})
	u.setRoles(t, pool, map[string]string{"unauthenticated": u.role(t, "guest", trust(pool, "unauthenticated"))}, nil)
	id := u.id(t, pool, nil)
	out := must(u.credentials(t.Context(), id, nil))(t)
	if who := u.whoami(t, out.Credentials); who != "arn:aws:sts::"+account+":assumed-role/guest/CognitoIdentityCredentials" {
		t.Errorf("I am %s", who)
	}
	_, err := other.DescribeIdentityPool(t.Context(), &cognito.DescribeIdentityPoolInput{IdentityPoolId: &pool})
	wantError(t, "pool of another account", err, "NotAuthorizedException", "Access to IdentityPool '"+pool+"' is forbidden.")
	_, err = other.DescribeIdentity(t.Context(), &cognito.DescribeIdentityInput{IdentityId: &id})
	wantError(t, "identity of another account", err, "NotAuthorizedException", "Access to Identity '"+id+"' is forbidden.")
	del := must(other.DeleteIdentities(t.Context(), &cognito.DeleteIdentitiesInput{IdentityIdsToDelete: []string{id}}))(t)
	if len(del.UnprocessedIdentityIds) != 1 || del.UnprocessedIdentityIds[0].ErrorCode != types.ErrorCodeAccessDenied {
		t.Errorf("unprocessed: %+v", del.UnprocessedIdentityIds)
	}
	must(u.credentials(t.Context(), id, nil))(t)
}

// TestFirstLogins of one user at the same time make one identity.
func TestFirstLogins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		i := newIssuer(t)
		pool := u.shop(t, i, false)
		logins := i.login(t, "alice")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for n := range ids {
			wg.Go(func() {
				out, err := u.nobody.GetId(t.Context(), &cognito.GetIdInput{IdentityPoolId: &pool, Logins: logins})
				if err != nil {
					t.Error(err)
					return
				}
				ids[n] = *out.IdentityId
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("identities %v", ids)
			}
		}
	})
}
