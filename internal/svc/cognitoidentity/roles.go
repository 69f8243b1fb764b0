package cognitoidentity

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/webidentity"
)

// The kinds of role of a pool.
const (
	authenticated   = "authenticated"
	unauthenticated = "unauthenticated"
)

// roleMapping says which role a user of one provider has.
type roleMapping struct {
	Type      api.RoleMappingType
	Ambiguous api.AmbiguousRoleResolutionType
	Rules     []roleRule `json:",omitempty"`
}

// roleRule gives a role to whose claim matches.
type roleRule struct {
	Claim string
	Match api.MappingRuleMatchType
	Value string
	Role  string // ARN
}

// maxRules is how many rules a provider may have (developer guide, "Using
// rule-based mapping to assign roles to users").
const maxRules = 25

// SetIdentityPoolRoles replaces the roles and the role mappings of a pool.
func (s *Service) SetIdentityPoolRoles(ctx context.Context, in *api.SetIdentityPoolRolesInput) (*api.SetIdentityPoolRolesOutput, error) {
	account := plane.FromContext(ctx).Caller.Account
	for _, role := range in.Roles {
		if err := checkRole(account, role); err != nil {
			return nil, err
		}
	}
	mappings := make(map[string]*roleMapping, len(in.RoleMappings))
	for name, m := range in.RoleMappings {
		mapping, err := newMapping(account, name, m)
		if err != nil {
			return nil, err
		}
		mappings[name] = mapping
	}
	err := s.change(ctx, in.IdentityPoolId, func(p *pool) error {
		p.Roles, p.Mappings = in.Roles, mappings
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.SetIdentityPoolRolesOutput{}, nil
}

// newMapping checks a role mapping.
func newMapping(account, provider string, in *api.RoleMapping) (*roleMapping, error) {
	m := &roleMapping{Type: in.Type}
	if in.AmbiguousRoleResolution == nil {
		return nil, api.NewInvalidParameterException("AmbiguousRoleResolution is required for the role mapping of %s.", provider)
	}
	m.Ambiguous = *in.AmbiguousRoleResolution
	if in.Type == api.RoleMappingTypeToken {
		if in.RulesConfiguration != nil {
			return nil, api.NewInvalidParameterException("RulesConfiguration must not be specified for the role mapping type Token.")
		}
		return m, nil
	}
	if in.RulesConfiguration == nil {
		return nil, api.NewInvalidParameterException("RulesConfiguration is required for the role mapping type Rules.")
	}
	if n := len(in.RulesConfiguration.Rules); n > maxRules {
		return nil, api.NewInvalidParameterException("A role mapping can have at most %d rules, not %d.", maxRules, n)
	}
	for _, r := range in.RulesConfiguration.Rules {
		if err := checkRole(account, r.RoleARN); err != nil {
			return nil, err
		}
		m.Rules = append(m.Rules, roleRule{Claim: r.Claim, Match: r.MatchType, Value: r.Value, Role: r.RoleARN})
	}
	return m, nil
}

// GetIdentityPoolRoles returns the roles and the role mappings of a pool.
func (s *Service) GetIdentityPoolRoles(ctx context.Context, in *api.GetIdentityPoolRolesInput) (*api.GetIdentityPoolRolesOutput, error) {
	p, err := s.view(ctx, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	out := &api.GetIdentityPoolRolesOutput{IdentityPoolId: &p.ID, Roles: p.Roles}
	for name, m := range p.Mappings {
		if out.RoleMappings == nil {
			out.RoleMappings = map[string]*api.RoleMapping{}
		}
		out.RoleMappings[name] = m.shape()
	}
	return out, nil
}

func (m *roleMapping) shape() *api.RoleMapping {
	out := &api.RoleMapping{Type: m.Type, AmbiguousRoleResolution: &m.Ambiguous}
	if m.Type != api.RoleMappingTypeRules {
		return out
	}
	out.RulesConfiguration = &api.RulesConfigurationType{}
	for _, r := range m.Rules {
		out.RulesConfiguration.Rules = append(out.RulesConfiguration.Rules,
			&api.MappingRule{Claim: r.Claim, MatchType: r.Match, Value: r.Value, RoleARN: r.Role})
	}
	return out
}

func badConfiguration() error {
	return api.NewInvalidIdentityPoolConfigurationException("Invalid identity pool configuration. Check assigned IAM roles for this pool.")
}

// role chooses the role of an identity (developer guide, "Using role-based
// access control"): that of guests, or by the mapping of the provider that it
// has logged in with, or that of users. custom is the role that was asked for,
// "" for none.
func (p *pool) role(identity string, logins []login, custom string) (string, error) {
	kind := authenticated
	if len(logins) == 0 {
		kind = unauthenticated
	}
	for i := range logins {
		m := p.mapping(&logins[i])
		if m == nil {
			continue
		}
		role, ok := m.choose(&logins[i].token, custom)
		if !ok {
			return "", forbidden(identity)
		}
		if role != "" {
			return role, nil
		}
	}
	if custom != "" && custom != p.Roles[kind] {
		return "", forbidden(identity)
	}
	if p.Roles[kind] == "" {
		return "", badConfiguration()
	}
	return p.Roles[kind], nil
}

// mapping is the role mapping for a login: under the provider's name or ARN,
// and for user pools with the client's id.
func (p *pool) mapping(l *login) *roleMapping {
	for _, name := range []string{l.provider, l.arn, l.provider + ":" + l.client} {
		if m := p.Mappings[name]; m != nil && name != "" {
			return m
		}
	}
	return nil
}

// choose returns the role of the bearer of a token; "" is that of all users. It
// is not ok where there is to be none.
func (m *roleMapping) choose(t *webidentity.Token, custom string) (role string, ok bool) {
	candidates := m.candidates(t)
	if custom != "" {
		return custom, slices.Contains(candidates, custom)
	}
	if m.Type == api.RoleMappingTypeToken {
		if preferred := t.Texts("cognito:preferred_role"); len(preferred) == 1 {
			return preferred[0], true
		}
		if len(candidates) == 1 {
			return candidates[0], true
		}
	} else if len(candidates) > 0 {
		return candidates[0], true
	}
	return "", m.Ambiguous == api.AmbiguousRoleResolutionTypeAuthenticatedRole
}

// candidates are the roles that the token entitles to, the first rule's first.
func (m *roleMapping) candidates(t *webidentity.Token) []string {
	if m.Type == api.RoleMappingTypeToken {
		return t.Texts("cognito:roles")
	}
	var roles []string
	for _, r := range m.Rules {
		if r.matches(t.Texts(r.Claim)) {
			roles = append(roles, r.Role)
		}
	}
	return roles
}

// matches reports whether a claim with these values matches the rule. A claim
// that is not there matches none.
func (r *roleRule) matches(values []string) bool {
	has := func(f func(string) bool) bool { return slices.ContainsFunc(values, f) }
	switch r.Match {
	case api.MappingRuleMatchTypeEquals:
		return slices.Contains(values, r.Value)
	case api.MappingRuleMatchTypeNotEqual:
		return len(values) > 0 && !slices.Contains(values, r.Value)
	case api.MappingRuleMatchTypeStartsWith:
		return has(func(v string) bool { return strings.HasPrefix(v, r.Value) })
	case api.MappingRuleMatchTypeContains:
		return has(func(v string) bool { return strings.Contains(v, r.Value) })
	}
	return false
}
