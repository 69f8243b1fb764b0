package kms

import (
	"context"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// CreateKey makes a customer managed key with material of its own, or, with
// Origin EXTERNAL, one that waits for its material.
func (s *Service) CreateKey(ctx context.Context, in *api.CreateKeyInput) (*api.CreateKeyOutput, error) {
	call := plane.FromContext(ctx)
	doc, tags, err := newKey(in)
	if err != nil {
		return nil, err
	}
	k := store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: uuid.NewString()}
	if doc.Policy == "" {
		doc.Policy = defaultPolicy(k)
	} else if err := s.checkPolicy(ctx, k, doc, tags, in.BypassPolicyLockoutSafetyCheck); err != nil {
		return nil, err
	}
	if doc.Origin == api.OriginTypeAwsKms {
		if err := s.fill(k, doc); err != nil {
			return nil, err
		}
	}
	var r record
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if r, err = s.keys.Create(tx, k, *doc); err != nil {
			return err
		}
		return s.keys.SetTags(tx, k, tags)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateKeyOutput{KeyMetadata: metadata(&r)}, nil
}

// newKey is the key that CreateKey asks for, without material.
func newKey(in *api.CreateKeyInput) (*key, map[string]string, error) {
	k := &key{State: api.KeyStateEnabled, Origin: api.OriginTypeAwsKms, Manager: api.KeyManagerTypeCustomer}
	var err error
	if k.Spec, k.Usage, err = chooseSpec(in); err != nil {
		return nil, nil, err
	}
	if in.Origin != nil {
		k.Origin = *in.Origin
	}
	switch {
	case in.MultiRegion != nil && *in.MultiRegion:
		return nil, nil, notBuilt("multi-Region keys")
	case in.CustomKeyStoreId != nil, in.XksKeyId != nil, k.Origin == api.OriginTypeAwsCloudhsm, k.Origin == api.OriginTypeExternalKeyStore:
		return nil, nil, notBuilt("keys in custom key stores")
	case k.Origin == api.OriginTypeExternal:
		if specs[k.Spec].bytes == 0 {
			return nil, nil, notBuilt("imported material of asymmetric keys")
		}
		k.State = api.KeyStatePendingImport
	}
	if in.Description != nil {
		k.Description = *in.Description
	}
	if in.Policy != nil {
		k.Policy = *in.Policy
	}
	tags, err := tagMap(in.Tags)
	return k, tags, err
}

// fill gives a new key its first material.
func (s *Service) fill(k store.Key, doc *key) error {
	m, public, err := s.newMaterial(k, doc.Spec, time.Now().UTC())
	if err != nil {
		return err
	}
	doc.Materials, doc.Current, doc.Public = []material{m}, m.ID, public
	return nil
}

// DescribeKey describes a key, and makes an AWS managed key whose alias is
// given and that is not there yet.
func (s *Service) DescribeKey(ctx context.Context, in *api.DescribeKeyInput) (*api.DescribeKeyOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.find(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	return &api.DescribeKeyOutput{KeyMetadata: metadata(&e.record)}, nil
}

// ListKeys lists the keys of the account and region, in the order of their ids.
func (s *Service) ListKeys(ctx context.Context, in *api.ListKeysInput) (*api.ListKeysOutput, error) {
	p := s.pager(ctx, in.Limit, in.Marker, 100, 1000, nil)
	out := &api.ListKeysOutput{Keys: []*api.KeyListEntry{}}
	var after string
	if err := p.start(&after); err != nil {
		return nil, err
	}
	caller := plane.FromContext(ctx).Caller
	err := s.db.View(ctx, func(tx *store.Tx) error {
		found, err := s.keys.List(tx, caller.Account, caller.Region, store.ListOptions{After: after, Limit: p.limit + 1})
		if err != nil {
			return err
		}
		for i := range found[:min(len(found), p.limit)] {
			out.Keys = append(out.Keys, &api.KeyListEntry{KeyId: &found[i].ID, KeyArn: new(keyARN(found[i].Key))})
		}
		if len(found) > p.limit {
			out.NextMarker, err = p.next(found[p.limit-1].ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Truncated = new(out.NextMarker != nil)
	return out, nil
}
