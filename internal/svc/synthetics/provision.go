package synthetics

import (
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// In AWS a canary's function is made after CreateCanary or UpdateCanary has
// answered, so that what Lambda refuses shows in the canary's state. The part of
// that which has meaning here is the execution role: runs must be able to assume
// it.

// trial is what an attempt to make or change a canary's function came to.
type trial struct {
	State  api.CanaryState // that the canary was in
	Reason string          // why it failed; "" when it did not
}

// failed reports whether the attempt was made in the state that the canary is in,
// and failed.
func (t trial) failed(d *canary) bool { return t.Reason != "" && t.State == d.State }

// try asks whether the role that a canary in a transitional state is about to
// have can be assumed. Without authorization roles need not exist.
func (s *Service) try(ctx context.Context, r ref) (t trial, err error) {
	if !s.Plane.Authorizes() {
		return t, nil
	}
	var work *duty
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.loadRef(tx, r)
		if rec == nil || err != nil {
			return err
		}
		t.State, work = rec.Doc.State, rec.Doc.onTrial(rec)
		return nil
	})
	if err != nil || work == nil {
		return t, err
	}
	_, err = s.assume(ctx, r, *work)
	if answer := awserr.As(err); errors.Is(err, errNotAssumed) {
		t.Reason, err = answer.Message, nil
	}
	return t, err
}

// onTrial is the duty whose role is to be tried; nil for none. A canary that is
// started out of ERROR is tried again.
func (d *canary) onTrial(rec *store.Record[canary]) *duty {
	switch {
	case d.State == stateCreating, d.State == stateStarting && d.Resume == stateError:
		return new(dutyOf(rec, d.Config.Role))
	case d.State == stateUpdating && d.Staged != nil && (d.Staged.Role != d.Config.Role || d.Resume == stateError):
		return new(dutyOf(rec, d.Staged.Role))
	}
	return nil
}

// failCreate is the end of a creation that AWS accepts and cannot complete.
func (s *Service) failCreate(tx *store.Tx, rec *store.Record[canary], why string) error {
	rec.Doc.Reason = why
	return s.move(tx, rec, stateError, "CREATE_FAILED", nil)
}

// failStart puts a canary back into ERROR whose role can still not be assumed.
func (s *Service) failStart(tx *store.Tx, rec *store.Record[canary], why string) error {
	rec.Doc.Reason = why
	return s.move(tx, rec, stateError, "INVALID_PERMISSIONS", nil)
}

// rollBack is the end of an update that cannot be put in force: the canary is
// what and where it was, and tells why.
func (s *Service) rollBack(tx *store.Tx, rec *store.Record[canary], why string) error {
	d := &rec.Doc
	for _, key := range d.Staged.blobs() {
		if err := s.collectCode(tx, key, refOf(rec), codeGrace); err != nil {
			return err
		}
	}
	d.Staged, d.Reason = nil, why
	if d.Resume == stateRunning {
		if err := s.schedule(tx, rec); err != nil {
			return err
		}
	}
	return s.move(tx, rec, d.Resume, "ROLLBACK_COMPLETE", nil)
}

// restored is the state that a successful update leads to: where the canary came
// from, and out of ERROR.
func (d *canary) restored() api.CanaryState {
	if d.Resume == stateError {
		return stateReady
	}
	return d.Resume
}

// checkPassed refuses the role of another account, as soon as it is named.
func (s *Service) checkPassed(r ref, role string) error {
	if !s.Plane.Authorizes() {
		return nil
	}
	if a, err := arn.Parse(role); err == nil && a.Account != r.Account {
		return api.NewAccessDeniedException("Cross-account pass role is not allowed.")
	}
	return nil
}
