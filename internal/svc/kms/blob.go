package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"nephele.dev/nephele/internal/arn"
)

// A ciphertext blob says by itself which key and which of its materials opens
// it:
//
//	1  byte   format, 1
//	2  bytes  length of the key's ARN, big-endian
//	n  bytes  the key's ARN
//	32 bytes  ID of the material
//	16 bytes  salt: the message's own key is derived from the material and it
//	12 bytes  nonce
//	m  bytes  AES-256-GCM of the plaintext, and 16 bytes tag
//
// Everything before the ciphertext, and the encryption context, is
// authenticated. A key of its own for each message keeps one material good for
// any number of messages, which random nonces alone would not.
const (
	blobFormat = 1
	saltSize   = 16
	nonceSize  = 12
	tagSize    = 16
	blobFixed  = 3 + sha256.Size + saltSize + nonceSize + tagSize
)

// errBlob says that bytes are no ciphertext blob, or not for this key or
// context, or were changed.
var errBlob = errors.New("kms: not a ciphertext of this key and context")

// blob is a ciphertext blob, taken apart. The parts share the memory of the
// whole.
type blob struct {
	arn      string // of the key
	material string // its ID
	header   []byte // all that stands before the ciphertext
	salt     []byte
	nonce    []byte
	sealed   []byte
}

// parseBlob takes a ciphertext blob apart, or returns errBlob.
func parseBlob(b []byte) (blob, error) {
	if len(b) < blobFixed || b[0] != blobFormat {
		return blob{}, errBlob
	}
	n := int(binary.BigEndian.Uint16(b[1:]))
	if len(b) < blobFixed+n {
		return blob{}, errBlob
	}
	name := string(b[3 : 3+n])
	if a, err := arn.Parse(name); err != nil || a.Service != "kms" || a.String() != name {
		return blob{}, errBlob
	}
	rest := b[3+n:]
	body := 3 + n + sha256.Size + saltSize + nonceSize
	return blob{
		arn: name, material: hex.EncodeToString(rest[:sha256.Size]), header: b[:body],
		salt:  rest[sha256.Size : sha256.Size+saltSize],
		nonce: b[body-nonceSize : body], sealed: b[body:],
	}, nil
}

// sealBlob encrypts plaintext under a key's material.
func sealBlob(name, material string, raw, plaintext []byte, context map[string]string) ([]byte, error) {
	id, err := hex.DecodeString(material)
	if err != nil || len(id) != sha256.Size {
		return nil, errors.New("kms: key material has no proper ID")
	}
	b := make([]byte, 0, blobFixed+len(name)+len(plaintext))
	b = append(b, blobFormat)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name))) //nolint:gosec // an ARN is shorter than 2048
	b = append(b, name...)
	b = append(b, id...)
	b = b[:len(b)+saltSize+nonceSize]
	random := b[len(b)-saltSize-nonceSize:]
	rand.Read(random)
	aead, err := messageCipher(raw, random[:saltSize])
	if err != nil {
		return nil, err
	}
	return aead.Seal(b, random[saltSize:], plaintext, bound(b, context)), nil
}

// open decrypts the blob, or returns errBlob.
func (b *blob) open(raw []byte, context map[string]string) ([]byte, error) {
	aead, err := messageCipher(raw, b.salt)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, b.nonce, b.sealed, bound(b.header, context))
	if err != nil {
		return nil, errBlob
	}
	return plaintext, nil
}

// messageCipher derives the cipher of one message (RFC 5869; the material is
// uniformly random, so nothing is to be extracted).
func messageCipher(raw, salt []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Expand(sha256.New, raw, "kms encrypt"+string(salt), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bound is what is authenticated along with a message: the header, and the
// encryption context in the order of its keys, with lengths, so that no two
// contexts look alike.
func bound(header []byte, context map[string]string) []byte {
	b := slices.Clone(header)
	for _, k := range slices.Sorted(maps.Keys(context)) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(k))) //nolint:gosec // limited by contextLimit
		b = append(b, k...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(context[k]))) //nolint:gosec // as above
		b = append(b, context[k]...)
	}
	return b
}
