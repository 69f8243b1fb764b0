package multicheck_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/multicheck"
)

// authority signs certificates of tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newKey(t), pool: x509.NewCertPool()}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA", Organization: []string{"Example Trust"}},
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

// leaf makes a certificate for site.test and 127.0.0.1, as change has it.
// Without an authority it signs itself.
func (a *authority) leaf(t testing.TB, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(255), DNSNames: []string{"site.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		Subject: pkix.Name{
			CommonName: "site.test", Organization: []string{"Example Corp"}, OrganizationalUnit: []string{"Ops", "Web"}, Country: []string{"DE"},
			Province: []string{"Berlin"}, Locality: []string{"Mitte"},
		},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(45*24*time.Hour + time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(form)
	}
	key, parent := newKey(t), form
	signer := key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, form, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secure is a TLS server with a certificate.
func secure(t testing.TB, config *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "sni="+r.TLS.ServerName) }))
	s.TLS, s.Config.ErrorLog = config, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func certificates(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}}
}

func TestSSL(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	sct := pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: []byte{4, 0}}
	ports := map[string]string{}
	for name, config := range map[string]*tls.Config{
		"good":    certificates(ca.leaf(t, func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{sct} })),
		"expired": certificates(ca.leaf(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })),
		"early":   certificates(ca.leaf(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })),
		"other":   certificates(ca.leaf(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"other.test"}, nil })),
		"self":    certificates((*authority)(nil).leaf(t, nil)),
		"foreign": certificates(newAuthority(t).leaf(t, nil)),
		"both": certificates((*authority)(nil).leaf(t, func(c *x509.Certificate) {
			c.NotAfter, c.DNSNames, c.IPAddresses = time.Now().Add(-time.Hour), []string{"other.test"}, nil
		})),
		"tls12": {Certificates: []tls.Certificate{ca.leaf(t, nil)}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
	} {
		_, ports[name], _ = net.SplitHostPort(secure(t, config).Listener.Addr().String())
	}
	ports["plain"] = listener(t, redis)
	deps, _ := world(t, hosts{"site.test": "127.0.0.1"})
	deps.Roots = ca.pool
	field := func(kind, name, op, value string) string {
		return `"type": "CERTIFICATE_` + kind + `", "field": "` + name + `", "operator": "` + op + `", "value": ` + quote(value)
	}
	expiry := func(op, value string) string {
		return `"type": "CERTIFICATE_EXPIRY", "operator": "` + op + `", "value": ` + value
	}
	cipher := func(op, value string) string {
		return `"type": "CIPHER_SUITE", "operator": "` + op + `", "value": "` + value + `"`
	}
	valid := func(v string) string { return `"type": "CERTIFICATE_VALID", "value": ` + v }
	for _, tt := range []struct{ server, more, assertion, want string }{
		{"good", "", "", ""},
		{"good", "", valid("true"), ""},
		{"good", "", valid("false"), "CERTIFICATE_VALID: expected false, got true"},
		{"expired", "", "", "the certificate expired at "},
		{"expired", "", valid("false"), ""},
		{"expired", "", valid("true"), "CERTIFICATE_VALID: expected true, got false (the certificate expired at"},
		{"expired", `, "allowSelfSigned": true`, "", "the certificate expired at"},
		{"early", "", "", "the certificate is not valid before "},
		{"other", "", "", "the certificate is not valid for the host site.test"},
		{"other", `, "verifyHostname": false`, "", ""},
		{"self", "", "", "the certificate is self-signed"},
		{"self", `, "allowSelfSigned": true`, "", ""},
		{"self", `, "allowSelfSigned": "${yes}"`, "", ""},
		{"foreign", "", "", "the certificate is not signed by an authority that is trusted"},
		{"foreign", "", valid("false"), ""},
		{"both", "", "", "; the certificate is not valid for the host site.test; the certificate is self-signed"},
		{"plain", `, "timeout": 1000`, "", "timed out after 1000 ms"},
		{"good", "", expiry("GREATER_THAN", "30"), ""},
		{"good", "", expiry("GREATER_THAN", "46"), "CERTIFICATE_EXPIRY: expected GREATER_THAN 46 days, got 45.0"},
		{"good", "", expiry("LESS_THAN", "46"), ""},
		{"good", "", expiry("GREATER_THAN", "1080") + `, "unit": "HOURS"`, ""},
		{"good", "", expiry("GREATER_THAN", "1090") + `, "unit": "HOURS"`, "got 1081.0"},
		{"good", "", field("SUBJECT", "CN", "EQUALS", "site.test"), ""},
		{"good", "", field("SUBJECT", "O", "CONTAINS", "Corp"), ""},
		{"good", "", field("SUBJECT", "OU", "EQUALS", "Web"), ""},
		{"good", "", field("SUBJECT", "C", "REGEX_MATCH", "^[A-Z]{2}$"), ""},
		{"good", "", field("SUBJECT", "ST", "EQUALS", "Berlin"), ""},
		{"good", "", field("SUBJECT", "L", "EQUALS", "x"), `CERTIFICATE_SUBJECT L: expected EQUALS "x", got "Mitte"`},
		{"good", "", field("ISSUER", "CN", "EQUALS", "Test CA"), ""},
		{"good", "", field("ISSUER", "O", "CONTAINS", "Let's"), `got "Example Trust"`},
		{"good", "", cipher("CONTAINS", "GCM"), ""},
		{"tls12", "", cipher("CONTAINS", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), ""},
		{"tls12", "", cipher("CONTAINS", "ECDHE-ECDSA-AES128-GCM-SHA256"), ""},
		{"tls12", "", cipher("NOT_CONTAINS", "ECDHE-ECDSA"), "CIPHER_SUITE: expected NOT_CONTAINS"},
		{"tls12", "", cipher("NOT_CONTAINS", "RC4"), ""},
		{"good", "", `"type": "CERTIFICATE_TRANSPARENCY", "value": true`, ""},
		{"tls12", "", `"type": "CERTIFICATE_TRANSPARENCY", "value": true`, "expected true, got false"},
	} {
		members := `"checkerType": "SSL", "hostname": "site.test", "port": ` + ports[tt.server] + tt.more
		if tt.assertion != "" {
			members += `, "assertions": [{` + tt.assertion + `}]`
		}
		r := execute(t, deps, `{"variables": {"yes": "true"}, "steps": {"1": {"stepName": "s", `+members+`}}}`)
		reasonIs(t, tt.server+" "+tt.more+tt.assertion, r.Steps[0], tt.want)
		d, ok := r.Steps[0].Details.(multicheck.SSLDetails)
		if tt.server == "good" && (!ok || d.DaysLeft != 45 || d.Protocol != "TLS 1.3" || d.SerialNumber != "ff" || len(d.Names) != 2 || r.Steps[0].Timings.TLS <= 0) {
			t.Errorf("%+v", d)
		}
		if tt.server == "expired" && d.DaysLeft != -1 {
			t.Errorf("%+v", d)
		}
	}
	reasonIs(t, "metadata", one(t, deps, `"checkerType": "SSL", "hostname": "169.254.169.254"`), "the sandbox refuses 169.254.169.254:443")
}

