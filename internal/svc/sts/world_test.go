package sts_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/access"
	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/sts"
	"nephele.dev/nephele/internal/webidentity"
)

const (
	here  = "111122223333"
	there = "444455556666"
)

// tokens is a Verifier that believes what it has.
type tokens map[string]webidentity.Token

func (v tokens) Verify(_ context.Context, account, token string) (webidentity.Token, error) {
	if account != here {
		return webidentity.Token{}, fmt.Errorf("asked for account %s", account)
	}
	if t, ok := v[token]; ok {
		return t, nil
	}
	for _, kind := range []error{
		webidentity.ErrInvalid, webidentity.ErrExpired, webidentity.ErrNoProvider, webidentity.ErrAudience, webidentity.ErrUnreachable,
	} {
		if kind.Error() == token {
			return webidentity.Token{}, &webidentity.Error{Kind: kind, Text: token, Cause: errors.New("because")}
		}
	}
	return webidentity.Token{}, errors.New("broken")
}

// world is STS on a plane, with principals that IAM would have made.
type world struct {
	db       *store.DB
	dir      *identity.Directory
	sessions *session.Issuer
	plane    *plane.Plane
	tokens   tokens
}

func newWorld(t *testing.T, open bool) *world {
	t.Helper()
	db, sealer := storetest.SQLite(t), seal.NewEphemeral()
	w := &world{db: db, dir: identity.New(db, sealer), sessions: session.New(sealer), tokens: tokens{}}
	t.Cleanup(func() { _ = w.dir.Close(context.WithoutCancel(t.Context())) })
	o := plane.Options{Logger: slog.New(slog.DiscardHandler)}
	if !open {
		o.Authorizer = access.New(w.dir)
	}
	w.plane = plane.New(o)
	s := sts.New(sts.Deps{
		Sessions: w.sessions, Directory: w.dir, Verifier: w.tokens, Plane: w.plane, Open: open,
		Decode: func(text string) (string, error) {
			if decoded, ok := strings.CutPrefix(text, "coded-"); ok {
				return decoded, nil
			}
			return "", seal.ErrSealed
		},
	})
	w.plane.Register(api.Service(), s.Handlers())
	w.plane.RegisterNeeds(api.Service(), s.Needs)
	w.plane.RegisterFacts("iam", func(ctx context.Context, _ *plane.Call, arn string) (policy.Resource, error) {
		return w.dir.Facts(ctx, arn)
	})
	return w
}

func (w *world) update(t *testing.T, account string, f func(tx *store.Tx) error) {
	t.Helper()
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return w.dir.Changed(tx, account)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// role makes a role at the path /team/ and returns its ARN.
func (w *world) role(t *testing.T, account, name, trust, allows string) string {
	t.Helper()
	r := identity.Role{Trust: trust, MaxSession: 7200}
	r.Entity = identity.Entity{Account: account, Name: name, Path: "/team/", ID: keyid.NewUnique(keyid.Role, account)}
	r.Inline = inline(allows)
	w.update(t, account, func(tx *store.Tx) error {
		_, err := identity.Roles.Create(tx, r.Key(), r)
		return errors.Join(err, identity.Enter(tx, &r.Entity, "role"))
	})
	return r.ARN()
}

func (w *world) dropRole(t *testing.T, account, name string) {
	t.Helper()
	w.update(t, account, func(tx *store.Tx) error {
		r, err := identity.Roles.Get(tx, identity.At(account, name))
		return errors.Join(err, identity.Leave(tx, r.Doc.ID), identity.Roles.Delete(tx, r.Key))
	})
}

// user makes a user and returns it as a caller.
func (w *world) user(t *testing.T, account, name, allows string) plane.Caller {
	t.Helper()
	var u identity.User
	u.Entity = identity.Entity{Account: account, Name: name, Path: "/", ID: keyid.NewUnique(keyid.User, account)}
	u.Inline = inline(allows)
	w.update(t, account, func(tx *store.Tx) error {
		_, err := identity.Users.Create(tx, u.Key(), u)
		return errors.Join(err, identity.Enter(tx, &u.Entity, "user"))
	})
	return plane.Caller{Account: account, Region: "us-east-1", Kind: plane.User, ARN: u.ARN(), ID: u.ID, AccessKeyID: keyid.New(keyid.AccessKey, account)}
}

func inline(text string) map[string]string {
	if text == "" {
		return nil
	}
	return map[string]string{"inline": text}
}

// as is the service as a caller sees it.
func (w *world) as(c plane.Caller) api.Client { return api.Client{Invoker: w.plane.As(c)} }

// bearer is the caller with temporary credentials, as the door finds it.
func (w *world) bearer(t *testing.T, cred *api.Credentials) plane.Caller {
	t.Helper()
	b, err := w.sessions.Open(cred.AccessKeyId, cred.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Principal
	return plane.Caller{
		Account: p.Account, Region: "us-east-1", Kind: p.Kind, ARN: p.ARN, ID: p.ID, Tags: p.Tags, Session: p.Session,
		AccessKeyID: cred.AccessKeyId,
	}
}

// allowed asks whether a caller may do something, as another service would.
func (w *world) allowed(t *testing.T, c plane.Caller, action, resource string) bool {
	t.Helper()
	call := &plane.Call{Caller: c, Operation: api.Service().Operation("AssumeRole"), Time: time.Now()}
	err := w.plane.Authorize(t.Context(), call, policy.Need{Action: action, Resources: []string{resource}})
	if err != nil && !awserr.Is(err, "AccessDenied") {
		t.Fatal(err)
	}
	return err == nil
}

// allow is a policy with a statement.
func allow(actions, resource string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["` +
		strings.ReplaceAll(actions, " ", `","`) + `"],"Resource":"` + resource + `"}}`
}

// trust is a trust policy: what of STS is let in, of whom, on what condition.
func trust(actions, principal, condition string) string {
	text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:` +
		strings.ReplaceAll(actions, " ", `","sts:`) + `"],"Principal":` + principal
	if condition != "" {
		text += `,"Condition":` + condition
	}
	return text + "}}"
}

func aws(principal string) string { return `{"AWS":"` + principal + `"}` }

// wantError holds an error against "Code: message"; "" is none.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if e := awserr.As(err); e != nil {
		got = e.Code + ": " + e.Message
	} else if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("answered %q\n    want %q", got, want)
	}
}

// codeOf is the code of an answer, "" for none.
func codeOf(err error) string {
	if e := awserr.As(err); e != nil {
		return e.Code
	}
	return ""
}
