package sns

import "testing"

// TestShownEndpoint: what was sent as a password is not answered.
func TestShownEndpoint(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://user:secret@example.com/a?b=c@d": "https://user:****@example.com/a?b=c@d",
		"https://user:se:cr@et@example.com:8443/": "https://user:****@example.com:8443/",
		"https://:secret@example.com":             "https://:****@example.com",
		"https://user@example.com/":               "https://user@example.com/",
		"https://example.com:8443/a:b@c":          "https://example.com:8443/a:b@c",
		"https://example.com?a:b@c":               "https://example.com?a:b@c",
	} {
		s := &subscription{Doc: subscriptionDoc{Protocol: protoHTTPS, Endpoint: endpoint}}
		if got := *s.shown(); got != want {
			t.Errorf("%s is shown as %s, want %s", endpoint, got, want)
		}
	}
	s := &subscription{Doc: subscriptionDoc{Protocol: protoEmail, Endpoint: "a@b.test"}}
	if got := *s.shown(); got != "a@b.test" {
		t.Errorf("a mailbox is shown as %s", got)
	}
}
