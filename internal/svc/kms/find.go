package kms

import (
	"context"
	"regexp"
	"strings"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// reference is a KeyId of a request, read: a key, or an alias of one.
type reference struct {
	store.Key        // without ID where an alias is given
	alias     string // "alias/name"
}

var keyIDPattern = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32})$`)

// refer reads a KeyId: a key's id or ARN, an alias's name or ARN. The region
// must be the caller's.
func refer(caller *plane.Caller, text string) (reference, error) {
	r := reference{Key: store.Key{Account: caller.Account, Region: caller.Region}}
	resource := text
	if arn.Is(text) {
		a, err := arn.Parse(text)
		if err != nil || a.Service != "kms" || !arn.IsAccount(a.Account) {
			return r, api.NewNotFoundException("Invalid arn %s", text)
		}
		if a.Region != caller.Region || a.Partition != arn.Partition(a.Region) {
			return r, api.NewNotFoundException("Invalid arn %s", a.Region)
		}
		r.Account, resource = a.Account, a.Resource
		if id, ok := strings.CutPrefix(resource, "key/"); ok {
			resource = id
		} else if !strings.HasPrefix(resource, aliasPrefix) {
			return r, api.NewNotFoundException("Invalid arn %s", text)
		}
	}
	switch {
	case strings.HasPrefix(resource, aliasPrefix):
		r.alias = resource
	case keyIDPattern.MatchString(resource):
		r.ID = resource
	default:
		return r, api.NewNotFoundException("Invalid keyId '%s'", resource)
	}
	return r, nil
}

// find returns the key that a KeyId names, by any of its names. An alias of an
// AWS managed key makes that key when it is not there.
func (s *Service) find(ctx context.Context, text string) (*entry, error) {
	caller := &plane.FromContext(ctx).Caller
	r, err := refer(caller, text)
	if err != nil {
		return nil, err
	}
	if r.alias == "" {
		return s.load(ctx, r.Key)
	}
	k, err := s.target(ctx, r)
	if !absent(err) {
		return s.loadTarget(ctx, k, err)
	}
	if r.Account == caller.Account {
		if k, ok := managedKey(r); ok {
			if err := s.createManaged(ctx, k, r.alias); err != nil {
				return nil, err
			}
			return s.load(ctx, k)
		}
	}
	return nil, noAlias(r)
}

func (s *Service) loadTarget(ctx context.Context, k store.Key, err error) (*entry, error) {
	if err != nil {
		return nil, err
	}
	return s.load(ctx, k)
}

// findKey returns the key that a KeyId names by its id or ARN, for operations
// that do not take aliases.
func (s *Service) findKey(ctx context.Context, text string) (*entry, error) {
	r, err := referKey(&plane.FromContext(ctx).Caller, text)
	if err != nil {
		return nil, err
	}
	return s.load(ctx, r.Key)
}

// referKey reads a KeyId of an operation that does not take aliases.
func referKey(caller *plane.Caller, text string) (reference, error) {
	r, err := refer(caller, text)
	if err == nil && r.alias != "" {
		return r, api.NewNotFoundException("Invalid keyId '%s'", text)
	}
	return r, err
}

// load returns a key, or NotFoundException.
func (s *Service) load(ctx context.Context, k store.Key) (*entry, error) {
	e, err := s.entry(ctx, k)
	if absent(err) {
		return nil, noKey(k)
	}
	return e, err
}

func noKey(k store.Key) error { return api.NewNotFoundException("Key '%s' does not exist", keyARN(k)) }

func noAlias(r reference) error {
	return api.NewNotFoundException("Alias %s is not found.", aliasARN(r.Account, r.Region, r.alias))
}

// change edits a key of the caller's own account, named by id or ARN. f may be
// repeated; what it changes in the record is written.
func (s *Service) change(ctx context.Context, text string, f func(tx *store.Tx, r *record) error) error {
	call := plane.FromContext(ctx)
	ref, err := referKey(&call.Caller, text)
	if err != nil {
		return err
	}
	if err := ownAccount(call, ref.Key); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.get(tx, ref.Key)
		if err != nil {
			return err
		}
		if r.Doc.Manager == api.KeyManagerTypeAws {
			return api.NewUnsupportedOperationException("%s is an AWS managed key, which is not valid for %s.", keyARN(r.Key), call.Operation.Name)
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		return s.put(tx, &r)
	})
}

// get reads a key in a transaction, or NotFoundException.
func (s *Service) get(tx *store.Tx, k store.Key) (record, error) {
	r, err := s.keys.Get(tx, k)
	if absent(err) {
		return r, noKey(k)
	}
	return r, err
}

// put writes a key and has everybody forget what they knew of it.
func (s *Service) put(tx *store.Tx, r *record) error {
	s.changed(tx, r.Key)
	return s.keys.Put(tx, r)
}

// ownAccount refuses what cannot be done to keys of another account, whatever
// their policies say.
func ownAccount(call *plane.Call, k store.Key) error {
	if k.Account == call.Caller.Account {
		return nil
	}
	return accessDenied("User: %s is not authorized to perform: kms:%s on resource: %s",
		call.Caller.ARN, call.Operation.Name, keyARN(k))
}
