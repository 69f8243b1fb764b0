package access_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/access"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/seal/sealtest"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const (
	account = "111122223333"
	bucket  = "arn:aws:s3:::bucket"
	reads   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket"}}`
	trusts  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole",` +
		`"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:111122223333:rule/*"}}}}`
)

// house is a directory with a user and a role who may list the bucket.
type house struct {
	directory *identity.Directory
	user      identity.User
	role      identity.Role
	open      identity.Role // trusts events wherever they are from
}

func newHouse(t *testing.T) house {
	t.Helper()
	db := storetest.SQLite(t)
	h := house{directory: identity.New(db, sealtest.New(t, db))}
	t.Cleanup(func() {
		if err := h.directory.Close(t.Context()); err != nil && !errors.Is(err, t.Context().Err()) {
			t.Error(err)
		}
	})
	grants := identity.Grants{Inline: map[string]string{"reads": reads}}
	h.user = identity.User{Entity: entity("mary", keyid.User), Grants: grants}
	h.role = identity.Role{Entity: entity("carrier", keyid.Role), Grants: grants, Trust: trusts, MaxSession: identity.DefaultMaxSession}
	h.role.Tags = map[string]string{"team": "blue"}
	h.open = identity.Role{Entity: entity("open", keyid.Role), MaxSession: identity.DefaultMaxSession}
	h.open.Trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := identity.Roles.Create(tx, h.open.Key(), h.open); err != nil {
			return err
		}
		_, err := identity.Users.Create(tx, h.user.Key(), h.user)
		_, also := identity.Roles.Create(tx, h.role.Key(), h.role)
		return errors.Join(err, also, identity.Enter(tx, &h.user.Entity, "user"), identity.Enter(tx, &h.role.Entity, "role"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func entity(name, prefix string) identity.Entity {
	return identity.Entity{Account: account, Name: name, Path: "/", ID: keyid.NewUnique(prefix, account), Created: time.Now().UTC()}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	session := &policy.Session{Role: h.role.ARN(), RoleID: h.role.ID, Name: "s", Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
	made := *session
	made.RoleID = "AROAANOTHERROLEALTOGETHER"
	for name, tt := range map[string]struct {
		who    policy.Principal
		action string
		want   policy.Effect
	}{
		"user":                          {policy.Principal{Kind: policy.User, Account: account, ARN: h.user.ARN(), ID: h.user.ID}, "s3:ListBucket", policy.Allow},
		"user, other action":            {policy.Principal{Kind: policy.User, Account: account, ARN: h.user.ARN(), ID: h.user.ID}, "s3:DeleteBucket", policy.ImplicitDeny},
		"user made again":               {policy.Principal{Kind: policy.User, Account: account, ARN: h.user.ARN(), ID: "AIDAGONE"}, "s3:ListBucket", policy.ImplicitDeny},
		"user unknown":                  {policy.Principal{Kind: policy.User, Account: account, ARN: h.user.ARN() + "x"}, "s3:ListBucket", policy.ImplicitDeny},
		"role":                          {policy.Principal{Kind: policy.AssumedRole, Account: account, ARN: "arn", Session: session}, "s3:ListBucket", policy.Allow},
		"role made again":               {policy.Principal{Kind: policy.AssumedRole, Account: account, ARN: "arn", Session: &made}, "s3:ListBucket", policy.ImplicitDeny},
		"root":                          {policy.Principal{Kind: policy.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root"}, "s3:DeleteBucket", policy.Allow},
		"root of another":               {policy.Principal{Kind: policy.Root, Account: "444455556666", ARN: "arn:aws:iam::444455556666:root"}, "s3:ListBucket", policy.ImplicitDeny},
		"service":                       {policy.Principal{Kind: policy.Service, Account: account, ARN: "s3.amazonaws.com"}, "events:PutEvents", policy.Allow},
		"service, no action of its own": {policy.Principal{Kind: policy.Service, Account: account, ARN: "events.amazonaws.com"}, "iam:CreateAccessKey", policy.ImplicitDeny},
		"service for another account":   {policy.Principal{Kind: policy.Service, Account: "444455556666", ARN: "synthetics.amazonaws.com"}, "cloudwatch:PutMetricData", policy.ImplicitDeny},
		"nobody":                        {policy.Principal{Kind: policy.Anonymous}, "s3:ListBucket", policy.ImplicitDeny},
		"session token in IAM": {
			policy.Principal{Kind: policy.User, Account: account, ARN: h.user.ARN(), ID: h.user.ID, Session: &policy.Session{}},
			"iam:GetUser", policy.ImplicitDeny,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := access.New(h.directory).Evaluate(t.Context(), policy.Request{
				Principal: tt.who, Action: tt.action, Resources: []policy.Resource{{ARN: bucket, Account: account}},
			})
			if err != nil || d.Effect != tt.want {
				t.Errorf("%v, %v", d, err)
			}
		})
	}
}

func TestAssume(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	service := func(name, source string) plane.Caller {
		c := plane.ServiceCaller(name, account, "eu-west-1")
		c.SourceARN = source
		return c
	}
	rule := "arn:aws:events:eu-west-1:" + account + ":rule/r"
	who := access.New(h.directory)
	for name, tt := range map[string]struct {
		service plane.Caller
		role    string
	}{
		"another service": {service("sns.amazonaws.com", rule), h.role.ARN()},
		"another source":  {service("events.amazonaws.com", "arn:aws:events:eu-west-1:444455556666:rule/r"), h.role.ARN()},
		"no source":       {service("events.amazonaws.com", ""), h.role.ARN()},
		"lent role":       {service("events.amazonaws.com", "arn:aws:events:eu-west-1:444455556666:rule/r"), h.open.ARN()},
		"no such role":    {service("events.amazonaws.com", rule), h.role.ARN() + "x"},
		"no role":         {service("events.amazonaws.com", rule), "carrier"},
	} {
		if _, err := who.Assume(t.Context(), tt.service, tt.role); !awserr.Is(err, "AccessDenied") {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := who.Assume(t.Context(), service("events.amazonaws.com", rule), h.role.ARN())
	if err != nil {
		t.Fatal(err)
	}
	if got.ARN != "arn:aws:sts::"+account+":assumed-role/carrier/events" || got.ID != h.role.ID+":events" || got.Kind != plane.AssumedRole ||
		got.Account != account || got.Region != "eu-west-1" || got.Tags["team"] != "blue" || got.Session.Role != h.role.ARN() {
		t.Errorf("%+v", got)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	e := access.NewExplainer(seal.NewEphemeral())
	encoded := e.Encode(policy.Request{
		Principal: policy.Principal{ID: "AIDA", ARN: "arn:aws:iam::" + account + ":user/mary"}, Action: "ec2:RunInstances",
		Resources: []policy.Resource{{ARN: "arn:aws:ec2:::instance/*"}}, Keys: policy.Keys{"aws:sourceip": {"192.0.2.1"}},
	}, policy.Decision{Effect: policy.ExplicitDeny})
	text, err := e.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[]},"failures":{"items":[]},"context":{"principal":` +
		`{"id":"AIDA","arn":"arn:aws:iam::111122223333:user/mary"},"action":"ec2:RunInstances","resource":"arn:aws:ec2:::instance/*",` +
		`"conditions":{"items":[{"key":"aws:sourceip","values":{"items":[{"value":"192.0.2.1"}]}}]}}}`
	if text != want || !json.Valid([]byte(text)) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	for _, bad := range []string{"", "%%%", encoded[1:], strings.Repeat("A", 100)} {
		if _, err := e.Decode(bad); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
