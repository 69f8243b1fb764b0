package multicheck_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"nephele.dev/nephele/internal/multicheck"
)

// zone is a name server for tests, over UDP and TCP on one port.
type zone struct {
	port     int
	udp, tcp atomic.Int64
	mangle   func(query, answer []byte, overTCP bool) [][]byte // what is sent instead
}

func name(s string) dnsmessage.Name { return dnsmessage.MustNewName(s) }

// records are the zone's, by name.
var records = map[string][]dnsmessage.ResourceBody{
	"a.test.":                 {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}, &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 13: 0, 15: 1}}},
	"alias.test.":             {&dnsmessage.CNAMEResource{CNAME: name("A.Test.")}, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 9}}},
	"mail.test.":              {&dnsmessage.MXResource{Pref: 10, MX: name("mx.a.test.")}, &dnsmessage.NSResource{NS: name("ns1.a.test.")}},
	"_x._tcp.test.":           {&dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 443, Target: name("srv.a.test.")}},
	"text.test.":              {&dnsmessage.TXTResource{TXT: []string{"v=spf1 ", "-all"}}, &dnsmessage.TXTResource{TXT: []string{"other"}}},
	"soa.test.":               {&dnsmessage.SOAResource{NS: name("ns.a.test."), MBox: name("root.a.test."), Serial: 7, Refresh: 1, Retry: 2, Expire: 3, MinTTL: 4}},
	"caa.test.":               {&dnsmessage.UnknownResource{Type: 257, Data: []byte("\x00\x05issueletsencrypt.org")}},
	"1.2.0.192.in-addr.arpa.": {&dnsmessage.PTRResource{PTR: name("a.test.")}},
	"empty.test.":             {},
	"broken.test.":            {&dnsmessage.UnknownResource{Type: 257, Data: []byte("\x00\x63issue")}},
}

func typeOf(b dnsmessage.ResourceBody) dnsmessage.Type {
	switch b := b.(type) {
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	case *dnsmessage.AAAAResource:
		return dnsmessage.TypeAAAA
	case *dnsmessage.CNAMEResource:
		return dnsmessage.TypeCNAME
	case *dnsmessage.MXResource:
		return dnsmessage.TypeMX
	case *dnsmessage.NSResource:
		return dnsmessage.TypeNS
	case *dnsmessage.SRVResource:
		return dnsmessage.TypeSRV
	case *dnsmessage.TXTResource:
		return dnsmessage.TypeTXT
	case *dnsmessage.SOAResource:
		return dnsmessage.TypeSOA
	case *dnsmessage.PTRResource:
		return dnsmessage.TypePTR
	case *dnsmessage.UnknownResource:
		return b.Type
	}
	return 0
}

// answerTo makes the answer of the zone.
func answerTo(query []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil
	}
	q := m.Questions[0]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}, Questions: m.Questions}
	all, ok := records[q.Name.String()]
	switch {
	case q.Name.String() == "servfail.test.":
		out.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		out.RCode = dnsmessage.RCodeNameError
	}
	for i, b := range all {
		if t := typeOf(b); t == q.Type || t == dnsmessage.TypeCNAME {
			h := dnsmessage.ResourceHeader{Name: q.Name, Type: t, Class: dnsmessage.ClassINET, TTL: uint32(300 - i)}
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: b})
		}
	}
	b, _ := out.Pack()
	return b
}

func newZone(t testing.TB, mangle func(query, answer []byte, overTCP bool) [][]byte) *zone {
	t.Helper()
	z := &zone{mangle: mangle}
	if mangle == nil {
		z.mangle = func(_, answer []byte, _ bool) [][]byte { return [][]byte{answer} }
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	z.port = l.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { _ = l.Close(); _ = p.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			z.udp.Add(1)
			for _, m := range z.mangle(b[:n], answerTo(b[:n]), false) {
				_, _ = p.WriteTo(m, from)
			}
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			z.tcp.Add(1)
			go z.serve(c)
		}
	}()
	return z
}

func (z *zone) serve(c net.Conn) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		return
	}
	for _, m := range z.mangle(b, answerTo(b), true) {
		_, _ = c.Write(binary.BigEndian.AppendUint16(nil, uint16(len(m))))
		_, _ = c.Write(m)
	}
}

func (z *zone) members(domain, recordType, more string) string {
	return `"checkerType": "DNS", "domain": "` + domain + `", "recordType": "` + recordType + `", "nameserver": "127.0.0.1", "port": ` + strconv.Itoa(z.port) + more
}

