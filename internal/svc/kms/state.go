package kms

import (
	"context"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// The flows. Their keys are "account/region/id" of the KMS key.
const (
	deleteKind = "kms.delete" // destroys the key when its waiting period ends
	rotateKind = "kms.rotate" // makes new material when it is due
	expireKind = "kms.expire" // deletes imported material when it expires
	lane       = "housekeeping"
)

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(deleteKind, lane, engine.FlowFunc(s.destroy))
	e.Register(rotateKind, lane, engine.FlowFunc(s.rotateDue))
	e.Register(expireKind, lane, engine.FlowFunc(s.expire))
}

func workKey(k store.Key) string { return k.Account + "/" + k.Region + "/" + k.ID }

func keyOfWork(text string) store.Key {
	account, rest, _ := strings.Cut(text, "/")
	region, id, _ := strings.Cut(rest, "/")
	return store.Key{Account: account, Region: region, ID: id}
}

// The waiting period of ScheduleKeyDeletion, in days.
const (
	shortestWindow = 7
	longestWindow  = 30
)

// EnableKey makes a disabled key work again. Material that should have been
// rotated meanwhile is rotated now.
func (s *Service) EnableKey(ctx context.Context, in *api.EnableKeyInput) (*api.EnableKeyOutput, error) {
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if err := settled(r); err != nil {
			return err
		}
		r.Doc.State = api.KeyStateEnabled
		return s.putRotation(tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &api.EnableKeyOutput{}, nil
}

// DisableKey makes a key refuse to work, until it is enabled.
func (s *Service) DisableKey(ctx context.Context, in *api.DisableKeyInput) (*api.DisableKeyOutput, error) {
	err := s.change(ctx, in.KeyId, func(_ *store.Tx, r *record) error {
		if err := settled(r); err != nil {
			return err
		}
		r.Doc.State = api.KeyStateDisabled
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DisableKeyOutput{}, nil
}

// settled refuses keys that are neither enabled nor disabled.
func settled(r *record) error {
	if r.Doc.State == api.KeyStateDisabled {
		return nil
	}
	return usable(r)
}

// UpdateKeyDescription replaces a key's description.
func (s *Service) UpdateKeyDescription(ctx context.Context, in *api.UpdateKeyDescriptionInput) (*api.UpdateKeyDescriptionOutput, error) {
	err := s.change(ctx, in.KeyId, func(_ *store.Tx, r *record) error {
		if r.Doc.State == api.KeyStatePendingDeletion {
			return pendingDeletion(r)
		}
		r.Doc.Description = in.Description
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateKeyDescriptionOutput{}, nil
}

// ScheduleKeyDeletion stops a key at once and destroys it 7 to 30 days later.
func (s *Service) ScheduleKeyDeletion(ctx context.Context, in *api.ScheduleKeyDeletionInput) (*api.ScheduleKeyDeletionOutput, error) {
	window := int32(longestWindow)
	if in.PendingWindowInDays != nil {
		window = *in.PendingWindowInDays
	}
	if window < shortestWindow || window > longestWindow {
		return nil, invalid("PendingWindowInDays must be between %d and %d (inclusive).", shortestWindow, longestWindow)
	}
	out := &api.ScheduleKeyDeletionOutput{KeyState: new(api.KeyStatePendingDeletion), PendingWindowInDays: &window}
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if r.Doc.State == api.KeyStatePendingDeletion {
			return pendingDeletion(r)
		}
		due := tx.Now().Add(days(window))
		r.Doc.State, r.Doc.Deletion = api.KeyStatePendingDeletion, &due
		out.KeyId, out.DeletionDate = new(keyARN(r.Key)), &due
		return s.engine.Put(tx, deleteKind, workKey(r.Key), due, nil)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// CancelKeyDeletion leaves the key disabled, or waiting for its material.
func (s *Service) CancelKeyDeletion(ctx context.Context, in *api.CancelKeyDeletionInput) (*api.CancelKeyDeletionOutput, error) {
	var id string
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if r.Doc.State != api.KeyStatePendingDeletion {
			return api.NewKMSInvalidStateException("%s is not pending deletion.", keyARN(r.Key))
		}
		r.Doc.State, r.Doc.Deletion = api.KeyStateDisabled, nil
		if m := r.Doc.material(r.Doc.Current); m == nil || m.Sealed == nil {
			r.Doc.State = api.KeyStatePendingImport
		}
		id = keyARN(r.Key)
		return s.engine.Delete(tx, deleteKind, workKey(r.Key))
	})
	if err != nil {
		return nil, err
	}
	return &api.CancelKeyDeletionOutput{KeyId: &id}, nil
}

// destroy deletes a key whose waiting period is over: its material, and with it
// everything that was encrypted under it, its aliases, grants and tags.
func (s *Service) destroy(ctx context.Context, w *engine.Work) (engine.Next, error) {
	k := keyOfWork(w.Key)
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		r, err := s.keys.Get(tx, k)
		switch {
		case absent(err):
			return nil
		case err != nil:
			return err
		case r.Doc.State != api.KeyStatePendingDeletion || r.Doc.Deletion.After(tx.Now().Add(time.Second)):
			return nil // it was cancelled; a new schedule has a row of its own
		}
		for _, table := range []string{"kms_alias", "kms_grant"} {
			if _, err := tx.Exec("delete from "+table+" where account = ? and region = ? and key_id = ?", k.Account, k.Region, k.ID); err != nil {
				return err
			}
		}
		for _, kind := range []string{rotateKind, expireKind} {
			if err := s.engine.Delete(tx, kind, w.Key); err != nil {
				return err
			}
		}
		s.changed(tx, k)
		s.log.InfoContext(ctx, "key destroyed", "key", keyARN(k))
		return s.keys.Delete(tx, k)
	})
}
