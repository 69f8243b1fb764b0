package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"nephele.dev/nephele/client"
)

// A doer answers requests without a network.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// answer is an HTTP answer; header is Name: value pairs.
func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// environment is one with the given variables alone, and with no files unless
// they name some.
func environment(variables ...string) func(string) string {
	env := map[string]string{"AWS_CONFIG_FILE": "/nowhere/config", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials"}
	for _, kv := range variables {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	return func(name string) string { return env[name] }
}

// faked is a session that sends its requests to d.
func faked(t *testing.T, d doer, opts ...client.Option) *client.Session {
	t.Helper()
	s, err := client.NewSession(t.Context(), append([]client.Option{
		client.WithEnvironment(environment()), client.WithStaticCredentials("AKIAIOSFODNN7EXAMPLE", "secret", ""), client.WithHTTPClient(d),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recording is a session whose requests are kept and answered with nothing.
func recording(t *testing.T, opts ...client.Option) (*client.Session, *[]*http.Request) {
	t.Helper()
	var requests []*http.Request
	return faked(t, func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		requests = append(requests, r)
		return answer(http.StatusNoContent, ""), nil
	}, opts...), &requests
}
