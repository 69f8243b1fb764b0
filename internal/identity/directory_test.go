package identity_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/seal/sealtest"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const (
	account  = "123456789012"
	admin    = "arn:aws:iam::aws:policy/AdministratorAccess"
	patience = 20 * time.Second
)

func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

// house is a Directory with what a test puts in it.
type house struct {
	t  testing.TB
	db *store.DB
	*identity.Directory
	seal *seal.Sealer
}

func newHouse(t testing.TB, db *store.DB) *house {
	s := sealtest.New(t, db)
	h := &house{t, db, identity.New(db, s), s}
	t.Cleanup(func() { _ = h.Close(context.WithoutCancel(t.Context())) })
	return h
}

// change runs f as the service does.
func (h *house) change(f func(tx *store.Tx) error) {
	h.t.Helper()
	err := h.db.Update(h.t.Context(), func(tx *store.Tx) error { return errors.Join(f(tx), h.Changed(tx, account)) })
	if err != nil {
		h.t.Fatal(err)
	}
}

// user makes a user with one inline policy that allows an action.
func (h *house) user(name, action string) *identity.User {
	u := &identity.User{
		Entity: identity.Entity{Account: account, Name: name, Path: "/", ID: keyid.NewUnique(keyid.User, account)},
		Grants: identity.Grants{Inline: map[string]string{"p": allow(action)}},
	}
	h.change(func(tx *store.Tx) error {
		_, err := identity.Users.Create(tx, u.Key(), *u)
		return errors.Join(err, identity.Enter(tx, &u.Entity, "user"))
	})
	return u
}

// edit changes a user.
func (h *house) edit(u *identity.User, f func(*identity.User)) {
	h.change(func(tx *store.Tx) error {
		r, err := identity.Users.Get(tx, u.Key())
		if err != nil {
			return err
		}
		f(&r.Doc)
		return identity.Users.Put(tx, &r)
	})
}

func principal(u *identity.User) *policy.Principal {
	return &policy.Principal{Kind: policy.User, Account: account, ARN: u.ARN(), ID: u.ID}
}

// may asks for a decision.
func (h *house) may(p *policy.Principal, action string) bool {
	h.t.Helper()
	own, err := h.Policies(h.t.Context(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	r := policy.Request{Principal: *p, Action: action, Resources: []policy.Resource{{ARN: "*", Account: account}}}
	return policy.Decide(&r, &own).Effect == policy.Allow
}

// TestPoliciesFollowCommits has each change count from the next question on.
func TestPoliciesFollowCommits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		u := h.user("U", "s3:GetObject")
		p := principal(u)
		if !h.may(p, "s3:GetObject") || h.may(p, "s3:PutObject") {
			t.Error("an inline policy does not count")
		}
		h.edit(u, func(u *identity.User) { u.Inline["p"] = allow("s3:PutObject") })
		if h.may(p, "s3:GetObject") || !h.may(p, "s3:PutObject") {
			t.Error("a changed policy does not count")
		}
		h.edit(u, func(u *identity.User) { u.Attached = []string{admin} })
		if !h.may(p, "sqs:SendMessage") {
			t.Error("an attached policy of AWS does not count")
		}
		h.edit(u, func(u *identity.User) { u.Boundary = "arn:aws:iam::" + account + ":policy/gone" })
		if h.may(p, "sqs:SendMessage") {
			t.Error("something is within a boundary that is gone")
		}
		g := &identity.Group{
			Entity: identity.Entity{Account: account, Name: "G", Path: "/"},
			Grants: identity.Grants{Inline: map[string]string{"g": allow("sns:Publish")}},
		}
		h.change(func(tx *store.Tx) error {
			_, err := identity.Groups.Create(tx, g.Key(), *g)
			return err
		})
		h.edit(u, func(u *identity.User) { u.Attached, u.Boundary, u.Groups = nil, "", []string{"g"} })
		if !h.may(p, "sns:Publish") || h.may(p, "sqs:SendMessage") {
			t.Error("a group's policy does not count")
		}
	})
}

// TestGone follows a user past its end and its name to somebody else.
func TestGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	u := h.user("u", "s3:GetObject")
	old := principal(u)
	if !h.may(old, "s3:GetObject") {
		t.Fatal("the user may not")
	}
	h.change(func(tx *store.Tx) error {
		return errors.Join(identity.Users.Delete(tx, u.Key()), identity.Leave(tx, u.ID))
	})
	if _, err := h.Policies(t.Context(), old); !errors.Is(err, identity.ErrGone) {
		t.Errorf("deleted: %v", err)
	}
	again := h.user("u", "s3:GetObject")
	if _, err := h.Policies(t.Context(), old); !errors.Is(err, identity.ErrGone) {
		t.Errorf("made again: %v", err)
	}
	if !h.may(principal(again), "s3:GetObject") {
		t.Error("the new user may not")
	}
	stranger := &policy.Principal{Kind: policy.AssumedRole, Account: account, Session: &policy.Session{
		Role: "arn:aws:iam::" + account + ":role/none", RoleID: "AROAAAAAAAAAAAAAAAAAA",
	}}
	if _, err := h.Policies(t.Context(), stranger); !errors.Is(err, identity.ErrGone) {
		t.Errorf("a role that never was: %v", err)
	}
}

