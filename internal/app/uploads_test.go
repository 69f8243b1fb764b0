package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/nepheletest"
)

// upload is an object sent in chunks, signed by the test's own arithmetic.
type upload struct {
	mode, checksum string
	chunks         []string
}

var chunk = strings.Repeat("x", sigv4.MinChunk)

// message is the signed upload of an object.
func (u upload) message(t *testing.T, srv *nepheletest.Server, name string) message {
	t.Helper()
	m := message{method: "PUT", target: "/bucket-1/" + name, host: hostOf(srv), header: http.Header{
		"Content-Encoding": {"aws-chunked"}, "X-Amz-Decoded-Content-Length": {strconv.Itoa(len(strings.Join(u.chunks, "")))},
	}}
	if u.checksum != "" {
		m.header.Set("X-Amz-Trailer", "x-amz-checksum-"+u.checksum)
	}
	s := rootSigning("s3")
	s.payload = u.mode
	m.sign(t, s)
	_, seed, _ := strings.Cut(m.header.Get("Authorization"), "Signature=")
	m.body = u.encode(seed, m.header.Get("X-Amz-Date"), s.secret)
	return m
}

func (u upload) encode(prev, stamp, secret string) string {
	scope := sigv4.Scope{Date: stamp[:8], Region: "us-east-1", Service: "s3"}
	key := sigv4.SigningKey(secret, scope)
	sign := func(kind, hashes string) string {
		h := hmac.New(sha256.New, key)
		fmt.Fprintf(h, "AWS4-HMAC-SHA256-%s\n%s\n%s\n%s\n%s", kind, stamp, scope, prev, hashes)
		prev = hex.EncodeToString(h.Sum(nil))
		return prev
	}
	var b bytes.Buffer
	for _, c := range append(slices.Clip(u.chunks), "") {
		fmt.Fprintf(&b, "%x", len(c))
		if u.mode != sigv4.StreamingTrailer {
			b.WriteString(";chunk-signature=" + sign("PAYLOAD", sigv4.EmptyHash+"\n"+sigv4.BodyHash([]byte(c))))
		}
		b.WriteString("\r\n")
		if c != "" {
			b.WriteString(c + "\r\n")
		}
	}
	if u.checksum != "" {
		h := sigv4.NewChecksum(u.checksum)
		h.Write([]byte(strings.Join(u.chunks, "")))
		line := "x-amz-checksum-" + u.checksum + ":" + base64.StdEncoding.EncodeToString(h.Sum(nil))
		b.WriteString(line + "\r\n")
		if u.mode == sigv4.StreamingSignedTrailer {
			b.WriteString("x-amz-trailer-signature:" + sign("TRAILER", sigv4.BodyHash([]byte(line+"\n"))) + "\r\n")
		}
	}
	return b.String() + "\r\n"
}

var uploadModes = map[string]upload{
	"signed":                       {mode: sigv4.StreamingSigned},
	"signed, trailer crc32":        {mode: sigv4.StreamingSignedTrailer, checksum: "crc32"},
	"signed, trailer crc64nvme":    {mode: sigv4.StreamingSignedTrailer, checksum: "crc64nvme"},
	"unsigned, trailer crc32":      {mode: sigv4.StreamingTrailer, checksum: "crc32"},
	"unsigned, trailer crc32c":     {mode: sigv4.StreamingTrailer, checksum: "crc32c"},
	"unsigned, trailer crc64nvme":  {mode: sigv4.StreamingTrailer, checksum: "crc64nvme"},
	"unsigned, trailer sha256":     {mode: sigv4.StreamingTrailer, checksum: "sha256"},
	"signed, trailer sha1":         {mode: sigv4.StreamingSignedTrailer, checksum: "sha1"},
	"unsigned, trailer of nothing": {mode: sigv4.StreamingTrailer},
}

// forgery is one thing that is wrong with an upload in chunks.
type forgery struct {
	name             string
	signed, unsigned answer // by whether the chunks are signed; zero: does not apply
	trailer          bool   // only with a trailer
	header           func(http.Header)
	change           func(*message)
}

func inBody(from, to string) func(*message) {
	return func(m *message) { m.body = strings.Replace(m.body, from, to, 1) }
}

