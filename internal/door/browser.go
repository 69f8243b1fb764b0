package door

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	corsMethods = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"
	// corsExposed begins with the wildcard, which holds for requests without
	// cookies; the list is for the others.
	corsExposed = "*, x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, x-amzn-trace-id, x-amz-request-id, x-amz-id-2, " +
		"x-amz-version-id, x-amz-delete-marker, x-amz-server-side-encryption, x-amz-apigw-id, etag, content-range, date, location"
	corsMaxAge = "7200"
)

// browser answers what only browsers ask and refuses pages that must not call.
// It reports whether the request is done with, and whether nothing but the rules
// of a bucket let it in: then it may be to S3 alone. Where a bucket has rules,
// they say to pages what those of the door say elsewhere.
func (d *Door) browser(w http.ResponseWriter, r *http.Request) (done, paged bool) {
	origin := r.Header.Get("Origin")
	verdict := d.bucketPage(w, r, origin)
	if verdict == pageDone {
		return true, false
	}
	if verdict == pageAllowed {
		return false, !d.mayCall(r, origin)
	}
	if !d.mayCall(r, origin) {
		d.log.Info("request from a foreign page refused", "origin", origin, "host", r.Host)
		d.refusePage(w, origin, r.Host)
		return true, false
	}
	if origin == "" || verdict == pageIgnored {
		return false, false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", corsExposed)
		return false, false
	}
	d.preflight(h, r)
	w.WriteHeader(http.StatusOK)
	return true, false
}

// preflight allows whatever the page is about to send: which headers AWS's
// SDKs use changes with every release, and the signature covers them.
func (d *Door) preflight(h http.Header, r *http.Request) {
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", corsMethods)
	if headers := r.Header.Values("Access-Control-Request-Headers"); len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", corsMaxAge)
}

// documentPolicy takes a document's origin away: it may run scripts, but has no
// storage and reads no answers.
const documentPolicy = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"

// confine keeps documents that come from a bucket away from the console, whose
// origin they share where the bucket stands in the path: there a tab may hold
// somebody's access key. Without Auth there is none to keep.
func (d *Door) confine(w http.ResponseWriter, r *http.Request) {
	if d.opts.Auth && showsDocument(r) && d.hosts.read(r.Host).bucket == "" {
		w.Header().Set("Content-Security-Policy", documentPolicy)
	}
}

// showsDocument reports whether a browser is about to show the answer as a page.
// Browsers say so in Sec-Fetch-Dest, but not to plain-text servers elsewhere.
func showsDocument(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame", "embed", "object", "fencedframe":
		return true
	case "":
		return strings.Contains(r.Header.Get("Accept"), "text/html")
	default:
		return false
	}
}

// mayCall reports whether the page behind a request, if any, may call the API.
// With signatures anyone may. Without, whoever reaches us is root: then foreign
// origins are refused, and so are host names that are not ours (a page can make
// its own name point to us) and cross-site requests that browsers send without
// an origin, where they could change something.
func (d *Door) mayCall(r *http.Request, origin string) bool {
	if d.opts.Auth || d.allowed(origin) {
		return true
	}
	if !d.hosts.known(bare(r.Host)) {
		return false
	}
	if origin != "" {
		return d.nearby(origin)
	}
	return r.Header.Get("Sec-Fetch-Site") != "cross-site" ||
		(r.Method == http.MethodGet || r.Method == http.MethodHead) && !strings.Contains(r.URL.RawQuery, "Action=")
}

// allowed reports whether an origin is configured.
func (d *Door) allowed(origin string) bool {
	for _, o := range d.opts.AllowedOrigins {
		if o == "*" || origin != "" && strings.EqualFold(o, origin) {
			return true
		}
	}
	return false
}

// nearby reports whether an origin is one of the local network.
func (d *Door) nearby(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && d.hosts.local(strings.ToLower(u.Hostname()))
}

// refusePage says why a page may not call, and what would let it.
func (d *Door) refusePage(w http.ResponseWriter, origin, host string) {
	why := "does not answer pages from " + quote(origin) + ". Add it with --allow-origin"
	switch name := bare(host); {
	case !d.hosts.known(name):
		why = "does not answer under the name " + quote(name) + ". Add it with --hostname"
	case origin == "":
		why = "does not answer pages of other sites. Let them in with --allow-origin"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, "Nephele runs with --auth=off and %s, or start with --auth=on.\n", why) //nolint:errcheck // the peer is told or gone
}
