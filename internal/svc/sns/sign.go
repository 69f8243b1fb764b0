package sns

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // signature version 1 is made of it
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// signingKey is the key that messages are signed with, as it is stored.
type signingKey struct {
	Key         []byte `json:",omitempty"` // PKCS #8 in the clear, from before keys were sealed
	Sealed      []byte `json:",omitempty"` // PKCS #8
	Certificate []byte // DER, self-signed
}

// signingPurpose is what the key is sealed for. It is bound to its certificate.
const signingPurpose = "sns.signing"

var (
	signingKeys  = store.NewCollection[signingKey]("sns.signing-key")
	signingKeyID = store.Key{ID: "1"}
)

// keyring holds the key that the servers on one database share. The zero value
// is ready.
type keyring struct {
	mu  sync.Mutex
	key *signer
}

// signer signs messages.
type signer struct {
	key  *rsa.PrivateKey
	name string // of the certificate
	pem  []byte
}

// load makes sure that there is a key. It must be called outside of any
// transaction, before one in which messages are signed.
func (k *keyring) load(ctx context.Context, db *store.DB, s *seal.Sealer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return nil
	}
	stored, err := readKey(ctx, db)
	switch {
	case errors.Is(err, store.ErrNotFound):
		stored, err = makeKey(ctx, db, s)
	case err == nil && len(stored.Sealed) == 0:
		stored, err = sealStored(ctx, db, s)
	}
	if err == nil {
		k.key, err = stored.signer(s)
	}
	if errors.Is(err, seal.ErrLost) {
		k.key, err = replaceKey(ctx, db, s, stored)
	}
	if err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	return nil
}

func (k *keyring) get() *signer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = nil
}

func readKey(ctx context.Context, db *store.DB) (signingKey, error) {
	var r store.Record[signingKey]
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		r, err = signingKeys.Get(tx, signingKeyID)
		return err
	})
	return r.Doc, err
}

// keyBits is the size of AWS's keys.
const keyBits = 2048

// certificateYears is how long the certificate is valid: a key is made once.
const certificateYears = 30

// makeKey makes a key, unless another server was faster.
func makeKey(ctx context.Context, db *store.DB, s *seal.Sealer) (signingKey, error) {
	fresh, err := newSealedKey(s)
	if err != nil {
		return fresh, err
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		_, err := signingKeys.Create(tx, signingKeyID, fresh)
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return readKey(ctx, db)
	}
	return fresh, err
}

// sealStored seals a key that was stored in the clear.
func sealStored(ctx context.Context, db *store.DB, s *seal.Sealer) (out signingKey, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		r, err := signingKeys.Get(tx, signingKeyID)
		if err == nil && len(r.Doc.Sealed) == 0 {
			if err = r.Doc.protect(s); err == nil {
				err = signingKeys.Put(tx, &r)
			}
		}
		out = r.Doc
		return err
	})
	return out, err
}

// replaceKey makes a key in place of one whose master key is lost. Messages name
// the certificate that they are to be verified with, so that receivers notice
// nothing.
func replaceKey(ctx context.Context, db *store.DB, s *seal.Sealer, lost signingKey) (*signer, error) {
	fresh, err := newSealedKey(s)
	if err != nil {
		return nil, err
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		r, err := signingKeys.Get(tx, signingKeyID)
		if err != nil {
			return err
		}
		if !bytes.Equal(r.Doc.Sealed, lost.Sealed) { // another server was faster
			fresh = r.Doc
			return nil
		}
		r.Doc = fresh
		return signingKeys.Put(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return fresh.signer(s)
}

func newSealedKey(s *seal.Sealer) (signingKey, error) {
	fresh, err := newKey(time.Now())
	if err == nil {
		err = fresh.protect(s)
	}
	return fresh, err
}

// protect seals the key.
func (k *signingKey) protect(s *seal.Sealer) (err error) {
	k.Sealed, err = s.Seal(signingPurpose, k.Key, string(k.Certificate))
	if err == nil {
		k.Key = nil
	}
	return err
}

// newKey makes a key in the clear.
func newKey(now time.Time) (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return signingKey{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixMicro()),
		Subject:      pkix.Name{CommonName: "sns.amazonaws.com", Organization: []string{"Nephele"}},
		DNSNames:     []string{"sns.amazonaws.com"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(certificateYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	var fresh signingKey
	if fresh.Certificate, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key); err != nil {
		return fresh, err
	}
	fresh.Key, err = x509.MarshalPKCS8PrivateKey(key)
	return fresh, err
}

// signer opens the key. The error is that of seal.Sealer.Open.
func (k signingKey) signer(s *seal.Sealer) (*signer, error) {
	plain, err := s.Open(signingPurpose, k.Sealed, string(k.Certificate))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is a %T", parsed)
	}
	sum := sha256.Sum256(k.Certificate)
	return &signer{
		key: key, name: "SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem",
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate}),
	}, nil
}

