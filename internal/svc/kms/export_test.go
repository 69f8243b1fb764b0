package kms

import (
	"context"

	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/store"
)

// Hasten has a key's waiting period and rotation period end now.
func (s *Service) Hasten(ctx context.Context, name string) error {
	a, err := arn.Parse(name)
	if err != nil {
		return err
	}
	_, id := a.Split()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.get(tx, store.Key{Account: a.Account, Region: a.Region, ID: id})
		if err != nil {
			return err
		}
		now := tx.Now()
		if r.Doc.Deletion != nil {
			r.Doc.Deletion = &now
			if err := s.engine.Put(tx, deleteKind, workKey(r.Key), now, nil); err != nil {
				return err
			}
		}
		r.Doc.Rotation.Next = now
		if err := s.putRotation(tx, &r); err != nil {
			return err
		}
		return s.put(tx, &r)
	})
}
