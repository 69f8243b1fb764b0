package synthetics

import (
	"maps"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"nephele.dev/nephele/internal/sandbox"
)

// TestEndpoint: scripts are told of the server where they can reach it.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	loopback := sandbox.EgressPolicy{Allow: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:4566")}}
	for _, test := range []struct {
		listens string
		egress  sandbox.EgressPolicy
		want    string
	}{
		{"http://127.0.0.1:4566", sandbox.EgressPolicy{AllowPrivate: true}, "http://127.0.0.1:4566"},
		{"http://127.0.0.1:4566", sandbox.EgressPolicy{}, ""},
		{"http://127.0.0.1:4566", loopback, "http://127.0.0.1:4566"},
		{"http://127.0.0.1:4567", loopback, ""},
		{"http://[::]:4566", loopback, "http://127.0.0.1:4566"},
		{"http://0.0.0.0:4566", sandbox.EgressPolicy{AllowPrivate: true}, "http://127.0.0.1:4566"},
		{"http://[::1]:4566", sandbox.EgressPolicy{AllowPrivate: true}, "http://[::1]:4566"},
		{"http://[::ffff:10.0.0.1]:80", sandbox.EgressPolicy{AllowPrivate: true}, "http://10.0.0.1:80"},
		{"http://169.254.169.254:80", sandbox.EgressPolicy{AllowPrivate: true}, ""},
		{"", sandbox.EgressPolicy{AllowPrivate: true}, ""},
	} {
		s := &Service{Deps: Deps{URL: func() string { return test.listens }, Egress: test.egress}}
		if got := s.endpoint(); got != test.want {
			t.Errorf("%s, %+v: %q, want %q", test.listens, test.egress, got, test.want)
		}
	}
}

// TestReasonsAreShort: the words of other services fit into the API's limit.
func TestReasonsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 1100)
	spoilt, failed := run{}, run{}
	spoilt.spoil(long)
	failed.fail("CANARY_FAILURE", long)
	for _, r := range []run{spoilt, failed} {
		if n := utf8.RuneCountInString(r.Reason); n != 1024 || !utf8.ValidString(r.Reason) {
			t.Errorf("%s: %d characters", r.ReasonCode, n)
		}
	}
}

// TestScriptEnvironment: a canary may name another endpoint, but not other
// credentials.
func TestScriptEnvironment(t *testing.T) {
	t.Parallel()
	s := &Service{Deps: Deps{URL: func() string { return "http://127.0.0.1:1" }, Egress: sandbox.EgressPolicy{AllowPrivate: true}}}
	r, d := ref{Account: "123456789012", Region: "eu-west-1"}, duty{Function: "cwsyn-c-1"}
	credentials := map[string]string{"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
	want := map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
		"AWS_LAMBDA_FUNCTION_NAME": "cwsyn-c-1", "A": "1",
	}
	maps.Copy(want, credentials)
	if got := s.scriptEnvironment(r, d, map[string]string{"A": "1"}, credentials); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	vars := map[string]string{"AWS_ENDPOINT_URL": "https://elsewhere", "AWS_SESSION_TOKEN": "mine"}
	got := s.scriptEnvironment(r, d, vars, credentials)
	if got["AWS_ENDPOINT_URL"] != "https://elsewhere" || got["AWS_SESSION_TOKEN"] != "t" || len(vars) != 2 {
		t.Errorf("%v", got)
	}
}
