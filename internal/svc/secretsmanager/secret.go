package secretsmanager

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// secret is what is kept of a secret besides its versions. Its key's ID is its
// name.
type secret struct {
	Suffix      string    // the last six characters of the ARN
	Description string    `json:",omitempty"`
	Key         string    `json:",omitempty"` // KMS key as callers name it; "" is aws/secretsmanager
	Policy      string    `json:",omitempty"` // resource policy
	Tagged      bool      `json:",omitempty"` // it has, or has had, tags
	Changed     time.Time // UTC
	Accessed    time.Time `json:",omitzero"` // the day of the last read
	Deletion    time.Time `json:",omitzero"` // when the recovery window ends; zero while the secret is alive
}

// record is a secret in the database.
type record = store.Record[secret]

// secretARN is the ARN of a secret.
func secretARN(r *record) string { return nameARN(r.Key) + "-" + r.Doc.Suffix }

// nameARN is a secret's ARN without its suffix.
func nameARN(k store.Key) string {
	return arn.ARN{
		Partition: arn.Partition(k.Region), Service: "secretsmanager", Region: k.Region, Account: k.Account, Resource: "secret:" + k.ID,
	}.String()
}

// suffixLength is how many random characters end an ARN.
const suffixLength = 6

// namePattern is what AWS's message says of names (CreateSecret, Name).
var namePattern = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)

// find returns the secret that a SecretId names: by its name, its ARN, or its
// ARN without the suffix, which counts in the caller's own account alone.
func (s *Service) find(tx *store.Tx, c *plane.Caller, id string) (record, error) {
	k := store.Key{Account: c.Account, Region: c.Region, ID: id}
	if !arn.Is(id) {
		if !namePattern.MatchString(id) {
			return record{}, invalidName()
		}
		return s.load(tx, k)
	}
	a, name, err := splitARN(id)
	if err != nil {
		return record{}, err
	}
	if a.Region != c.Region {
		return record{}, noSecret()
	}
	r, err := s.exact(tx, a, name)
	if a.Account != c.Account || !errors.Is(err, store.ErrNotFound) {
		return r, found(err)
	}
	k.ID = name
	return s.load(tx, k)
}

// splitARN takes the ARN of a secret apart. The name has its suffix still, if
// it had one.
func splitARN(text string) (a arn.ARN, name string, err error) {
	a, err = arn.Parse(text)
	name, ok := strings.CutPrefix(a.Resource, "secret:")
	if err != nil || !ok || a.Service != "secretsmanager" || a.Account == "" || !namePattern.MatchString(name) {
		return a, "", invalidName()
	}
	return a, name, nil
}

// exact returns the secret with the whole ARN, or store.ErrNotFound.
func (s *Service) exact(tx *store.Tx, a arn.ARN, name string) (record, error) {
	short, suffix, ok := cutSuffix(name)
	if !ok {
		return record{}, store.ErrNotFound
	}
	r, err := s.secrets.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: short})
	if err == nil && r.Doc.Suffix != suffix {
		return record{}, store.ErrNotFound
	}
	return r, err
}

// cutSuffix parts the name of a secret from the suffix that its ARN has.
func cutSuffix(name string) (short, suffix string, ok bool) {
	n := len(name) - suffixLength - 1
	if n < 1 || name[n] != '-' {
		return "", "", false
	}
	return name[:n], name[n+1:], true
}

func (s *Service) load(tx *store.Tx, k store.Key) (record, error) {
	r, err := s.secrets.Get(tx, k)
	return r, found(err)
}

// found makes AWS's answer of a secret that is not there.
func found(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noSecret()
	}
	return err
}

// findLive returns a secret that is not scheduled for deletion.
func (s *Service) findLive(tx *store.Tx, c *plane.Caller, id string) (record, error) {
	r, err := s.find(tx, c, id)
	if err == nil && !r.Doc.Deletion.IsZero() {
		return r, markedDeleted()
	}
	return r, err
}

// again reads a live secret once more, which must be the same one: not another
// that has taken its name.
func (s *Service) again(tx *store.Tx, was *record) (record, error) {
	r, err := s.load(tx, was.Key)
	switch {
	case err != nil:
		return r, err
	case r.Doc.Suffix != was.Doc.Suffix:
		return r, noSecret()
	case !r.Doc.Deletion.IsZero():
		return r, markedDeleted()
	}
	return r, nil
}

// change runs f on a live secret and stores what f made of it.
func (s *Service) change(ctx context.Context, id string, f func(*store.Tx, *record) error) (r record, err error) {
	call := plane.FromContext(ctx)
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		if r, err = s.findLive(tx, &call.Caller, id); err != nil {
			return err
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		r.Doc.Changed = tx.Now()
		return s.secrets.Put(tx, &r)
	})
	return r, err
}
