package iam

import (
	"context"
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
		if !n.doc.Grants(strings.ToLower(service)) {
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
