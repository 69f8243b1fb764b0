package s3_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// visit asks the website of "bucket".
func (w *world) visit(t testing.TB, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://bucket.s3-website.localhost"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	visitor := plane.Caller{Kind: plane.Anonymous, SourceIP: netip.MustParseAddr("192.0.2.1")}
	w.svc.ServeSite(rec, r, "bucket", visitor)
	return rec
}

func TestSite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorldOf(t, db, engine.Options{}, decider{}), t.Context()
		expect := func(target string, status int, location, body string, header ...string) {
			t.Helper()
			got := w.visit(t, http.MethodGet, target, header...)
			if got.Code != status || got.Header().Get("Location") != location || !strings.Contains(got.Body.String(), body) {
				t.Errorf("%s: %d, to %q: %s", target, got.Code, got.Header().Get("Location"), got.Body)
			}
		}
		expect("/", 404, "", "<li>Code: NoSuchBucket</li>")
		w.bucket(t, "bucket")
		expect("/", 404, "", "<li>Code: NoSuchWebsiteConfiguration</li>")
		must(w.PutBucketWebsite(ctx, &api.PutBucketWebsiteInput{Bucket: "bucket", WebsiteConfiguration: &api.WebsiteConfiguration{
			IndexDocument: &api.IndexDocument{Suffix: "index.html"}, ErrorDocument: &api.ErrorDocument{Key: "error.html"},
			RoutingRules: []*api.RoutingRule{
				{Condition: &api.Condition{KeyPrefixEquals: new("docs/")}, Redirect: &api.Redirect{ReplaceKeyPrefixWith: new("documents/")}},
				{
					Condition: &api.Condition{KeyPrefixEquals: new("gone/"), HttpErrorCodeReturnedEquals: new("404")},
					Redirect:  &api.Redirect{HostName: new("other.example.com"), Protocol: new(api.Protocol("https")), HttpRedirectCode: new("307")},
				},
			},
		}}))(t)
		for key, body := range map[string]string{"index.html": "root", "sub/index.html": "sub", "page": "page", "gone/there": "there"} {
			w.put(t, "bucket", key, body)
		}
		must(w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "moved", WebsiteRedirectLocation: new("/page")}))(t)

		// The bucket is closed: nobody sees even what is missing.
		expect("/", 403, "", "<li>Code: AccessDenied</li>")
		expect("/nothing", 403, "", "<li>Code: AccessDenied</li>")
		must(w.DeletePublicAccessBlock(ctx, &api.DeletePublicAccessBlockInput{Bucket: "bucket"}))(t)
		must(w.PutBucketPolicy(ctx, &api.PutBucketPolicyInput{Bucket: "bucket", Policy: readPolicy}))(t)
		expect("/nothing", 403, "", "<li>Code: AccessDenied</li>")
		both := strings.Replace(strings.Replace(readPolicy, `"s3:GetObject"`, `["s3:GetObject","s3:ListBucket"]`, 1),
			`"arn:aws:s3:::bucket/*"`, `["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]`, 1)
		must(w.PutBucketPolicy(ctx, &api.PutBucketPolicyInput{Bucket: "bucket", Policy: both}))(t)

		expect("/", 200, "", "root")
		expect("/sub/", 200, "", "sub")
		expect("/sub", 302, "/sub/", "")
		expect("/page", 200, "", "page")
		expect("/page", 206, "", "ag", "Range", "bytes=1-2")
		expect("/page", 304, "", "", "If-None-Match", w.visit(t, http.MethodGet, "/page").Header().Get("ETag"))
		expect("/moved", 301, "/page", "")
		expect("/docs/a?b=c", 301, "/documents/a?b=c", "")
		expect("/gone/a", 307, "https://other.example.com/gone/a", "")
		expect("/gone/there", 200, "", "there")
		expect("/nothing", 404, "", "Retrieve a Custom Error Document")
		w.put(t, "bucket", "error.html", "my error")
		expect("/nothing", 404, "", "my error")
		if got := w.visit(t, http.MethodHead, "/page"); got.Code != 200 || got.Body.Len() != 0 || got.Header().Get("Content-Length") != "4" {
			t.Errorf("HEAD: %d %v", got.Code, got.Header())
		}
		if got := w.visit(t, http.MethodPut, "/page"); got.Code != 405 || !strings.Contains(got.Body.String(), "MethodNotAllowed") {
			t.Errorf("PUT: %d %s", got.Code, got.Body)
		}

		must(w.PutBucketWebsite(ctx, &api.PutBucketWebsiteInput{Bucket: "bucket", WebsiteConfiguration: &api.WebsiteConfiguration{
			RedirectAllRequestsTo: &api.RedirectAllRequestsTo{HostName: "www.example.com"},
		}}))(t)
		expect("/a%20b/c?d=e", 301, "http://www.example.com/a%20b/c?d=e", "")
	})
}