// turnTrailer changes the first digit of the checksum in the trailer.
func turnTrailer(m *message) {
	i := strings.LastIndex(m.body, "x-amz-checksum-")
	i += strings.Index(m.body[i:], ":") + 1
	digit := "A"
	if m.body[i] == 'A' {
		digit = "B"
	}
	m.body = m.body[:i] + digit + m.body[i+1:]
}

// dropTrailer takes everything after the last chunk away but the empty line.
func dropTrailer(m *message) {
	i := strings.LastIndex(m.body, "x-amz-checksum-")
	m.body = m.body[:i] + "\r\n"
}

// turnChunkSignature changes the last digit of the first chunk's signature.
func turnChunkSignature(m *message) {
	i := strings.Index(m.body, "\r\n") - 1
	digit := "0"
	if m.body[i] == '0' {
		digit = "1"
	}
	m.body = m.body[:i] + digit + m.body[i+1:]
}

var (
	mismatch   = answer{"SignatureDoesNotMatch", 403}
	badDigest  = answer{"BadDigest", 400}
	incomplete = answer{"IncompleteBody", 400}
	badTrailer = answer{"MalformedTrailerError", 400}
	invalid    = answer{"InvalidRequest", 400}
)

var forgeries = []forgery{
	{name: "data", signed: mismatch, change: inBody("xxx", "xyx")},
	{name: "data under a checksum", unsigned: badDigest, trailer: true, change: inBody("xxx", "xyx")},
	{name: "signature of a chunk", signed: mismatch, change: turnChunkSignature},
	{name: "chunk of another upload", signed: mismatch, change: func(m *message) {
		m.header.Set("Authorization", m.header.Get("Authorization")) // the seed stays, the chunks are another's
		line, rest, _ := strings.Cut(m.body, "\r\n")
		size, _, _ := strings.Cut(line, ";")
		m.body = size + ";chunk-signature=" + strings.Repeat("0", 64) + "\r\n" + rest
	}},
	{name: "checksum", signed: mismatch, unsigned: badDigest, trailer: true, change: turnTrailer},
	{name: "no trailer", signed: badTrailer, unsigned: badTrailer, trailer: true, change: dropTrailer},
	{name: "another trailer", signed: badTrailer, unsigned: badTrailer, trailer: true, change: inBody("x-amz-checksum-", "x-amz-meta-")},
	{name: "no last chunk", signed: incomplete, unsigned: incomplete, change: func(m *message) {
		m.body = m.body[:strings.LastIndex(m.body, "\r\n0")+2]
	}},
	{name: "cut in a chunk", signed: incomplete, unsigned: incomplete, change: func(m *message) { m.body = m.body[:9000] }},
	{name: "connection lost in a chunk", signed: incomplete, unsigned: incomplete, change: func(m *message) {
		m.length = len(m.body)
		m.body = m.body[:9000]
	}},
	{name: "connection lost before the last line end", signed: incomplete, unsigned: incomplete, change: func(m *message) {
		m.length = len(m.body)
		m.body = m.body[:len(m.body)-2]
	}},
	{name: "nothing", signed: incomplete, unsigned: incomplete, change: func(m *message) { m.body = "" }},
	{name: "not in chunks", signed: invalid, unsigned: invalid, change: func(m *message) { m.body = "xyz\r\n" + m.body }},
	{name: "more after the end", signed: invalid, unsigned: invalid, change: func(m *message) { m.body += "GET / HTTP/1.1\r\n\r\n" }},
	{name: "a chunk beyond what was announced", signed: incomplete, unsigned: incomplete, change: inBody("2000", "200000000")},
	{name: "a chunk too large for a number", signed: invalid, unsigned: invalid, change: inBody("2000", "ffffffffffffffffff")},
	{name: "more than announced", signed: incomplete, unsigned: incomplete, header: func(h http.Header) { h.Set("X-Amz-Decoded-Content-Length", "100") }},
	{name: "less than announced", signed: incomplete, unsigned: incomplete, header: func(h http.Header) { h.Set("X-Amz-Decoded-Content-Length", "100000") }},
	{name: "no length", signed: answer{"MissingContentLength", 411}, unsigned: answer{"MissingContentLength", 411}, header: func(h http.Header) { h.Del("X-Amz-Decoded-Content-Length") }},
	{name: "too large", signed: answer{"EntityTooLarge", 400}, unsigned: answer{"EntityTooLarge", 400}, header: func(h http.Header) {
		h.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(5<<30+1))
	}},
	{name: "unknown trailer", signed: invalid, unsigned: invalid, header: func(h http.Header) { h.Set("X-Amz-Trailer", "x-amz-meta-a") }},
}