// TestSessionPolicies limit a session, the managed ones too, and one that was
// deleted allows nothing.
func TestSessionPolicies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	u := h.user("u", "*")
	p := principal(u)
	p.Session = &policy.Session{Limited: true, PolicyARNs: []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}}
	if !h.may(p, "s3:GetObject") || h.may(p, "s3:PutObject") {
		t.Error("a managed session policy does not limit")
	}
	p.Session = &policy.Session{Limited: true, PolicyARNs: []string{"arn:aws:iam::" + account + ":policy/gone"}}
	if h.may(p, "s3:GetObject") {
		t.Error("a session policy that is gone allows something")
	}
	p.Session = &policy.Session{}
	if !h.may(p, "s3:PutObject") {
		t.Error("a session without session policies is limited")
	}
}

// TestReadersRaceWithCommits has policies read without end while they change:
// what is read after a commit is never older than it.
func TestReadersRaceWithCommits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	u := h.user("u", "s3:A0")
	p := principal(u)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _ = h.Policies(context.WithoutCancel(ctx), p)
			}
		})
	}
	for i := range 200 {
		action := "s3:A" + string(rune('a'+i%26))
		h.edit(u, func(u *identity.User) { u.Inline["p"] = allow(action) })
		if !h.may(p, action) {
			t.Fatalf("after commit %d an older policy counts", i)
		}
	}
	stop()
	wg.Wait()
}

// TestAccessKey opens a sealed key while it is active.
func TestAccessKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		u := h.user("U", "*")
		id := identity.NewKeyID(keyid.AccessKey, account)
		sealed, err := h.seal.Seal(identity.KeyPurpose, []byte("secret"), account, id)
		if err != nil {
			t.Fatal(err)
		}
		at := store.Key{Account: account, ID: id}
		k := identity.AccessKey{ID: id, Account: account, User: "u", Active: true, Sealed: sealed}
		h.change(func(tx *store.Tx) error {
			_, err := identity.AccessKeys.Create(tx, at, k)
			return err
		})
		for range 2 {
			got, err := h.AccessKey(t.Context(), id)
			if err != nil || got.Secret != "secret" || got.User.ID != u.ID {
				t.Errorf("%v, %v", got, err)
			}
		}
		h.change(func(tx *store.Tx) error {
			r, err := identity.AccessKeys.Get(tx, at)
			if err != nil {
				return err
			}
			r.Doc.Active = false
			return identity.AccessKeys.Put(tx, &r)
		})
		for _, id := range []string{id, "", "AKIAIOSFODNN7EXAMPLE", identity.NewKeyID(keyid.AccessKey, "999999999999")} {
			if _, err := h.AccessKey(t.Context(), id); !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("key %q: %v", id, err)
			}
		}
	})
}

// TestChangesReachOtherServers has one server take away what another remembers.
func TestChangesReachOtherServers(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	here, there := newHouse(t, storetest.Open(t, store.Config{URL: url})), storetest.Open(t, store.Config{URL: url})
	other := &house{t, there, identity.New(there, here.seal), here.seal}
	t.Cleanup(func() { _ = other.Close(context.WithoutCancel(t.Context())) })
	u := here.user("u", "s3:GetObject")
	p := principal(u)
	if !other.may(p, "s3:GetObject") {
		t.Fatal("the other server does not know the user")
	}
	here.edit(u, func(u *identity.User) { u.Inline = nil })
	began := time.Now()
	for other.may(p, "s3:GetObject") {
		if time.Since(began) > patience {
			t.Fatal("the other server has not heard of the change")
		}
	}
	t.Logf("the other server knew after %v", time.Since(began))
}

