package cognitoidentity

import (
	"context"
	"errors"
	"slices"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/store"
)

// maxLogins is how many logins an identity may have (API reference,
// MergeDeveloperIdentities).
const maxLogins = 20

func taken() error {
	return api.NewResourceConflictException("Login is already linked to another account.")
}

// resolve returns the identity that verified logins lead to, and links the new
// ones to it. given is the identity that is asked for, "" for none. The package
// comment has the table.
func resolve(tx *store.Tx, p *pool, given string, logins []login) (string, error) {
	owner, err := ownerOf(tx, p, logins)
	if err != nil {
		return "", err
	}
	switch {
	case given == "" && owner == "":
		if owner, err = newIdentity(tx, p); err != nil {
			return "", err
		}
	case given != "" && given != owner:
		if owner, err = claim(tx, p, given, owner); err != nil {
			return "", err
		}
	}
	return owner, link(tx, p, owner, logins)
}

// ownerOf is the one identity that has some of the logins, "" for none.
func ownerOf(tx *store.Tx, p *pool, logins []login) (string, error) {
	owner := ""
	for i := range logins {
		id, err := logins[i].owner(tx, p)
		if err != nil {
			return "", err
		}
		if id != "" && owner != "" && id != owner {
			return "", taken()
		}
		if id != "" {
			owner = id
		}
	}
	return owner, nil
}

// owner is the identity that has the login, "" for none.
func (l *login) owner(tx *store.Tx, p *pool) (id string, err error) {
	if l.own() {
		i, err := getIdentity(tx, l.subject)
		if err != nil {
			return "", err
		}
		if i.pool != p.ID || i.disabled {
			return "", forbidden(i.id)
		}
		return i.id, nil
	}
	err = tx.Row("select identity from cognito_login where pool = ? and provider = ? and subject = ?", p.ID, l.provider, l.subject).Scan(&id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// claim decides about the identity given by somebody who has not proven to be
// it: a guest becomes whoever proves to be somebody. It returns whom the logins
// then belong to.
func claim(tx *store.Tx, p *pool, given, owner string) (string, error) {
	i, err := getIdentity(tx, given)
	if err != nil {
		return "", err
	}
	if i.pool != p.ID || i.disabled {
		return "", forbidden(given)
	}
	has, err := linked(tx, given)
	switch {
	case err != nil:
		return "", err
	case len(has) > 0:
		return "", mismatch()
	case owner == "":
		return given, nil
	}
	return owner, touch(tx, given, true)
}

// link gives an identity the logins that it lacks.
func link(tx *store.Tx, p *pool, id string, logins []login) error {
	has, err := linked(tx, id)
	if err != nil {
		return err
	}
	before := len(has)
	for i := range logins {
		l := &logins[i]
		if l.own() || slices.ContainsFunc(has, func(h login) bool { return h.provider == l.provider && h.subject == l.subject }) {
			continue
		}
		if l.provider != p.Developer && slices.ContainsFunc(has, func(h login) bool { return h.provider == l.provider }) {
			return taken() // another user of the provider has it
		}
		has = append(has, *l)
		if _, err := tx.Exec("insert into cognito_login (pool, provider, subject, identity) values (?, ?, ?, ?)",
			p.ID, l.provider, l.subject, id); err != nil {
			return err
		}
	}
	if len(has) == before {
		return nil
	}
	if len(has) > maxLogins {
		return api.NewLimitExceededException("An identity can have at most %d logins.", maxLogins)
	}
	return touch(tx, id, false)
}

// bearer is who asks for tokens or credentials without a signature.
type bearer struct {
	pool   *pool
	id     string
	logins []login // none for a guest
}

// amr is how the bearer was authenticated.
func (b *bearer) amr() []string {
	if len(b.logins) == 0 {
		return []string{unauthenticated}
	}
	amr := []string{authenticated}
	for i := range b.logins {
		amr = append(amr, b.logins[i].amr()...)
	}
	return amr
}

// authenticate finds out who has the identity with these logins. It is another
// one than was asked for where the logins say so. permit may refuse the pool.
func (s *Service) authenticate(ctx context.Context, id string, tokens map[string]string, permit func(*pool) error) (*bearer, error) {
	b := &bearer{id: id}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		i, err := getIdentity(tx, id)
		if err != nil {
			return err
		}
		if b.pool, err = getPool(tx, i.pool); err != nil {
			return err
		}
		if len(tokens) == 0 {
			err = b.admit(tx, i)
		}
		if err == nil {
			err = permit(b.pool)
		}
		return err
	})
	if err != nil || len(tokens) == 0 {
		return b, err
	}
	if b.logins, err = s.logins(ctx, b.pool, tokens); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		b.id, err = resolve(tx, b.pool, id, b.logins)
		return err
	})
	return b, err
}

// admit lets a guest in.
func (b *bearer) admit(tx *store.Tx, i *identity) error {
	has, err := linked(tx, i.id)
	switch {
	case err != nil:
		return err
	case i.disabled || len(has) > 0:
		return forbidden(i.id)
	case !b.pool.Guests:
		return noGuests()
	}
	return nil
}
