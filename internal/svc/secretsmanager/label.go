package secretsmanager

import (
	"context"
	"maps"
	"slices"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The staging labels with a meaning.
const (
	labelCurrent  = "AWSCURRENT"
	labelPrevious = "AWSPREVIOUS"
	labelPending  = "AWSPENDING"
)

// maxLabels is how many labels the versions of a secret may have together
// (User Guide, "Secrets Manager quotas").
const maxLabels = 20

// labels says at which version each staging label is.
type labels map[string]string

func getLabels(tx *store.Tx, secret string) (labels, error) {
	l := labels{}
	for pair, err := range store.Query(tx, scanLabel, "select label, version from secretsmanager_label where secret = ?", secret) {
		if err != nil {
			return nil, err
		}
		l[pair[0]] = pair[1]
	}
	return l, nil
}

func scanLabel(row store.Row) (pair [2]string, err error) {
	err = row.Scan(&pair[0], &pair[1])
	return pair, err
}

// put stores l where was is stored.
func (l labels) put(tx *store.Tx, secret string, was labels) error {
	for _, label := range slices.Sorted(maps.Keys(was)) {
		if l[label] != "" {
			continue
		}
		if _, err := tx.Exec("delete from secretsmanager_label where secret = ? and label = ?", secret, label); err != nil {
			return err
		}
	}
	for _, label := range slices.Sorted(maps.Keys(l)) {
		if l[label] == was[label] {
			continue
		}
		_, err := tx.Exec(`insert into secretsmanager_label (secret, label, version) values (?, ?, ?)
			on conflict (secret, label) do update set version = excluded.version`, secret, label, l[label])
		if err != nil {
			return err
		}
	}
	return nil
}

func (l labels) clone() labels { return maps.Clone(l) }

// of returns the labels of a version, in order; nil for none.
func (l labels) of(id string) []string {
	var all []string
	for label, at := range l {
		if at == id {
			all = append(all, label)
		}
	}
	slices.Sort(all)
	return all
}

// versions returns the labels of each version that has any; nil when no
// version has.
func (l labels) versions() map[string][]string {
	var all map[string][]string
	for _, label := range slices.Sorted(maps.Keys(l)) {
		if all == nil {
			all = map[string][]string{}
		}
		all[l[label]] = append(all[l[label]], label)
	}
	return all
}

// move puts a label at a version. AWSPREVIOUS goes where AWSCURRENT was.
func (l labels) move(label, id string) {
	from := l[label]
	l[label] = id
	if label == labelCurrent && from != "" && from != id {
		l[labelPrevious] = from
	}
}

// stage gives a new version the labels that were asked for: AWSCURRENT when
// none were, and when the secret has no version with it yet.
func (l labels) stage(id string, asked []string) {
	for _, label := range asked {
		if label != labelCurrent {
			l.move(label, id)
		}
	}
	if len(asked) == 0 || l[labelCurrent] == "" || slices.Contains(asked, labelCurrent) {
		l.move(labelCurrent, id)
	}
}

func (l labels) check() error {
	if len(l) > maxLabels {
		return api.NewLimitExceededException("You can't attach more than %d staging labels to the versions of a secret.", maxLabels)
	}
	return nil
}

// UpdateSecretVersionStage moves a staging label, or takes it off a version.
func (s *Service) UpdateSecretVersionStage(ctx context.Context, in *api.UpdateSecretVersionStageInput) (*api.UpdateSecretVersionStageOutput, error) {
	r, err := s.change(ctx, in.SecretId, func(tx *store.Tx, r *record) error {
		name := secretARN(r)
		was, err := getLabels(tx, name)
		if err != nil {
			return err
		}
		if err := mentioned(tx, name, in.RemoveFromVersionId, in.MoveToVersionId); err != nil {
			return err
		}
		now := was.clone()
		if err := now.restage(in.VersionStage, deref(in.RemoveFromVersionId), deref(in.MoveToVersionId)); err != nil {
			return err
		}
		return now.put(tx, name, was)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateSecretVersionStageOutput{ARN: new(secretARN(&r)), Name: &r.ID}, nil
}

// mentioned refuses ids of versions that do not exist.
func mentioned(tx *store.Tx, secret string, ids ...*string) error {
	for _, id := range ids {
		if id == nil {
			continue
		}
		if _, err := getVersion(tx, secret, *id); err != nil {
			return err
		}
	}
	return nil
}

// restage moves label from one version to another; either may be "", but not
// both.
func (l labels) restage(label, from, to string) error {
	at := l[label]
	switch {
	case from == "" && to == "":
		return api.NewInvalidParameterException("You must specify MoveToVersionId, RemoveFromVersionId, or both.")
	case from != "" && at != from:
		return api.NewInvalidParameterException("Staging label %s is not attached to version %s.", label, from)
	case from == "" && at != "" && at != to:
		return mustRemove(label, at)
	case to == "" && label == labelCurrent:
		return api.NewInvalidParameterException(
			"You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	case to == "":
		delete(l, label)
		return nil
	}
	l.move(label, to)
	return l.check()
}

func mustRemove(label, at string) *awserr.Error {
	return api.NewInvalidParameterException("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to "+
		"version %s, so you must explicitly reference that version in RemoveFromVersionId.", label, at)
}

// ListSecretVersionIds lists the versions of a secret, oldest first.
func (s *Service) ListSecretVersionIds(ctx context.Context, in *api.ListSecretVersionIdsInput) (*api.ListSecretVersionIdsOutput, error) {
	call := plane.FromContext(ctx)
	var at versionPosition
	sc := scope(call, in.SecretId, deref(in.IncludeDeprecated))
	if err := s.open(sc, in.NextToken, &at); err != nil {
		return nil, err
	}
	limit := int(deref(in.MaxResults))
	if limit == 0 {
		limit = maxVersionsPage
	}
	out := &api.ListSecretVersionIdsOutput{Versions: []*api.SecretVersionsListEntry{}}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		r, err := s.find(tx, &call.Caller, in.SecretId)
		if err != nil {
			return err
		}
		out.ARN, out.Name = new(secretARN(&r)), &r.ID
		out.Versions, err = versionPage(tx, *out.ARN, at, limit+1, deref(in.IncludeDeprecated))
		return err
	})
	if err != nil || len(out.Versions) <= limit {
		return out, err
	}
	out.Versions = out.Versions[:limit]
	last := out.Versions[limit-1]
	out.NextToken, err = s.seal(sc, versionPosition{store.Micros(*last.CreatedDate), *last.VersionId})
	return out, err
}

// maxVersionsPage is how many versions a page has.
const maxVersionsPage = 100

// versionPosition is the last version of a page.
type versionPosition struct {
	Created int64
	ID      string
}

// versionPage returns versions after a position, with or without those that
// have no label.
func versionPage(tx *store.Tx, secret string, at versionPosition, limit int, deprecated bool) ([]*api.SecretVersionsListEntry, error) {
	l, err := getLabels(tx, secret)
	if err != nil {
		return nil, err
	}
	page := []*api.SecretVersionsListEntry{}
	query := `select secret, id, created, accessed, kms_key, kind, null, null from secretsmanager_version
		where secret = ? and (created, id) > (?, ?) order by created, id`
	for v, err := range store.Query(tx, scanVersion, query, secret, at.Created, at.ID) {
		if err != nil {
			return nil, err
		}
		stages := l.of(v.ID)
		if stages == nil && !deprecated {
			continue
		}
		if page = append(page, shown(&v, stages)); len(page) == limit {
			break
		}
	}
	return page, nil
}

// shown is a version in a list.
func shown(v *version, stages []string) *api.SecretVersionsListEntry {
	key := v.Key
	if key == "" {
		key = "DefaultEncryptionKey"
	}
	e := &api.SecretVersionsListEntry{VersionId: &v.ID, VersionStages: stages, CreatedDate: &v.Created, KmsKeyIds: []string{key}}
	if !v.Accessed.IsZero() {
		e.LastAccessedDate = &v.Accessed
	}
	return e
}
