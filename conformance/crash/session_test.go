package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// temporary are credentials of a session, and whom they make their bearer.
type temporary struct {
	key aws.Credentials
	arn string
}

// check signs with them.
func (s temporary) check(ctx context.Context, t *testing.T, url string) {
	if arn, err := whoami(ctx, url, s.key); err != nil || arn != s.arn {
		t.Errorf("a session of %s is one of %q: %v", s.arn, arn, err)
	}
}

func newRole(ctx context.Context, t *testing.T, c *iam.Client, name, trust string) (arn string) {
	t.Helper()
	out, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

// sessionErrand assumes a role and uses its sessions, which outlive servers.
type sessionErrand struct {
	url  string
	told *confidences
	rng  *rand.Rand
	user *sts.Client
	role string

	sessions []temporary
}

func (s *sessionErrand) prepare(ctx context.Context, t *testing.T) {
	c := iam.NewFromConfig(configured(s.url, root))
	key := newUser(ctx, t, c, "actor", policyOf("Allow", "sts:AssumeRole"), s.told)
	s.user = sts.NewFromConfig(configured(s.url, key))
	s.role = newRole(ctx, t, c, "part", `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+
		`"Principal":{"AWS":"arn:aws:iam::000000000000:user/actor"},"Action":"sts:AssumeRole"}}`)
}

func (s *sessionErrand) once(ctx context.Context, t *testing.T) {
	name := fmt.Sprintf("act-%d", len(s.sessions))
	asked(ctx, t, "AssumeRole", func() error {
		out, err := s.user.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &s.role, RoleSessionName: &name})
		if err == nil {
			s.keep(*out.AssumedRoleUser.Arn, out.Credentials)
		}
		return err
	})
	session := s.sessions[s.rng.IntN(len(s.sessions))]
	asked(ctx, t, "GetCallerIdentity of a session", func() error {
		_, err := whoami(ctx, s.url, session.key)
		return err
	})
}

func (s *sessionErrand) keep(arn string, c *ststypes.Credentials) {
	s.told.key(*c.SecretAccessKey)
	s.told.key(*c.SessionToken)
	s.sessions = append(s.sessions, temporary{arn: arn, key: aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
	}})
}

func (s *sessionErrand) rebooted(ctx context.Context, t *testing.T) {
	for range min(5, len(s.sessions)) {
		s.sessions[s.rng.IntN(len(s.sessions))].check(ctx, t, s.url)
	}
}

func (s *sessionErrand) verify(ctx context.Context, t *testing.T) {
	for _, session := range s.sessions {
		session.check(ctx, t, s.url)
	}
	t.Logf("sessions: %d still good", len(s.sessions))
}

// guestErrand asks for identities of guests, and for credentials of those it
// was given.
type guestErrand struct {
	url  string
	told *confidences
	rng  *rand.Rand
	c    *cognitoidentity.Client
	pool string

	ids      []string
	sessions []temporary
}

func (g *guestErrand) prepare(ctx context.Context, t *testing.T) {
	g.c = cognitoidentity.NewFromConfig(configured(g.url, root))
	pool, err := g.c.CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: aws.String("guests"), AllowUnauthenticatedIdentities: true})
	if err != nil {
		t.Fatal(err)
	}
	g.pool = *pool.IdentityPoolId
	role := newRole(ctx, t, iam.NewFromConfig(configured(g.url, root)), "guest",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
			`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+g.pool+`"}}}}`)
	_, err = g.c.SetIdentityPoolRoles(ctx, &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &g.pool, Roles: map[string]string{"unauthenticated": role}})
	if err != nil {
		t.Fatal(err)
	}
}

func (g *guestErrand) once(ctx context.Context, t *testing.T) {
	asked(ctx, t, "GetId", func() error {
		out, err := g.c.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &g.pool})
		if err == nil {
			g.ids = append(g.ids, *out.IdentityId)
		}
		return err
	})
	id := g.ids[g.rng.IntN(len(g.ids))]
	asked(ctx, t, "GetCredentialsForIdentity", func() error {
		out, err := g.c.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id})
		if err == nil {
			g.keep(out.Credentials)
		}
		return err
	})
}

func (g *guestErrand) keep(c *cognitotypes.Credentials) {
	g.told.key(*c.SecretKey)
	g.told.key(*c.SessionToken)
	g.sessions = append(g.sessions, temporary{key: aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretKey, SessionToken: *c.SessionToken,
	}})
}

func (g *guestErrand) rebooted(ctx context.Context, t *testing.T) {
	if len(g.ids) > 0 {
		g.describe(ctx, t, g.ids[g.rng.IntN(len(g.ids))])
	}
}

func (g *guestErrand) describe(ctx context.Context, t *testing.T, id string) {
	if _, err := g.c.DescribeIdentity(ctx, &cognitoidentity.DescribeIdentityInput{IdentityId: &id}); err != nil {
		t.Errorf("identity %s: %v", id, err)
	}
}

func (g *guestErrand) verify(ctx context.Context, t *testing.T) {
	for _, id := range g.ids {
		g.describe(ctx, t, id)
	}
	for _, s := range g.sessions {
		if arn, err := whoami(ctx, g.url, s.key); err != nil || !strings.Contains(arn, ":assumed-role/guest/") {
			t.Errorf("a guest's session is one of %q: %v", arn, err)
		}
	}
	t.Logf("guests: %d identities there, %d sessions still good", len(g.ids), len(g.sessions))
}
