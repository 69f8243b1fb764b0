package secretsmanager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// attempts is how often a call begins anew because another one was quicker.
const attempts = 4

// CreateSecret makes a secret, with a first version when there is a value. A
// call that is repeated with the same token and value answers what the first
// one did.
func (s *Service) CreateSecret(ctx context.Context, in *api.CreateSecretInput) (*api.CreateSecretOutput, error) {
	tags, v, err := checkCreate(in)
	if err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	for range attempts {
		out, err := s.replay(ctx, call, in, v)
		if out != nil || err != nil {
			return out, err
		}
		if out, err = s.create(ctx, call, in, v, tags); !errors.Is(err, errTaken) {
			return out, err
		}
	}
	return nil, fmt.Errorf("create secret %q: it comes and goes", in.Name)
}

func checkCreate(in *api.CreateSecretInput) (map[string]string, *value, error) {
	switch {
	case !namePattern.MatchString(in.Name):
		return nil, nil, invalidName()
	case len(in.AddReplicaRegions) > 0:
		return nil, nil, notImplemented("replication to other regions")
	case deref(in.Type) != "":
		return nil, nil, notImplemented("external secrets of partners")
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, nil, err
	}
	v, err := newValue(in.SecretString, in.SecretBinary)
	if err == nil && v != nil {
		err = needToken(in.ClientRequestToken)
	}
	return tags, v, err
}

// replay answers a CreateSecret whose name is taken already: what the first
// call answered when this is its repetition, and an error else. It returns
// nothing when the name is free.
func (s *Service) replay(ctx context.Context, call *plane.Call, in *api.CreateSecretInput, v *value) (*api.CreateSecretOutput, error) {
	var r record
	var old version
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		r, err = s.secrets.Get(tx, store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: in.Name})
		if err != nil || v == nil {
			return err
		}
		old, err = getVersion(tx, secretARN(&r), *in.ClientRequestToken)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil && !awserr.Is(err, api.ErrResourceNotFoundException):
		return nil, err
	case !r.Doc.Deletion.IsZero():
		return nil, api.NewInvalidRequestException("You can't create this secret because a secret with this name is already scheduled for deletion.")
	case err != nil || v == nil:
		return nil, api.NewResourceExistsException("The operation failed because the secret %s already exists.", in.Name)
	}
	if err := s.same(ctx, call, &old, v); err != nil {
		return nil, err
	}
	return &api.CreateSecretOutput{ARN: &old.Secret, Name: &in.Name, VersionId: &old.ID}, nil
}

// same refuses another value for a version that is there.
func (s *Service) same(ctx context.Context, call *plane.Call, old *version, v *value) error {
	was, err := s.decrypt(ctx, call, old)
	if err != nil {
		return err
	}
	if !was.equal(v) {
		return tokenTaken(old.ID, old.Secret)
	}
	return nil
}

// create stores a new secret, or returns errTaken.
func (s *Service) create(
	ctx context.Context, call *plane.Call, in *api.CreateSecretInput, v *value, tags map[string]string,
) (*api.CreateSecretOutput, error) {
	suffix, err := s.characters(suffixAlphabet, suffixLength)
	if err != nil {
		return nil, err
	}
	r := record{
		Key: store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: in.Name},
		Doc: secret{Suffix: suffix, Description: deref(in.Description), Key: deref(in.KmsKeyId), Tagged: len(tags) > 0},
	}
	out := &api.CreateSecretOutput{ARN: new(secretARN(&r)), Name: &in.Name}
	var first *version
	if v != nil {
		out.VersionId = in.ClientRequestToken
		if first, err = s.encrypt(ctx, call, &r, r.Doc.Key, *out.VersionId, v); err != nil {
			return nil, err
		}
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error { return s.insert(tx, r, first, tags) })
	return out, err
}

// insert adds a secret, its tags and its first version, if it has one.
func (s *Service) insert(tx *store.Tx, r record, first *version, tags map[string]string) error {
	r.Doc.Changed = tx.Now()
	if _, err := s.secrets.Create(tx, r.Key, r.Doc); err != nil {
		if errors.Is(err, store.ErrExists) {
			return errTaken
		}
		return err
	}
	if first != nil {
		if err := s.add(tx, &r, first, nil); err != nil {
			return err
		}
	}
	return s.secrets.SetTags(tx, r.Key, tags)
}

// PutSecretValue adds a version to a secret. A call that is repeated with the
// same token and value changes nothing.
func (s *Service) PutSecretValue(ctx context.Context, in *api.PutSecretValueInput) (*api.PutSecretValueOutput, error) {
	v, err := newValue(in.SecretString, in.SecretBinary)
	switch {
	case err != nil:
		return nil, err
	case in.RotationToken != nil:
		return nil, notImplemented("rotation")
	case v == nil:
		return nil, api.NewInvalidRequestException("You must provide either SecretString or SecretBinary.")
	}
	if err := needToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	for range attempts {
		out, err := s.putValue(ctx, call, in, v)
		if !errors.Is(err, errTaken) {
			return out, err
		}
	}
	return nil, fmt.Errorf("put a version of %q: it comes and goes", in.SecretId)
}

// putValue adds the version unless it is there; errTaken when somebody else
// added it meanwhile.
func (s *Service) putValue(ctx context.Context, call *plane.Call, in *api.PutSecretValueInput, v *value) (*api.PutSecretValueOutput, error) {
	p, err := s.prior(ctx, call, in.SecretId, *in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	out := &api.PutSecretValueOutput{ARN: new(secretARN(&p.record)), Name: &p.record.ID, VersionId: in.ClientRequestToken}
	if p.taken != nil {
		out.VersionStages = p.labels.of(p.taken.ID)
		return out, s.same(ctx, call, p.taken, v)
	}
	next, err := s.encrypt(ctx, call, &p.record, p.record.Doc.Key, *out.VersionId, v)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		r, err := s.again(tx, &p.record)
		if err != nil {
			return err
		}
		if err := s.add(tx, &r, next, in.VersionStages); err != nil {
			return err
		}
		now, err := getLabels(tx, next.Secret)
		if err != nil {
			return err
		}
		out.VersionStages = now.of(next.ID)
		return s.secrets.Put(tx, &r)
	})
	return out, err
}

// prior is what is there before a version is added.
type prior struct {
	record record
	labels labels
	taken  *version  // has the id that the new version is to have
	staged []version // those with one of the labels that AWS gives
}

// prior reads a live secret, and whether it has a version with an id.
func (s *Service) prior(ctx context.Context, call *plane.Call, secretID, id string) (*prior, error) {
	p := &prior{}
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		if p.record, err = s.findLive(tx, &call.Caller, secretID); err != nil {
			return err
		}
		name := secretARN(&p.record)
		if p.labels, err = getLabels(tx, name); err != nil {
			return err
		}
		v, err := getVersion(tx, name, id)
		switch {
		case err == nil:
			p.taken = &v
		case !awserr.Is(err, api.ErrResourceNotFoundException):
			return err
		}
		p.staged, err = stagedVersions(tx, name, p.labels)
		return err
	})
	return p, err
}

// stagedVersions are the versions that follow their secret to a new KMS key.
func stagedVersions(tx *store.Tx, secret string, l labels) ([]version, error) {
	var all []version
	var ids []string
	for _, label := range []string{labelCurrent, labelPending, labelPrevious} {
		id := l[label]
		if id == "" || slices.Contains(ids, id) {
			continue
		}
		v, err := getVersion(tx, secret, id)
		if err != nil {
			return nil, err
		}
		all, ids = append(all, v), append(ids, id)
	}
	return all, nil
}
