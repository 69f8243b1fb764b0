package multicheck_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/multicheck"
)

// guarded tells what came in, in a header of the response too, as a server
// might that echoes secrets.
func guarded(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		_ = r.Header.Write(w)
		fmt.Fprintf(w, "\n%s %s", r.URL, b)
	}))
	t.Cleanup(s.Close)
	return s
}

// everything makes a run tell all that it can tell.
func everything(d *multicheck.Deps) {
	p := &d.Settings.Report
	p.IncludeRequestHeaders, p.IncludeResponseHeaders, p.IncludeRequestBody, p.IncludeResponseBody = true, true, true, true
	l := &d.Settings.Logging
	l.LogRequest, l.LogResponse, l.LogRequestHeaders, l.LogResponseHeaders, l.LogRequestBody, l.LogResponseBody = true, true, true, true, true, true
}

func TestSecretsAndAuthentication(t *testing.T) {
	t.Parallel()
	site := guarded(t).URL
	const fails = `, "assertions": [{"type": "BODY", "target": "TEXT", "operator": "EQUALS", "value": "x"}, {"type": "HEADER", "headerName": "X-Echo", "operator": "EQUALS", "value": "x"}]`
	for name, tt := range map[string]struct{ members, sees, want string }{
		"in a URL":      {`"url": "` + site + `/?k=${AWS_SECRET:plain}"`, "/?k=REDACTED", ""},
		"in a path":     {`"url": "` + site + `/a${AWS_SECRET:login:password}z"`, "/aREDACTEDz", ""},
		"escaped":       {`"url": "` + site + `/", "httpMethod": "POST", "body": "{\"p\": \"${AWS_SECRET:login:password}\"}"`, `{"p": "REDACTED"}`, ""},
		"number":        {`"url": "` + site + `/", "headers": {"X-Pin": "${AWS_SECRET:login:pin}"}`, "X-Pin: REDACTED", ""},
		"ARN":           {`"url": "` + site + `/", "headers": {"X-K": "a${AWS_SECRET:arn:aws:secretsmanager:us-east-1:000000000000:secret:n-AbCdEf:key}b"}`, "X-K: aREDACTEDb", ""},
		"whole":         {`"url": "` + site + `/", "headers": {"X-K": "${aws_SECRET:plain}"}`, "X-K: REDACTED", ""},
		"basic":         {`"url": "` + site + `/", "authentication": {"type": "BASIC", "username": "${AWS_SECRET:login:user}", "password": "${AWS_SECRET:login:password}"}`, "Authorization: Basic REDACTED", ""},
		"literal":       {`"url": "` + site + `/", "authentication": {"type": "BASIC", "username": "bob", "password": "s3cr3t literal"}`, "Authorization: Basic REDACTED", ""},
		"api key":       {`"url": "` + site + `/", "authentication": {"type": "API_KEY", "apiKey": "s3cr3t-key"}`, "X-Api-Key: REDACTED", ""},
		"api key named": {`"url": "` + site + `/", "authentication": {"type": "API_KEY", "apiKey": "${AWS_SECRET:plain}", "headerName": "X-${v}"}`, "X-Value: REDACTED", ""},
		"no such":       {`"url": "` + site + `/?k=${AWS_SECRET:nope}"`, "", "url: the secret nope cannot be fetched: ResourceNotFoundException"},
		"no key":        {`"url": "` + site + `/?k=${AWS_SECRET:login:nope}"`, "", "the secret login has no key nope"},
		"not JSON":      {`"url": "` + site + `/?k=${AWS_SECRET:text:x}"`, "", "the secret text is not a JSON object, so it has no key x"},
		"bad header":    {`"url": "` + site + `/", "authentication": {"type": "API_KEY", "apiKey": "k", "headerName": "${AWS_SECRET:text}"}`, "", "authentication: headerName is not a name of a header"},
		"as a URL":      {`"url": "${AWS_SECRET:text}"`, "", "url must begin with http"},
		"expected":      {`"url": "` + site + `/?k=${AWS_SECRET:plain}", "assertions": [{"type": "BODY", "target": "TEXT", "operator": "NOT_CONTAINS", "value": "${AWS_SECRET:plain}"}]`, "", `expected NOT_CONTAINS "REDACTED", got "Accept`},
	} {
		deps, l := world(t, nil)
		everything(&deps)
		config := func(more string) string {
			return `{"variables": {"v": "value"}, "steps": {"1": {"stepName": "s", "checkerType": "HTTP", ` + tt.members + more + `}}}`
		}
		r := execute(t, deps, config(""))
		if tt.sees != "" {
			reasonIs(t, name, r.Steps[0], "")
			if got := r.Exchanges[0].ResponseBody; !strings.Contains(got, tt.sees) {
				t.Errorf("%s: the server saw\n%s", name, got)
			}
			tellsNothing(t, r, l)
			r = execute(t, deps, config(fails)) // failures quote what was found
			if r.Passed() {
				t.Errorf("%s: the assertion cannot fail", name)
			}
		} else if !strings.Contains(r.Steps[0].Reason, strings.Split(tt.want, `, got "Accept`)[0]) {
			t.Errorf("%s: %q", name, r.Steps[0].Reason)
		}
		tellsNothing(t, r, l)
	}
}

