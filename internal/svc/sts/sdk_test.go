package sts_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

const home = "000000000000" // the account of the server

// kit is a server with users and roles that IAM made.
type kit struct {
	*nepheletest.Server
	iam *iam.Client
}

// each runs f on servers with each database, with signatures demanded.
func each(t *testing.T, f func(t *testing.T, k kit)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		options := []nepheletest.Option{nepheletest.WithAuth()}
		if c.URL != "" {
			options = append(options, nepheletest.WithPostgres(c.URL))
		}
		s := nepheletest.Start(t, options...)
		f(t, kit{s, iam.NewFromConfig(s.Config)})
	})
}

// user makes a user with an access key and a policy.
func (k kit) user(t *testing.T, name, allows string) awssdk.Config {
	t.Helper()
	ctx := t.Context()
	if _, err := k.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	if allows != "" {
		_, err := k.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &allows})
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := k.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return k.with(*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey, "")
}

func (k kit) role(t *testing.T, name, trusts, allows string) string {
	t.Helper()
	ctx := t.Context()
	out, err := k.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trusts})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &allows}); err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func (k kit) with(id, secret, token string) awssdk.Config {
	return k.by(credentials.NewStaticCredentialsProvider(id, secret, token))
}

func (k kit) by(p awssdk.CredentialsProvider) awssdk.Config {
	c := k.Config.Copy()
	c.Credentials = awssdk.NewCredentialsCache(p)
	return c
}

// of is the configuration with temporary credentials.
func (k kit) of(c *ststypes.Credentials) awssdk.Config {
	return k.with(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func who(t *testing.T, c awssdk.Config) (string, error) {
	t.Helper()
	out, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

// code is the code of an SDK's error, "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatal(err)
	}
	return api.ErrorCode()
}

// TestSDKAssumeRole lets the SDK's own credentials provider assume a role.
func TestSDKAssumeRole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k kit) {
		alice := k.user(t, "alice", "")
		reader := k.role(t, "reader", trust(every, aws("arn:aws:iam::"+home+":user/alice"), ""), allow("s3:ListAllMyBuckets sts:AssumeRole", "*"))
		writer := k.role(t, "writer", trust(every, aws(reader), ""), allow("s3:*", "*"))
		one := k.by(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(alice), reader, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "one" }))
		two := k.by(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(one), writer, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "two" }))
		for _, tt := range []struct {
			config       awssdk.Config
			who          string
			list, create string
		}{
			{alice, "arn:aws:iam::" + home + ":user/alice", "AccessDenied", "AccessDenied"},
			{one, "arn:aws:sts::" + home + ":assumed-role/reader/one", "", "AccessDenied"},
			{two, "arn:aws:sts::" + home + ":assumed-role/writer/two", "", ""},
		} {
			if arn, err := who(t, tt.config); err != nil || arn != tt.who {
				t.Errorf("%s, %v; want %s", arn, err, tt.who)
			}
			client := s3.NewFromConfig(tt.config)
			_, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
			if got := code(t, err); got != tt.list {
				t.Errorf("%s lists buckets: %q, want %q", tt.who, got, tt.list)
			}
			_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("bucket-of-two")})
			if got := code(t, err); got != tt.create {
				t.Errorf("%s makes a bucket: %q, want %q", tt.who, got, tt.create)
			}
		}
		_, err := sts.NewFromConfig(k.Config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &reader, RoleSessionName: new("me")})
		if got := code(t, err); got != "AccessDenied" {
			t.Errorf("root assumes a role: %q", got)
		}
		if _, err := k.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("reader"), PolicyName: new("reader")}); err != nil {
			t.Fatal(err)
		}
		_, err = s3.NewFromConfig(one).ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if got := code(t, err); got != "AccessDenied" {
			t.Errorf("a session without its role's policy: %q", got)
		}
		if _, err := k.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: new("reader")}); err != nil {
			t.Fatal(err)
		}
		if _, err := who(t, one); code(t, err) != "InvalidClientTokenId" {
			t.Errorf("a session of a role that is gone: %v", err)
		}
		k.role(t, "reader", trust(every, aws(home), ""), admin)
		if _, err := who(t, one); code(t, err) != "InvalidClientTokenId" {
			t.Errorf("a session of another role of the same name: %v", err)
		}
	})
}

