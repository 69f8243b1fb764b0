package cognitoidentity

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/webidentity"
)

// tagMap says which claims of a provider's tokens become tags of sessions.
type tagMap struct {
	Defaults bool              `json:",omitempty"`
	Claims   map[string]string `json:",omitempty"` // names of claims by tag
}

// defaultTags are the claims that the default mapping takes (developer guide,
// "Attributes for access control").
var defaultTags = map[string]string{"username": "sub", "client": "aud"}

// claims are the names of claims by tag.
func (m *tagMap) claims() map[string]string {
	if m.Defaults {
		return defaultTags
	}
	return m.Claims
}

// apply returns the tags that a token gives. A claim with no value, or with
// several, gives none.
func (m *tagMap) apply(t *webidentity.Token) map[string]string {
	tags := map[string]string{}
	for tag, claim := range m.claims() {
		if values := t.Texts(claim); len(values) == 1 {
			tags[tag] = values[0]
		}
	}
	return tags
}

// has reports whether the pool has a provider, by its name or its ARN.
func (p *pool) has(provider string) bool {
	_, public := p.Social[provider]
	return public || slices.ContainsFunc(p.UserPools, func(u userPool) bool { return u.Provider == provider }) ||
		slices.ContainsFunc(p.OpenID, func(a string) bool { return a == provider || oidcName(a) == provider })
}

// SetPrincipalTagAttributeMap says which claims of a provider become tags.
func (s *Service) SetPrincipalTagAttributeMap(ctx context.Context, in *api.SetPrincipalTagAttributeMapInput) (*api.SetPrincipalTagAttributeMapOutput, error) {
	m := &tagMap{Defaults: in.UseDefaults != nil && *in.UseDefaults, Claims: in.PrincipalTags}
	if m.Defaults && len(m.Claims) > 0 {
		return nil, api.NewInvalidParameterException("PrincipalTags must not be specified when UseDefaults is true.")
	}
	err := s.change(ctx, in.IdentityPoolId, func(p *pool) error {
		if !p.has(in.IdentityProviderName) {
			return api.NewInvalidParameterException("Identity provider '%s' is not configured for this identity pool.", in.IdentityProviderName)
		}
		if p.TagMaps == nil {
			p.TagMaps = map[string]*tagMap{}
		}
		p.TagMaps[in.IdentityProviderName] = m
		if !m.Defaults && len(m.Claims) == 0 {
			delete(p.TagMaps, in.IdentityProviderName)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.SetPrincipalTagAttributeMapOutput{
		IdentityPoolId: &in.IdentityPoolId, IdentityProviderName: &in.IdentityProviderName, UseDefaults: &m.Defaults, PrincipalTags: m.claims(),
	}, nil
}

// GetPrincipalTagAttributeMap tells which claims of a provider become tags.
func (s *Service) GetPrincipalTagAttributeMap(ctx context.Context, in *api.GetPrincipalTagAttributeMapInput) (*api.GetPrincipalTagAttributeMapOutput, error) {
	p, err := s.view(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	m := p.TagMaps[in.IdentityProviderName]
	if m == nil {
		m = &tagMap{}
	}
	return &api.GetPrincipalTagAttributeMapOutput{
		IdentityPoolId: &p.ID, IdentityProviderName: &in.IdentityProviderName, UseDefaults: &m.Defaults, PrincipalTags: m.claims(),
	}, nil
}
