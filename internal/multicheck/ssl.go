package multicheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// SSLDetails are what an SSL check found.
type SSLDetails struct {
	Subject      string    `json:"subject"`
	Issuer       string    `json:"issuer"`
	Names        []string  `json:"subjectAltNames"` // at most maxShownNames
	SerialNumber string    `json:"serialNumber"`
	NotBefore    time.Time `json:"validFrom"`
	NotAfter     time.Time `json:"validTo"`
	DaysLeft     int       `json:"daysLeft"` // negative when expired
	Chain        int       `json:"chainLength"`
	Protocol     string    `json:"protocol"`
	CipherSuite  string    `json:"cipherSuite"`
	Problems     []string  `json:"problems"` // why the certificate is not valid
}

const maxShownNames = 50

// certificate is what an SSL check found.
type certificate struct {
	SSLDetails
	leaf    *x509.Certificate
	state   tls.ConnectionState
	expires time.Duration // from the handshake
}

func (f *certificate) body() []byte {
	b, _ := json.Marshal(f.SSLDetails)
	return b
}

// checkSSL makes a handshake and looks at the certificate. One that is not
// valid fails the check, unless CERTIFICATE_VALID is asserted, which judges it.
func (r *run) checkSSL(ctx context.Context, s *step, res *StepResult) (observation, error) {
	c := s.ssl
	host, port, err := r.target(ctx, c.hostname, c.port, 443)
	if err != nil {
		return nil, err
	}
	res.Target = net.JoinHostPort(host, strconv.Itoa(port))
	sni, err := r.flag(ctx, c.sni, true)
	if err != nil {
		return nil, fmt.Errorf("sni %w", err)
	}
	verifyHost, err := r.flag(ctx, c.verifyHost, true)
	if err != nil {
		return nil, fmt.Errorf("verifyHostname %w", err)
	}
	selfSigned, err := r.flag(ctx, c.allowSelfSigned, false)
	if err != nil {
		return nil, fmt.Errorf("allowSelfSigned %w", err)
	}
	state, err := r.shakeHands(ctx, host, port, sni, res)
	if err != nil {
		return nil, err
	}
	f := newCertificate(state)
	f.verify(r.deps.Roots, host, verifyHost, selfSigned)
	res.Details = f.SSLDetails
	for _, a := range s.assertions {
		if a.kind == certValid {
			return f, nil
		}
	}
	if len(f.Problems) > 0 {
		return nil, errors.New(strings.Join(f.Problems, "; "))
	}
	return f, nil
}

// shakeHands accepts every certificate: they are judged afterwards. TLS 1.0 and
// 1.1 are spoken as well, for what there is to see of such servers.
func (r *run) shakeHands(ctx context.Context, host string, port int, sni bool, res *StepResult) (tls.ConnectionState, error) {
	conn, err := r.connect(ctx, "tcp", host, port, &res.Timings)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} // verified by (*certificate).verify
	if sni {
		config.ServerName = host
	}
	start := time.Now()
	secure := tls.Client(conn, config)
	err = secure.HandshakeContext(ctx)
	res.Timings.TLS = since(start)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	return secure.ConnectionState(), nil
}

func newCertificate(state tls.ConnectionState) *certificate {
	leaf := state.PeerCertificates[0] // TLS has no handshake without one
	left := time.Until(leaf.NotAfter)
	names := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return &certificate{
		leaf: leaf, state: state, expires: left,
		SSLDetails: SSLDetails{
			Subject: shown(leaf.Subject.String()), Issuer: shown(leaf.Issuer.String()), Names: names[:min(len(names), maxShownNames)],
			SerialNumber: leaf.SerialNumber.Text(16), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, DaysLeft: days(left),
			Chain: len(state.PeerCertificates), Protocol: tls.VersionName(state.Version), CipherSuite: tls.CipherSuiteName(state.CipherSuite),
			Problems: []string{},
		},
	}
}

// days rounds towards the past: what ends in an hour has no day left, what
// ended an hour ago is -1.
func days(d time.Duration) int {
	n := int(d / (24 * time.Hour))
	if d < 0 {
		n--
	}
	return n
}