// TestSDKForged tampers with temporary credentials.
func TestSDKForged(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	k := kit{s, iam.NewFromConfig(s.Config)}
	alice := sts.NewFromConfig(k.user(t, "alice", allow("sts:*", "*")))
	session := func() *ststypes.Credentials {
		out, err := alice.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{DurationSeconds: new(int32(900))})
		if err != nil {
			t.Fatal(err)
		}
		return out.Credentials
	}
	a, b := session(), session()
	token := *a.SessionToken
	for _, tt := range []struct{ name, id, secret, token, want string }{
		{"genuine", *a.AccessKeyId, *a.SecretAccessKey, token, ""},
		{"another's token", *a.AccessKeyId, *a.SecretAccessKey, *b.SessionToken, "InvalidClientTokenId"},
		{"another's id", *b.AccessKeyId, *a.SecretAccessKey, token, "InvalidClientTokenId"},
		{"another's secret", *a.AccessKeyId, *b.SecretAccessKey, token, "SignatureDoesNotMatch"},
		{"no token", *a.AccessKeyId, *a.SecretAccessKey, "", "InvalidClientTokenId"},
		{"truncated", *a.AccessKeyId, *a.SecretAccessKey, token[:len(token)-8], "InvalidClientTokenId"},
		{"changed", *a.AccessKeyId, *a.SecretAccessKey, token[:len(token)-1] + string(token[len(token)-1]^1), "InvalidClientTokenId"},
		{"oversized", *a.AccessKeyId, *a.SecretAccessKey, token + strings.Repeat("A", 10_000), "InvalidClientTokenId"},
		{"a root user's key with a token", nepheletest.RootAccessKeyID, nepheletest.RootSecretAccessKey, token, "InvalidClientTokenId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := who(t, k.with(tt.id, tt.secret, tt.token))
			if got := code(t, err); got != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestSDKUsers opens sessions of users and of those for whom they vouch.
func TestSDKUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k kit) {
		config := k.user(t, "alice", allow("s3:* iam:* sts:*", "*"))
		alice := sts.NewFromConfig(config)
		session, err := alice.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
		if err != nil {
			t.Fatal(err)
		}
		policy := allow("s3:ListAllMyBuckets", "*")
		federated, err := alice.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: new("bob"), Policy: &policy})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name              string
			config            awssdk.Config
			who               string
			list, create, iam string
		}{
			{"user", config, "arn:aws:iam::" + home + ":user/alice", "", "", ""},
			{"session", k.of(session.Credentials), "arn:aws:iam::" + home + ":user/alice", "", "", "AccessDenied"},
			{"federated", k.of(federated.Credentials), "arn:aws:sts::" + home + ":federated-user/bob", "", "AccessDenied", "AccessDenied"},
		} {
			arn, err := who(t, tt.config)
			if err != nil || arn != tt.who {
				t.Errorf("%s, %v; want %s", arn, err, tt.who)
			}
			client := s3.NewFromConfig(tt.config)
			_, list := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
			_, create := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("bucket-" + tt.name)})
			_, identities := iam.NewFromConfig(tt.config).ListUsers(t.Context(), &iam.ListUsersInput{})
			if code(t, list) != tt.list || code(t, create) != tt.create || code(t, identities) != tt.iam {
				t.Errorf("%s: lists buckets: %v, makes one: %v, lists users: %v", tt.name, list, create, identities)
			}
		}
		info, err := alice.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: session.Credentials.AccessKeyId})
		if err != nil || *info.Account != home {
			t.Errorf("%v, %v", info, err)
		}
	})
}

// TestSDKPresigned asks who somebody is by a URL that he has signed, as
// clusters do.
func TestSDKPresigned(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	k := kit{s, iam.NewFromConfig(s.Config)}
	alice := k.user(t, "alice", "")
	session, err := sts.NewFromConfig(alice).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]awssdk.Config{"user": alice, "session": k.of(session.Credentials)} {
		req, err := sts.NewPresignClient(sts.NewFromConfig(config)).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		body, status := get(t, req.URL)
		if status != http.StatusOK || !strings.Contains(body, "<Arn>arn:aws:iam::"+home+":user/alice</Arn>") {
			t.Errorf("%s: %d: %s", name, status, body)
		}
		body, status = get(t, req.URL+"&more=1")
		if status != http.StatusForbidden {
			t.Errorf("%s, another query: %d: %s", name, status, body)
		}
	}
}

func get(t *testing.T, url string) (string, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), resp.StatusCode
}

// TestSDKWithoutAuth: whoever asks assumes a role that exists, and is its
// bearer from then on.
func TestSDKWithoutAuth(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	k := kit{s, iam.NewFromConfig(s.Config)}
	arn := k.role(t, "r", trust(every, `{"Service":"synthetics.amazonaws.com"}`, ""), admin)
	out, err := sts.NewFromConfig(s.Config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: new("me")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := who(t, k.of(out.Credentials)); err != nil || got != *out.AssumedRoleUser.Arn {
		t.Errorf("%s, %v", got, err)
	}
	_, err = sts.NewFromConfig(s.Config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: new(arn + "x"), RoleSessionName: new("me")})
	if got := code(t, err); got != "AccessDenied" {
		t.Errorf("a role that is not there: %q", got)
	}
}

// TestSDKDecode decodes what a refusal of EC2 would tell.
func TestSDKDecode(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	_, err := sts.NewFromConfig(s.Config).DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: new("not one of ours")})
	if _, ok := errors.AsType[*ststypes.InvalidAuthorizationMessageException](err); !ok {
		t.Errorf("%v", err)
	}
}
