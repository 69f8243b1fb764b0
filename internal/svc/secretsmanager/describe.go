package secretsmanager

import (
	"context"
	"maps"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// DescribeSecret returns what there is to know of a secret but its value.
func (s *Service) DescribeSecret(ctx context.Context, in *api.DescribeSecretInput) (*api.DescribeSecretOutput, error) {
	call := plane.FromContext(ctx)
	var e *api.SecretListEntry
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		r, err := s.find(tx, &call.Caller, in.SecretId)
		if err != nil {
			return err
		}
		tags, err := s.secrets.Tags(tx, r.Key)
		if err != nil {
			return err
		}
		e, err = entry(tx, &r, tags)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeSecretOutput{
		ARN: e.ARN, Name: e.Name, Description: e.Description, KmsKeyId: e.KmsKeyId, LastChangedDate: e.LastChangedDate,
		LastAccessedDate: e.LastAccessedDate, DeletedDate: e.DeletedDate, Tags: e.Tags,
		VersionIdsToStages: e.SecretVersionsToStages, CreatedDate: e.CreatedDate,
	}, nil
}

// entry is a secret as it is listed. Members without a value are left out.
func entry(tx *store.Tx, r *record, tags map[string]string) (*api.SecretListEntry, error) {
	name := secretARN(r)
	l, err := getLabels(tx, name)
	if err != nil {
		return nil, err
	}
	e := &api.SecretListEntry{
		ARN: &name, Name: &r.ID, Description: unlessEmpty(r.Doc.Description), KmsKeyId: unlessEmpty(r.Doc.Key),
		CreatedDate: &r.Created, LastChangedDate: &r.Doc.Changed, LastAccessedDate: unlessZero(r.Doc.Accessed),
		DeletedDate: unlessZero(r.Doc.Deletion), SecretVersionsToStages: l.versions(),
	}
	if r.Doc.Tagged {
		e.Tags = tagList(tags)
	}
	return e, nil
}

func tagList(tags map[string]string) []*api.Tag {
	list := []*api.Tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, &api.Tag{Key: &k, Value: new(tags[k])})
	}
	return list
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
