package cognitoidentity_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
)

const badConfiguration = "Invalid identity pool configuration. Check assigned IAM roles for this pool."

// TestGuestEnhanced takes a page's way to credentials: the role may do
// everything, and a guest what the session policies leave of it.
func TestGuestEnhanced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		pool := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true})
		role := u.role(t, "guest", trust(pool, "unauthenticated"))
		u.setRoles(t, pool, map[string]string{"unauthenticated": role}, nil)
		id := u.id(t, pool, nil)
		if !strings.HasPrefix(id, "us-east-1:") || len(id) != len("us-east-1:")+36 || id == u.id(t, pool, nil) {
			t.Errorf("identity %s", id)
		}
		out := must(u.credentials(t.Context(), id, nil))(t)
		if *out.IdentityId != id {
			t.Errorf("credentials of %s", *out.IdentityId)
		}
		if who := u.whoami(t, out.Credentials); who != "arn:aws:sts::"+account+":assumed-role/guest/CognitoIdentityCredentials" {
			t.Errorf("I am %s", who)
		}
		must(s3.NewFromConfig(u.with(out.Credentials)).ListBuckets(t.Context(), &s3.ListBucketsInput{}))(t)
		_, err := iam.NewFromConfig(u.with(out.Credentials)).ListUsers(t.Context(), &iam.ListUsersInput{})
		wantError(t, "what no guest may", err, "AccessDenied", "")

		// Of KMS, the managed session policy lets guests use keys.
		key := must(kms.NewFromConfig(u.Config).CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata.KeyId
		keys := kms.NewFromConfig(u.with(out.Credentials))
		must(keys.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")}))(t)
		_, err = keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
		wantError(t, "keys themselves", err, "AccessDeniedException", "")
		_, err = u.nobody.GetOpenIdToken(t.Context(), &cognito.GetOpenIdTokenInput{IdentityId: &id})
		wantError(t, "basic flow", err, "InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow.")
	})
}

// TestGuestBasic has the client call STS itself. The role decides alone.
func TestGuestBasic(t *testing.T) {
	t.Parallel()
	u := start(t)
	pool := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true, AllowClassicFlow: aws.Bool(true)})
	role := u.role(t, "guest", trust(pool, "unauthenticated"))
	id := u.id(t, pool, nil)
	token := must(u.nobody.GetOpenIdToken(t.Context(), &cognito.GetOpenIdTokenInput{IdentityId: &id}))(t)
	anonymous := sts.NewFromConfig(u.as(aws.AnonymousCredentials{}))
	assume := func(role, token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return anonymous.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String("cwr"), WebIdentityToken: &token,
		})
	}
	out := must(assume(role, *token.Token))(t)
	if *out.Provider != "cognito-identity.amazonaws.com" || *out.Audience != pool || *out.SubjectFromWebIdentityToken != id {
		t.Errorf("provider %s, audience %s, subject %s", *out.Provider, *out.Audience, *out.SubjectFromWebIdentityToken)
	}
	c := fromSTS(out.Credentials)
	must(iam.NewFromConfig(u.with(c)).ListUsers(t.Context(), &iam.ListUsersInput{}))(t)

	_, err := assume(u.role(t, "users", trust(pool, "authenticated")), *token.Token)
	wantError(t, "role of users", err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	_, err = assume(u.role(t, "other", trust("us-east-1:other", "unauthenticated")), *token.Token)
	wantError(t, "role of another pool", err, "AccessDenied", "")
	_, err = assume(role, *token.Token+"x")
	wantError(t, "changed token", err, "InvalidIdentityToken", "")
}

func fromSTS(c *ststypes.Credentials) *types.Credentials {
	return &types.Credentials{AccessKeyId: c.AccessKeyId, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration}
}

