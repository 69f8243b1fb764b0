package kms_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
)

// TestGrants checks that grants allow what they say and no more, until they end.
func TestGrants(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{})
	key := b.key(t)
	wide := map[string]string{"a": "1", "b": "${aws:username}*"}
	blob, plain := b.encrypt(t, key, "x", wide), b.encrypt(t, key, "x", nil)
	for name, tt := range map[string]struct {
		constraints *api.GrantConstraints
		contexts    []bool // for wide, for none
	}{
		"none":          {nil, []bool{true, true}},
		"subset":        {&api.GrantConstraints{EncryptionContextSubset: map[string]string{"b": "${aws:username}*"}}, []bool{true, false}},
		"other case":    {&api.GrantConstraints{EncryptionContextSubset: map[string]string{"A": "1"}}, []bool{false, false}},
		"other value":   {&api.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "2"}}, []bool{false, false}},
		"equals":        {&api.GrantConstraints{EncryptionContextEquals: wide}, []bool{true, false}},
		"equals a part": {&api.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "1"}}, []bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			made := must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{
				KeyId: key, GranteePrincipal: bob, Operations: []api.GrantOperation{"Decrypt", "DescribeKey"}, Constraints: tt.constraints,
			}))
			got := []bool{decryptAs(t, b, user(bob), blob, wide) == nil, decryptAs(t, b, user(bob), plain, nil) == nil}
			if d := cmp.Diff(tt.contexts, got); d != "" {
				t.Error(d)
			}
			_, err := b.as(user(bob)).DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: key, GrantTokens: []string{*made.GrantToken}})
			wantAllowed(t, "describe", err)
			wantDenied(t, "another operation", encryptAs(t, b, user(bob), key, wide))
			wantDenied(t, "somebody else", decryptAs(t, b, user(carol), blob, wide))
			must[*api.RevokeGrantOutput](t)(b.RevokeGrant(t.Context(), &api.RevokeGrantInput{KeyId: key, GrantId: *made.GrantId}))
			wantDenied(t, "revoked", decryptAs(t, b, user(bob), blob, wide))
		})
	}
}

// TestGrantOfRole checks that a grant to a role lets its sessions in.
func TestGrantOfRole(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{})
	key := b.key(t)
	const role = "arn:aws:iam::123456789012:role/r"
	must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{KeyId: key, GranteePrincipal: role, Operations: []api.GrantOperation{"Encrypt"}}))
	session := plane.Caller{
		Account: account, Region: region, Kind: plane.AssumedRole, ARN: "arn:aws:sts::123456789012:assumed-role/r/s", ID: "AROAR:s",
		Session: sessionOf(role),
	}
	wantAllowed(t, "session of the role", encryptAs(t, b, session, key, nil))
	session.ARN, session.Session = "arn:aws:sts::123456789012:assumed-role/q/s", sessionOf("arn:aws:iam::123456789012:role/q")
	wantDenied(t, "session of another", encryptAs(t, b, session, key, nil))
}

// TestGrantChain checks that a grantee can hand on what he has, and no more.
func TestGrantChain(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{})
	key := b.key(t)
	only := &api.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "1"}}
	must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{
		KeyId: key, GranteePrincipal: bob, Operations: []api.GrantOperation{"Decrypt", "CreateGrant"}, Constraints: only,
	}))
	hand := func(constraints *api.GrantConstraints, operations ...api.GrantOperation) error {
		_, err := b.as(user(bob)).CreateGrant(t.Context(), &api.CreateGrantInput{
			KeyId: key, GranteePrincipal: carol, Operations: operations, Constraints: constraints,
		})
		return err
	}
	wantAllowed(t, "the same", hand(only, "Decrypt"))
	wantAllowed(t, "less", hand(&api.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "1", "b": "2"}}, "Decrypt"))
	wantDenied(t, "another operation", hand(only, "Encrypt"))
	wantDenied(t, "without constraints", hand(nil, "Decrypt"))
	wantDenied(t, "with others", hand(&api.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "2"}}, "Decrypt"))
}

