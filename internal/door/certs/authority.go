package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of an authority, in its directory.
const (
	CertFile = "ca.pem"
	KeyFile  = "ca-key.pem"
)

const (
	caLife   = 10 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
	renewAt  = leafLife / 3 // replaced when this much life is left
	backdate = time.Hour    // for clients whose clock is behind
)

// Options configure an Authority.
type Options struct {
	Names []string  // further DNS names, each also with any labels before it
	Rand  io.Reader // nil is crypto/rand.Reader
}

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	cert   *x509.Certificate
	key    crypto.Signer
	pem    []byte
	names  []string
	random io.Reader
	leaves cache
}

// Open returns the authority kept in dir, which must exist, and makes one when
// there is none. A directory that holds only half of one, or one that has
// expired, is an error: clients already trust what was there.
func Open(dir string, o Options) (_ *Authority, err error) {
	certPath, keyPath := filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile)
	certPEM, certErr := os.ReadFile(certPath)
	keyPEM, keyErr := os.ReadFile(keyPath)
	switch {
	case certErr == nil && keyErr == nil:
		return load(certPEM, keyPEM, o)
	case errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist):
		return create(certPath, keyPath, o)
	case errors.Is(certErr, fs.ErrNotExist) && keyErr == nil:
		// The key is written first: a crash in between leaves it alone. Nobody
		// can trust a certificate that never was, so begin again.
		if err := os.Remove(keyPath); err != nil {
			return nil, fmt.Errorf("certs: %w", err)
		}
		return create(certPath, keyPath, o)
	}
	return nil, fmt.Errorf("certs: %w", errors.Join(certErr, keyErr))
}

func create(certPath, keyPath string, o Options) (*Authority, error) {
	certPEM, keyPEM, err := generate(o)
	if err != nil {
		return nil, fmt.Errorf("certs: new authority: %w", err)
	}
	if err := write(keyPath, keyPEM, 0o600); err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	if err := write(certPath, certPEM, 0o644); err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	return load(certPEM, keyPEM, o)
}

// write makes path appear whole or not at all, and durably.
func write(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) //nolint:errcheck // the first error counts
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// generate makes a key and the self-signed certificate of a new authority.
func generate(o Options) (certPEM, keyPEM []byte, err error) {
	random := o.random()
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, nil, err
	}
	serial, err := newSerial(random)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Nephele"}, CommonName: fmt.Sprintf("Nephele local CA %x", serial.Bytes()[:4])},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(random, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// load reads an authority back and checks that its halves belong together.
func load(certPEM, keyPEM []byte, o Options) (*Authority, error) {
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("certs: %s or %s holds no PEM block", CertFile, KeyFile)
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certs: %s: %w", CertFile, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certs: %s: %w", KeyFile, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("certs: %s is not the key of %s", KeyFile, CertFile)
	}
	if !cert.IsCA || time.Now().After(cert.NotAfter) {
		return nil, fmt.Errorf("certs: %s is no authority or has expired: remove it and %s to get new ones", CertFile, KeyFile)
	}
	return &Authority{cert: cert, key: key, pem: certPEM, names: lower(o.Names), random: o.random()}, nil
}

// PEM returns the authority's certificate, as in ca.pem.
func (a *Authority) PEM() []byte { return append([]byte(nil), a.pem...) }

// Pool returns a pool that trusts the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (o Options) random() io.Reader {
	if o.Rand != nil {
		return o.Rand
	}
	return rand.Reader
}

// newSerial returns a positive serial number of 127 random bits (RFC 5280
// section 4.1.2.2 allows 20 octets and wants it unguessable).
func newSerial(random io.Reader) (*big.Int, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

// isIP reports whether name is an IP literal.
func isIP(name string) bool { return net.ParseIP(name) != nil }