// verify says what is wrong with the certificate: its time, its name, and who
// signed it. allowSelfSigned leaves out the last one. Trust is judged at a time
// when the certificate itself is good, to tell the reasons apart.
func (f *certificate) verify(roots *x509.CertPool, host string, verifyHost, allowSelfSigned bool) {
	now := time.Now()
	problem := func(format string, args ...any) { f.Problems = append(f.Problems, fmt.Sprintf(format, args...)) }
	at := now
	switch {
	case now.Before(f.leaf.NotBefore):
		at = f.leaf.NotBefore
		problem("the certificate is not valid before %s", f.leaf.NotBefore.UTC().Format(time.RFC3339))
	case now.After(f.leaf.NotAfter):
		at = f.leaf.NotAfter
		problem("the certificate expired at %s", f.leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if verifyHost {
		if err := f.leaf.VerifyHostname(host); err != nil {
			problem("the certificate is not valid for the host %s", shown(host))
		}
	}
	if allowSelfSigned {
		return
	}
	between := x509.NewCertPool()
	for _, c := range f.state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	if _, err := f.leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at}); err != nil {
		if f.leaf.CheckSignatureFrom(f.leaf) == nil || string(f.leaf.RawSubject) == string(f.leaf.RawIssuer) {
			problem("the certificate is self-signed")
		} else {
			problem("%s", explainTLS(err))
		}
	}
}

// judge implements observation.
func (f *certificate) judge(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	switch a.kind {
	case certValid:
		want, err := r.flag(ctx, a.flag, true)
		valid := len(f.Problems) == 0
		actual := strconv.FormatBool(valid)
		if !valid {
			actual += " (" + strings.Join(f.Problems, "; ") + ")"
		}
		return actual, valid == want, err
	case "CERTIFICATE_TRANSPARENCY":
		want, err := r.flag(ctx, a.flag, true)
		return strconv.FormatBool(f.transparent()), f.transparent() == want, err
	case "CERTIFICATE_EXPIRY":
		want, err := r.number(ctx, a.number, 0)
		unit := map[string]time.Duration{"DAYS": 24 * time.Hour, "HOURS": time.Hour}[a.unit]
		left := float64(f.expires) / float64(unit)
		return fmt.Sprintf("%.1f", left), a.compareNumber(left, want), err
	}
	want, err := r.text(ctx, a.value)
	if err != nil {
		return "", false, err
	}
	got := f.field(a)
	ok, err := a.compareAny(ctx, got, want)
	return r.showValues(got), ok, err
}

// field returns the values that an assertion compares. Cipher suites have a
// name in the RFCs and another one in OpenSSL: either may be meant, so that
// both have to lack what must not be there.
func (f *certificate) field(a *assertion) []string {
	name := &f.leaf.Subject
	switch a.kind {
	case "CIPHER_SUITE":
		return []string{f.CipherSuite, openSSLName(f.CipherSuite)}
	case "CERTIFICATE_ISSUER":
		name = &f.leaf.Issuer
	}
	return distinguished(name)[a.field]
}

func distinguished(n *pkix.Name) map[string][]string {
	cn := []string{n.CommonName}
	if n.CommonName == "" {
		cn = nil
	}
	return map[string][]string{"CN": cn, "O": n.Organization, "OU": n.OrganizationalUnit, "C": n.Country, "ST": n.Province, "L": n.Locality}
}

// openSSLName turns TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 into
// ECDHE-RSA-AES128-GCM-SHA256. Names of TLS 1.3 are the same in both.
func openSSLName(name string) string {
	if !strings.Contains(name, "_WITH_") {
		return name
	}
	return strings.NewReplacer("TLS_RSA_WITH_", "", "TLS_", "", "_WITH_", "-", "AES_128", "AES128", "AES_256", "AES256", "_CBC_", "-",
		"CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "_", "-").Replace(name)
}

// sctExtension is the list of signed certificate timestamps in a certificate
// (RFC 6962 section 3.3).
var sctExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// transparent reports whether timestamps of certificate transparency came with
// the certificate, in it or in the handshake. Their signatures are not verified.
func (f *certificate) transparent() bool {
	for _, e := range f.leaf.Extensions {
		if e.Id.Equal(sctExtension) {
			return true
		}
	}
	return len(f.state.SignedCertificateTimestamps) > 0
}
