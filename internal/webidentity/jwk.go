package webidentity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// jwk is a JSON Web Key (RFC 7517, RFC 7518 section 6), as far as it matters.
type jwk struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	ID        string `json:"kid,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
}

// jwks is a key set.
type jwks struct {
	Keys []json.RawMessage `json:"keys"`
}

// maxKeys is how many keys of a set are read (IAM: 100 RSA keys and 100 EC keys).
const maxKeys = 200

// Sizes of RSA moduli that are believed, in bits.
const (
	minModulus = 2048
	maxModulus = 8192
)

var b64 = base64.RawURLEncoding

// publicKey is a key that verifies.
type publicKey struct {
	id        string
	algorithm string // "" is any that fits
	key       crypto.PublicKey
}

// parseSet reads a key set. Keys that are not for us (encryption, other types,
// broken ones) are passed over, as RFC 7517 section 5 says; a set without any
// is an error.
func parseSet(b []byte) ([]publicKey, error) {
	var set jwks
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("key set: %d keys", len(set.Keys))
	}
	var keys []publicKey
	for _, raw := range set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil || k.Use != "" && k.Use != "sig" {
			continue
		}
		if key, err := k.public(); err == nil {
			keys = append(keys, publicKey{id: k.ID, algorithm: k.Algorithm, key: key})
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("key set: no key that can verify")
	}
	return keys, nil
}

func (k *jwk) public() (crypto.PublicKey, error) {
	switch k.KeyType {
	case "RSA":
		return k.rsa()
	case "EC":
		return k.ec()
	}
	return nil, fmt.Errorf("key type %q", k.KeyType)
}

func (k *jwk) rsa() (*rsa.PublicKey, error) {
	n, err := b64.DecodeString(k.N)
	if err != nil {
		return nil, err
	}
	e, err := b64.DecodeString(k.E)
	if err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minModulus || bits > maxModulus || modulus.Bit(0) == 0 {
		return nil, fmt.Errorf("modulus of %d bits", bits)
	}
	if exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Int64() < 3 {
		return nil, errors.New("exponent out of range")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

func (k *jwk) ec() (*ecdsa.PublicKey, error) {
	if k.Curve != "P-256" {
		return nil, fmt.Errorf("curve %q", k.Curve)
	}
	x, err := b64.DecodeString(k.X)
	if err != nil {
		return nil, err
	}
	y, err := b64.DecodeString(k.Y)
	if err != nil {
		return nil, err
	}
	if len(x) != 32 || len(y) != 32 {
		return nil, errors.New("coordinates of another length")
	}
	point := append(append([]byte{4}, x...), y...)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) // checks that it is on the curve
}

// rsaJWK is the public half of one of our keys. Its id is its thumbprint (RFC
// 7638).
func rsaJWK(key *rsa.PublicKey) jwk {
	k := jwk{
		KeyType: "RSA", Use: "sig", Algorithm: "RS256",
		N: b64.EncodeToString(key.N.Bytes()), E: b64.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
	sum := sha256.Sum256([]byte(`{"e":"` + k.E + `","kty":"RSA","n":"` + k.N + `"}`))
	k.ID = b64.EncodeToString(sum[:])
	return k
}