func TestForgedUploads(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	families := prepare(t, srv)
	s3 := families[slices.IndexFunc(families, func(f *family) bool { return f.service == "s3" })]
	var made []string
	next := 0
	name := func() string { next++; return fmt.Sprintf("probe-%c%c", 'a'+next/26, 'a'+next%26) }
	for mode, u := range uploadModes {
		u.chunks = []string{chunk, chunk, "the last one"}
		n := name()
		if r := u.message(t, srv, n).send(t, hostOf(srv)); r.status != http.StatusOK {
			t.Errorf("%s: %d %s", mode, r.status, r.body)
		}
		made = append(made, n)
		for _, f := range forgeries {
			want := f.unsigned
			if u.mode != sigv4.StreamingTrailer {
				want = f.signed
			}
			if want.code == "" || f.trailer && u.checksum == "" {
				continue
			}
			if r := f.of(t, srv, u, name()).send(t, hostOf(srv)); r.status != want.status || r.code() != want.code {
				t.Errorf("%s: %s: %d %s, want %d %s: %s", mode, f.name, r.status, r.code(), want.status, want.code, r.body)
			}
		}
		small := u
		small.chunks = []string{"small", chunk}
		if r := small.message(t, srv, name()).send(t, hostOf(srv)); r.status != http.StatusForbidden || r.code() != "InvalidChunkSizeError" {
			t.Errorf("%s: small chunk: %d %s", mode, r.status, r.body)
		}
	}
	slices.Sort(made)
	if got := s3.present(t, srv); !slices.Equal(got, made) {
		t.Errorf("there are %v, want %v", got, made)
	}
}

// of is an upload with the forgery. What is wrong with the header is signed.
func (f forgery) of(t *testing.T, srv *nepheletest.Server, u upload, name string) message {
	t.Helper()
	m := u.message(t, srv, name)
	if f.header != nil {
		for _, h := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
			m.header.Del(h)
		}
		f.header(m.header)
		s := rootSigning("s3")
		s.payload, m.body = u.mode, ""
		m.sign(t, s)
		_, seed, _ := strings.Cut(m.header.Get("Authorization"), "Signature=")
		m.body = u.encode(seed, m.header.Get("X-Amz-Date"), s.secret)
	}
	if f.change != nil {
		f.change(&m)
	}
	return m
}

// A request is good again for as long as its time is, and no longer.
func TestReplayedRequests(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	for _, f := range prepare(t, srv) {
		for age, want := range map[time.Duration]bool{0: true, 14 * time.Minute: true, 15*time.Minute + 2*time.Second: false, time.Hour: false} {
			m := f.list()
			m.host = hostOf(srv)
			s := rootSigning(f.service)
			s.at = s.at.Add(-age)
			m.sign(t, s)
			for range 3 {
				if r := m.send(t, m.host); (r.status == http.StatusOK) != want {
					t.Errorf("%s: after %v: %d %s", f.name, age, r.status, r.body)
				}
			}
		}
	}
}

// Headers beyond all measure are refused by what they are, before anything else.
func TestOversizedHeaders(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	for _, f := range prepare(t, srv) {
		m := f.change("probe-aa")
		m.host = hostOf(srv)
		m.header.Set("X-Amz-Meta-Large", strings.Repeat("x", 128<<10))
		m.sign(t, rootSigning(f.service))
		if r := m.send(t, m.host); r.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %d %.200s", f.name, r.status, r.body)
		}
		if got := f.present(t, srv); len(got) != 0 {
			t.Errorf("%s: there are %v", f.name, got)
		}
	}
}