func TestDNSRecords(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	deps, _ := world(t, nil)
	for _, tt := range []struct {
		domain, recordType string
		want               []string
	}{
		{"a.test", "A", []string{"192.0.2.1", "192.0.2.2"}},
		{"a.test.", "AAAA", []string{"2001::1"}},
		{"alias.test", "CNAME", []string{"A.Test"}},
		{"alias.test", "A", []string{"192.0.2.9"}},
		{"mail.test", "MX", []string{"10 mx.a.test"}},
		{"mail.test", "NS", []string{"ns1.a.test"}},
		{"_x._tcp.test", "SRV", []string{"1 2 443 srv.a.test"}},
		{"text.test", "TXT", []string{"v=spf1 -all", "other"}},
		{"soa.test", "SOA", []string{"ns.a.test root.a.test 7 1 2 3 4"}},
		{"caa.test", "CAA", []string{`0 issue "letsencrypt.org"`}},
		{"192.0.2.1", "PTR", []string{"a.test"}},
		{"1.2.0.192.in-addr.arpa", "PTR", []string{"a.test"}},
	} {
		for _, protocol := range []string{"UDP", "TCP"} {
			s := one(t, deps, z.members(tt.domain, tt.recordType, `, "protocol": "`+protocol+`"`))
			reasonIs(t, tt.domain+" "+tt.recordType, s, "")
			d, _ := s.Details.(multicheck.DNSDetails)
			if diff := cmp.Diff(tt.want, d.Records); diff != "" || d.Code != "NOERROR" || !d.Authoritative || d.TTL == 0 || d.Server == "" {
				t.Errorf("%s %s %s: %+v\n%s", tt.domain, tt.recordType, protocol, d, diff)
			}
		}
	}
	if z.udp.Load() != z.tcp.Load() {
		t.Errorf("%d over UDP, %d over TCP", z.udp.Load(), z.tcp.Load())
	}
}

func TestDNSAssertions(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	deps, _ := world(t, hosts{"ns.test": "127.0.0.1"})
	value := func(op, v string) string {
		return `"type": "RECORD_VALUE", "operator": "` + op + `", "value": ` + quote(v)
	}
	number := func(kind, op, v string) string {
		return `"type": "` + kind + `", "operator": "` + op + `", "value": ` + v
	}
	for _, tt := range []struct{ domain, recordType, assertion, want string }{
		{"a.test", "A", value("EQUALS", "192.0.2.2"), ""},
		{"a.test", "A", value("EQUALS", "192.0.2.3"), `RECORD_VALUE: expected EQUALS "192.0.2.3", got "192.0.2.1", "192.0.2.2"`},
		{"a.test", "A", value("NOT_EQUALS", "192.0.2.3"), ""},
		{"a.test", "A", value("NOT_EQUALS", "192.0.2.2"), "expected NOT_EQUALS"},
		{"a.test", "A", value("CONTAINS", ".2.2"), ""},
		{"a.test", "A", value("NOT_CONTAINS", ".2.2"), "expected NOT_CONTAINS"},
		{"a.test", "A", value("REGEX_MATCH", `^192\.0\.2\.\d$`), ""},
		{"mail.test", "MX", value("EQUALS", "10 mx.a.test"), ""},
		{"mail.test", "MX", value("EQUALS", "MX.a.test."), ""},
		{"alias.test", "CNAME", value("EQUALS", "a.test"), ""},
		{"text.test", "TXT", value("EQUALS", "V=spf1 -all"), "expected EQUALS"},
		{"text.test", "TXT", value("CONTAINS", "spf1"), ""},
		{"a.test", "A", number("RECORD_COUNT", "EQUALS", "2"), ""},
		{"a.test", "A", number("RECORD_COUNT", "GREATER_THAN", "2"), "RECORD_COUNT: expected GREATER_THAN 2, got 2"},
		{"empty.test", "A", number("RECORD_COUNT", "EQUALS", "0"), ""},
		{"nope.test", "A", number("RECORD_COUNT", "EQUALS", "0"), ""},
		{"nope.test", "A", value("NOT_EQUALS", "x"), "the domain does not exist (NXDOMAIN)"},
		{"empty.test", "A", value("NOT_EQUALS", "x"), "the domain has no A records"},
		{"servfail.test", "A", number("RECORD_COUNT", "EQUALS", "0"), "the name server answered SERVFAIL"},
		{"a.test", "A", number("TTL", "EQUALS", "299"), ""},
		{"a.test", "A", number("TTL", "GREATER_THAN", "299"), "TTL: expected GREATER_THAN 299, got 299"},
		{"a.test", "A", number("TTL", "LESS_THAN", "300"), ""},
		{"a.test", "A", `"type": "AUTHORITATIVE", "value": true`, ""},
		{"a.test", "A", `"type": "AUTHORITATIVE", "value": false`, "AUTHORITATIVE: expected false, got true"},
		{"a.test", "A", number("RESPONSE_TIME", "LESS_THAN", "60000"), ""},
		{"a.test", "A", number("RESPONSE_TIME", "GREATER_THAN", "60000"), "RESPONSE_TIME: expected"},
		{"broken.test", "CAA", number("RECORD_COUNT", "EQUALS", "1"), "the name server's answer cannot be read"},
	} {
		s := one(t, deps, z.members(tt.domain, tt.recordType, `, "assertions": [{`+tt.assertion+`}]`))
		reasonIs(t, tt.domain+" "+tt.assertion, s, tt.want)
	}
	named := strings.Replace(z.members("a.test", "A", ""), `"127.0.0.1"`, `"ns.test"`, 1)
	reasonIs(t, "by name", one(t, deps, named), "")
	r := execute(t, deps, `{"steps": {"1": {"stepName": "s", `+z.members("text.test", "TXT", `, "extractors": [{"name": "spf", "type": "BODY", "path": "$.records[0]", "regex": "spf\\d"}]`)+`},
		"2": {"stepName": "t", `+z.members("text.test", "TXT", `, "assertions": [{"type": "RECORD_VALUE", "operator": "CONTAINS", "value": "${spf}"}]`)+`}}}`)
	if !r.Passed() || len(r.Steps[0].Extracted) != 1 {
		t.Errorf("%+v", r.Steps)
	}
}

