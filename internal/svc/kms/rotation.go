package kms

import (
	"context"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

const (
	standardPeriod = 365 // days
	onDemandLimit  = 25  // rotations on demand in a key's life
)

// rotation is when a key's material is replaced. Old material stays, to decrypt
// what it has encrypted.
type rotation struct {
	Enabled  bool
	Days     int32     `json:",omitempty"` // the period
	Since    time.Time `json:",omitzero"`  // the last automatic rotation, or when it was enabled
	Next     time.Time `json:",omitzero"`
	OnDemand int       `json:",omitempty"` // how often it was rotated on demand
}

// putRotation has the engine look at the key when its next rotation is due. A
// key that does not work is not rotated; enabling it calls this again.
func (s *Service) putRotation(tx *store.Tx, r *record) error {
	if !r.Doc.Rotation.Enabled || r.Doc.State != api.KeyStateEnabled {
		return s.engine.Delete(tx, rotateKind, workKey(r.Key))
	}
	return s.engine.Put(tx, rotateKind, workKey(r.Key), r.Doc.Rotation.Next, nil)
}

// rotateDue rotates a key whose period is over, and counts the next from when
// this one was due.
func (s *Service) rotateDue(ctx context.Context, w *engine.Work) (engine.Next, error) {
	e, err := s.entry(ctx, keyOfWork(w.Key))
	if absent(err) {
		return engine.Done(), nil
	}
	if err != nil {
		return engine.Next{}, err
	}
	if !e.Doc.Rotation.Enabled || e.Doc.State != api.KeyStateEnabled {
		return engine.Done(), nil
	}
	fresh, _, err := s.newMaterial(e.Key, e.Doc.Spec, time.Now().UTC())
	if err != nil {
		return engine.Next{}, err
	}
	next := w.Due.Add(days(e.Doc.Rotation.Days))
	if now := time.Now(); next.Before(now) { // it was disabled for more than a period
		next = now.Add(days(e.Doc.Rotation.Days))
	}
	return w.Commit(ctx, engine.At(next), func(tx *store.Tx) error {
		r, err := s.keys.Get(tx, e.Key)
		if err != nil {
			return err
		}
		if r.Version != e.Version {
			return store.ErrConflict // changed meanwhile: look again
		}
		r.Doc.Rotation.Since, r.Doc.Rotation.Next = tx.Now(), next
		replace(&r.Doc, fresh, api.RotationTypeAutomatic, tx.Now())
		return s.put(tx, &r)
	})
}

// replace makes fresh the material that encrypts from now on.
func replace(k *key, fresh material, cause api.RotationType, now time.Time) {
	fresh.Cause, fresh.Created = cause, now
	k.Materials = append(slices.Clip(k.Materials), fresh)
	k.Current = fresh.ID
}

// rotatable refuses keys whose material KMS cannot make anew.
func rotatable(r *record) error {
	switch {
	case !r.Doc.symmetric():
		return api.NewUnsupportedOperationException("%s key spec is %s which is not valid for this operation.", keyARN(r.Key), r.Doc.Spec)
	case r.Doc.Origin != api.OriginTypeAwsKms:
		return wrongOrigin(r)
	}
	return usable(r)
}

func wrongOrigin(r *record) error {
	return api.NewUnsupportedOperationException("%s origin is %s which is not valid for this operation.", keyARN(r.Key), r.Doc.Origin)
}

// EnableKeyRotation has the key's material replaced every 90 to 2560 days, 365
// unless the request says so. A new period counts from the last rotation.
func (s *Service) EnableKeyRotation(ctx context.Context, in *api.EnableKeyRotationInput) (*api.EnableKeyRotationOutput, error) {
	period := int32(standardPeriod)
	if in.RotationPeriodInDays != nil {
		period = *in.RotationPeriodInDays
	}
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if err := rotatable(r); err != nil {
			return err
		}
		rot := &r.Doc.Rotation
		if !rot.Enabled {
			rot.Since = tx.Now()
		}
		rot.Enabled, rot.Days, rot.Next = true, period, rot.Since.Add(days(period))
		return s.putRotation(tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &api.EnableKeyRotationOutput{}, nil
}

// DisableKeyRotation ends automatic rotation.
func (s *Service) DisableKeyRotation(ctx context.Context, in *api.DisableKeyRotationInput) (*api.DisableKeyRotationOutput, error) {
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if err := rotatable(r); err != nil {
			return err
		}
		r.Doc.Rotation.Enabled = false
		return s.putRotation(tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &api.DisableKeyRotationOutput{}, nil
}

// GetKeyRotationStatus tells whether and when a key is rotated. Rotation on
// demand is done when it is answered, so none is ever in progress.
func (s *Service) GetKeyRotationStatus(ctx context.Context, in *api.GetKeyRotationStatusInput) (*api.GetKeyRotationStatusOutput, error) {
	e, err := s.findKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if e.Doc.State == api.KeyStatePendingImport {
		return nil, usable(&e.record)
	}
	out := &api.GetKeyRotationStatusOutput{KeyId: &e.arn, KeyRotationEnabled: new(false)}
	rot := &e.Doc.Rotation
	if rot.Enabled && e.Doc.State != api.KeyStatePendingDeletion {
		out.KeyRotationEnabled, out.RotationPeriodInDays, out.NextRotationDate = new(true), &rot.Days, &rot.Next
	}
	return out, nil
}

// RotateKeyOnDemand replaces a key's material now, at most 25 times in its
// life. It does not change the schedule of automatic rotation.
func (s *Service) RotateKeyOnDemand(ctx context.Context, in *api.RotateKeyOnDemandInput) (*api.RotateKeyOnDemandOutput, error) {
	e, err := s.ownKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if e.Doc.Origin == api.OriginTypeExternal {
		return nil, notBuilt("rotation of imported key material")
	}
	if err := rotatable(&e.record); err != nil {
		return nil, err
	}
	fresh, _, err := s.newMaterial(e.Key, e.Doc.Spec, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if err := rotatable(r); err != nil {
			return err
		}
		if r.Doc.Rotation.OnDemand >= onDemandLimit {
			return api.NewLimitExceededException("The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: %s", r.ID)
		}
		r.Doc.Rotation.OnDemand++
		replace(&r.Doc, fresh, api.RotationTypeOnDemand, tx.Now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.RotateKeyOnDemandOutput{KeyId: &e.arn}, nil
}

// ListKeyRotations lists the rotations of a key, oldest first, and with
// ALL_KEY_MATERIAL its first material too.
func (s *Service) ListKeyRotations(ctx context.Context, in *api.ListKeyRotationsInput) (*api.ListKeyRotationsOutput, error) {
	e, err := s.ownKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if !e.Doc.symmetric() {
		return nil, api.NewUnsupportedOperationException("%s key spec is %s which is not valid for this operation.", e.arn, e.Doc.Spec)
	}
	all := in.IncludeKeyMaterial != nil && *in.IncludeKeyMaterial == api.IncludeKeyMaterialAllKeyMaterial
	p := s.pager(ctx, in.Limit, in.Marker, 100, 1000, []any{e.arn, all})
	from := 0
	if err := p.start(&from); err != nil {
		return nil, err
	}
	out := &api.ListKeyRotationsOutput{Rotations: []*api.RotationsListEntry{}}
	for i := from; i < len(e.Doc.Materials); i++ {
		m := &e.Doc.Materials[i]
		if m.Cause == "" && !all {
			continue
		}
		if len(out.Rotations) == p.limit {
			if out.NextMarker, err = p.next(i); err != nil {
				return nil, err
			}
			break
		}
		out.Rotations = append(out.Rotations, describeMaterial(e, m))
	}
	out.Truncated = new(out.NextMarker != nil)
	return out, nil
}

func describeMaterial(e *entry, m *material) *api.RotationsListEntry {
	r := &api.RotationsListEntry{KeyId: &e.ID, KeyMaterialId: &m.ID, KeyMaterialState: new(api.KeyMaterialStateNonCurrent)}
	if m.ID == e.Doc.Current {
		r.KeyMaterialState = new(api.KeyMaterialStateCurrent)
	}
	if m.Cause != "" {
		r.RotationDate, r.RotationType = &m.Created, &m.Cause
	}
	if e.Doc.Origin != api.OriginTypeExternal {
		return r
	}
	r.ImportState, r.ExpirationModel = new(api.ImportStateImported), new(api.ExpirationModelTypeKeyMaterialDoesNotExpire)
	if m.Sealed == nil {
		r.ImportState, r.ExpirationModel = new(api.ImportStatePendingImport), nil
	} else if m.Expires != nil {
		r.ExpirationModel, r.ValidTo = new(api.ExpirationModelTypeKeyMaterialExpires), m.Expires
	}
	if m.Description != "" {
		r.KeyMaterialDescription = &m.Description
	}
	return r
}
