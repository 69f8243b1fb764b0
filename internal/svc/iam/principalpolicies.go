package iam

import (
	"fmt"
	"maps"
	"slices"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// namedPolicy is a policy of a principal.
type namedPolicy struct {
	name string
	arn  string           // of a managed policy; "" of an inline one
	of   *holder          // who has it: the principal, or a group of the user
	doc  *policy.Document // its Name is as results of simulations have it
}

// principalPolicies are the policies of a user, group or role.
type principalPolicies struct {
	holder   *holder
	policies []namedPolicy
	boundary *policy.Document // nil for none
}

// documents are the policies without their boundary.
func (p *principalPolicies) documents() []*policy.Document {
	docs := make([]*policy.Document, len(p.policies))
	for i := range p.policies {
		docs[i] = p.policies[i].doc
	}
	return docs
}

// principalPolicies reads the policies of a principal, those of a user's groups
// included.
func (s *Service) principalPolicies(tx *store.Tx, account, arn string) (*principalPolicies, error) {
	owner, kind, name, ok := identity.SplitARN(arn)
	if !ok || !slices.Contains(everyKind, holderKind(kind)) {
		return nil, badInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	if owner != account {
		return nil, noEntity(arn)
	}
	h, err := s.findHolder(tx, account, holderKind(kind), name)
	if err != nil {
		return nil, err
	}
	if h.arn() != arn {
		return nil, noEntity(arn)
	}
	p := &principalPolicies{holder: h}
	if err := p.add(tx, h); err != nil {
		return nil, err
	}
	for _, group := range h.groups {
		g, err := s.findHolder(tx, account, groupHolder, group)
		if err != nil {
			return nil, err
		}
		if err := p.add(tx, g); err != nil {
			return nil, err
		}
	}
	if h.grants.Boundary != "" {
		if _, p.boundary, err = managedDocument(tx, account, h.grants.Boundary); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// add adds the policies of a principal: inline ones are known to results as
// "user_name_policy", managed ones by their names.
func (p *principalPolicies) add(tx *store.Tx, h *holder) error {
	for _, name := range slices.Sorted(maps.Keys(h.grants.Inline)) {
		doc, err := named(fmt.Sprintf("%s_%s_%s", h.kind, h.entity.Name, name), h.grants.Inline[name])
		if err != nil {
			return err
		}
		p.policies = append(p.policies, namedPolicy{name: name, of: h, doc: doc})
	}
	for _, arn := range h.grants.Attached {
		name, doc, err := managedDocument(tx, h.entity.Account, arn)
		if err != nil {
			return err
		}
		p.policies = append(p.policies, namedPolicy{name: name, arn: arn, of: h, doc: doc})
	}
	return nil
}

// managedDocument is the version in force of a managed policy, with its name.
func managedDocument(tx *store.Tx, account, arn string) (string, *policy.Document, error) {
	p, err := findPolicy(tx, account, arn)
	if err != nil {
		return "", nil, fmt.Errorf("read policy %s: %w", arn, err)
	}
	_, name := policyPath(arn)
	doc, err := named(name, p.Document())
	return name, doc, err
}

// named parses a policy that has been stored.
func named(name, text string) (*policy.Document, error) {
	doc, err := policy.Parse(text, policy.Identity)
	if err != nil {
		return nil, fmt.Errorf("read policy %s: %w", name, err)
	}
	doc.Name = name
	return doc, nil
}