// TestRetire checks who may end a grant, and how it is named.
func TestRetire(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{})
	key := b.key(t)
	make := func(operations ...api.GrantOperation) *api.CreateGrantOutput {
		return must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{
			KeyId: key, GranteePrincipal: bob, RetiringPrincipal: new(carol), Operations: operations,
		}))
	}
	retire := func(who string, in *api.RetireGrantInput) error {
		_, err := b.as(user(who)).RetireGrant(t.Context(), in)
		return err
	}
	one, two := make("Encrypt"), make("Encrypt", "RetireGrant")
	list := func() int {
		return len(must[*api.ListRetirableGrantsOutput](t)(b.ListRetirableGrants(t.Context(), &api.ListRetirableGrantsInput{RetiringPrincipal: carol})).Grants)
	}
	if n := list(); n != 2 {
		t.Errorf("%d retirable", n)
	}
	wantDenied(t, "the grantee without leave", retire(bob, &api.RetireGrantInput{GrantToken: one.GrantToken}))
	wantAllowed(t, "the grantee with leave", retire(bob, &api.RetireGrantInput{KeyId: &key, GrantId: two.GrantId}))
	wantAllowed(t, "the retiring principal", retire(carol, &api.RetireGrantInput{GrantToken: one.GrantToken}))
	if n := list(); n != 0 {
		t.Errorf("%d retirable", n)
	}
	_, err := b.RetireGrant(t.Context(), &api.RetireGrantInput{KeyId: &key, GrantId: one.GrantId})
	wantError(t, err, "NotFoundException", "")
	_, err = b.RetireGrant(t.Context(), &api.RetireGrantInput{KeyId: &key})
	wantError(t, err, "ValidationException", "")
}

// TestGrantRules checks what grants are refused, repeated names, listing and
// dry runs, on both databases.
func TestGrantRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		create := func(in api.CreateGrantInput) (*api.CreateGrantOutput, error) {
			in.KeyId = key
			return b.CreateGrant(t.Context(), &in)
		}
		decrypt := []api.GrantOperation{"Decrypt"}
		for _, tt := range []struct {
			in   api.CreateGrantInput
			code string
		}{
			{api.CreateGrantInput{GranteePrincipal: bob, Operations: []api.GrantOperation{}}, "ValidationException"},
			{api.CreateGrantInput{GranteePrincipal: bob, Operations: []api.GrantOperation{"Sign"}}, "ValidationException"},
			{api.CreateGrantInput{GranteePrincipal: "bob", Operations: decrypt}, "InvalidArnException"},
			{api.CreateGrantInput{GranteePrincipal: "arn:aws:s3:::bucket", Operations: decrypt}, "InvalidArnException"},
			{api.CreateGrantInput{GranteePrincipal: bob, RetiringPrincipal: new("x"), Operations: decrypt}, "InvalidArnException"},
			{api.CreateGrantInput{GranteePrincipal: bob, Operations: decrypt, GrantTokens: []string{"x"}}, "InvalidGrantTokenException"},
			{api.CreateGrantInput{GranteePrincipal: bob, Operations: decrypt, DryRun: new(true)}, "DryRunOperationException"},
		} {
			_, err := create(tt.in)
			wantError(t, err, tt.code, "")
		}
		named := api.CreateGrantInput{GranteePrincipal: bob, Operations: decrypt, Name: new("n")}
		first, again := must[*api.CreateGrantOutput](t)(create(named)), must[*api.CreateGrantOutput](t)(create(named))
		if *first.GrantId != *again.GrantId {
			t.Error("a repeated request made another grant")
		}
		for range 3 {
			must[*api.CreateGrantOutput](t)(create(api.CreateGrantInput{GranteePrincipal: "secretsmanager.amazonaws.com", Operations: decrypt}))
		}
		in := &api.ListGrantsInput{KeyId: key, Limit: new(int32(3))}
		page := must[*api.ListGrantsOutput](t)(b.ListGrants(t.Context(), in))
		in.Marker = page.NextMarker
		rest := must[*api.ListGrantsOutput](t)(b.ListGrants(t.Context(), in))
		if len(page.Grants) != 3 || !*page.Truncated || len(rest.Grants) != 1 || *rest.Truncated {
			t.Errorf("pages of %d and %d", len(page.Grants), len(rest.Grants))
		}
		one := must[*api.ListGrantsOutput](t)(b.ListGrants(t.Context(), &api.ListGrantsInput{KeyId: key, GranteePrincipal: new(bob)})).Grants
		if len(one) != 1 || *one[0].GrantId != *first.GrantId || *one[0].Name != "n" || *one[0].KeyId != key || *one[0].IssuingAccount != rootOf(account) {
			t.Errorf("%v", one)
		}
		_, err := b.RevokeGrant(t.Context(), &api.RevokeGrantInput{KeyId: key, GrantId: *first.GrantId, DryRun: new(true)})
		wantError(t, err, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
		must[*api.RevokeGrantOutput](t)(b.RevokeGrant(t.Context(), &api.RevokeGrantInput{KeyId: key, GrantId: *first.GrantId}))
	})
}
