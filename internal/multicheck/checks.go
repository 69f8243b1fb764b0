package multicheck

import (
	"encoding/hex"
	"errors"
	"maps"
	"net/netip"
	"slices"
)

const unlimited = 1e15 // of numbers that the schema bounds below alone

// check applies f to a text that does not depend on the run.
func (p *parser) check(o *object, name string, t text, f func(string) error) {
	if _, there := o.members[name].(string); !there {
		return // that has been said
	}
	if s, ok := p.static(t); ok {
		if err := f(s); err != nil {
			p.fail(o.at(name), "%s", err)
		}
	}
}

func isURL(s string) error {
	_, err := checkURL(s)
	return err
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

// readHTTP reads the members of an HTTP check. The schema requires httpMethod
// and gives it a default; here it may be absent.
func (p *parser) readHTTP(o *object) *httpCheck {
	c := &httpCheck{
		url:    o.mustText("url"),
		method: o.enum("httpMethod", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
		wait:   o.number("waitTime", 0, 60, true),
		body:   o.text("body"),
		auth:   auth{kind: authNone},
	}
	p.check(o, "url", c.url, isURL)
	if v, ok := o.get("headers"); ok {
		c.headers = p.readHeaders(p.object(o.at("headers"), v))
	}
	if v, ok := o.get("authentication"); ok {
		c.auth = p.readAuth(p.object(o.at("authentication"), v))
	}
	return c
}

func (p *parser) readHeaders(o *object) (out []header) {
	if len(o.members) > maxHeaders {
		p.fail(o.path, "has more than %d members", maxHeaders)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if !headerName.MatchString(name) {
			p.fail(o.at(shown(name)), "is not a name of a header")
			continue
		}
		if t := o.text(name); t != nil {
			out = append(out, header{name, *t})
		}
	}
	return out
}

func (p *parser) readAuth(o *object) auth {
	a := auth{kind: o.enum("type", "", authNone, authBasic, authAPIKey, authOAuth, authSigV4)}
	switch a.kind {
	case authBasic:
		a.username, a.password = o.mustText("username"), o.mustText("password")
	case authAPIKey:
		a.apiKey, a.headerName = o.mustText("apiKey"), parseText("X-API-Key")
		if t := o.text("headerName"); t != nil {
			a.headerName = *t
			p.check(o, "headerName", *t, isHeaderName)
		}
	case authOAuth:
		p.readOAuth(o, &a)
	case authSigV4:
		a.service, a.region, a.role = o.mustText("service"), o.mustText("region"), o.mustText("roleArn")
	case "":
		return a
	}
	o.close()
	return a
}

func isHeaderName(s string) error {
	if !headerName.MatchString(s) {
		return errors.New("is not a name of a header")
	}
	return nil
}

func (p *parser) readOAuth(o *object, a *auth) {
	a.tokenURL, a.clientID, a.clientSecret = o.mustText("tokenUrl"), o.mustText("clientId"), o.mustText("clientSecret")
	p.check(o, "tokenUrl", a.tokenURL, isURL)
	a.scope, a.audience, a.resource = o.text("scope"), o.text("audience"), o.text("resource")
	a.cacheTTL = o.number("tokenCacheTtl", 60, unlimited, true)
	o.list("tokenApiAuth", 2, func(path string, v any) {
		switch v {
		case "BASIC_AUTH_HEADER":
			a.inHeader = true
		case "REQUEST_BODY":
			a.inBody = true
		default:
			p.fail(path, "must be one of BASIC_AUTH_HEADER, REQUEST_BODY")
		}
	})
	a.inHeader = a.inHeader || !a.inBody
}

// recordTypes are those that a DNS check can ask for. The schema has A, CNAME,
// MX, TXT and NS.
var recordTypes = []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"}

func (p *parser) readDNS(o *object) *dnsCheck {
	c := &dnsCheck{
		domain:     o.mustText("domain"),
		recordType: o.enum("recordType", "A", recordTypes...),
		nameserver: o.text("nameserver"),
		port:       o.number("port", 1, 65535, true),
		tcp:        o.enum("protocol", "UDP", "UDP", "TCP") == "TCP",
	}
	p.check(o, "domain", c.domain, checkDomain)
	if c.nameserver != nil {
		p.check(o, "nameserver", *c.nameserver, checkHost)
	}
	return c
}

func (p *parser) readSSL(o *object) *sslCheck {
	c := &sslCheck{
		hostname: o.mustText("hostname"), port: o.number("port", 1, 65535, true),
		sni: o.flag("sni"), verifyHost: o.flag("verifyHostname"), allowSelfSigned: o.flag("allowSelfSigned"),
	}
	p.check(o, "hostname", c.hostname, checkHost)
	return c
}

// readTCP reads the members of a TCP check. The guide gives connectionTimeout
// and readTimeout defaults that are below the range it states; the range here
// is that of all timeouts.
func (p *parser) readTCP(o *object) *tcpCheck {
	o.require("port")
	c := &tcpCheck{
		hostname: o.mustText("hostname"), port: o.number("port", 1, 65535, true),
		connectWait: o.number("connectionTimeout", minTimeout, maxTimeout, true),
		readout:     o.number("readTimeout", minTimeout, maxTimeout, true),
		send:        o.text("sendData"), expect: o.text("expectedResponse"),
		encoding: o.enum("encoding", utf8Encoding, encodings...),
	}
	p.check(o, "hostname", c.hostname, checkHost)
	fits := func(s string) error { _, err := decodeAs(c.encoding, s); return err }
	if c.send != nil {
		p.check(o, "sendData", *c.send, fits)
	}
	if c.expect != nil {
		p.check(o, "expectedResponse", *c.expect, fits)
	}
	return c
}

// The encodings of TCP data.
const (
	utf8Encoding  = "UTF-8"
	asciiEncoding = "ASCII"
	hexEncoding   = "HEX"
)

var encodings = []string{utf8Encoding, asciiEncoding, hexEncoding}

// decodeAs returns the bytes that a text stands for.
func decodeAs(encoding, s string) ([]byte, error) {
	switch encoding {
	case hexEncoding:
		b, err := hex.DecodeString(withoutSpace(s))
		if err != nil {
			return nil, errors.New("must be pairs of hexadecimal digits")
		}
		return b, nil
	case asciiEncoding:
		for i := range len(s) {
			if s[i] >= 0x80 {
				return nil, errors.New("must be ASCII")
			}
		}
	}
	return []byte(s), nil
}

func withoutSpace(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] > ' ' && s[i] != ':' {
			b = append(b, s[i])
		}
	}
	return string(b)
}
