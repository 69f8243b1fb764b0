package multicheck

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// private are headers whose values are never told.
var private = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Amz-Security-Token"}

// learnPassword remembers not to tell the password in a URL.
func (r *run) learnPassword(u *url.URL) {
	if p, ok := u.User.Password(); ok && !r.deps.Settings.Report.IncludeURLPassword {
		r.redactor.add(p)
	}
}

// cleanURL is a URL without its password, the parameters that synthetics.json
// restricts, and secrets.
func (r *run) cleanURL(u *url.URL) string {
	c := *u
	settings := &r.deps.Settings.Report
	if _, ok := c.User.Password(); ok && !settings.IncludeURLPassword {
		c.User = url.UserPassword(c.User.Username(), redacted)
	}
	restricted := settings.RestrictedURLParameters
	hidden := func(s string) bool { return slices.Contains(restricted, "*") || slices.Contains(restricted, s) }
	if len(restricted) > 0 {
		query := c.Query()
		for name := range query {
			if hidden(name) {
				query.Set(name, redacted)
			}
		}
		c.RawQuery = query.Encode()
		parts := strings.Split(c.Path, "/")
		for i, part := range parts {
			if part != "" && hidden(part) {
				parts[i] = redacted
			}
		}
		c.Path, c.RawPath = strings.Join(parts, "/"), ""
	}
	return r.redactor.clean(c.String())
}

func (r *run) cleanHeaders(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		hide := slices.Contains(private, name) || slices.ContainsFunc(r.deps.Settings.Report.RestrictedHeaders, func(s string) bool {
			return s == "*" || strings.EqualFold(s, name)
		})
		for _, v := range values {
			if hide {
				v = redacted
			}
			out.Add(name, r.redactor.clean(v))
		}
	}
	return out
}

func (r *run) cleanBody(b []byte) string {
	// Cleaned before it is cut, lest half a secret is left.
	return shorten(r.redactor.clean(strings.ToValidUTF8(string(b), "\uFFFD")), maxKeptBody)
}

// logExchange writes an exchange to the run's log, as much of it as
// synthetics.json asks for.
func (r *run) logExchange(x *Exchange, q *request, req *http.Request, f *response) {
	l := &r.deps.Settings.Logging
	status := "no response"
	if x.Status > 0 {
		status = http.StatusText(x.Status)
		r.log(slog.LevelInfo, "%s %s: %d", x.Method, x.URL, x.Status)
	} else {
		r.log(slog.LevelInfo, "%s %s: %s", x.Method, x.URL, status)
	}
	if l.LogRequest || l.LogRequestHeaders || l.LogRequestBody {
		r.log(slog.LevelInfo, "Request: %s", line(x.Method, x.URL, r.cleanHeaders(req.Header), r.cleanBody([]byte(q.body)), l.LogRequestHeaders, l.LogRequestBody))
	}
	if f != nil && (l.LogResponse || l.LogResponseHeaders || l.LogResponseBody) {
		r.log(slog.LevelInfo, "Response: %s", line(status, x.URL, r.cleanHeaders(f.header), r.cleanBody(f.doc.bytes), l.LogResponseHeaders, l.LogResponseBody))
	}
	r.log(slog.LevelDebug, "%s: dns %v ms, connect %v ms, tls %v ms, wait %v ms, receive %v ms", x.StepName,
		x.Timings.DNS, x.Timings.Connect, x.Timings.TLS, x.Timings.Wait, x.Timings.Receive)
}

func line(what, address string, h http.Header, body string, headers, bodies bool) string {
	out := what + " " + address
	if headers {
		if b, err := json.Marshal(h); err == nil {
			out += " " + string(b)
		}
	}
	if bodies && body != "" {
		out += " " + body
	}
	return out
}
