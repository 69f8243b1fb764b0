package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/nepheletest"
)

// family is a service of each group that refuses signatures in the same words,
// with an operation that changes something and one that shows the change.
type family struct {
	name, service string
	words         words
	change        func(name string) message
	list          func() message
}

// message is an HTTP request, as it will be sent byte for byte.
type message struct {
	method, target, host string
	header               http.Header
	body                 string
	length               int // announced; 0 is that of the body
}

// words are the codes and statuses of a family.
type words map[string]answer

type answer struct {
	code   string
	status int
}

// signing says how a message is signed.
type signing struct {
	id, secret, token string
	service, region   string
	at                time.Time
	presign           bool
	expires           int // seconds, of presigned URLs
	payload           string
}

func form(pairs ...string) func(string) message {
	return func(name string) message {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], strings.ReplaceAll(pairs[i+1], "NAME", name))
		}
		return message{
			method: "POST", target: "/", body: v.Encode(),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		}
	}
}

func jsonCall(version, target, body string) func(string) message {
	return func(name string) message {
		return message{method: "POST", target: "/", body: strings.ReplaceAll(body, "NAME", name), header: http.Header{
			"Content-Type": {"application/x-amz-json-" + version}, "X-Amz-Target": {target},
		}}
	}
}

func rest(method, target, body string) func(string) message {
	return func(name string) message {
		return message{
			method: method, target: strings.ReplaceAll(target, "NAME", name), body: strings.ReplaceAll(body, "NAME", name),
			header: http.Header{"Content-Type": {"application/json"}},
		}
	}
}

// cbor is a call of CloudWatch in Smithy's RPC v2 CBOR, of texts and small numbers.
func cbor(operation string, pairs ...any) func(string) message {
	return func(name string) message {
		var b bytes.Buffer
		text := func(s string) {
			fmt.Fprintf(&b, "\x78%c%s", len(s), s)
		}
		b.WriteByte(0xa0 | byte(len(pairs)/2))
		for _, p := range pairs {
			switch p := p.(type) {
			case string:
				text(strings.ReplaceAll(p, "NAME", name))
			case int:
				b.Write([]byte{0x18, byte(p)})
			}
		}
		return message{
			method: "POST", target: "/service/GraniteServiceVersion20100801/operation/" + operation, body: b.String(),
			header: http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}, "Accept": {"application/cbor"}},
		}
	}
}

// sign signs m as the AWS SDK for Go does. Presigned, the signature is in the target.
func (m *message) sign(t *testing.T, s signing) {
	t.Helper()
	r, err := http.NewRequest(m.method, "http://"+m.host+m.target, strings.NewReader(m.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = m.header.Clone()
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.service == "s3" })
	creds := aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret, SessionToken: s.token}
	hash := s.payload
	if hash == "" {
		hash = sigv4.BodyHash([]byte(m.body))
	}
	if !s.presign {
		if s.service == "s3" || s.payload != "" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if err := signer.SignHTTP(context.Background(), creds, r, hash, s.service, s.region, s.at); err != nil {
			t.Fatal(err)
		}
		m.header = r.Header
		return
	}
	if s.service == "s3" {
		hash = sigv4.UnsignedPayload
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", fmt.Sprint(s.expires))
	r.URL.RawQuery = q.Encode()
	uri, header, err := signer.PresignHTTP(context.Background(), creds, r, hash, s.service, s.region, s.at)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	m.target = u.RequestURI()
	for name, values := range header {
		if name != "Host" {
			m.header[name] = values
		}
	}
}

// reply is what came back.
type reply struct {
	status     int
	body, kind string // kind is the X-Amzn-Errortype header
}

// send writes m on a connection of its own, and ends the sending side.
func (m message) send(t *testing.T, addr string) reply {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read to its end
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", m.method, m.target, m.host)
	for _, name := range slices.Sorted(maps.Keys(m.header)) {
		for _, v := range m.header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", max(m.length, len(m.body)), m.body)
	go func() {
		_, _ = c.Write(b.Bytes()) // the server may answer before it has all
		if m.length > len(m.body) {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: m.method})
	if err != nil {
		return reply{body: err.Error()}
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{status: resp.StatusCode, body: err.Error()}
	}
	return reply{status: resp.StatusCode, body: string(body), kind: resp.Header.Get("X-Amzn-Errortype")}
}

var codePatterns = []*regexp.Regexp{
	regexp.MustCompile(`<Code>([^<]+)</Code>`),
	regexp.MustCompile(`"__type":\s*"(?:[^"#]*#)?([^"]+)"`),
	regexp.MustCompile(`(?s)__typex.[\w.]+#([A-Z]\w+Exception)`), // CBOR
}

// code is the error's code, wherever the protocol puts it.
func (r reply) code() string {
	if r.kind != "" {
		return r.kind
	}
	for _, p := range codePatterns {
		if m := p.FindStringSubmatch(r.body); m != nil {
			return m[1]
		}
	}
	return ""
}

var probes = regexp.MustCompile(`probe-(?:forged-)?[a-z]{2}`)

// present are the names that a family's list shows, sorted.
func (f *family) present(t *testing.T, srv *nepheletest.Server) []string {
	t.Helper()
	m := f.list()
	m.host = hostOf(srv)
	m.sign(t, rootSigning(f.service))
	r := m.send(t, m.host)
	if r.status != http.StatusOK {
		t.Fatalf("%s: list: %d %s", f.name, r.status, r.body)
	}
	names := probes.FindAllString(r.body, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

func hostOf(srv *nepheletest.Server) string { return strings.TrimPrefix(srv.URL, "http://") }

func rootSigning(service string) signing {
	return signing{
		id: nepheletest.RootAccessKeyID, secret: nepheletest.RootSecretAccessKey,
		service: service, region: "us-east-1", at: time.Now(), expires: 300,
	}
}
