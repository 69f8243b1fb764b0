package cognitoidentity

import (
	"context"
	"errors"
	"time"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// identity is one identity of a pool.
type identity struct {
	id, pool          string
	created, modified time.Time
	disabled          bool
}

const identityColumns = "select id, pool, created, modified, disabled from cognito_identity "

func scanIdentity(r store.Row) (*identity, error) {
	var (
		i                 identity
		created, modified int64
		disabled          int
	)
	if err := r.Scan(&i.id, &i.pool, &created, &modified, &disabled); err != nil {
		return nil, err
	}
	i.created, i.modified, i.disabled = store.FromMicros(created), store.FromMicros(modified), disabled != 0
	return &i, nil
}

func getIdentity(tx *store.Tx, id string) (*identity, error) {
	i, err := scanIdentity(tx.Row(identityColumns+"where id = ?", id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noIdentity(id)
	}
	return i, err
}

// ownIdentity reads an identity of one of the caller's pools, in the region that
// the call went to.
func ownIdentity(tx *store.Tx, c *plane.Caller, id string) (*identity, error) {
	i, err := getIdentity(tx, id)
	if err != nil {
		return nil, err
	}
	p, err := getPool(tx, i.pool)
	switch {
	case err != nil:
		return nil, err
	case p.Account != c.Account:
		return nil, forbidden(id)
	case p.Region != c.Region:
		return nil, noIdentity(id)
	}
	return i, nil
}

// newIdentity makes an identity of a pool, a guest until it has a login.
func newIdentity(tx *store.Tx, p *pool) (string, error) {
	id, now := newID(p.Region), store.Micros(tx.Now())
	_, err := tx.Exec("insert into cognito_identity (id, pool, created, modified, disabled) values (?, ?, ?, ?, 0)", id, p.ID, now, now)
	return id, err
}

// touch notes that an identity has changed.
func touch(tx *store.Tx, id string, disabled bool) error {
	flag := 0
	if disabled {
		flag = 1
	}
	_, err := tx.Exec("update cognito_identity set modified = ?, disabled = ? where id = ?", store.Micros(tx.Now()), flag, id)
	return err
}

// linked are the logins of an identity, ordered by provider and subject.
func linked(tx *store.Tx, id string) ([]login, error) {
	return store.All(store.Query(tx, func(r store.Row) (l login, err error) {
		err = r.Scan(&l.provider, &l.subject)
		return l, err
	}, "select provider, subject from cognito_login where identity = ? order by provider, subject", id))
}

// description is the identity as the API shows it.
func (i *identity) description(tx *store.Tx) (*api.IdentityDescription, error) {
	d := &api.IdentityDescription{IdentityId: &i.id, CreationDate: &i.created, LastModifiedDate: &i.modified}
	logins, err := linked(tx, i.id)
	for n, l := range logins {
		if n == 0 || l.provider != logins[n-1].provider {
			d.Logins = append(d.Logins, l.provider)
		}
	}
	return d, err
}

// DescribeIdentity returns an identity with the providers of its logins.
func (s *Service) DescribeIdentity(ctx context.Context, in *api.DescribeIdentityInput) (*api.DescribeIdentityOutput, error) {
	c := plane.FromContext(ctx).Caller
	var out api.DescribeIdentityOutput
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		i, err := ownIdentity(tx, &c, in.IdentityId)
		if err != nil {
			return err
		}
		d, err := i.description(tx)
		if err == nil {
			out = api.DescribeIdentityOutput(*d)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// ListIdentities lists the identities of a pool.
func (s *Service) ListIdentities(ctx context.Context, in *api.ListIdentitiesInput) (*api.ListIdentitiesOutput, error) {
	hide := in.HideDisabled != nil && *in.HideDisabled
	c, sc := plane.FromContext(ctx).Caller, scope(ctx, in.IdentityPoolId, hide)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	query := identityColumns + "where pool = ? and id > ? order by id limit ?"
	if hide {
		query = identityColumns + "where pool = ? and id > ? and disabled = 0 order by id limit ?"
	}
	out := &api.ListIdentitiesOutput{IdentityPoolId: &in.IdentityPoolId, Identities: []*api.IdentityDescription{}}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		if _, err := ownPool(tx, &c, in.IdentityPoolId); err != nil {
			return err
		}
		list, err := store.All(store.Query(tx, scanIdentity, query, in.IdentityPoolId, after, in.MaxResults+1))
		if err != nil {
			return err
		}
		list, out.NextToken, err = cut(s, sc, list, in.MaxResults, func(i *identity) string { return i.id })
		if err != nil {
			return err
		}
		for _, i := range list {
			d, err := i.description(tx)
			if err != nil {
				return err
			}
			out.Identities = append(out.Identities, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteIdentities removes identities with their logins. Those of other accounts
// and regions are answered as unprocessed; those that do not exist are gone.
func (s *Service) DeleteIdentities(ctx context.Context, in *api.DeleteIdentitiesInput) (*api.DeleteIdentitiesOutput, error) {
	c := plane.FromContext(ctx).Caller
	var out *api.DeleteIdentitiesOutput
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		out = &api.DeleteIdentitiesOutput{UnprocessedIdentityIds: []*api.UnprocessedIdentityId{}}
		for _, id := range in.IdentityIdsToDelete {
			_, err := ownIdentity(tx, &c, id)
			switch {
			case is(err, api.ErrResourceNotFoundException):
				continue
			case is(err, api.ErrNotAuthorizedException):
				out.UnprocessedIdentityIds = append(out.UnprocessedIdentityIds,
					&api.UnprocessedIdentityId{IdentityId: &id, ErrorCode: new(api.ErrorCodeAccessDenied)})
				continue
			case err != nil:
				return err
			}
			if _, err := tx.Exec("delete from cognito_login where identity = ?", id); err != nil {
				return err
			}
			if _, err := tx.Exec("delete from cognito_identity where id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