// sign is the signature of a text, base64.
func (s *signer) sign(version, text string) (string, error) {
	hash, sum := crypto.SHA1, sha1.Sum([]byte(text)) //nolint:gosec // see above
	digest := sum[:]
	if version == "2" {
		sum := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, sum[:]
	}
	b, err := rsa.SignPKCS1v15(nil, s.key, hash, digest)
	if err != nil {
		return "", fmt.Errorf("sign message: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// canonical is what is signed of a message with this text: names and values, a
// line each, in the order of the names (SNS developer guide, "Verifying the
// signatures of Amazon SNS messages").
func canonical(m *message, text, subscribeURL string) string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	line("Message", text)
	line("MessageId", m.ID)
	if m.Type != typeNotification {
		line("SubscribeURL", subscribeURL)
	} else if m.Subject != "" {
		line("Subject", m.Subject)
	}
	line("Timestamp", m.timestamp())
	if m.Type != typeNotification {
		line("Token", m.Token)
	}
	line("TopicArn", m.Topic)
	line("Type", m.Type)
	return b.String()
}

// signature returns the signature of a message with this text. It is made once:
// subscriptions with the same text share it.
func (m *message) signature(k *signer, text, subscribeURL string) (string, error) {
	c := canonical(m, text, subscribeURL)
	if done, ok := m.signed[m.Version+c]; ok {
		return done, nil
	}
	b, err := k.sign(m.Version, c)
	if err == nil {
		if m.signed == nil {
			m.signed = map[string]string{}
		}
		m.signed[m.Version+c] = b
	}
	return b, err
}

// presign signs messages before they are published, because a signature takes
// longer than a transaction should, and only where somebody is to receive it.
// What the transaction then finds changed, it signs by itself.
func (s *Service) presign(ctx context.Context, k store.Key, all []*message) error {
	if err := s.keys.load(ctx, s.DB, s.Seal); err != nil || fifo(k.ID) {
		return err
	}
	version, protocols := "", map[string]bool{}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		t, err := s.topic(tx, k)
		if err != nil {
			return err
		}
		version = t.Doc.signature()
		subs, err := receivers(tx, topicARN(k))
		for _, sub := range subs {
			if sub.signed() {
				protocols[sub.Doc.Protocol] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range all {
		m.Version = version
		for protocol := range protocols {
			if _, err := m.signature(s.keys.get(), m.text(protocol), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// CertificatePrefix begins the paths of certificates, which anybody may read.
const CertificatePrefix = "/SimpleNotificationService-"

// Certificate answers GET of a path below CertificatePrefix.
func (s *Service) Certificate() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.keys.load(r.Context(), s.DB, s.Seal); err != nil {
			s.Logger.Error("certificate not available", "error", err)
			http.Error(w, "not available", http.StatusServiceUnavailable)
			return
		}
		k := s.keys.get()
		if k == nil || r.URL.Path != "/"+k.name {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(k.pem) //nolint:errcheck // the peer is told or gone
	})
}
