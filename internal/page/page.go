package page

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrInvalid says that a token was not made by this server for this listing.
var ErrInvalid = errors.New("the token is not valid for this listing")

// MaxLength is the length above which a token is refused unread.
const MaxLength = 8192

// minSecret is how short a secret may be, in bytes.
const minSecret = 16

// version is the first byte of every token.
const version = 1

// Scope is the listing a token belongs to. Filters is whatever else decides
// which items are listed: any value that encoding/json writes always alike.
type Scope struct {
	Account   string
	Region    string
	Operation string // for example "synthetics:DescribeCanaries"
	Filters   any
}

// Sealer makes and opens tokens under one key. It is safe for concurrent use.
type Sealer struct {
	aead     cipher.AEAD
	nonceKey []byte
}

// New derives a Sealer from a secret of at least 16 bytes. Servers that share a
// secret accept each other's tokens.
func New(secret []byte) (*Sealer, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("page.New: the secret has %d bytes, want at least %d", len(secret), minSecret)
	}
	keys, err := hkdf.Key(sha256.New, secret, nil, "nephele page token", 64)
	if err != nil {
		return nil, fmt.Errorf("page.New: %w", err)
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		return nil, fmt.Errorf("page.New: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("page.New: %w", err)
	}
	return &Sealer{aead: aead, nonceKey: keys[32:]}, nil
}

// Seal returns the token that stands for position in a listing. It fails only
// for values that encoding/json refuses and for positions that make the token
// longer than MaxLength.
func (s *Sealer) Seal(scope Scope, position any) (string, error) {
	bind, err := scope.bind()
	if err != nil {
		return "", fmt.Errorf("page.Seal: %w", err)
	}
	plain, err := json.Marshal(position)
	if err != nil {
		return "", fmt.Errorf("page.Seal: %w", err)
	}
	nonce := s.nonce(bind, plain)
	raw := append([]byte{version}, nonce...)
	raw = s.aead.Seal(raw, nonce, plain, bind)
	if base64.RawURLEncoding.EncodedLen(len(raw)) > MaxLength {
		return "", fmt.Errorf("page.Seal: a position of %d bytes is too long", len(plain))
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// Open reads the position of a token into the value that position points to.
// Any token that Seal did not return for the same scope gives ErrInvalid, and
// leaves position alone.
func (s *Sealer) Open(scope Scope, token string, position any) error {
	bind, err := scope.bind()
	if err != nil {
		return fmt.Errorf("page.Open: %w", err)
	}
	if len(token) > MaxLength {
		return fmt.Errorf("%w: it has %d characters", ErrInvalid, len(token))
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	head := 1 + s.aead.NonceSize()
	if err != nil || len(raw) < head+s.aead.Overhead() {
		return fmt.Errorf("%w: it is damaged", ErrInvalid)
	}
	if raw[0] != version {
		return fmt.Errorf("%w: it is of version %d", ErrInvalid, raw[0])
	}
	plain, err := s.aead.Open(nil, raw[1:head], raw[head:], bind)
	if err != nil {
		return fmt.Errorf("%w: it belongs to another listing or was changed", ErrInvalid)
	}
	if err := json.Unmarshal(plain, position); err != nil {
		return fmt.Errorf("%w: its position is of another kind", ErrInvalid)
	}
	return nil
}

// nonce derives the nonce from everything that is sealed, so that two different
// tokens never share one.
func (s *Sealer) nonce(bind, plain []byte) []byte {
	h := hmac.New(sha256.New, s.nonceKey)
	h.Write(bind) // of fixed length: the two parts cannot run into each other
	h.Write(plain)
	return h.Sum(nil)[:s.aead.NonceSize()]
}

// bind is a digest of the scope and the version.
func (c Scope) bind() ([]byte, error) {
	b, err := json.Marshal([]any{version, c.Account, c.Region, c.Operation, c.Filters})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}