// Values are cut in failures, and half a secret is none that a search finds.
func TestHalfASecretIsNotTold(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("s3cr3t-", 40)
	site := guarded(t).URL
	port := listener(t, func(c net.Conn) { _, _ = io.WriteString(c, strings.Repeat("x", 100)+token) })
	assert := `, "assertions": [{"type": "BODY", "target": "TEXT", "operator": "EQUALS", "value": "` + strings.Repeat("x", 90) + `${AWS_SECRET:plain}"}]`
	body := func(n int, text string) string {
		return `"checkerType": "HTTP", "url": "` + site + `", "httpMethod": "POST", "body": "` + strings.Repeat("y", n) + text + `"` + assert
	}
	for name, members := range map[string]string{
		"expected": `"checkerType": "HTTP", "url": "` + site + `"` + assert,
		"found":    body(60, "${AWS_SECRET:plain}"),
		"many":     body(0, strings.Repeat("${AWS_SECRET:plain}", 200)),
		"data":     `"checkerType": "TCP", "hostname": "127.0.0.1", "port": ` + port + `, "sendData": "${AWS_SECRET:plain}", "expectedResponse": "nothing"`,
	} {
		deps, l := world(t, nil)
		deps.Secret = func(context.Context, string) (string, error) { return token, nil }
		step := one(t, deps, members)
		if step.Passed {
			t.Errorf("%s: passed", name)
		}
		tellsNothing(t, &multicheck.Result{Steps: []multicheck.StepResult{step}}, l)
	}
}

// The credentials that arrive are those that were meant.
func TestBasicIsRFC7617(t *testing.T) {
	t.Parallel()
	var user, password string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() }))
	t.Cleanup(s.Close)
	deps, _ := world(t, nil)
	step := one(t, deps, `"checkerType": "HTTP", "url": "`+s.URL+`", "authentication": {"type": "BASIC", "username": "Aladdin", "password": "${AWS_SECRET:login:password}"}`)
	if !step.Passed || user != "Aladdin" || password != "s3cr3t/pass word" {
		t.Errorf("%q %q %s", user, password, step.Reason)
	}
}

func TestSecretsAreFetchedOnce(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	fetch, n := deps.Secret, 0
	deps.Secret = func(ctx context.Context, name string) (string, error) { n++; return fetch(ctx, name) }
	site := guarded(t).URL
	r := execute(t, deps, `{"variables": {"k": "${AWS_SECRET:plain}", "unused": "${AWS_SECRET:text}"}, "steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+site+`/${k}${k}"},
		"2": {"stepName": "b", "checkerType": "HTTP", "url": "`+site+`/${k}"}}}`)
	if !r.Passed() || n != 1 {
		t.Errorf("%d fetched, %+v", n, r)
	}
	deps.Secret = nil
	reasonIs(t, "none", one(t, deps, `"checkerType": "HTTP", "url": "http://a.test/${AWS_SECRET:plain}"`), "this run has no access to secrets")
}

// issuer is a token endpoint; its tokens are good for the API until revoked.
type issuer struct {
	mu      sync.Mutex
	issued  int
	forms   []url.Values
	basic   []string
	revoked map[string]bool
	answer  string // instead of a token
	status  int
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.URL.Path != "/token" {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || i.revoked[token] {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, token)
		return
	}
	_ = r.ParseForm()
	i.forms = append(i.forms, r.PostForm)
	id, secret, _ := r.BasicAuth()
	i.basic = append(i.basic, id+"|"+secret)
	if i.status != 0 {
		w.WriteHeader(i.status)
	}
	if i.answer != "" {
		_, _ = io.WriteString(w, i.answer)
		return
	}
	i.issued++
	fmt.Fprintf(w, `{"access_token": "s3cr3t-token-%d", "token_type": "Bearer", "expires_in": 3600}`, i.issued)
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	i := &issuer{revoked: map[string]bool{}}
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	deps, l := world(t, nil)
	everything(&deps)
	deps.Tokens = &multicheck.Tokens{}
	auth := func(more string) string {
		return `"authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "` + s.URL + `/token", "clientId": "me", "clientSecret": "${AWS_SECRET:plain}"` + more + `}`
	}
	step := `"checkerType": "HTTP", "url": "` + s.URL + `/api", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}], `
	config := `{"steps": {"1": {"stepName": "a", ` + step + auth(`, "scope": "read write", "audience": "aud", "resource": "res"`) + `},
		"2": {"stepName": "b", ` + step + auth(`, "scope": "read write", "audience": "aud", "resource": "res"`) + `}, "3": {"stepName": "c", ` + step + auth(`, "tokenApiAuth": ["REQUEST_BODY"]`) + `}}}`
	r := execute(t, deps, config)
	if !r.Passed() || i.issued != 2 {
		t.Fatalf("%d tokens, %+v", i.issued, r.Steps)
	}
	want := []url.Values{
		{"grant_type": {"client_credentials"}, "scope": {"read write"}, "audience": {"aud"}, "resource": {"res"}},
		{"grant_type": {"client_credentials"}, "client_id": {"me"}, "client_secret": {"s3cr3t-plain"}},
	}
	if diff := cmp.Diff(want, i.forms); diff != "" || i.basic[0] != "me|s3cr3t-plain" || i.basic[1] != "|" {
		t.Errorf("%q\n%s", i.basic, diff)
	}
	tellsNothing(t, r, l)
	// Another run has the same tokens, another canary has not.
	if execute(t, deps, config); i.issued != 2 {
		t.Errorf("%d tokens", i.issued)
	}
	deps.Owner = "arn:other"
	if execute(t, deps, config); i.issued != 4 {
		t.Errorf("%d tokens", i.issued)
	}
	// A token that is no longer good is replaced, once.
	i.revoked["s3cr3t-token-3"] = true
	if r = execute(t, deps, config); !r.Passed() || i.issued != 5 || len(r.Exchanges) != 4 {
		t.Errorf("%d tokens, %d exchanges, %+v", i.issued, len(r.Exchanges), r.Steps)
	}
	for n := range 10 {
		i.revoked[fmt.Sprint("s3cr3t-token-", n)] = true
	}
	if r = execute(t, deps, config); r.Passed() || i.issued != 8 { // those of step 1, 2 and 3
		t.Errorf("%d tokens, %+v", i.issued, r.Steps)
	}
	tellsNothing(t, r, l)
}

func TestOAuthFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		answer string
		want   string
	}{
		"refused":   {401, `{"error": "invalid_client", "error_description": "s3cr3t"}`, "authentication: the token cannot be fetched: the endpoint answered 401 (invalid_client)"},
		"odd error": {400, `{"error": "<s3cr3t>"}`, "the endpoint answered 400"},
		"no JSON":   {200, `token`, "the answer has no access_token"},
		"no token":  {200, `{"token": "x"}`, "the answer has no access_token"},
		"large":     {200, `{"access_token": "` + strings.Repeat("x", 70<<10) + `"}`, "the answer is too large"},
		"redirect":  {302, `x`, "the endpoint answered 302"},
	} {
		i := &issuer{status: tt.status, answer: tt.answer}
		s := httptest.NewServer(i)
		deps, l := world(t, nil)
		r := execute(t, deps, `{"steps": {"1": {"stepName": "s", "checkerType": "HTTP", "url": "`+s.URL+`", "authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "`+s.URL+`/token", "clientId": "i", "clientSecret": "${AWS_SECRET:plain}"}}}}`)
		reasonIs(t, name, r.Steps[0], tt.want)
		tellsNothing(t, r, l)
		s.Close()
	}
	deps, _ := world(t, nil)
	s := one(t, deps, `"checkerType": "HTTP", "url": "http://a.test", "authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "http://169.254.169.254/", "clientId": "i", "clientSecret": "opaque"}`)
	reasonIs(t, "metadata", s, "the sandbox refuses 169.254.169.254:80")
}

func TestSigV4(t *testing.T) {
	t.Parallel()
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	t.Cleanup(s.Close)
	deps, l := world(t, nil)
	everything(&deps)
	members := `"checkerType": "HTTP", "url": "` + s.URL + `/a?b=c", "httpMethod": "POST", "body": "x", "headers": {"X-A": "b"},
		"authentication": {"type": "SIGV4", "service": "execute-api", "region": "eu-west-1", "roleArn": "arn:aws:iam::000000000000:role/r"}`
	reasonIs(t, "none", one(t, deps, members), "authentication: this run cannot assume roles")
	deps.Credentials = func(_ context.Context, role string) (multicheck.Credentials, error) {
		if role != "arn:aws:iam::000000000000:role/r" {
			return multicheck.Credentials{}, errors.New("no such role")
		}
		return multicheck.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "s3cr3t-sak", SessionToken: "s3cr3t-session"}, nil
	}
	r := execute(t, deps, `{"steps": {"1": {"stepName": "s", `+members+`}}}`)
	reasonIs(t, "signed", r.Steps[0], "")
	a := got.Get("Authorization")
	if !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=ASIAX/") || !strings.Contains(a, "/eu-west-1/execute-api/aws4_request") || !strings.Contains(a, "x-a;") ||
		got.Get("X-Amz-Security-Token") != "s3cr3t-session" || got.Get("X-Amz-Content-Sha256") != "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" {
		t.Errorf("%v", got)
	}
	tellsNothing(t, r, l)
	reasonIs(t, "other", one(t, deps, strings.Replace(members, "role/r", "role/q", 1)), "the role arn:aws:iam::000000000000:role/q cannot be assumed: no such role")
}

func TestTraceHeader(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	deps.TraceHeader = func() string { return "Root=1-2-3" }
	s := one(t, deps, `"checkerType": "HTTP", "url": "`+guarded(t).URL+`", "assertions": [{"type": "BODY", "target": "TEXT", "operator": "CONTAINS", "value": "X-Amzn-Trace-Id: Root=1-2-3"}]`)
	reasonIs(t, "trace", s, "")
}
