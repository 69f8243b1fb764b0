package cognitoidentity

import (
	"context"
	"maps"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/webidentity"
)

// developerLife is how long a developer's token is valid, unless told otherwise.
const developerLife = 15 * time.Minute

// GetOpenIdTokenForDeveloperIdentity registers a user of the developer, or finds
// it, and returns a token for it. The other logins are proven by tokens.
func (s *Service) GetOpenIdTokenForDeveloperIdentity(ctx context.Context, in *api.GetOpenIdTokenForDeveloperIdentityInput) (*api.GetOpenIdTokenForDeveloperIdentityOutput, error) {
	p, err := s.view(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	user := login{provider: p.Developer, client: p.ID, subject: in.Logins[p.Developer]}
	if p.Developer == "" || user.subject == "" {
		return nil, api.NewInvalidParameterException("Please include the developer provider of the identity pool in the logins.")
	}
	tokens := maps.Clone(in.Logins)
	delete(tokens, p.Developer)
	others, err := s.logins(ctx, p, tokens)
	if err != nil {
		return nil, err
	}
	b := &bearer{pool: p, logins: append([]login{user}, others...)}
	err = s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		b.id, err = register(tx, p, deref(in.IdentityId), b.logins)
		return err
	})
	if err != nil {
		return nil, err
	}
	claims := webidentity.Claims{Pool: p.ID, Identity: b.id, AMR: b.amr(), Life: developerLife, Tags: b.tags()}
	maps.Copy(claims.Tags, in.PrincipalTags)
	if in.TokenDuration != nil {
		claims.Life = time.Duration(*in.TokenDuration) * time.Second
	}
	token, err := s.Issuer.Issue(ctx, claims)
	if err != nil {
		return nil, err
	}
	return &api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: &b.id, Token: &token}, nil
}

// register finds or makes the identity of a developer's user, the first of
// logins. The developer's word is enough to give a user any identity that no
// other user has.
func register(tx *store.Tx, p *pool, given string, logins []login) (string, error) {
	owner, err := logins[0].owner(tx, p)
	if err != nil {
		return "", err
	}
	if given == "" || given == owner {
		return resolve(tx, p, given, logins)
	}
	if owner != "" {
		return "", api.NewDeveloperUserAlreadyRegisteredException("The developer user is already registered with another identity.")
	}
	i, err := getIdentity(tx, given)
	if err != nil {
		return "", err
	}
	if i.pool != p.ID || i.disabled {
		return "", forbidden(given)
	}
	if owner, err = ownerOf(tx, p, logins); err != nil {
		return "", err
	}
	if owner != "" && owner != given {
		return "", taken()
	}
	return given, link(tx, p, given, logins)
}

// developerOf is the identity of a developer's user.
func developerOf(tx *store.Tx, p *pool, user string) (string, error) {
	l := login{provider: p.Developer, subject: user}
	id, err := l.owner(tx, p)
	if err == nil && id == "" {
		err = api.NewResourceNotFoundException("Developer user identifier '%s' not found.", user)
	}
	return id, err
}

// LookupDeveloperIdentity finds the identity of a developer's user, or the users
// of an identity, or confirms that the one has the other.
func (s *Service) LookupDeveloperIdentity(ctx context.Context, in *api.LookupDeveloperIdentityInput) (*api.LookupDeveloperIdentityOutput, error) {
	if in.IdentityId == nil && in.DeveloperUserIdentifier == nil {
		return nil, api.NewInvalidParameterException("Either IdentityId or DeveloperUserIdentifier must be specified.")
	}
	c, sc := plane.FromContext(ctx).Caller, scope(ctx, in.IdentityPoolId, deref(in.IdentityId), deref(in.DeveloperUserIdentifier))
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	var out *api.LookupDeveloperIdentityOutput
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		p, err := ownPool(tx, &c, in.IdentityPoolId)
		if err != nil {
			return err
		}
		if in.DeveloperUserIdentifier != nil {
			out, err = lookupUser(tx, p, *in.DeveloperUserIdentifier, in.IdentityId)
			return err
		}
		out, err = s.lookupUsers(tx, p, *in.IdentityId, after, in.MaxResults)
		return err
	})
	if err != nil {
		return nil, err
	}
	if n := len(out.DeveloperUserIdentifierList); n > 0 && out.NextToken != nil {
		token, err := s.Pages.Seal(sc, out.DeveloperUserIdentifierList[n-1])
		if err != nil {
			return nil, err
		}
		out.NextToken = &token
	}
	return out, nil
}

// lookupUser answers for one user, whose identity must be want unless that is
// nil.
func lookupUser(tx *store.Tx, p *pool, user string, want *string) (*api.LookupDeveloperIdentityOutput, error) {
	id, err := developerOf(tx, p, user)
	if err != nil {
		return nil, err
	}
	if want != nil && *want != id {
		return nil, api.NewResourceConflictException("The developer user identifier is not linked to the identity.")
	}
	return &api.LookupDeveloperIdentityOutput{IdentityId: &id, DeveloperUserIdentifierList: []string{user}}, nil
}

