package sts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/svc/sts"
)

func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", allow("s3:* iam:* sts:*", "*"))
	root := plane.RootCaller(here, "us-east-1")
	for _, tt := range []struct {
		name    string
		caller  plane.Caller
		seconds *int32
		want    time.Duration
	}{
		{"user, nothing said", alice, nil, 12 * time.Hour},
		{"user, longest", alice, new(int32(129600)), 36 * time.Hour},
		{"root, nothing said", root, nil, time.Hour},
		{"root, shorter", root, new(int32(900)), 15 * time.Minute},
		{"root, longer", root, new(int32(7200)), time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := w.as(tt.caller).GetSessionToken(t.Context(), &api.GetSessionTokenInput{DurationSeconds: tt.seconds})
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(out.Credentials.Expiration); left > tt.want || left < tt.want-time.Minute {
				t.Errorf("expires in %v, want %v", left, tt.want)
			}
			c := w.bearer(t, out.Credentials)
			if c.ARN != tt.caller.ARN || c.ID != tt.caller.ID || c.Kind != tt.caller.Kind || c.Account != here {
				t.Errorf("%+v", c)
			}
			if !w.allowed(t, c, "s3:GetObject", "arn:aws:s3:::b/k") {
				t.Error("the session may not what its user may")
			}
			if w.allowed(t, c, "iam:GetUser", "*") {
				t.Error("the session may use IAM")
			}
		})
	}
	_, err := w.as(alice).GetSessionToken(t.Context(), &api.GetSessionTokenInput{SerialNumber: new("GAHT12345678"), TokenCode: new("123456")})
	wantError(t, err, "NotImplemented: Nephele does not implement MFA devices yet: SerialNumber and TokenCode cannot be given.")
	_, err = w.as(plane.ServiceCaller("synthetics.amazonaws.com", here, "us-east-1")).GetSessionToken(t.Context(), &api.GetSessionTokenInput{})
	wantError(t, err, "AccessDenied: User: synthetics.amazonaws.com is not authorized to perform: sts:GetSessionToken")
}

func TestGetFederationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", allow("s3:* sts:*", "*"))
	tags := []*api.Tag{{Key: "Project", Value: "Pegasus"}}
	out, err := w.as(alice).GetFederationToken(t.Context(), &api.GetFederationTokenInput{
		Name: "bob", Policy: new(allow("s3:GetObject sqs:SendMessage", "*")), Tags: tags,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &api.FederatedUser{FederatedUserId: here + ":bob", Arn: "arn:aws:sts::111122223333:federated-user/bob"}
	if diff := cmp.Diff(want, out.FederatedUser); diff != "" || *out.PackedPolicySize == 0 {
		t.Error(diff, *out.PackedPolicySize)
	}
	if left := time.Until(out.Credentials.Expiration); left < 11*time.Hour {
		t.Errorf("expires in %v", left)
	}
	bob := w.bearer(t, out.Credentials)
	const object = "arn:aws:s3:::b/k"
	if !w.allowed(t, bob, "s3:GetObject", object) || w.allowed(t, bob, "s3:PutObject", object) || w.allowed(t, bob, "sqs:SendMessage", "*") {
		t.Error("the federated user has not what the user and the session policy allow both")
	}
	if diff := cmp.Diff(map[string]string{"Project": "Pegasus"}, bob.Tags); diff != "" {
		t.Error(diff)
	}

	out, err = w.as(alice).GetFederationToken(t.Context(), &api.GetFederationTokenInput{Name: "carol"})
	if err != nil {
		t.Fatal(err)
	}
	if w.allowed(t, w.bearer(t, out.Credentials), "s3:GetObject", object) {
		t.Error("without session policies there are permissions")
	}

	out, err = w.as(plane.RootCaller(here, "us-east-1")).GetFederationToken(t.Context(), &api.GetFederationTokenInput{
		Name: "dave", Policy: new(allow("s3:*", "*")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(out.Credentials.Expiration); left > time.Hour {
		t.Errorf("expires in %v", left)
	}
	dave := w.bearer(t, out.Credentials)
	if !w.allowed(t, dave, "s3:GetObject", object) || w.allowed(t, dave, "sqs:SendMessage", "*") {
		t.Error("the root user's federated user has not what the session policy allows")
	}
}

func TestGetFederationTokenRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	plain, untagged := w.user(t, here, "plain", ""), w.user(t, here, "untagged", allow("sts:GetFederationToken", "*"))
	tags := []*api.Tag{{Key: "a"}, {Key: "A"}}
	for _, tt := range []struct {
		name   string
		caller plane.Caller
		in     api.GetFederationTokenInput
		want   string
	}{
		{"not allowed", plain, api.GetFederationTokenInput{}, "AccessDenied: User: arn:aws:iam::111122223333:user/plain is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/bob because no identity-based policy allows the sts:GetFederationToken action"},
		{"tags not allowed", untagged, api.GetFederationTokenInput{Tags: tags[:1]}, "AccessDenied: User: arn:aws:iam::111122223333:user/untagged is not authorized to perform: sts:TagSession on resource: arn:aws:sts::111122223333:federated-user/bob because no identity-based policy allows the sts:TagSession action"},
		{"duplicate tags", untagged, api.GetFederationTokenInput{Tags: tags}, "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"half a policy", untagged, api.GetFederationTokenInput{Policy: new("{")}, "MalformedPolicyDocument: Syntax errors in policy."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.Name = "bob"
			_, err := w.as(tt.caller).GetFederationToken(t.Context(), &tt.in)
			wantError(t, err, tt.want)
		})
	}
}

// TestForbidden calls what is closed to sessions, with permissions for all.
func TestForbidden(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{false, true} {
		w := newWorld(t, open)
		alice := w.user(t, here, "alice", admin)
		arn := w.role(t, here, "r", trust(every, aws(here), ""), admin)
		session, err := w.as(alice).GetSessionToken(t.Context(), &api.GetSessionTokenInput{})
		if err != nil {
			t.Fatal(err)
		}
		federated, err := w.as(alice).GetFederationToken(t.Context(), &api.GetFederationTokenInput{Name: "bob", Policy: new(admin)})
		if err != nil {
			t.Fatal(err)
		}
		assumed, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me"})
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			caller plane.Caller
			closed string
		}{
			"user":      {alice, ""},
			"session":   {w.bearer(t, session.Credentials), "GetAccessKeyInfo GetFederationToken GetSessionToken"},
			"federated": {w.bearer(t, federated.Credentials), "AssumeRole GetAccessKeyInfo GetFederationToken GetSessionToken"},
			"assumed":   {w.bearer(t, assumed.Credentials), "GetFederationToken GetSessionToken"},
		} {
			c, ctx := w.as(tt.caller), t.Context()
			_, assume := c.AssumeRole(ctx, &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me"})
			_, info := c.GetAccessKeyInfo(ctx, &api.GetAccessKeyInfoInput{AccessKeyId: keyid.New(keyid.AccessKey, there)})
			_, federation := c.GetFederationToken(ctx, &api.GetFederationTokenInput{Name: "bob"})
			_, token := c.GetSessionToken(ctx, &api.GetSessionTokenInput{})
			_, who := c.GetCallerIdentity(ctx, &api.GetCallerIdentityInput{})
			var closed []string
			for _, r := range []struct {
				name string
				err  error
			}{
				{"AssumeRole", assume},
				{"GetAccessKeyInfo", info},
				{"GetFederationToken", federation},
				{"GetSessionToken", token},
				{"GetCallerIdentity", who},
			} {
				if r.err == nil {
					continue
				}
				closed = append(closed, r.name)
				wantError(t, r.err, "AccessDenied: Cannot call "+r.name+" with session credentials")
			}
			if got := strings.Join(closed, " "); got != tt.closed {
				t.Errorf("%s: closed are %s, want %s", name, got, tt.closed)
			}
		}
	}
}

func TestGetAccessKeyInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	root := plane.RootCaller(here, "us-east-1")
	root.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
	for id, want := range map[string]string{
		keyid.New(keyid.AccessKey, there):  there,
		keyid.New(keyid.SessionKey, there): there,
		"ASIAQNZGKIQY56JQ7WML":             "029608264753",
		root.AccessKeyID:                   here,
	} {
		out, err := w.as(root).GetAccessKeyInfo(t.Context(), &api.GetAccessKeyInfoInput{AccessKeyId: id})
		if err != nil {
			t.Error(err)
		} else if *out.Account != want {
			t.Errorf("%s: %s, want %s", id, *out.Account, want)
		}
	}
	_, err := w.as(root).GetAccessKeyInfo(t.Context(), &api.GetAccessKeyInfoInput{AccessKeyId: "AKIA0000000000000000"})
	wantError(t, err, "ValidationError: Request access key ID is invalid")
	_, err = w.as(w.user(t, here, "alice", "")).GetAccessKeyInfo(t.Context(), &api.GetAccessKeyInfoInput{AccessKeyId: root.AccessKeyID})
	wantError(t, err, "AccessDenied: User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:GetAccessKeyInfo because no identity-based policy allows the sts:GetAccessKeyInfo action")
}

func TestDecodeAuthorizationMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", allow("sts:DecodeAuthorizationMessage", "*"))
	out, err := w.as(alice).DecodeAuthorizationMessage(t.Context(), &api.DecodeAuthorizationMessageInput{EncodedMessage: `coded-{"allowed":false}`})
	if err != nil {
		t.Fatal(err)
	}
	if *out.DecodedMessage != `{"allowed":false}` {
		t.Error(*out.DecodedMessage)
	}
	_, err = w.as(alice).DecodeAuthorizationMessage(t.Context(), &api.DecodeAuthorizationMessageInput{EncodedMessage: "x"})
	if !awserr.Is(err, api.ErrInvalidAuthorizationMessageException) {
		t.Error(err)
	}
	_, err = w.as(w.user(t, here, "bob", "")).DecodeAuthorizationMessage(t.Context(), &api.DecodeAuthorizationMessageInput{EncodedMessage: "x"})
	if !awserr.Is(err, "AccessDenied") {
		t.Error(err)
	}
}

// TestNotBuilt: operations whose parts are missing are not there at all.
func TestNotBuilt(t *testing.T) {
	t.Parallel()
	table := sts.New(sts.Deps{}).Handlers()
	for _, op := range []string{
		"AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage", "AssumeRoleWithSAML", "AssumeRoot", "GetDelegatedAccessToken", "GetWebIdentityToken",
	} {
		if table[op] != nil {
			t.Errorf("%s has a handler", op)
		}
	}
}
