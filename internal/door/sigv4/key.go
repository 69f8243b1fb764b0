package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
)

// SigningKey derives the key that is good in a scope from a secret access key.
func SigningKey(secret string, s Scope) []byte {
	key := mac([]byte("AWS4"+secret), s.Date)
	key = mac(key, s.Region)
	key = mac(key, s.Service)
	return mac(key, terminator)
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// maxKeys bounds each of the two generations of a Keys.
const maxKeys = 512

// Keys remembers derived keys, which takes four of a verification's five HMACs
// away. The zero value is ready. It keeps the keys used most recently: a full
// young generation becomes the old one, and the old one is dropped.
type Keys struct {
	mu         sync.Mutex
	young, old map[keyID]derived
}

type keyID struct {
	accessKeyID string
	scope       Scope
}

type derived struct{ secret, key []byte }

// Get returns SigningKey(secret, s). The secret of an access key may change;
// what is remembered counts only for the same secret.
func (k *Keys) Get(accessKeyID, secret string, s Scope) []byte {
	id := keyID{accessKeyID, s}
	k.mu.Lock()
	d, ok := k.young[id]
	if !ok {
		if d, ok = k.old[id]; ok {
			k.put(id, d)
		}
	}
	k.mu.Unlock()
	if ok && subtle.ConstantTimeCompare(d.secret, []byte(secret)) == 1 {
		return d.key
	}
	d = derived{[]byte(secret), SigningKey(secret, s)}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.put(id, d)
	return d.key
}

func (k *Keys) put(id keyID, d derived) {
	if k.young == nil || len(k.young) >= maxKeys {
		k.old, k.young = k.young, make(map[keyID]derived)
	}
	k.young[id] = d
}

// Forget drops everything.
func (k *Keys) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.young, k.old = nil, nil
}
