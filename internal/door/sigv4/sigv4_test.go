package sigv4_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/door/sigv4"
)

const (
	accessKey = "AKIDEXAMPLE"
	secret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var signedAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// receive sends r over the wire, as bytes, and returns what a server sees.
func receive(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// reason is that of an error, 0 for none.
func reason(t testing.TB, err error) sigv4.Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*sigv4.Error](err)
	if !ok {
		t.Fatalf("error %v is no *sigv4.Error", err)
	}
	return e.Reason
}

// verify is all of a verification, at the time of signing.
func verify(r *http.Request, body []byte) error {
	s, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	if err := s.CheckTime(signedAt); err != nil {
		return err
	}
	return s.Verify(r, sigv4.SigningKey(secret, s.Scope), sigv4.BodyHash(body))
}

type signOptions struct {
	service string
	presign bool
	token   string
	payload string // "" is the body's hash
	expires int
}

// sign signs r the way the AWS SDK for Go does.
func sign(t testing.TB, r *http.Request, body []byte, o signOptions) *http.Request {
	t.Helper()
	signer := v4.NewSigner(func(so *v4.SignerOptions) {
		so.DisableURIPathEscaping = o.service == "s3"
	})
	creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: o.token}
	hash := o.payload
	if hash == "" {
		hash = sigv4.BodyHash(body)
	}
	if !o.presign {
		if o.service == "s3" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if err := signer.SignHTTP(context.Background(), creds, r, hash, o.service, "us-east-1", signedAt); err != nil {
			t.Fatal(err)
		}
		return r
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", fmt.Sprint(max(o.expires, 60)))
	r.URL.RawQuery = q.Encode()
	if o.service == "s3" {
		hash = sigv4.UnsignedPayload
	}
	uri, header, err := signer.PresignHTTP(context.Background(), creds, r, hash, o.service, "us-east-1", signedAt)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	r.Header = header.Clone()
	r.Header.Del("Host")
	return r
}

func request(t testing.TB, method, uri string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, uri, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var nastyPaths = []string{
	"/", "/a/b", "/a%20b", "/a%2Fb/c", "/%C3%BC/%E2%82%AC", "/a+b", "/a:b", "/a%3Ab", "/a,b;c=d", "/a~b*c'(d)!",
	"/arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Atopic", "/a//b", "/a/../b", "/a/./b/", "//x", "/$&@=", "/%25", "/a%2520b",
}

var nastyQueries = []string{
	"", "a=b", "a", "b=2&a=1", "a=2&a=1", "a=%20%2B%26%3D", "a=x+y", "%C3%BC=%E2%82%AC", "a-b=1&a%2Fb=2&a=3", "uploads", "prefix=a%2Fb&delimiter=%2F", "x=~*'()!",
}

func TestAcceptsWhatTheSDKSigns(t *testing.T) {
	t.Parallel()
	body := []byte(`{"Name":"x"}`)
	for _, service := range []string{"ssm", "s3", "synthetics", "execute-api"} {
		for _, presign := range []bool{false, true} {
			for _, token := range []string{"", "FwoGZXIvYXdzEJr//+=="} {
				for _, path := range nastyPaths {
					for _, query := range nastyQueries {
						r := request(t, "POST", "https://example.us-east-1.amazonaws.com"+path+"?"+query, body)
						r.Header.Set("Content-Type", "application/x-amz-json-1.1")
						r.Header.Set("X-Amz-Meta-Text", "  two   spaces ")
						got := receive(t, sign(t, r, body, signOptions{service: service, presign: presign, token: token}))
						if err := verify(got, body); err != nil {
							t.Errorf("%s presign=%t token=%t %s?%s: %v", service, presign, token != "", path, query, err)
						}
					}
				}
			}
		}
	}
}

// Whatever is changed after signing makes the signature worthless.
func TestRefusesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		service := rapid.SampledFrom([]string{"ssm", "s3"}).Draw(rt, "service")
		presign := rapid.Bool().Draw(rt, "presign")
		path := rapid.SampledFrom(nastyPaths).Draw(rt, "path")
		body := []byte(rapid.StringN(1, 20, 40).Draw(rt, "body"))
		r := request(t, "PUT", "https://h.amazonaws.com"+path+"?k=v&l=w", body)
		r.Header.Set("X-Amz-Meta-A", "1")
		got := receive(t, sign(t, r, body, signOptions{service: service, presign: presign, token: "token"}))
		what := rapid.SampledFrom(tampers).Draw(rt, "tamper")
		if what.notFor == service && presign {
			return
		}
		body = what.do(rt, got, body)
		if err := verify(got, body); err == nil {
			rt.Fatalf("%s accepted a changed %s: %s %s %v", service, what.name, got.Method, got.URL, got.Header)
		}
	})
}

type tamper struct {
	name   string
	notFor string // service whose presigned URLs do not cover it
	do     func(rt *rapid.T, r *http.Request, body []byte) []byte
}