// TestLostNotice has a change whose notice nobody sent count all the same.
func TestLostNotice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)}))
	u := h.user("u", "s3:GetObject")
	p := principal(u)
	if !h.may(p, "s3:GetObject") {
		t.Fatal("the user may not")
	}
	err := h.db.Update(t.Context(), func(tx *store.Tx) error { // as a server that dies before it sends the notice
		r, err := identity.Users.Get(tx, u.Key())
		if err != nil {
			return err
		}
		r.Doc.Inline = nil
		_, clock := tx.Exec("update iam_epoch set changed = changed + 1 where account = ?", account)
		return errors.Join(clock, identity.Users.Put(tx, &r))
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for h.may(p, "s3:GetObject") {
		if time.Since(began) > patience {
			t.Fatal("the change was never seen")
		}
	}
}

// TestUses are gathered, told of at once, and written down once in a while.
func TestUses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		last := func() (use identity.Use, ok bool) {
			t.Helper()
			err := db.View(t.Context(), func(tx *store.Tx) (err error) {
				use, ok, err = h.LastUsed(tx, "AKIA")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return use, ok
		}
		if _, ok := last(); ok {
			t.Error("a key that nobody used was used")
		}
		for i := range 3 {
			h.Used("AKIA", identity.Use{At: at.Add(time.Duration(i) * time.Minute), Service: "s3", Region: "eu-west-1"})
			if use, _ := last(); !use.At.Equal(at.Add(time.Duration(i) * time.Minute)) {
				t.Errorf("use %d: %+v", i, use)
			}
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.Directory = identity.New(db, h.seal)
		if use, ok := last(); !ok || !use.At.Equal(at.Add(2*time.Minute)) || use.Service != "s3" || use.Region != "eu-west-1" {
			t.Errorf("after a restart: %+v, %v", use, ok)
		}
		h.Used("AKIA", identity.Use{At: at}) // a server that is behind
		if err := h.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if use, _ := last(); !use.At.Equal(at.Add(2 * time.Minute)) {
			t.Errorf("an older use won: %+v", use)
		}
	})
}

// TestUsesAreWrittenInTime waits for the batch.
func TestUsesAreWrittenInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		s := sealtest.New(t, db)
		d := identity.New(db, s)
		d.Used("AKIA", identity.Use{At: time.Now(), Service: "sqs"})
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		other := identity.New(db, s)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			use, ok, err := other.LastUsed(tx, "AKIA")
			if !ok || use.Service != "sqs" {
				t.Errorf("%+v, %v", use, ok)
			}
			return err
		})
		for _, err := range []error{err, d.Close(t.Context()), other.Close(t.Context())} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// TestFacts of a role are its tags and whom it trusts.
func TestFacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	u := h.user("u", "*")
	r := &identity.Role{
		Entity:  identity.Entity{Account: account, Name: "r", Path: "/x/", ID: "AROA", Tags: map[string]string{"Team": "Red"}},
		Trust:   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + u.ARN() + `"},"Action":"sts:AssumeRole"}]}`,
		Trusted: map[string]string{u.ARN(): u.ID},
	}
	h.change(func(tx *store.Tx) error {
		_, err := identity.Roles.Create(tx, r.Key(), *r)
		return err
	})
	trusts := func(p *policy.Principal) bool {
		t.Helper()
		f, err := h.Facts(t.Context(), r.ARN())
		if err != nil || !f.Required || !f.Guarded || f.Account != account || f.Keys["aws:resourcetag/team"][0] != "Red" {
			t.Fatalf("%+v, %v", f, err)
		}
		own, err := h.Policies(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		req := policy.Request{Principal: *p, Action: "sts:AssumeRole", Resources: []policy.Resource{f}}
		return policy.Decide(&req, &own).Effect == policy.Allow
	}
	if !trusts(principal(u)) {
		t.Error("the role does not trust its user")
	}
	h.change(func(tx *store.Tx) error {
		return errors.Join(identity.Users.Delete(tx, u.Key()), identity.Leave(tx, u.ID))
	})
	if trusts(principal(h.user("u", "*"))) {
		t.Error("the role trusts somebody else of the same name")
	}
	for arn, trustless := range map[string]bool{
		"arn:aws:iam::" + account + ":role/r": true, "arn:aws:iam::" + account + ":role/*": false, "x": false, "": false,
	} {
		if f, err := h.Facts(t.Context(), arn); err != nil || f.Required != trustless || len(f.Policies)+len(f.Keys) > 0 {
			t.Errorf("facts of %q: %+v, %v", arn, f, err)
		}
	}
}

func BenchmarkPolicies(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	p := principal(h.user("u", "s3:GetObject"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Policies(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAccessKey(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	h.user("u", "*")
	id := identity.NewKeyID(keyid.AccessKey, account)
	sealed, err := h.seal.Seal(identity.KeyPurpose, []byte("secret"), account, id)
	if err != nil {
		b.Fatal(err)
	}
	h.change(func(tx *store.Tx) error {
		_, err := identity.AccessKeys.Create(tx, store.Key{Account: account, ID: id},
			identity.AccessKey{ID: id, Account: account, User: "u", Active: true, Sealed: sealed})
		return err
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.AccessKey(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