func TestDNSNameservers(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	deps, _ := world(t, nil)
	const system = `"checkerType": "DNS", "domain": "a.test"`
	reasonIs(t, "none", one(t, deps, system), "the system's name server is not known")
	deps.Nameserver = func(ctx context.Context, network string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(z.port)))
	}
	reasonIs(t, "system", one(t, deps, system), "")
	for server, want := range map[string]string{
		"169.254.169.253": "the sandbox refuses 169.254.169.253:53", "nope.test": "getaddrinfo ENOTFOUND nope.test",
	} {
		for _, protocol := range []string{"UDP", "TCP"} {
			reasonIs(t, server, one(t, deps, system+`, "nameserver": "`+server+`", "protocol": "`+protocol+`"`), want)
		}
	}
}

// TestHostileDNS: what does not answer the question is not an answer to it.
func TestHostileDNS(t *testing.T) {
	t.Parallel()
	flip := func(b []byte, at int) []byte {
		out := append([]byte{}, b...)
		out[at] ^= 0xff
		return out
	}
	other := func(query []byte) []byte {
		var m dnsmessage.Message
		_ = m.Unpack(query)
		m.Response, m.Additionals = true, nil
		m.Questions[0].Name = name("b.test.")
		b, _ := m.Pack()
		return b
	}
	for label, tt := range map[string]struct {
		mangle func(query, answer []byte, overTCP bool) [][]byte
		want   string
	}{
		"spoofed first": {func(q, a []byte, _ bool) [][]byte { return [][]byte{flip(a, 0), other(q), {1}, nil, q, a} }, ""},
		"only spoofed":  {func(_, a []byte, _ bool) [][]byte { return [][]byte{flip(a, 1)} }, "has not answered one of 3 datagrams"},
		"silent":        {func([]byte, []byte, bool) [][]byte { return nil }, "has not answered one of 3 datagrams"},
		"flood": {func(_, a []byte, _ bool) (out [][]byte) {
			for range 150 {
				out = append(out, flip(a, 0))
			}
			return out
		}, ""},
		"cut inside": {func(_, a []byte, _ bool) [][]byte { return [][]byte{a[:len(a)-3]} }, "the name server's answer cannot be read"},
		"truncated": {func(_, a []byte, tcp bool) [][]byte {
			if !tcp {
				a[2] |= 2
			}
			return [][]byte{a}
		}, ""},
		"truncated lies": {func(_, a []byte, tcp bool) [][]byte {
			if !tcp {
				a[2] |= 2
				return [][]byte{a}
			}
			return [][]byte{a[:5]}
		}, "not an answer to the question"},
		"hangs up": {func(_, a []byte, tcp bool) [][]byte {
			if !tcp {
				a[2] |= 2
				return [][]byte{a}
			}
			return nil
		}, "the name server closed the connection"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, tt.mangle)
			deps, _ := world(t, nil)
			s := one(t, deps, z.members("a.test", "A", `, "timeout": 1000`))
			if label == "flood" {
				if s.Passed || !strings.Contains(s.Reason, "other questions") && !strings.Contains(s.Reason, "timed out") {
					t.Errorf("%+v", s)
				}
				return
			}
			reasonIs(t, label, s, tt.want)
			if d, _ := s.Details.(multicheck.DNSDetails); label == "truncated" && (!d.Truncated || z.tcp.Load() != 1 || len(d.Records) != 2) {
				t.Errorf("%+v", d)
			}
			if label == "silent" && z.udp.Load() != 3 {
				t.Errorf("%d attempts", z.udp.Load())
			}
		})
	}
}
