package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// maxLeaves bounds the cache: whoever asks for many names pays with their own
// handshakes, not with our memory.
const maxLeaves = 1024

// cache holds the leaves issued so far by the name they were asked for. One
// is made at a time, so that a burst for one name makes one certificate.
type cache struct {
	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// TLSConfig returns the configuration of a server that answers under every
// name the authority covers: TLS 1.2 and newer, HTTP/2 and HTTP/1.1.
func (a *Authority) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: a.GetCertificate,
	}
}

// GetCertificate returns a certificate for the name in hello, or for the local
// address when a client names none (those that dial an IP do not).
func (a *Authority) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if name == "" {
		name = localIP(hello.Conn)
	}
	return a.Leaf(name)
}

// localIP is the address that the client dialled, without port and zone.
func localIP(c net.Conn) string {
	if c == nil {
		return "127.0.0.1"
	}
	addr, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		return "127.0.0.1"
	}
	return addr.IP.String()
}

// Leaf returns a certificate for a DNS name or an IP address, with at least a
// third of its 90 days left. Names that the authority does not cover are an
// error.
func (a *Authority) Leaf(name string) (*tls.Certificate, error) {
	a.leaves.mu.Lock()
	defer a.leaves.mu.Unlock()
	if leaf := a.leaves.find(name); leaf != nil {
		return leaf, nil
	}
	if !a.Covers(name) {
		return nil, fmt.Errorf("certs: no certificate for %q: not a name of this server", name)
	}
	leaf, err := a.issue(name)
	if err != nil {
		return nil, fmt.Errorf("certs: leaf for %q: %w", name, err)
	}
	a.leaves.add(leaf)
	return leaf, nil
}

// find returns a fresh leaf for name: its own, or the wildcard of its parent.
func (c *cache) find(name string) *tls.Certificate {
	keys := [2]string{name}
	if _, parent, ok := strings.Cut(name, "."); ok && !isIP(name) {
		keys[1] = "*." + parent
	}
	for _, key := range keys {
		leaf := c.leaves[key]
		if leaf == nil {
			continue
		}
		if time.Until(leaf.Leaf.NotAfter) > renewAt {
			return leaf
		}
		delete(c.leaves, key)
	}
	return nil
}

// add keeps leaf under all its names. A full cache starts again: a flood of
// names costs others one new certificate.
func (c *cache) add(leaf *tls.Certificate) {
	if c.leaves == nil || len(c.leaves) >= maxLeaves {
		c.leaves = make(map[string]*tls.Certificate)
	}
	for _, name := range leaf.Leaf.DNSNames {
		c.leaves[name] = leaf
	}
	for _, ip := range leaf.Leaf.IPAddresses {
		c.leaves[ip.String()] = leaf
	}
}

func (a *Authority) issue(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), a.random)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial(a.random)
	if err != nil {
		return nil, err
	}
	template := a.template(name)
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(a.random, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// template is the certificate for name, without a serial number. It never
// outlives the authority.
func (a *Authority) template(name string) *x509.Certificate {
	now := time.Now()
	t := &x509.Certificate{
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(leafLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if t.NotAfter.After(a.cert.NotAfter) {
		t.NotAfter = a.cert.NotAfter
	}
	if ip := net.ParseIP(name); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = a.family(name)
	}
	// Common names are bounded to 64 octets, and clients look at the
	// alternative names alone.
	t.Subject = pkix.Name{Organization: []string{"Nephele"}}
	if len(name) <= 64 {
		t.Subject.CommonName = name
	}
	return t
}
