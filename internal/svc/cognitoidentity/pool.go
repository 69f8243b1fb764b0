package cognitoidentity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// pool is an identity pool.
type pool struct {
	ID      string `json:"-"`
	Account string `json:"-"`
	Region  string `json:"-"`

	settings
	Tags     map[string]string       `json:",omitempty"`
	Roles    map[string]string       `json:",omitempty"` // ARNs by "authenticated" and "unauthenticated"
	Mappings map[string]*roleMapping `json:",omitempty"` // by provider
	TagMaps  map[string]*tagMap      `json:",omitempty"` // by provider
}

// settings are what an update of a pool replaces.
type settings struct {
	Name      string
	Guests    bool              `json:",omitempty"` // AllowUnauthenticatedIdentities
	Classic   *bool             `json:",omitempty"` // AllowClassicFlow
	Social    map[string]string `json:",omitempty"` // SupportedLoginProviders: application ids by provider
	Developer string            `json:",omitempty"` // DeveloperProviderName
	OpenID    []string          `json:",omitempty"` // ARNs of OpenID Connect providers
	UserPools []userPool        `json:",omitempty"`
}

// userPool is a client of a Cognito user pool.
type userPool struct {
	Provider string // "cognito-idp.REGION.amazonaws.com/ID"
	Client   string
	Check    *bool `json:",omitempty"` // ServerSideTokenCheck
}

// poolARN names a pool.
func poolARN(region, account, id string) string {
	return "arn:aws:cognito-identity:" + region + ":" + account + ":identitypool/" + id
}

// newID makes the id of a pool or an identity.
func newID(region string) string { return region + ":" + uuid.NewString() }

const poolColumns = "select id, account, region, doc from cognito_pool "

func scanPool(r store.Row) (*pool, error) {
	var (
		p   pool
		doc string
	)
	if err := r.Scan(&p.ID, &p.Account, &p.Region, &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), &p); err != nil {
		return nil, fmt.Errorf("identity pool %s: %w", p.ID, err)
	}
	return &p, nil
}

// getPool reads any account's pool.
func getPool(tx *store.Tx, id string) (*pool, error) {
	p, err := scanPool(tx.Row(poolColumns+"where id = ?", id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noPool(id)
	}
	return p, err
}

// ownPool reads a pool of the caller, in the region that the call went to.
func ownPool(tx *store.Tx, c *plane.Caller, id string) (*pool, error) {
	p, err := getPool(tx, id)
	switch {
	case err != nil:
		return nil, err
	case p.Account != c.Account:
		return nil, foreignPool(id)
	case p.Region != c.Region:
		return nil, noPool(id)
	}
	return p, nil
}

// put writes the pool, which exists.
func (p *pool) put(tx *store.Tx) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.Exec("update cognito_pool set doc = ? where id = ?", string(doc), p.ID)
	return err
}

func (p *pool) insert(tx *store.Tx) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into cognito_pool (id, account, region, doc) values (?, ?, ?, ?)", p.ID, p.Account, p.Region, string(doc))
	return err
}

// maxPools is how many pools an account may have in a region (quotas of
// identity pools, after an increase).
const maxPools = 1000

// CreateIdentityPool makes a pool. Names need not be unique.
func (s *Service) CreateIdentityPool(ctx context.Context, in *api.CreateIdentityPoolInput) (*api.CreateIdentityPoolOutput, error) {
	c := plane.FromContext(ctx).Caller
	p := &pool{
		ID: newID(c.Region), Account: c.Account, Region: c.Region, Tags: in.IdentityPoolTags,
		settings: settings{
			Name: in.IdentityPoolName, Guests: in.AllowUnauthenticatedIdentities, Classic: in.AllowClassicFlow,
			Social: in.SupportedLoginProviders, Developer: deref(in.DeveloperProviderName),
			OpenID: in.OpenIdConnectProviderARNs, UserPools: userPools(in.CognitoIdentityProviders),
		},
	}
	if err := p.check(in.SamlProviderARNs); err != nil {
		return nil, err
	}
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		var n int
		if err := tx.Row("select count(*) from cognito_pool where account = ? and region = ?", p.Account, p.Region).Scan(&n); err != nil {
			return err
		}
		if n >= maxPools {
			return api.NewLimitExceededException("Identity pool limit exceeded: %d", maxPools)
		}
		return p.insert(tx)
	})
	if err != nil {
		return nil, err
	}
	out := api.CreateIdentityPoolOutput(p.description())
	return &out, nil
}

