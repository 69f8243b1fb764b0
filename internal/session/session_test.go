package session_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/session"
)

const account = "111122223333"

func role() session.Claims {
	return session.Claims{
		Kind: policy.AssumedRole, Account: account,
		ARN: "arn:aws:sts::111122223333:assumed-role/reader/me", ID: "AROAQNZGKIQY56JQ7WMLA:me",
		Role: "arn:aws:iam::111122223333:role/team/reader", RoleID: "AROAQNZGKIQY56JQ7WMLA", Name: "me",
		Tags: map[string]string{"Project": "Unicorn", "Team": ""}, Transitive: []string{"Project"},
		SourceIdentity: "alice", Provider: "cognito-identity.amazonaws.com",
		Keys: map[string][]string{"cognito-identity.amazonaws.com:sub": {"us-east-1:1"}},
	}
}

func issue(t testing.TB, i *session.Issuer, c session.Claims) session.Credentials {
	t.Helper()
	cred, err := i.Issue(c, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestOpen(t *testing.T) {
	t.Parallel()
	sealer := seal.NewEphemeral()
	cred := issue(t, session.New(sealer), role())
	if got, ok := keyid.Account(cred.AccessKeyID); !ok || got != account || !strings.HasPrefix(cred.AccessKeyID, "ASIA") {
		t.Errorf("the access key id %s tells the account %q", cred.AccessKeyID, got)
	}
	if len(cred.SecretAccessKey) != 40 {
		t.Errorf("a secret of %d characters", len(cred.SecretAccessKey))
	}
	other := session.New(sealer) // another server
	for range 2 {                // the second time it is remembered
		b, err := other.Open(cred.AccessKeyID, string(cred.SessionToken))
		if err != nil {
			t.Fatal(err)
		}
		if b.Secret != cred.SecretAccessKey || !b.Expires.Equal(cred.Expiration) {
			t.Errorf("secret and expiry are not those issued: %v", b.Expires)
		}
		want := role()
		s := b.Principal.Session
		got := session.Claims{
			Kind: b.Principal.Kind, Account: b.Principal.Account, ARN: b.Principal.ARN, ID: b.Principal.ID,
			Role: s.Role, RoleID: s.RoleID, Name: s.Name, Tags: b.Principal.Tags, Transitive: s.Transitive,
			SourceIdentity: s.SourceIdentity, Provider: s.Provider, Keys: s.Keys,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-issued +opened\n%s", diff)
		}
		if diff := cmp.Diff(want.Tags, s.Tags); diff != "" || s.Limited || s.MFA || s.Issued.IsZero() {
			t.Errorf("%s %+v", diff, s)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	c := role()
	c.Limited, c.PolicyARNs = true, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	c.Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	cred := issue(t, i, c)
	b, err := i.Open(cred.AccessKeyID, string(cred.SessionToken))
	if err != nil {
		t.Fatal(err)
	}
	s := b.Principal.Session
	if !s.Limited || len(s.Policies) != 1 || s.Policies[0].String() != c.Policy || !cmp.Equal(s.PolicyARNs, c.PolicyARNs) {
		t.Errorf("%+v", s)
	}
	c.Policy = "{"
	if _, err := i.Issue(c, time.Hour); err == nil {
		t.Error("a session with half a policy")
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := session.New(seal.NewEphemeral())
		known, fresh := issue(t, i, role()), issue(t, i, role())
		time.Sleep(time.Hour - time.Nanosecond)
		if _, err := i.Open(known.AccessKeyID, string(known.SessionToken)); err != nil {
			t.Errorf("before its time: %v", err)
		}
		time.Sleep(time.Nanosecond)
		for _, c := range []session.Credentials{known, fresh} {
			if _, err := i.Open(c.AccessKeyID, string(c.SessionToken)); !errors.Is(err, session.ErrExpired) {
				t.Errorf("after its time: %v", err)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	a, b := issue(t, i, role()), issue(t, i, role())
	foreign := issue(t, session.New(seal.NewEphemeral()), role())
	token := string(a.SessionToken)
	if _, err := i.Open(a.AccessKeyID, token); err != nil { // and is remembered
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ id, token string }{
		"no token":               {a.AccessKeyID, ""},
		"another's token":        {a.AccessKeyID, string(b.SessionToken)},
		"another's id":           {b.AccessKeyID, token},
		"another database":       {foreign.AccessKeyID, string(foreign.SessionToken)},
		"a user's key id":        {"AKIA" + a.AccessKeyID[4:], token},
		"no key id":              {"", token},
		"truncated":              {a.AccessKeyID, token[:len(token)-1]},
		"half":                   {a.AccessKeyID, token[:len(token)/2]},
		"longer":                 {a.AccessKeyID, token + "A"},
		"newline at the end":     {a.AccessKeyID, token + "\n"},
		"newline in the middle":  {a.AccessKeyID, token[:40] + "\r\n" + token[40:]},
		"space":                  {a.AccessKeyID, " " + token},
		"padding":                {a.AccessKeyID, token + "="},
		"the standard alphabet":  {a.AccessKeyID, "++++" + token[4:]},
		"too long":               {a.AccessKeyID, strings.Repeat("A", session.MaxToken+1)},
		"of the right length":    {a.AccessKeyID, strings.Repeat("A", len(token))},
		"a token of AWS's":       {a.AccessKeyID, "IQoJb3JpZ2luX2VjEOz////////////////////wEXAMPLEtMSJHMEUCIDoKK3JH9uGQE1z0sINr5M4jk=="},
		"an id in small letters": {strings.ToLower(a.AccessKeyID), token},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := i.Open(tt.id, tt.token); !errors.Is(err, session.ErrInvalid) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestUnchanged: a token opens if and only if nothing of it or of its id changed.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=\n "
	rapid.Check(t, func(t *rapid.T) {
		c := role()
		c.Name = rapid.StringMatching(`[\w+=,.@-]{2,64}`).Draw(t, "name")
		c.Tags = rapid.MapOfN(rapid.StringMatching(`[a-z]{1,20}`), rapid.StringMatching(`\w{0,20}`), 0, 5).Draw(t, "tags")
		cred, err := i.Issue(c, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		text := cred.AccessKeyID + string(cred.SessionToken)
		mutant := []byte(text)
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 1:
			at := rapid.IntRange(0, len(mutant)-1).Draw(t, "at")
			mutant[at] = alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "to")]
		case 2:
			mutant = mutant[:rapid.IntRange(20, len(mutant)).Draw(t, "cut")]
		case 3:
			a, b := rapid.IntRange(0, len(mutant)-1).Draw(t, "a"), rapid.IntRange(0, len(mutant)-1).Draw(t, "b")
			mutant[a], mutant[b] = mutant[b], mutant[a]
		}
		b, err := i.Open(string(mutant[:20]), string(mutant[20:]))
		if changed := string(mutant) != text; changed != (err != nil) {
			t.Fatalf("changed: %v, error: %v", changed, err)
		}
		if err == nil && (b.Secret != cred.SecretAccessKey || b.Principal.Session.Name != c.Name) {
			t.Fatalf("opened as %+v", b.Principal)
		}
	})
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	c := role()
	c.Tags = map[string]string{}
	for n := range 500 {
		c.Tags[fmt.Sprint(n)] = keyid.New(keyid.SessionKey, "")
	}
	if _, err := i.Issue(c, time.Hour); !errors.Is(err, session.ErrTooLarge) {
		t.Errorf("500 tags: %v", err)
	}
}

// TestRemembersLittle issues more sessions than are remembered; all of them open.
func TestRemembersLittle(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	var all []session.Credentials
	for range 3000 {
		cred := issue(t, i, role())
		all = append(all, cred)
	}
	for range 2 {
		for _, cred := range all {
			if _, err := i.Open(cred.AccessKeyID, string(cred.SessionToken)); err != nil {
				t.Fatal(err)
			}
		}
		i.Forget()
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	i := session.New(seal.NewEphemeral())
	cred := issue(t, i, role())
	b, err := i.Open(cred.AccessKeyID, string(cred.SessionToken))
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %v %#v", cred, cred, cred, b, b)
	if strings.Contains(shown, string(cred.SecretAccessKey)) || strings.Contains(shown, string(cred.SessionToken)) {
		t.Error(shown)
	}
}

func TestPackedSize(t *testing.T) {
	t.Parallel()
	// The figures are those of the examples in AWS's API reference.
	const p = `{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
	tags := map[string]string{"Project": "Unicorn", "Team": "Automation", "Cost-Center": "12345"}
	many := map[string]string{}
	for n := range 50 {
		many[fmt.Sprint(n)] = rand.Text() + rand.Text() + rand.Text() // 78 letters
	}
	for _, tt := range []struct {
		name     string
		policy   string
		tags     map[string]string
		min, max int
	}{
		{"nothing", "", nil, 0, 0},
		{"a policy", p, nil, 6, 6},
		{"a policy and tags", p, tags, 8, 8},
		{"fifty long tags", "", many, 101, 1000},
	} {
		if got := session.PackedSize(tt.policy, nil, tt.tags); got < tt.min || got > tt.max {
			t.Errorf("%s: %d %%, want %d to %d", tt.name, got, tt.min, tt.max)
		}
	}
}

func TestMergeTags(t *testing.T) {
	t.Parallel()
	own := map[string]string{"Department": "Marketing", "Team": "A"}
	got := session.MergeTags(own, map[string]string{"department": "engineering"})
	if diff := cmp.Diff(map[string]string{"department": "engineering", "Team": "A"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(own, session.MergeTags(own, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestForbids(t *testing.T) {
	t.Parallel()
	longLived := &policy.Principal{Kind: policy.User}
	user := &policy.Principal{Kind: policy.User, Session: &policy.Session{}}
	factored := &policy.Principal{Kind: policy.User, Session: &policy.Session{MFA: true}}
	root := &policy.Principal{Kind: policy.Root, Session: &policy.Session{}}
	federated := &policy.Principal{Kind: policy.FederatedUser, Session: &policy.Session{}}
	assumed := &policy.Principal{Kind: policy.AssumedRole, Session: &policy.Session{}}
	all := []*policy.Principal{longLived, user, factored, root, federated, assumed}
	for _, tt := range []struct {
		service, operation string
		want               string // of all, in order
	}{
		{"s3", "GetObject", "......"},
		{"iam", "CreateUser", ".x.xx."},
		{"iam", "PassRole", "......"},
		{"sts", "GetCallerIdentity", "......"},
		{"sts", "AssumeRole", "....x."},
		{"sts", "TagSession", "....x."},
		{"sts", "AssumeRoleWithWebIdentity", "......"},
		{"sts", "GetSessionToken", ".xxxxx"},
		{"sts", "GetFederationToken", ".xxxxx"},
		{"sts", "GetAccessKeyInfo", ".xxxx."},
		{"sts", "DecodeAuthorizationMessage", ".xxxx."},
	} {
		got := ""
		for _, p := range all {
			got += map[bool]string{true: "x", false: "."}[session.Forbids(p, tt.service, tt.operation)]
		}
		if got != tt.want {
			t.Errorf("%s:%s: %s, want %s", tt.service, tt.operation, got, tt.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	i := session.New(seal.NewEphemeral())
	cred, err := i.Issue(role(), time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cred.AccessKeyID, string(cred.SessionToken))
	f.Add(cred.AccessKeyID, string(cred.SessionToken[:50]))
	f.Add("ASIAQNZGKIQY56JQ7WML", "")
	f.Fuzz(func(t *testing.T, id, token string) {
		_, err := i.Open(id, token)
		if genuine := id == cred.AccessKeyID && token == string(cred.SessionToken); genuine != (err == nil) {
			t.Errorf("%v", err)
		}
		if err != nil && !errors.Is(err, session.ErrInvalid) && !errors.Is(err, session.ErrExpired) {
			t.Errorf("a fault of ours: %v", err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	i := session.New(seal.NewEphemeral())
	cred := issue(b, i, role())
	token := string(cred.SessionToken)
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			if _, err := i.Open(cred.AccessKeyID, token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			i.Forget()
			if _, err := i.Open(cred.AccessKeyID, token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("forged", func(b *testing.B) {
		forged := token[:len(token)-4] + "AAAA"
		for b.Loop() {
			if _, err := i.Open(cred.AccessKeyID, forged); err == nil {
				b.Fatal("opened")
			}
		}
	})
	b.Run("issue", func(b *testing.B) {
		for b.Loop() {
			issue(b, i, role())
		}
	})
}
