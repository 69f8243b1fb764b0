package secretsmanager

import (
	"bytes"
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// UpdateSecret changes a secret's description, KMS key and value. A new key
// takes the versions with it that are AWSCURRENT, AWSPENDING or AWSPREVIOUS.
func (s *Service) UpdateSecret(ctx context.Context, in *api.UpdateSecretInput) (*api.UpdateSecretOutput, error) {
	v, err := newValue(in.SecretString, in.SecretBinary)
	if err != nil {
		return nil, err
	}
	if deref(in.Type) != "" {
		return nil, notImplemented("external secrets of partners")
	}
	if v != nil {
		if err := needToken(in.ClientRequestToken); err != nil {
			return nil, err
		}
	}
	call := plane.FromContext(ctx)
	p, err := s.prior(ctx, call, in.SecretId, deref(in.ClientRequestToken))
	if err != nil {
		return nil, err
	}
	out := &api.UpdateSecretOutput{ARN: new(secretARN(&p.record)), Name: &p.record.ID}
	u := update{description: in.Description, key: in.KmsKeyId}
	if v != nil {
		if p.taken != nil {
			return nil, tokenTaken(p.taken.ID, p.taken.Secret)
		}
		out.VersionId = in.ClientRequestToken
	}
	if err := s.prepare(ctx, call, p, &u, deref(in.ClientRequestToken), v); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error { return s.apply(tx, &p.record, &u) })
	if errors.Is(err, errTaken) {
		return nil, tokenTaken(*in.ClientRequestToken, *out.ARN)
	}
	return out, err
}

// update is what is to become of a secret.
type update struct {
	description *string
	key         *string
	next        *version // nil for no new value
	moved       []moved
}

// moved is a version whose data key is encrypted under another key.
type moved struct {
	version version
	wrapped []byte
}

// prepare asks KMS for what an update needs.
func (s *Service) prepare(ctx context.Context, call *plane.Call, p *prior, u *update, id string, v *value) (err error) {
	key := p.record.Doc.Key
	if u.key != nil && *u.key != key {
		key = *u.key
		for _, old := range p.staged {
			wrapped, err := s.rewrap(ctx, call, &p.record, key, &old)
			if err != nil {
				return err
			}
			if wrapped != nil {
				u.moved = append(u.moved, moved{old, wrapped})
			}
		}
	}
	if v != nil {
		u.next, err = s.encrypt(ctx, call, &p.record, key, id, v)
	}
	return err
}

// apply stores an update.
func (s *Service) apply(tx *store.Tx, was *record, u *update) error {
	r, err := s.again(tx, was)
	if err != nil {
		return err
	}
	if u.description != nil {
		r.Doc.Description = *u.description
	}
	if u.key != nil {
		r.Doc.Key = *u.key
	}
	for i := range u.moved {
		if err := u.moved[i].store(tx, r.Doc.Key); err != nil {
			return err
		}
	}
	r.Doc.Changed = tx.Now()
	if u.next != nil {
		if err := s.add(tx, &r, u.next, nil); err != nil {
			return err
		}
	}
	return s.secrets.Put(tx, &r)
}

// store writes the data key over the one it was made of. If somebody else has
// replaced that one meanwhile, theirs stays.
func (m *moved) store(tx *store.Tx, key string) error {
	now, err := getVersion(tx, m.version.Secret, m.version.ID)
	if err != nil || !bytes.Equal(now.Envelope.Wrapped, m.version.Envelope.Wrapped) {
		return nil //nolint:nilerr // it has been removed; a failed statement fails the transaction by itself
	}
	_, err = tx.Exec("update secretsmanager_version set wrapped = ?, kms_key = ? where secret = ? and id = ?",
		m.wrapped, key, m.version.Secret, m.version.ID)
	return err
}