var tampers = []tamper{
	{name: "method", do: func(_ *rapid.T, r *http.Request, b []byte) []byte { r.Method = "DELETE"; return b }},
	{name: "host", do: func(_ *rapid.T, r *http.Request, b []byte) []byte { r.Host = "other.amazonaws.com"; return b }},
	{name: "path", do: func(rt *rapid.T, r *http.Request, b []byte) []byte {
		r.URL.Path += rapid.SampledFrom([]string{"x", "/x", "%2e"}).Draw(rt, "suffix")
		r.URL.RawPath = ""
		return b
	}},
	{name: "query value", do: func(_ *rapid.T, r *http.Request, b []byte) []byte {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "k=v", "k=u", 1)
		return b
	}},
	{name: "query parameter", do: func(rt *rapid.T, r *http.Request, b []byte) []byte {
		r.URL.RawQuery += "&" + rapid.StringMatching(`[a-z]{1,3}=[a-z]{0,3}`).Draw(rt, "parameter")
		return b
	}},
	{name: "header", do: func(_ *rapid.T, r *http.Request, b []byte) []byte { r.Header.Set("X-Amz-Meta-A", "2"); return b }},
	{name: "new header", do: func(_ *rapid.T, r *http.Request, b []byte) []byte { r.Header.Set("X-Amz-Acl", "public-read"); return b }},
	{name: "body", notFor: "s3", do: func(_ *rapid.T, _ *http.Request, b []byte) []byte { return append(b, 'x') }},
	{name: "token", do: func(_ *rapid.T, r *http.Request, b []byte) []byte {
		if r.Header.Get("X-Amz-Security-Token") != "" {
			r.Header.Set("X-Amz-Security-Token", "other")
		}
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Token=token", "Token=other", 1)
		return b
	}},
	{name: "signature", do: func(_ *rapid.T, r *http.Request, b []byte) []byte {
		flip := func(s string) string {
			i := strings.LastIndex(s, "Signature=") + len("Signature=")
			digit := byte('0')
			if s[i] == '0' {
				digit = '1'
			}
			return s[:i] + string(digit) + s[i+1:]
		}
		if a := r.Header.Get("Authorization"); a != "" {
			r.Header.Set("Authorization", flip(a))
		} else {
			r.URL.RawQuery = flip(r.URL.RawQuery)
		}
		return b
	}},
	{name: "region", do: func(_ *rapid.T, r *http.Request, b []byte) []byte {
		if a := r.Header.Get("Authorization"); a != "" {
			r.Header.Set("Authorization", strings.Replace(a, "us-east-1", "eu-west-1", 1))
		}
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "us-east-1", "eu-west-1", 1)
		return b
	}},
}