// TestRefusedGuests are refused in AWS's words.
func TestRefusedGuests(t *testing.T) {
	t.Parallel()
	u := start(t)
	open := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true})
	closed := u.pool(t, cognito.CreateIdentityPoolInput{})
	id := u.id(t, open, nil)
	const unknown = "us-east-1:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	getID := func(in cognito.GetIdInput) error {
		_, err := u.nobody.GetId(t.Context(), &in)
		return err
	}
	creds := func(id string) error {
		_, err := u.credentials(t.Context(), id, nil)
		return err
	}
	const noGuests = "Unauthenticated access is not supported for this identity pool."
	wantError(t, "closed pool", getID(cognito.GetIdInput{IdentityPoolId: &closed}), "NotAuthorizedException", noGuests)
	wantError(t, "no pool", getID(cognito.GetIdInput{IdentityPoolId: aws.String(unknown)}), "ResourceNotFoundException",
		"IdentityPool '"+unknown+"' not found.")
	wantError(t, "another account", getID(cognito.GetIdInput{IdentityPoolId: &open, AccountId: aws.String("111122223333")}),
		"NotAuthorizedException", "Access to IdentityPool '"+open+"' is forbidden.")
	wantError(t, "not an id", getID(cognito.GetIdInput{IdentityPoolId: aws.String("pool")}), "ValidationException", "")
	wantError(t, "no provider", getID(cognito.GetIdInput{IdentityPoolId: &open, Logins: map[string]string{"accounts.google.com": "x"}}),
		"NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
	wantError(t, "no identity", creds(unknown), "ResourceNotFoundException", "Identity '"+unknown+"' not found.")
	wantError(t, "no roles", creds(id), "InvalidIdentityPoolConfigurationException", badConfiguration)

	u.setRoles(t, open, map[string]string{"unauthenticated": "arn:aws:iam::" + account + ":role/missing"}, nil)
	wantError(t, "role that is not there", creds(id), "InvalidIdentityPoolConfigurationException", badConfiguration)
	u.setRoles(t, open, map[string]string{"unauthenticated": u.role(t, "users", trust(open, "authenticated"))}, nil)
	wantError(t, "role for users", creds(id), "InvalidIdentityPoolConfigurationException", badConfiguration)
	u.setRoles(t, open, map[string]string{"unauthenticated": u.role(t, "other", trust(closed, "unauthenticated"))}, nil)
	wantError(t, "role of another pool", creds(id), "InvalidIdentityPoolConfigurationException", badConfiguration)

	must(u.root.UpdateIdentityPool(t.Context(), &cognito.UpdateIdentityPoolInput{IdentityPoolId: &open, IdentityPoolName: aws.String("p")}))(t)
	wantError(t, "guests no longer", creds(id), "NotAuthorizedException", noGuests)
}

// TestAnonymousCalls reach what needs no signature and nothing else, from pages
// too.
func TestAnonymousCalls(t *testing.T) {
	t.Parallel()
	u := start(t)
	pool := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true})
	post := func(operation, body string) (int, http.Header, string) {
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, u.URL+"/", strings.NewReader(body)))(t)
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
		req.Header.Set("Origin", "https://shop.example.com")
		resp := must(http.DefaultClient.Do(req))(t)
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header, string(must(io.ReadAll(resp.Body))(t))
	}
	status, header, body := post("GetId", `{"IdentityPoolId":"`+pool+`"}`)
	if status != http.StatusOK || header.Get("Access-Control-Allow-Origin") != "https://shop.example.com" || !strings.Contains(body, `"IdentityId":"us-east-1:`) {
		t.Errorf("GetId of a page: %d %v %s", status, header, body)
	}
	for _, operation := range []string{"ListIdentityPools", "DescribeIdentityPool", "GetOpenIdTokenForDeveloperIdentity", "DeleteIdentities"} {
		if status, _, body := post(operation, `{"MaxResults":1}`); status == http.StatusOK || !strings.Contains(body, "MissingAuthenticationToken") {
			t.Errorf("%s without a signature: %d %s", operation, status, body)
		}
	}
	resp := must(http.Get(u.URL + "/.well-known/jwks_uri"))(t) //nolint:noctx // a test
	defer resp.Body.Close()
	if b := must(io.ReadAll(resp.Body))(t); resp.StatusCode != http.StatusOK || !strings.Contains(string(b), `"kty":"RSA"`) {
		t.Errorf("keys: %d %s", resp.StatusCode, b)
	}
}

