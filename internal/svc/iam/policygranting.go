package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// ListPoliciesGrantingServiceAccess lists, for each of some services, the
// policies of a user, group or role that allow anything of it. As in AWS it
// looks at what is allowed alone: neither denials, nor boundaries, nor
// conditions and resources count.
func (s *Service) ListPoliciesGrantingServiceAccess(ctx context.Context, in *api.ListPoliciesGrantingServiceAccessInput) (*api.ListPoliciesGrantingServiceAccessOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, nil, in.Arn, in.ServiceNamespaces)
	if err != nil {
		return nil, err
	}
	services := slices.Compact(slices.Sorted(slices.Values(in.ServiceNamespaces)))
	all := make([]*api.ListPoliciesGrantingServiceAccessEntry, len(services))
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.principalPolicies(tx, account, in.Arn)
		if err != nil {
			return err
		}
		for i, service := range services {
			all[i] = p.granting(service)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	place := func(e *api.ListPoliciesGrantingServiceAccessEntry) string { return *e.ServiceNamespace }
	list, truncated, marker, err := cut(l, all, place)
	return &api.ListPoliciesGrantingServiceAccessOutput{PoliciesGrantingServiceAccess: list, IsTruncated: truncated, Marker: marker}, err
}

// granting are the policies that allow anything of a service.
func (p *principalPolicies) granting(service string) *api.ListPoliciesGrantingServiceAccessEntry {
	e := &api.ListPoliciesGrantingServiceAccessEntry{ServiceNamespace: &service, Policies: []*api.PolicyGrantingServiceAccess{}}
	for _, n := range p.policies {
		if !grants(n.text, strings.ToLower(service)) {
			continue
		}
		g := &api.PolicyGrantingServiceAccess{PolicyName: n.name, PolicyType: api.PolicyTypeManaged, PolicyArn: &n.arn}
		if n.arn == "" {
			kind := api.PolicyOwnerEntityType(strings.ToUpper(string(n.of.kind)))
			g.PolicyType, g.PolicyArn, g.EntityType, g.EntityName = api.PolicyTypeInline, nil, &kind, &n.of.entity.Name
		}
		e.Policies = append(e.Policies, g)
	}
	return e
}

// grants reports whether a policy allows any action of a service, which is in
// lower case.
func grants(text, service string) bool {
	var document struct{ Statement oneOrMany[actionRule] }
	if json.Unmarshal([]byte(text), &document) != nil {
		return false
	}
	for _, s := range document.Statement {
		if s.Effect == "Allow" && s.allows(service) {
			return true
		}
	}
	return false
}

// actionRule is what a statement says of actions.
type actionRule struct {
	Effect    string
	Action    oneOrMany[string]
	NotAction oneOrMany[string]
}

// allows reports whether a statement speaks of any action of a service: with
// NotAction, of all but the ones that are left out.
func (r actionRule) allows(service string) bool {
	for _, a := range r.Action {
		if prefix, _, _ := strings.Cut(strings.ToLower(a), ":"); prefix == "*" || prefix == service {
			return true
		}
	}
	for _, a := range r.NotAction {
		if a == "*" || strings.EqualFold(a, service+":*") {
			return false
		}
	}
	return len(r.NotAction) > 0
}

// oneOrMany reads a value or a list of them.
type oneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return fmt.Errorf("neither one nor many: %w", err)
	}
	*o = []T{one}
	return nil
}