func TestReasons(t *testing.T) {
	t.Parallel()
	const good = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature="
	mac := strings.Repeat("a", 64)
	date := "20260304T050607Z"
	presigned := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20260304T050607Z&X-Amz-SignedHeaders=host&X-Amz-Signature=" + mac
	elsewhere := strings.Replace(presigned, "%2Fs3%2F", "%2Fsts%2F", 1)
	for _, c := range []struct {
		name, auth, date, query string
		want                    sigv4.Reason
	}{
		{name: "nothing", want: sigv4.Missing},
		{name: "version 2", auth: "AWS AKID:sig", date: date, want: sigv4.Unsupported},
		{name: "bearer", auth: "Bearer x", date: date, want: sigv4.Unsupported},
		{name: "asymmetric", auth: "AWS4-ECDSA-P256-SHA256 Credential=x", date: date, want: sigv4.Unsupported},
		{name: "both", auth: good + mac, date: date, query: presigned, want: sigv4.Ambiguous},
		{name: "empty", auth: "AWS4-HMAC-SHA256 ", date: date, want: sigv4.Incomplete},
		{name: "no date", auth: good + mac, want: sigv4.Incomplete},
		{name: "bad date", auth: good + mac, date: "yesterday", want: sigv4.Incomplete},
		{name: "repeated part", auth: good + mac + ", Signature=" + mac, date: date, want: sigv4.Incomplete},
		{name: "short signature", auth: good + "abc", date: date, want: sigv4.Incomplete},
		{name: "capital digits", auth: good + strings.Repeat("A", 64), date: date, want: sigv4.Incomplete},
		{name: "four parts", auth: strings.Replace(good, "/ssm", "", 1) + mac, date: date, want: sigv4.Incomplete},
		{name: "terminator", auth: strings.Replace(good, "aws4_request", "aws3_request", 1) + mac, date: date, want: sigv4.WrongScope},
		{name: "another day", auth: strings.Replace(good, "20260304", "20260303", 1) + mac, date: date, want: sigv4.WrongScope},
		{name: "long region", auth: strings.Replace(good, "us-east-1", strings.Repeat("r", 65), 1) + mac, date: date, want: sigv4.WrongScope},
		{name: "unsorted", auth: strings.Replace(good, "host;x-amz-date", "x-amz-date;host", 1) + mac, date: date, want: sigv4.Incomplete},
		{name: "no host", auth: strings.Replace(good, "host;", "", 1) + mac, date: date, want: sigv4.UnsignedHeader},
		{name: "no signed date", auth: strings.Replace(good, ";x-amz-date", "", 1) + mac, date: date, want: sigv4.UnsignedHeader},
		{name: "wrong", auth: good + mac, date: date, want: sigv4.Mismatch},
		{name: "late", auth: good + mac, date: "20260304T045106Z", want: sigv4.Skewed},
		{name: "early", auth: good + mac, date: "20260304T052108Z", want: sigv4.Skewed},
		{name: "just in time", auth: good + mac, date: "20260304T045107Z", want: sigv4.Mismatch},
		{name: "presigned", query: presigned + "&X-Amz-Expires=60", want: sigv4.Mismatch},
		{name: "presigned for too long", query: presigned + "&X-Amz-Expires=604801", want: sigv4.QueryMalformed},
		{name: "presigned for a week", query: presigned + "&X-Amz-Expires=604800", want: sigv4.Mismatch},
		{name: "presigned backwards", query: presigned + "&X-Amz-Expires=-1", want: sigv4.QueryMalformed},
		{name: "presigned for ever", query: presigned, want: sigv4.QueryMalformed},
		{name: "presigned elsewhere", query: elsewhere, want: sigv4.Mismatch},
		{name: "presigned elsewhere, late", query: strings.Replace(elsewhere, "T050607", "T045106", 1), want: sigv4.Expired},
		{name: "presigned elsewhere, late for an hour", query: strings.Replace(elsewhere, "T050607", "T045106", 1) + "&X-Amz-Expires=3600", want: sigv4.Expired},
		{name: "presigned elsewhere, in time for a minute", query: strings.Replace(elsewhere, "T050607", "T045107", 1) + "&X-Amz-Expires=60", want: sigv4.Mismatch},
		{name: "presigned elsewhere, for no number", query: elsewhere + "&X-Amz-Expires=x", want: sigv4.QueryMalformed},
		{name: "presigned twice", query: presigned + "&X-Amz-Expires=60&X-Amz-Expires=600", want: sigv4.QueryMalformed},
		{name: "hidden second signature", query: presigned + "&X-Amz-Expires=60&X-Amz%2DSignature=" + mac, want: sigv4.QueryMalformed},
		{name: "semicolon", query: presigned + "&X-Amz-Expires=60&a;b", want: sigv4.Mismatch},
		{name: "expired", query: strings.Replace(presigned, "T050607", "T040607", 1) + "&X-Amz-Expires=60", want: sigv4.Expired},
		{name: "from the future", query: strings.Replace(presigned, "T050607", "T060607", 1) + "&X-Amz-Expires=60", want: sigv4.NotYetValid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "GET", "http://localhost/?"+c.query, nil)
			if c.auth != "" {
				r.Header.Set("Authorization", c.auth)
			}
			if c.date != "" {
				r.Header.Set("X-Amz-Date", c.date)
			}
			if got := reason(t, verify(r, nil)); got != c.want {
				t.Errorf("reason %d, want %d", got, c.want)
			}
		})
	}
}

func TestHashOfBody(t *testing.T) {
	t.Parallel()
	r := request(t, "PUT", "https://b.s3.amazonaws.com/k", []byte("hello"))
	got := receive(t, sign(t, r, []byte("hello"), signOptions{service: "s3"}))
	if r := reason(t, verify(got, []byte("hullo"))); r != sigv4.HashMismatch {
		t.Errorf("reason %d, want HashMismatch", r)
	}
	got.Header.Del("X-Amz-Content-Sha256")
	s, err := sigv4.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if r := reason(t, s.Verify(got, sigv4.SigningKey(secret, s.Scope), "")); r != sigv4.HashMissing {
		t.Errorf("reason %d, want HashMissing", r)
	}
}

func TestKeysFollowTheSecret(t *testing.T) {
	t.Parallel()
	var k sigv4.Keys
	scope := sigv4.Scope{Date: "20260304", Region: "us-east-1", Service: "ssm"}
	for i := range 3000 { // beyond both generations
		secret := fmt.Sprint("secret", i%7)
		want := sigv4.SigningKey(secret, scope)
		if got := k.Get(fmt.Sprint("AKID", i%1500), secret, scope); !bytes.Equal(got, want) {
			t.Fatalf("key %d is not that of its secret", i)
		}
	}
	k.Forget()
	if got := k.Get("AKID1", "new", scope); !bytes.Equal(got, sigv4.SigningKey("new", scope)) {
		t.Error("wrong key after Forget")
	}
}

func TestCleanPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "//a//b": "/a/b", "/a/./b": "/a/b", "/a/../b": "/b", "/../..": "/", "/a/..": "/", "/.a": "/.a", "/a/.": "/a",
	} {
		if got := sigv4.CleanPath(in); got != want {
			t.Errorf("CleanPath(%q) = %q, want %q", in, got, want)
		}
	}
}
