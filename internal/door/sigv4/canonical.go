package sigv4

import (
	"bytes"
	"iter"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// paths yields the forms in which clients sign the request's path, the usual
// one first; the others cost nothing unless that one fails.
func (s *Signature) paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		if IsS3(s.Scope.Service) {
			_ = yield(s.path) && yield(tidy(s.path))
			return
		}
		if !yield(escape(s.path)) || !yield(escape(tidy(s.path))) {
			return
		}
		if clean := CleanPath(s.path); clean != s.path {
			_ = yield(escape(clean)) && yield(escape(tidy(clean)))
		}
	}
}

// tidy escapes a path that may be escaped loosely the way AWS does.
func tidy(path string) string {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return escape(plain)
}

// CleanPath takes the empty and the dot segments out of an escaped path (RFC
// 3986 section 5.2.4), as AWS's services other than S3 do before they look at
// it. The result begins with a slash and ends with one when path does.
func CleanPath(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
		}
	}
	clean := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		clean += "/"
	}
	return clean
}

const upperHex = "0123456789ABCDEF"

// unreserved are the bytes that URIs never need to escape (RFC 3986 section 2.3).
var unreserved = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~'
	}
	return t
}()

// escape escapes a path, leaving its slashes.
func escape(path string) string {
	clean := true
	for i := range len(path) {
		if !unreserved[path[i]] && path[i] != '/' {
			clean = false
			break
		}
	}
	if clean {
		return path
	}
	return string(appendEscaped(make([]byte, 0, len(path)+16), path, true))
}

func appendEscaped(b []byte, s string, slash bool) []byte {
	for i := range len(s) {
		c := s[i]
		if unreserved[c] || slash && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// param is a query parameter, unescaped and escaped.
type param struct{ name, value, escName, escValue string }

// params takes a raw query apart, without the signature itself. A plus sign is
// a space, as for everyone who reads the query later.
func params(raw string) ([]param, error) {
	if raw == "" {
		return nil, nil
	}
	out := make([]param, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p := param{name: name, value: value, escName: name, escValue: value}
		if err := p.normalise(); err != nil {
			return nil, err
		}
		if p.name != signatureParam {
			out = append(out, p)
		}
	}
	return out, nil
}

// normalise unescapes both halves and escapes them as AWS does.
func (p *param) normalise() (err error) {
	if p.name, err = unescapeQuery(p.name); err == nil {
		p.value, err = unescapeQuery(p.value)
	}
	if err != nil {
		return refuse(Mismatch, "The query string is not properly encoded.")
	}
	p.escName, p.escValue = escapeQuery(p.name, p.escName), escapeQuery(p.value, p.escValue)
	return nil
}

func unescapeQuery(s string) (string, error) {
	if strings.Contains(s, ";") {
		return "", url.EscapeError(";") // net/url drops such parameters silently
	}
	return url.QueryUnescape(s)
}

// escapeQuery escapes plain; escaped, the form on the wire, is reused when it
// is the same.
func escapeQuery(plain, escaped string) string {
	b := appendEscaped(make([]byte, 0, 128), plain, false)
	if string(b) == escaped {
		return escaped
	}
	return string(b)
}

func byEscaped(a, b param) int {
	if c := strings.Compare(a.escName, b.escName); c != 0 {
		return c
	}
	return strings.Compare(a.escValue, b.escValue)
}

func byPlain(a, b param) int {
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c
	}
	return strings.Compare(a.value, b.value)
}

// queries returns the forms in which clients sign the query, the usual first.
func (s *Signature) queries() ([]string, error) {
	ps, err := params(s.query)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ps, byEscaped)
	forms := []string{joinParams(ps)}
	if !slices.IsSortedFunc(ps, byPlain) {
		slices.SortFunc(ps, byPlain)
		forms = append(forms, joinParams(ps))
	}
	return forms, nil
}

func joinParams(ps []param) string {
	if len(ps) == 0 {
		return ""
	}
	n := 0
	for _, p := range ps {
		n += len(p.escName) + len(p.escValue) + 2
	}
	var b strings.Builder
	b.Grow(n)
	for i, p := range ps {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.escName)
		b.WriteByte('=')
		b.WriteString(p.escValue)
	}
	return b.String()
}

// appendHeaders writes the canonical headers and the list of their names.
func (s *Signature) appendHeaders(b []byte, r *http.Request) []byte {
	for _, name := range s.signed {
		b = append(append(b, name...), ':')
		b = append(appendHeader(b, r, name), '\n')
	}
	b = append(b, '\n')
	for i, name := range s.signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	return append(b, '\n')
}

// appendHeader writes a header's value. net/http keeps some headers elsewhere.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	switch name {
	case "host":
		return append(b, r.Host...)
	case "content-length":
		return strconv.AppendInt(b, max(r.ContentLength, 0), 10)
	case "transfer-encoding":
		return append(b, strings.Join(r.TransferEncoding, ",")...)
	}
	for i, v := range r.Header[textproto.CanonicalMIMEHeaderKey(name)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, v)
	}
	return b
}

// appendTrimmed writes v without the spaces around it and with one space for
// each run of them.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	for {
		i := strings.Index(v, "  ")
		if i < 0 {
			return append(b, v...)
		}
		b = append(b, v[:i+1]...)
		v = strings.TrimLeft(v[i:], " ")
	}
}

// canonical writes the canonical request around a path, a query and the
// hash of the body.
func (s *Signature) canonical(b *bytes.Buffer, r *http.Request, path, query, hash string) {
	b.Reset()
	b.WriteString(r.Method)
	b.WriteByte('\n')
	b.WriteString(path)
	b.WriteByte('\n')
	b.WriteString(query)
	b.WriteByte('\n')
	b.Write(s.appendHeaders(b.AvailableBuffer(), r))
	b.WriteString(hash)
}
