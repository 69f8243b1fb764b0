package secretsmanager

import (
	"context"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// day is how exactly the time of the last access is known.
const day = 24 * time.Hour

// GetSecretValue returns the value of a version: the one with the id, or the
// one with the label, AWSCURRENT when neither is named.
func (s *Service) GetSecretValue(ctx context.Context, in *api.GetSecretValueInput) (*api.GetSecretValueOutput, error) {
	e, err := s.read(ctx, plane.FromContext(ctx), in.SecretId, deref(in.VersionId), deref(in.VersionStage))
	if err != nil {
		return nil, err
	}
	return &api.GetSecretValueOutput{
		ARN: e.ARN, Name: e.Name, VersionId: e.VersionId, VersionStages: e.VersionStages, CreatedDate: e.CreatedDate,
		SecretString: e.SecretString, SecretBinary: e.SecretBinary,
	}, nil
}

// read returns a value, and notes the day.
func (s *Service) read(ctx context.Context, call *plane.Call, secretID, id, label string) (*api.SecretValueEntry, error) {
	var r record
	var v version
	var stages []string
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.findLive(tx, &call.Caller, secretID); err != nil {
			return err
		}
		v, stages, err = pick(tx, secretARN(&r), id, label)
		return err
	})
	if err != nil {
		return nil, err
	}
	val, err := s.decrypt(ctx, call, &v)
	if err != nil {
		return nil, err
	}
	if err := s.accessed(ctx, call, &r, &v); err != nil {
		return nil, err
	}
	return &api.SecretValueEntry{
		ARN: &v.Secret, Name: &r.ID, VersionId: &v.ID, VersionStages: stages, CreatedDate: &v.Created,
		SecretString: val.text, SecretBinary: val.binary,
	}, nil
}

// pick chooses the version that a reader asks for, with its labels.
func pick(tx *store.Tx, secret, id, label string) (version, []string, error) {
	l, err := getLabels(tx, secret)
	if err != nil {
		return version{}, nil, err
	}
	if id == "" {
		if label == "" {
			label = labelCurrent
		}
		if id = l[label]; id == "" {
			return version{}, nil, noLabel(label)
		}
	}
	v, err := getVersion(tx, secret, id)
	if err != nil {
		return v, nil, err
	}
	stages := l.of(id)
	if label != "" && !slices.Contains(stages, label) {
		return v, nil, api.NewInvalidRequestException("You provided a VersionStage that is not associated to the provided VersionId.")
	}
	return v, stages, nil
}

// accessed notes the day on which a version was read, once a day.
func (s *Service) accessed(ctx context.Context, call *plane.Call, r *record, v *version) error {
	today := call.Time.Truncate(day)
	if !r.Doc.Accessed.Before(today) && !v.Accessed.Before(today) {
		return nil
	}
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("update secretsmanager_version set accessed = ? where secret = ? and id = ? and accessed < ?",
			store.Micros(today), v.Secret, v.ID, store.Micros(today))
		if err != nil {
			return err
		}
		now, err := s.again(tx, r)
		if err != nil || !now.Doc.Accessed.Before(today) {
			return err
		}
		now.Doc.Accessed = today
		return s.secrets.Put(tx, &now)
	})
}