// TestPools makes, changes, lists and deletes pools.
func TestPools(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		ctx := t.Context()
		pool := u.pool(t, cognito.CreateIdentityPoolInput{
			IdentityPoolName: aws.String("shop users"), AllowClassicFlow: aws.Bool(false), DeveloperProviderName: aws.String("login.shop"),
			SupportedLoginProviders: map[string]string{"accounts.google.com": "app"}, IdentityPoolTags: map[string]string{"team": "blue"},
			CognitoIdentityProviders: []types.CognitoIdentityProvider{{
				ProviderName: aws.String("cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"), ClientId: aws.String("client"), ServerSideTokenCheck: aws.Bool(true),
			}},
		})
		got := must(u.root.DescribeIdentityPool(ctx, &cognito.DescribeIdentityPoolInput{IdentityPoolId: &pool}))(t)
		if *got.IdentityPoolName != "shop users" || *got.DeveloperProviderName != "login.shop" || got.IdentityPoolTags["team"] != "blue" ||
			got.SupportedLoginProviders["accounts.google.com"] != "app" || len(got.CognitoIdentityProviders) != 1 || got.AllowUnauthenticatedIdentities {
			t.Errorf("%+v", got)
		}
		upd := must(u.root.UpdateIdentityPool(ctx, &cognito.UpdateIdentityPoolInput{
			IdentityPoolId: &pool, IdentityPoolName: aws.String("new"), AllowUnauthenticatedIdentities: true,
		}))(t)
		if *upd.IdentityPoolName != "new" || upd.SupportedLoginProviders != nil || upd.CognitoIdentityProviders != nil ||
			*upd.DeveloperProviderName != "login.shop" || upd.IdentityPoolTags["team"] != "blue" {
			t.Errorf("updated: %+v", upd)
		}
		arn := "arn:aws:cognito-identity:us-east-1:" + account + ":identitypool/" + pool
		must(u.root.TagResource(ctx, &cognito.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"}}))(t)
		must(u.root.UntagResource(ctx, &cognito.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a", "none"}}))(t)
		tags := must(u.root.ListTagsForResource(ctx, &cognito.ListTagsForResourceInput{ResourceArn: &arn}))(t).Tags
		if d := cmp.Diff(map[string]string{"team": "blue", "b": "2"}, tags); d != "" {
			t.Errorf("tags: %s", d)
		}
		must(u.root.UntagResource(ctx, &cognito.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team", "b"}}))(t)
		if tags := must(u.root.ListTagsForResource(ctx, &cognito.ListTagsForResourceInput{ResourceArn: &arn}))(t).Tags; tags == nil || len(tags) != 0 {
			t.Errorf("no tags are %#v", tags)
		}
		for range 4 {
			u.pool(t, cognito.CreateIdentityPoolInput{})
		}
		seen := map[string]bool{}
		for p := cognito.NewListIdentityPoolsPaginator(u.root, &cognito.ListIdentityPoolsInput{MaxResults: aws.Int32(2)}); p.HasMorePages(); {
			for _, d := range must(p.NextPage(ctx))(t).IdentityPools {
				seen[*d.IdentityPoolId] = true
			}
		}
		if len(seen) != 5 || !seen[pool] {
			t.Errorf("listed %v", seen)
		}
		must(u.root.DeleteIdentityPool(ctx, &cognito.DeleteIdentityPoolInput{IdentityPoolId: &pool}))(t)
		_, err := u.root.DescribeIdentityPool(ctx, &cognito.DescribeIdentityPoolInput{IdentityPoolId: &pool})
		wantError(t, "deleted pool", err, "ResourceNotFoundException", "IdentityPool '"+pool+"' not found.")
	})
}

// TestIdentities lists, describes and deletes identities.
func TestIdentities(t *testing.T) {
	t.Parallel()
	u := start(t)
	ctx := t.Context()
	pool := u.pool(t, cognito.CreateIdentityPoolInput{AllowUnauthenticatedIdentities: true})
	want := map[string]bool{}
	for range 5 {
		want[u.id(t, pool, nil)] = true
	}
	got := map[string]bool{}
	in := &cognito.ListIdentitiesInput{IdentityPoolId: &pool, MaxResults: aws.Int32(2)}
	var last string
	for {
		out := must(u.root.ListIdentities(ctx, in))(t)
		for _, d := range out.Identities {
			last = *d.IdentityId
			got[last] = true
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	d := must(u.root.DescribeIdentity(ctx, &cognito.DescribeIdentityInput{IdentityId: &last}))(t)
	if *d.IdentityId != last || d.CreationDate.IsZero() || d.Logins != nil {
		t.Errorf("%+v", d)
	}
	out := must(u.root.DeleteIdentities(ctx, &cognito.DeleteIdentitiesInput{IdentityIdsToDelete: []string{last, last}}))(t)
	if len(out.UnprocessedIdentityIds) != 0 {
		t.Errorf("unprocessed: %v", out.UnprocessedIdentityIds)
	}
	_, err := u.credentials(ctx, last, nil)
	wantError(t, "deleted identity", err, "ResourceNotFoundException", "Identity '"+last+"' not found.")
	_, err = u.root.ListIdentities(ctx, &cognito.ListIdentitiesInput{IdentityPoolId: &pool, MaxResults: aws.Int32(2), NextToken: aws.String("forged")})
	wantError(t, "forged token", err, "InvalidParameterException", "")
}
