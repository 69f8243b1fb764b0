package session

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/seal"
)

// MaxToken is the longest session token, in characters.
const MaxToken = 8192

const (
	version    = 1
	headSize   = 9  // version and expiry
	secretSize = 30 // bytes, 40 characters in base64
	keyIDSize  = 20 // characters of an access key id
	purpose    = "session.token"
)

// tokens is the coding of session tokens. Strict: each has one text.
var tokens = base64.RawURLEncoding.Strict()

// Issuer issues sessions and opens their tokens. It is safe for concurrent use.
type Issuer struct {
	sealer *seal.Sealer
	opened cache
}

// New returns an Issuer whose tokens every server with the same data keys opens.
func New(s *seal.Sealer) *Issuer { return &Issuer{sealer: s} }

// content is what is sealed in a token.
type content struct {
	Claims
	Secret []byte `json:"x"`
	Issued int64  `json:"o"` // Unix seconds
}

// Issue makes credentials that are good for life, which is cut to whole
// seconds. The error is ErrTooLarge when the claims do not fit a token.
func (i *Issuer) Issue(c Claims, life time.Duration) (Credentials, error) {
	now := time.Now().UTC().Truncate(time.Second)
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails
	out := Credentials{
		AccessKeyID:     keyid.New(keyid.SessionKey, c.Account),
		SecretAccessKey: seal.Secret(base64.StdEncoding.EncodeToString(secret)),
		Expiration:      now.Add(life).Truncate(time.Second),
	}
	if _, err := c.principal(now, out.Expiration); err != nil {
		return Credentials{}, err
	}
	plain, err := json.Marshal(content{Claims: c, Secret: secret, Issued: now.Unix()})
	if err != nil {
		return Credentials{}, fmt.Errorf("session: %w", err)
	}
	head := binary.BigEndian.AppendUint64([]byte{version}, uint64(out.Expiration.Unix()))
	sealed, err := i.sealer.Seal(purpose, deflate(plain), string(head), out.AccessKeyID)
	if err != nil {
		return Credentials{}, fmt.Errorf("session: %w", err)
	}
	raw := append(head, sealed...)
	if tokens.EncodedLen(len(raw)) > MaxToken || len(plain) > maxInflated {
		return Credentials{}, ErrTooLarge
	}
	out.SessionToken = seal.Secret(tokens.EncodeToString(raw))
	return out, nil
}

// Open tells whom an access key id and a session token belong to. The error is
// ErrInvalid or ErrExpired; any other is a fault of ours.
func (i *Issuer) Open(accessKeyID, token string) (Bearer, error) {
	now := time.Now()
	if b, ok := i.opened.get(accessKeyID, token); ok {
		return b, b.check(now)
	}
	head, sealed, err := split(accessKeyID, token)
	if err != nil {
		return Bearer{}, err
	}
	expires := time.Unix(int64(binary.BigEndian.Uint64(head[1:])), 0).UTC() //nolint:gosec // wraps around into the past
	if err := (Bearer{Expires: expires}).check(now); err != nil {
		return Bearer{}, err
	}
	plain, err := i.sealer.Open(purpose, sealed, string(head), accessKeyID)
	if err != nil {
		return Bearer{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b, err := read(plain, expires)
	if err != nil {
		return Bearer{}, err
	}
	i.opened.put(accessKeyID, token, b)
	return b, nil
}

// Forget drops what Open remembers.
func (i *Issuer) Forget() { i.opened.forget() }

func (b Bearer) check(now time.Time) error {
	if !now.Before(b.Expires) {
		return ErrExpired
	}
	return nil
}

// split takes a token apart, refusing what cannot be one.
func split(accessKeyID, token string) (head, sealed []byte, err error) {
	if len(token) > MaxToken || len(accessKeyID) != keyIDSize || !strings.HasPrefix(accessKeyID, keyid.SessionKey) {
		return nil, nil, ErrInvalid
	}
	if strings.ContainsAny(token, "\r\n") { // the decoder passes over them
		return nil, nil, ErrInvalid
	}
	raw, err := tokens.DecodeString(token)
	if err != nil || len(raw) < headSize+seal.Overhead || raw[0] != version {
		return nil, nil, ErrInvalid
	}
	return raw[:headSize], raw[headSize:], nil
}

// read makes a Bearer of what was sealed.
func read(plain []byte, expires time.Time) (Bearer, error) {
	text, err := inflate(plain)
	if err != nil {
		return Bearer{}, fmt.Errorf("session: open token: %w", err)
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return Bearer{}, fmt.Errorf("session: open token: %w", err)
	}
	p, err := c.principal(time.Unix(c.Issued, 0).UTC(), expires)
	if err != nil {
		return Bearer{}, err
	}
	return Bearer{Secret: seal.Secret(base64.StdEncoding.EncodeToString(c.Secret)), Principal: p, Expires: expires}, nil
}
