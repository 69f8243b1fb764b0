package iam

import (
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	strict := &passwordPolicy{MinLength: 10, Symbols: true, Numbers: true, Uppers: true, Lowers: true}
	for _, tt := range []struct {
		policy   *passwordPolicy
		password string
		want     string
	}{
		{nil, "Short1!", "Password should have a minimum length of 8"},
		{nil, "onlyletters", "Password should have uppercase letters, lowercase letters, numbers and symbols, three of them at least"},
		{nil, "Letters-enough", ""},
		{nil, "ÄÖÜäöüÄÖÜ", "Password should have uppercase letters, lowercase letters, numbers and symbols, three of them at least"},
		{strict, "Aa1!", "Password should have a minimum length of 10"},
		{strict, "aaaaaaaaa1!", "Password should have at least one uppercase letter"},
		{strict, "AAAAAAAAA1!", "Password should have at least one lowercase letter"},
		{strict, "AAAAAAAAAa!", "Password should have at least one number"},
		{strict, "AAAAAAAAAa1", "Password should have at least one symbol"},
		{strict, "AAAAAAAAa1'", ""},
		{&passwordPolicy{MinLength: 6}, "simple", ""},
		{&passwordPolicy{MinLength: 6}, "ÄÖÜäö", "Password should have a minimum length of 6"},
	} {
		err, got := tt.policy.check(tt.password), ""
		if e := awserr.As(err); e != nil {
			got = e.Message
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.password, got, tt.want)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	h, err := newHash("secret")
	if err != nil {
		t.Fatal(err)
	}
	other, err := newHash("secret")
	if err != nil || string(other.Sum) == string(h.Sum) {
		t.Errorf("two hashes of a password are the same: %v", err)
	}
	for password, want := range map[string]bool{"secret": true, "Secret": false, "": false} {
		if got, err := h.is(password); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
}

// TestReportExpires waits for the end of a report.
func TestReportExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := newService(t)
		ctx := t.Context()
		generate := func() api.ReportStateType {
			t.Helper()
			out, err := c.GenerateCredentialReport(ctx, &api.GenerateCredentialReportInput{})
			if err != nil {
				t.Fatal(err)
			}
			return *out.State
		}
		if first, second := generate(), generate(); first != "STARTED" || second != "COMPLETE" {
			t.Errorf("states %s, %s", first, second)
		}
		time.Sleep(reportLife) // of the bubble
		_, err := c.GetCredentialReport(ctx, &api.GetCredentialReportInput{})
		if e := awserr.As(err); e == nil || e.Code != "ReportExpired" || e.Status != 410 {
			t.Errorf("an old report: %v", err)
		}
		if state := generate(); state != "STARTED" {
			t.Errorf("another one: %s", state)
		}
		if _, err := c.GetCredentialReport(ctx, &api.GetCredentialReportInput{}); err != nil {
			t.Error(err)
		}
	})
}
