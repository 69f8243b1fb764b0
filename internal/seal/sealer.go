package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Errors of Open.
var (
	// ErrSealed: what is to be opened was not sealed by this server for this
	// place, or has been changed.
	ErrSealed = errors.New("seal: not sealed here, or changed since")
	// ErrLost: the master key that it depends on is not in the ring.
	ErrLost = errors.New("seal: the master key that sealed this is not among the server's")
)

// Sealer seals records. It is safe for concurrent use.
type Sealer struct {
	db   *store.DB // nil for one that lives in memory alone
	ring *Ring

	mu       sync.RWMutex
	data     map[uint32]*dataKey // by version
	newest   uint32
	reloaded time.Time
}

// dataKey is a data key in the clear, with what has been derived from it. One
// whose master key is lost has no bytes.
type dataKey struct {
	bytes   []byte
	created time.Time
	mu      sync.Mutex
	ciphers map[string]cipher.AEAD // by purpose
}

// A sealed record is
//
//	1 byte   format, 1
//	4 bytes  version of the data key, big-endian
//	12 bytes nonce
//	         ciphertext and tag
const (
	format     = 1
	headSize   = 5
	Overhead   = headSize + 12 + 16 // bytes that sealing adds
	reloadRate = time.Second        // how often an unknown version may ask the database
)

// Seal seals plaintext for a purpose ("iam.accesskey"). bound is what it
// belongs to; Open must be given the same.
func (s *Sealer) Seal(purpose string, plaintext []byte, bound ...string) ([]byte, error) {
	s.mu.RLock()
	version, key := s.newest, s.data[s.newest]
	s.mu.RUnlock()
	if key == nil {
		return nil, ErrNoMaster
	}
	aead, err := key.cipher(purpose)
	if err != nil {
		return nil, err
	}
	head := make([]byte, headSize, headSize+aead.Overhead()+len(plaintext))
	head[0] = format
	binary.BigEndian.PutUint32(head[1:], version)
	return aead.Seal(head, nil, plaintext, associated(head[:headSize], purpose, bound)), nil
}

// Open opens what Seal sealed for the same purpose and place. The error is
// ErrSealed or ErrLost.
func (s *Sealer) Open(purpose string, sealed []byte, bound ...string) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != format {
		return nil, ErrSealed
	}
	key := s.find(binary.BigEndian.Uint32(sealed[1:headSize]))
	switch {
	case key == nil:
		return nil, ErrSealed
	case key.bytes == nil:
		return nil, ErrLost
	}
	aead, err := key.cipher(purpose)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, sealed[headSize:], associated(sealed[:headSize], purpose, bound))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Key derives 32 bytes from the newest data key, for MACs. It changes when a
// data key is made: what must outlive that is sealed instead.
func (s *Sealer) Key(purpose string) ([]byte, error) {
	s.mu.RLock()
	key := s.data[s.newest]
	s.mu.RUnlock()
	if key == nil {
		return nil, ErrNoMaster
	}
	return hkdf.Key(sha256.New, key.bytes, nil, "nephele key "+purpose, 32)
}

// find returns a data key, asking the database for one that another server has
// made meanwhile.
func (s *Sealer) find(version uint32) *dataKey {
	s.mu.RLock()
	key := s.data[version]
	s.mu.RUnlock()
	if key != nil || s.db == nil || version == 0 {
		return key
	}
	s.reloadUnknown()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.data[version]
}

// cipher returns the AEAD of a purpose.
func (k *dataKey) cipher(purpose string) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.ciphers[purpose]; a != nil {
		return a, nil
	}
	a, err := newAEAD(k.bytes, "nephele record "+purpose)
	if err != nil {
		return nil, err
	}
	if k.ciphers == nil {
		k.ciphers = make(map[string]cipher.AEAD)
	}
	k.ciphers[purpose] = a
	return a, nil
}

// newAEAD is AES-256-GCM, with random nonces, under a key derived from key.
func newAEAD(key []byte, info string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, info, 32)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// associated is what is authenticated with a record. Lengths keep neighbours
// apart.
func associated(head []byte, purpose string, bound []string) []byte {
	out := append([]byte(nil), head...)
	for _, s := range append([]string{purpose}, bound...) {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}
