package webidentity

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of the cache.
const (
	maxSets      = 500              // issuers
	refetchAfter = 30 * time.Second // an unknown key id, or a failure, has keys fetched no sooner
)

// keySets are the keys of issuers, as they were fetched. Keys are shared only by
// those who trust the issuer's certificate alike.
type keySets struct {
	fetch *fetcher
	mu    sync.Mutex
	sets  map[string]*keySet
}

func newKeySets(f *fetcher) *keySets { return &keySets{fetch: f, sets: map[string]*keySet{}} }

// keySet is what is known of one issuer. Its mutex is held while keys are
// fetched, so that who comes meanwhile shares the answer.
type keySet struct {
	mu      sync.Mutex
	keys    []publicKey
	err     error
	fetched time.Time // when it was last tried
	expires time.Time
}

// find returns the keys of an issuer that may have signed a token with this key
// id ("" for none) and algorithm.
func (s *keySets) find(ctx context.Context, issuer string, thumbprints []string, id, algorithm string) ([]jwt.VerificationKey, error) {
	set := s.set(issuer, thumbprints)
	set.mu.Lock()
	defer set.mu.Unlock()
	now := time.Now()
	if now.After(set.expires) {
		s.refresh(ctx, set, issuer, thumbprints)
	}
	keys := set.match(id, algorithm)
	if len(keys) == 0 && set.err == nil && now.Sub(set.fetched) >= refetchAfter {
		s.refresh(ctx, set, issuer, thumbprints)
		keys = set.match(id, algorithm)
	}
	if set.err != nil {
		return nil, unreachable(set.err)
	}
	if len(keys) == 0 {
		e := invalid("No key of the identity provider fits the token's key id and algorithm")
		e.Cause = ErrSignature
		return nil, e
	}
	return keys, nil
}

// refresh fetches the keys. A failure is remembered for a while, unless it is
// the caller's own: its context has ended.
func (s *keySets) refresh(ctx context.Context, set *keySet, issuer string, thumbprints []string) {
	keys, age, err := s.fetch.keys(ctx, issuer, thumbprints)
	set.keys, set.err, set.fetched = keys, err, time.Now()
	set.expires = set.fetched.Add(age)
	switch {
	case err != nil && ctx.Err() != nil:
		set.expires = time.Time{}
	case err != nil:
		set.expires = set.fetched.Add(refetchAfter)
	}
}

// set returns the entry of an issuer, making room for it where needed.
func (s *keySets) set(issuer string, thumbprints []string) *keySet {
	prints := slices.Clone(thumbprints)
	slices.Sort(prints)
	name := issuer + "\n" + strings.ToLower(strings.Join(prints, "\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if set := s.sets[name]; set != nil {
		return set
	}
	if len(s.sets) >= maxSets {
		for other := range s.sets { // any one: who needs it fetches it again
			delete(s.sets, other)
			break
		}
	}
	set := &keySet{}
	s.sets[name] = set
	return set
}

// match returns the keys with an id that fit an algorithm; without an id, all
// that fit.
func (s *keySet) match(id, algorithm string) []jwt.VerificationKey {
	var keys []jwt.VerificationKey
	for _, k := range s.keys {
		if id != "" && k.id != id || k.algorithm != "" && k.algorithm != algorithm {
			continue
		}
		switch k.key.(type) {
		case *rsa.PublicKey:
			if strings.HasPrefix(algorithm, "RS") {
				keys = append(keys, k.key)
			}
		case *ecdsa.PublicKey:
			if algorithm == "ES256" {
				keys = append(keys, k.key)
			}
		}
	}
	return keys
}
