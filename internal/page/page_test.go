package page_test

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/page"
)

var secret = []byte("0123456789abcdef")

func newSealer(t testing.TB, secret []byte) *page.Sealer {
	t.Helper()
	s, err := page.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var listing = page.Scope{
	Account: "000000000000", Region: "us-east-1", Operation: "synthetics:DescribeCanaries",
	Filters: map[string]string{"b": "2", "a": "1"},
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	type position struct {
		After string
		Time  int64
	}
	s := newSealer(t, secret)
	want := position{"canary-9", 1_700_000_000_000_000}
	token, err := s.Seal(listing, want)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := newSealer(t, secret).Seal(listing, want); again != token {
		t.Error("the same position gives two tokens")
	}
	if !regexp.MustCompile(`^[a-zA-Z0-9=/+_.-]{4,252}$`).MatchString(token) {
		t.Errorf("the token %q is not in the narrowest modelled pattern", token)
	}
	if strings.Contains(token, "canary") {
		t.Error("the token shows its position")
	}
	var have position
	if err := s.Open(listing, token, &have); err != nil || have != want {
		t.Errorf("have %+v, %v", have, err)
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	s := newSealer(t, secret)
	token, err := s.Seal(listing, "canary-9")
	if err != nil {
		t.Fatal(err)
	}
	scope := func(change func(*page.Scope)) page.Scope {
		c := listing
		change(&c)
		return c
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	raw[0] = 2
	for name, c := range map[string]struct {
		sealer *page.Sealer
		scope  page.Scope
		token  string
	}{
		"account":   {s, scope(func(c *page.Scope) { c.Account = "111111111111" }), token},
		"region":    {s, scope(func(c *page.Scope) { c.Region = "eu-west-1" }), token},
		"operation": {s, scope(func(c *page.Scope) { c.Operation = "synthetics:ListGroups" }), token},
		"filters":   {s, scope(func(c *page.Scope) { c.Filters = nil }), token},
		"key":       {newSealer(t, []byte("another secret !")), listing, token},
		"empty":     {s, listing, ""},
		"words":     {s, listing, "next page please"},
		"cut":       {s, listing, token[:len(token)-2]},
		"longer":    {s, listing, token + "AA"},
		"changed":   {s, listing, "AQ" + strings.ToUpper(token[2:])},
		"version":   {s, listing, base64.RawURLEncoding.EncodeToString(raw)},
		"huge":      {s, listing, strings.Repeat("A", page.MaxLength+1)},
	} {
		have := "untouched"
		if err := c.sealer.Open(c.scope, c.token, &have); !errors.Is(err, page.ErrInvalid) || have != "untouched" {
			t.Errorf("%s: %v, position %q", name, err, have)
		}
	}
	if err := s.Open(listing, token, new(int)); !errors.Is(err, page.ErrInvalid) {
		t.Errorf("position of another kind: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	if _, err := page.New([]byte("short")); err == nil {
		t.Error("a short secret is taken")
	}
	s := newSealer(t, secret)
	if _, err := s.Seal(listing, strings.Repeat("x", page.MaxLength)); err == nil {
		t.Error("a token that could not be opened is sealed")
	}
	if _, err := s.Seal(page.Scope{Filters: func() {}}, ""); err == nil {
		t.Error("filters that cannot be written are taken")
	}
}

// FuzzOpen: whatever opens is a token that Seal makes for that position.
func FuzzOpen(f *testing.F) {
	s := newSealer(f, secret)
	token, err := s.Seal(listing, "canary-9")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("")
	f.Add("AQ")
	f.Add(token + "=")
	f.Fuzz(func(t *testing.T, token string) {
		var position string
		if s.Open(listing, token, &position) != nil {
			return
		}
		if again, err := s.Seal(listing, position); err != nil || again != token {
			t.Errorf("%q opens but is not what Seal gives: %q, %v", token, again, err)
		}
	})
}