// UpdateIdentityPool replaces the settings of a pool: what is left out is taken
// away. Tags and the developer's name, which cannot change, stay when left out.
func (s *Service) UpdateIdentityPool(ctx context.Context, in *api.UpdateIdentityPoolInput) (*api.UpdateIdentityPoolOutput, error) {
	c := plane.FromContext(ctx).Caller
	var p *pool
	err := s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if p, err = ownPool(tx, &c, in.IdentityPoolId); err != nil {
			return err
		}
		developer := deref(in.DeveloperProviderName)
		if p.Developer != "" && developer != "" && developer != p.Developer {
			return api.NewInvalidParameterException("The developer provider name of an identity pool cannot be changed.")
		}
		if developer == "" {
			developer = p.Developer
		}
		if in.IdentityPoolTags != nil {
			p.Tags = in.IdentityPoolTags
		}
		p.settings = settings{
			Name: in.IdentityPoolName, Guests: in.AllowUnauthenticatedIdentities, Classic: in.AllowClassicFlow,
			Social: in.SupportedLoginProviders, Developer: developer,
			OpenID: in.OpenIdConnectProviderARNs, UserPools: userPools(in.CognitoIdentityProviders),
		}
		if err := p.check(in.SamlProviderARNs); err != nil {
			return err
		}
		return p.put(tx)
	})
	if err != nil {
		return nil, err
	}
	out := api.UpdateIdentityPoolOutput(p.description())
	return &out, nil
}

// DescribeIdentityPool returns a pool.
func (s *Service) DescribeIdentityPool(ctx context.Context, in *api.DescribeIdentityPoolInput) (*api.DescribeIdentityPoolOutput, error) {
	p, err := s.view(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	out := p.description()
	return &out, nil
}

// view reads a pool of the caller.
func (s *Service) view(ctx context.Context, id string) (p *pool, err error) {
	c := plane.FromContext(ctx).Caller
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = ownPool(tx, &c, id)
		return err
	})
	return p, err
}

// change reads a pool of the caller, changes and writes it.
func (s *Service) change(ctx context.Context, id string, f func(*pool) error) error {
	c := plane.FromContext(ctx).Caller
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		p, err := ownPool(tx, &c, id)
		if err != nil {
			return err
		}
		if err := f(p); err != nil {
			return err
		}
		return p.put(tx)
	})
}

// DeleteIdentityPool removes a pool with its identities.
func (s *Service) DeleteIdentityPool(ctx context.Context, in *api.DeleteIdentityPoolInput) (*api.DeleteIdentityPoolOutput, error) {
	c := plane.FromContext(ctx).Caller
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		if _, err := ownPool(tx, &c, in.IdentityPoolId); err != nil {
			return err
		}
		for _, query := range []string{
			"delete from cognito_login where pool = ?", "delete from cognito_identity where pool = ?", "delete from cognito_pool where id = ?",
		} {
			if _, err := tx.Exec(query, in.IdentityPoolId); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteIdentityPoolOutput{}, nil
}

// ListIdentityPools lists the pools of the account in the region.
func (s *Service) ListIdentityPools(ctx context.Context, in *api.ListIdentityPoolsInput) (*api.ListIdentityPoolsOutput, error) {
	c, sc := plane.FromContext(ctx).Caller, scope(ctx)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	var list []*pool
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(store.Query(tx, scanPool,
			poolColumns+"where account = ? and region = ? and id > ? order by id limit ?", c.Account, c.Region, after, in.MaxResults+1))
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListIdentityPoolsOutput{IdentityPools: []*api.IdentityPoolShortDescription{}}
	list, out.NextToken, err = cut(s, sc, list, in.MaxResults, func(p *pool) string { return p.ID })
	for _, p := range list {
		out.IdentityPools = append(out.IdentityPools, &api.IdentityPoolShortDescription{IdentityPoolId: &p.ID, IdentityPoolName: &p.Name})
	}
	return out, err
}

// description is the pool as the API shows it.
func (p *pool) description() api.DescribeIdentityPoolOutput {
	out := api.DescribeIdentityPoolOutput{
		IdentityPoolId: p.ID, IdentityPoolName: p.Name, AllowUnauthenticatedIdentities: p.Guests, AllowClassicFlow: p.Classic,
		SupportedLoginProviders: p.Social, OpenIdConnectProviderARNs: p.OpenID, IdentityPoolTags: p.Tags,
	}
	if p.Developer != "" {
		out.DeveloperProviderName = &p.Developer
	}
	for _, u := range p.UserPools {
		out.CognitoIdentityProviders = append(out.CognitoIdentityProviders,
			&api.CognitoIdentityProvider{ProviderName: &u.Provider, ClientId: &u.Client, ServerSideTokenCheck: u.Check})
	}
	return out
}

func userPools(list []*api.CognitoIdentityProvider) []userPool {
	var pools []userPool
	for _, u := range list {
		pools = append(pools, userPool{Provider: deref(u.ProviderName), Client: deref(u.ClientId), Check: u.ServerSideTokenCheck})
	}
	return pools
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