// maxPage is the most and the default of MaxResults.
const maxPage = 60

// lookupUsers answers with the users of an identity. A NextToken, empty yet,
// says that there are more.
func (s *Service) lookupUsers(tx *store.Tx, p *pool, id, after string, most *int32) (*api.LookupDeveloperIdentityOutput, error) {
	i, err := getIdentity(tx, id)
	if err != nil {
		return nil, err
	}
	if i.pool != p.ID {
		return nil, forbidden(id)
	}
	limit := maxPage
	if most != nil {
		limit = int(*most)
	}
	users, err := store.All(store.Query(tx, store.Scan1[string],
		"select subject from cognito_login where identity = ? and provider = ? and subject > ? order by subject limit ?",
		id, p.Developer, after, limit+1))
	out := &api.LookupDeveloperIdentityOutput{IdentityId: &id, DeveloperUserIdentifierList: users}
	if len(users) > limit {
		out.DeveloperUserIdentifierList, out.NextToken = users[:limit], new("")
	}
	return out, err
}

// MergeDeveloperIdentities gives all logins of one user's identity to that of
// another.
func (s *Service) MergeDeveloperIdentities(ctx context.Context, in *api.MergeDeveloperIdentitiesInput) (*api.MergeDeveloperIdentitiesOutput, error) {
	c := plane.FromContext(ctx).Caller
	var to string
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		p, err := developerPool(tx, &c, in.IdentityPoolId, in.DeveloperProviderName)
		if err != nil {
			return err
		}
		from, err := developerOf(tx, p, in.SourceUserIdentifier)
		if err != nil {
			return err
		}
		if to, err = developerOf(tx, p, in.DestinationUserIdentifier); err != nil {
			return err
		}
		if from == to {
			return nil
		}
		return merge(tx, p, from, to)
	})
	if err != nil {
		return nil, err
	}
	return &api.MergeDeveloperIdentitiesOutput{IdentityId: &to}, nil
}

// merge moves the logins of one identity to another and disables it.
func merge(tx *store.Tx, p *pool, from, to string) error {
	logins, err := linked(tx, from)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("delete from cognito_login where identity = ?", from); err != nil {
		return err
	}
	if err := link(tx, p, to, logins); err != nil {
		return err
	}
	return touch(tx, from, true)
}

// developerPool is a pool of the caller whose developer has this name.
func developerPool(tx *store.Tx, c *plane.Caller, id, developer string) (*pool, error) {
	p, err := ownPool(tx, c, id)
	if err == nil && p.Developer != developer {
		err = api.NewInvalidParameterException("Invalid developer provider name: %s", developer)
	}
	return p, err
}

// UnlinkDeveloperIdentity takes a user from an identity. An identity without
// logins is not reached any more.
func (s *Service) UnlinkDeveloperIdentity(ctx context.Context, in *api.UnlinkDeveloperIdentityInput) (*api.UnlinkDeveloperIdentityOutput, error) {
	c := plane.FromContext(ctx).Caller
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		p, err := developerPool(tx, &c, in.IdentityPoolId, in.DeveloperProviderName)
		if err != nil {
			return err
		}
		if _, err := lookupUser(tx, p, in.DeveloperUserIdentifier, &in.IdentityId); err != nil {
			return err
		}
		return unlink(tx, in.IdentityId, func(l login) bool {
			return l.provider == p.Developer && l.subject == in.DeveloperUserIdentifier
		})
	})
	if err != nil {
		return nil, err
	}
	return &api.UnlinkDeveloperIdentityOutput{}, nil
}

// UnlinkIdentity takes logins from an identity, for whom has proven one of its
// logins.
func (s *Service) UnlinkIdentity(ctx context.Context, in *api.UnlinkIdentityInput) (*api.UnlinkIdentityOutput, error) {
	var p *pool
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		i, err := getIdentity(tx, in.IdentityId)
		if err == nil {
			p, err = getPool(tx, i.pool)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	logins, err := s.logins(ctx, p, in.Logins)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		owner, err := ownerOf(tx, p, logins)
		if err != nil {
			return err
		}
		if owner != in.IdentityId {
			return mismatch()
		}
		return unlink(tx, owner, func(l login) bool { return slices.Contains(in.LoginsToRemove, l.provider) })
	})
	if err != nil {
		return nil, err
	}
	return &api.UnlinkIdentityOutput{}, nil
}

// unlink takes the logins that f picks from an identity, and disables it when
// none is left.
func unlink(tx *store.Tx, id string, f func(login) bool) error {
	has, err := linked(tx, id)
	if err != nil {
		return err
	}
	left := len(has)
	for _, l := range has {
		if !f(l) {
			continue
		}
		if _, err := tx.Exec("delete from cognito_login where identity = ? and provider = ? and subject = ?", id, l.provider, l.subject); err != nil {
			return err
		}
		left--
	}
	if left == len(has) {
		return nil
	}
	return touch(tx, id, left == 0)
}
