package cognitoidentity

import (
	"context"
	"maps"
	"time"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/webidentity"
)

// tokenLife is how long a token of GetOpenIdToken is valid (API reference).
const tokenLife = 10 * time.Minute

// GetId returns the identity of the bearer of logins, or makes one; without
// logins it makes a guest, if the pool has guests.
func (s *Service) GetId(ctx context.Context, in *api.GetIdInput) (*api.GetIdOutput, error) { //nolint:revive // the operation's name
	var p *pool
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = getPool(tx, in.IdentityPoolId)
		return err
	})
	if err != nil {
		return nil, err
	}
	if in.AccountId != nil && *in.AccountId != p.Account {
		return nil, foreignPool(p.ID)
	}
	if len(in.Logins) == 0 {
		if err := s.mayMakeGuest(ctx, p); err != nil {
			return nil, err
		}
	}
	logins, err := s.logins(ctx, p, in.Logins)
	if err != nil {
		return nil, err
	}
	var id string
	err = s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if _, err = getPool(tx, p.ID); err != nil {
			return err // deleted meanwhile
		}
		id, err = resolve(tx, p, "", logins)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.GetIdOutput{IdentityId: &id}, nil
}

// GetOpenIdToken returns a token for STS, in pools that permit the basic flow.
func (s *Service) GetOpenIdToken(ctx context.Context, in *api.GetOpenIdTokenInput) (*api.GetOpenIdTokenOutput, error) {
	b, err := s.authenticate(ctx, in.IdentityId, in.Logins, func(p *pool) error {
		if p.Classic == nil || !*p.Classic {
			return api.NewInvalidParameterException("Basic (classic) flow is not enabled, please use enhanced flow.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	token, err := s.token(ctx, b)
	if err != nil {
		return nil, err
	}
	return &api.GetOpenIdTokenOutput{IdentityId: &b.id, Token: &token}, nil
}

// token is a token of the bearer.
func (s *Service) token(ctx context.Context, b *bearer) (string, error) {
	return s.Issuer.Issue(ctx, webidentity.Claims{Pool: b.pool.ID, Identity: b.id, AMR: b.amr(), Life: tokenLife, Tags: b.tags()})
}

// tags are the session tags that the pool makes of claims, and those in a token
// of this service.
func (b *bearer) tags() map[string]string {
	tags := map[string]string{}
	for i := range b.logins {
		l := &b.logins[i]
		if l.own() {
			maps.Copy(tags, l.token.Tags)
			continue
		}
		for _, name := range []string{l.provider, l.arn} {
			if m := b.pool.TagMaps[name]; m != nil && name != "" {
				maps.Copy(tags, m.apply(&l.token))
				break
			}
		}
	}
	return tags
}