// The name is sent, unless it must not be.
func TestSNI(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	leaf := ca.leaf(t, nil)
	var names []string
	config := certificates(leaf)
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		names = append(names, h.ServerName)
		return nil, nil
	}
	s := secure(t, config)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	deps, _ := world(t, hosts{"site.test": "127.0.0.1"})
	deps.Roots = ca.pool
	for _, sni := range []string{"true", "false"} {
		reasonIs(t, sni, one(t, deps, `"checkerType": "SSL", "hostname": "site.test", "port": `+port+`, "sni": `+sni), "")
	}
	if strings.Join(names, "|") != "site.test|" {
		t.Errorf("%q", names)
	}
}

// HTTPS judges certificates as well.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	deps, _ := world(t, hosts{"site.test": "127.0.0.1"})
	deps.Roots = ca.pool
	for name, tt := range map[string]struct {
		change func(*x509.Certificate)
		want   string
	}{
		"good":    {nil, ""},
		"expired": {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, "the certificate has expired or is not yet valid"},
		"other":   {func(c *x509.Certificate) { c.DNSNames = []string{"other.test"} }, "the certificate is not valid for the host"},
	} {
		s := secure(t, certificates(ca.leaf(t, tt.change)))
		_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
		r := execute(t, deps, `{"steps": {"1": {"stepName": "s", "checkerType": "HTTP", "url": "https://site.test:`+port+`/", "assertions": [{"type": "BODY", "target": "TEXT", "operator": "EQUALS", "value": "sni=site.test"}]}}}`)
		reasonIs(t, name, r.Steps[0], tt.want)
		if r.Exchanges[0].Timings.TLS <= 0 {
			t.Errorf("%+v", r.Exchanges[0])
		}
	}
	foreign := secure(t, certificates((*authority)(nil).leaf(t, nil)))
	reasonIs(t, "foreign", one(t, deps, `"checkerType": "HTTP", "url": "`+foreign.URL+`"`), "the certificate is not signed by an authority that is trusted")
}
