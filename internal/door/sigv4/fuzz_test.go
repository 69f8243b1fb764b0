package sigv4_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/door/sigv4"
)

// judge runs all of a verification with a key nobody signed with: nothing may
// pass, nothing may panic, and every refusal has its reason.
func judge(t *testing.T, r *http.Request) {
	t.Helper()
	s, err := sigv4.Parse(r)
	if err == nil {
		err = s.CheckTime(signedAt)
	}
	if err == nil {
		err = s.Verify(r, []byte("a key that nobody has"), sigv4.EmptyHash)
	}
	if err == nil {
		t.Fatalf("a forgery passed: %s %s %v", r.Method, r.URL, r.Header)
	}
	if e, ok := errors.AsType[*sigv4.Error](err); !ok || e.Reason == 0 || e.Message == "" {
		t.Fatalf("refused without a reason: %#v", err)
	}
}

func FuzzHeader(f *testing.F) {
	good := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("a", 64)
	f.Add(good, "20260304T050607Z", "", "/")
	f.Add("AWS4-HMAC-SHA256 Credential=,Signature=,SignedHeaders=", "", "Wed, 04 Mar 2026 05:06:07 GMT", "/a//../b%2f")
	f.Add(strings.ReplaceAll(good, "ssm", "s3"), "20260304T050607Z", "UNSIGNED-PAYLOAD", "/%zz")
	f.Fuzz(func(t *testing.T, auth, date, payload, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := &http.Request{Method: "GET", URL: u, Host: "h", Header: http.Header{"Authorization": {auth}}}
		if date != "" {
			r.Header.Set("X-Amz-Date", date)
		}
		if payload != "" {
			r.Header.Set("X-Amz-Content-Sha256", payload)
		}
		judge(t, r)
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260304%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20260304T050607Z&X-Amz-SignedHeaders=host&X-Amz-Expires=60&X-Amz-Signature=" + strings.Repeat("b", 64))
	f.Add("a=b&&=&%=%&;&X-Amz-Algorithm")
	f.Fuzz(func(t *testing.T, query string) {
		judge(t, &http.Request{Method: "GET", URL: &url.URL{Path: "/k", RawQuery: query}, Host: "h", Header: http.Header{}})
	})
}

// FuzzChunks reads arbitrary bytes as a chunked body: never more than was
// announced comes out, and what does come out ends in io.EOF or a refusal.
func FuzzChunks(f *testing.F) {
	for _, u := range modes {
		u.chunks = [][]byte{[]byte("hello")}
		f.Add([]byte(u.encode(strings.Repeat("0", 64))), u.mode, u.checksum, 5)
	}
	f.Fuzz(func(t *testing.T, body []byte, mode, checksum string, length int) {
		if !sigv4.Chunked(mode) || length < 0 {
			return
		}
		r := &http.Request{Method: "PUT", URL: &url.URL{Path: "/k"}, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
		r.Header.Set("X-Amz-Content-Sha256", mode)
		r.Header["X-Amz-Decoded-Content-Length"] = []string{strconv.Itoa(length)}
		if checksum != "" {
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-"+checksum)
		}
		b, err := sigv4.NewBody(r, nil, nil)
		if err != nil {
			reason(t, err)
			return
		}
		got, err := io.ReadAll(b)
		if len(got) > length || len(got) > len(body) {
			t.Fatalf("%d bytes out of %d, %d announced", len(got), len(body), length)
		}
		if err != nil {
			reason(t, err)
		} else if len(got) != length {
			t.Fatalf("%d bytes pass for %d", len(got), length)
		}
	})
}
