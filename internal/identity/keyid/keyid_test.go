package keyid

import (
	"regexp"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, account := range []string{"000000000000", "000000000001", "123456789012", "999999999999"} {
		for _, id := range []string{New(AccessKey, account), New(SessionKey, account), NewUnique(Role, account)} {
			if got, ok := Account(id); !ok || got != account {
				t.Errorf("Account(%q) = %q, %v, want %q", id, got, ok, account)
			}
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	key, unique := regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`), regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`)
	seen := map[string]bool{}
	for range 1000 {
		k, u := New(AccessKey, "123456789012"), NewUnique(User, "123456789012")
		if !key.MatchString(k) || !unique.MatchString(u) {
			t.Fatalf("%q, %q", k, u)
		}
		if seen[k] || seen[u] {
			t.Fatalf("%q or %q twice", k, u)
		}
		seen[k], seen[u] = true, true
	}
}

// TestKnown is an id whose account is public.
func TestKnown(t *testing.T) {
	t.Parallel()
	if got, ok := Account("ASIAQNZGKIQY56JQ7WML"); !ok || got != "029608264753" {
		t.Errorf("%q, %v", got, ok)
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "AKIA", "AKIAIOSFODNN7EXAMPLE", "AKIA0000000000000000", "AKIA7777777777777777", "ASIAQNZGKIQY56JQ7WM",
		New(AccessKey, "an account"), New(AccessKey, "12345678901x"),
	} {
		if account, ok := Account(id); ok {
			t.Errorf("Account(%q) = %q", id, account)
		}
	}
}

func FuzzAccount(f *testing.F) {
	f.Add("ASIAQNZGKIQY56JQ7WML")
	f.Add("AKIAIOSFODNN7EXAMPLE")
	f.Add(NewUnique(Role, "123456789012"))
	f.Fuzz(func(t *testing.T, id string) {
		account, ok := Account(id)
		if !ok {
			return
		}
		if again, _ := Account(New(id[:4], account)); again != account || len(account) != accountDigits {
			t.Errorf("%q carries %q, and a new id of it %q", id, account, again)
		}
	})
}
