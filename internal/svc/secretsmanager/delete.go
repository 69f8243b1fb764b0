package secretsmanager

import (
	"context"
	"errors"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// How many days a deleted secret can be restored.
const (
	minWindow     = 7
	maxWindow     = 30
	defaultWindow = 30
)

// DeleteSecret schedules the end of a secret, or removes it at once. Forced, it
// succeeds whatever there is.
func (s *Service) DeleteSecret(ctx context.Context, in *api.DeleteSecretInput) (*api.DeleteSecretOutput, error) {
	force, days := deref(in.ForceDeleteWithoutRecovery), int64(defaultWindow)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, api.NewInvalidParameterException("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < minWindow || days > maxWindow:
		return nil, api.NewInvalidParameterException("The RecoveryWindowInDays value must be between %d and %d days (inclusive).", minWindow, maxWindow)
	}
	call := plane.FromContext(ctx)
	out := &api.DeleteSecretOutput{}
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		r, err := s.find(tx, &call.Caller, in.SecretId)
		if err != nil {
			return err
		}
		out.ARN, out.Name, out.DeletionDate = new(secretARN(&r)), &r.ID, new(tx.Now())
		if force {
			return s.remove(tx, &r)
		}
		*out.DeletionDate = out.DeletionDate.Add(time.Duration(days) * day)
		return s.schedule(tx, &r, *out.DeletionDate)
	})
	if force && awserr.Is(err, api.ErrResourceNotFoundException) {
		return gone(call, in.SecretId), nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// gone is the answer to the forced deletion of a secret that does not exist.
func gone(call *plane.Call, id string) *api.DeleteSecretOutput {
	out := &api.DeleteSecretOutput{ARN: &id, Name: &id, DeletionDate: new(call.Time)}
	if arn.Is(id) {
		out.Name = new(id[strings.LastIndexByte(id, ':')+1:])
	} else {
		out.ARN = new(nameARN(store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: id}))
	}
	return out
}

func (s *Service) schedule(tx *store.Tx, r *record, end time.Time) error {
	if !r.Doc.Deletion.IsZero() {
		return api.NewInvalidRequestException("You can't perform this operation on the secret because it was already scheduled for deletion.")
	}
	r.Doc.Deletion, r.Doc.Changed = end, tx.Now()
	if err := s.secrets.Put(tx, r); err != nil {
		return err
	}
	return s.Engine.Put(tx, purgeKind, secretARN(r), end, nil)
}

// remove takes away all there is of a secret.
func (s *Service) remove(tx *store.Tx, r *record) error {
	name := secretARN(r)
	if err := removeVersions(tx, name); err != nil {
		return err
	}
	if err := s.Engine.Delete(tx, purgeKind, name); err != nil {
		return err
	}
	return s.secrets.Delete(tx, r.Key)
}

// RestoreSecret cancels the deletion of a secret. One that is not to be deleted
// stays as it is.
func (s *Service) RestoreSecret(ctx context.Context, in *api.RestoreSecretInput) (*api.RestoreSecretOutput, error) {
	call := plane.FromContext(ctx)
	out := &api.RestoreSecretOutput{}
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		r, err := s.find(tx, &call.Caller, in.SecretId)
		if err != nil {
			return err
		}
		out.ARN, out.Name = new(secretARN(&r)), &r.ID
		if r.Doc.Deletion.IsZero() {
			return nil
		}
		r.Doc.Deletion, r.Doc.Changed = time.Time{}, tx.Now()
		if err := s.Engine.Delete(tx, purgeKind, *out.ARN); err != nil {
			return err
		}
		return s.secrets.Put(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// purge removes a secret whose recovery window has ended.
func (s *Service) purge(ctx context.Context, w *engine.Work) (engine.Next, error) {
	a, name, err := splitARN(w.Key)
	if err != nil {
		return engine.Next{}, err
	}
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		r, err := s.exact(tx, a, name)
		if errors.Is(err, store.ErrNotFound) || err == nil && r.Doc.Deletion.IsZero() {
			return nil // removed or restored meanwhile
		}
		if err != nil {
			return err
		}
		if err := removeVersions(tx, w.Key); err != nil {
			return err
		}
		return s.secrets.Delete(tx, r.Key)
	})
}
