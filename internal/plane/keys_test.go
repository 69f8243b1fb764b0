package plane

import (
	"slices"
	"testing"
	"time"
)

// TestSecureTransport: policies that demand TLS, as those of many queues and
// buckets do, let services in.
func TestSecureTransport(t *testing.T) {
	t.Parallel()
	plain := RootCaller("123456789012", "eu-west-1")
	tls := plain
	tls.Secure = true
	for _, test := range []struct {
		name   string
		caller Caller
		want   string
	}{
		{"plain text", plain, "false"},
		{"TLS", tls, "true"},
		{"a service", ServiceCaller("sns.amazonaws.com", "123456789012", "eu-west-1"), "true"},
		{"through a service", plain.Through("secretsmanager.amazonaws.com"), "true"},
	} {
		got := callKeys(&Call{Caller: test.caller, Time: time.Now()})["aws:securetransport"]
		if !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
