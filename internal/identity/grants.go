package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// principal is what is remembered of a user or role.
type principal struct {
	tags     map[string]string
	policies policy.Policies
}

// Policies returns the policies of a principal, compiled. The error is ErrGone
// when a user or role is not there any more, or not the same one. A root user
// and a service have none.
func (d *Directory) Policies(ctx context.Context, p *policy.Principal) (policy.Policies, error) {
	var own policy.Policies
	arn, id := owner(p)
	if arn != "" {
		found, err := d.principal(ctx, arn, id)
		if err != nil {
			return own, err
		}
		own = found.policies
	}
	return d.limited(ctx, p, own)
}

// Tags returns the tags of the user or role that a principal is or is a session
// of; nil for others. The error is ErrGone as that of Policies.
func (d *Directory) Tags(ctx context.Context, p *policy.Principal) (map[string]string, error) {
	arn, id := owner(p)
	if arn == "" {
		return nil, nil
	}
	found, err := d.principal(ctx, arn, id)
	if err != nil {
		return nil, err
	}
	return found.tags, nil
}

// owner is whose policies a principal has: ARN and unique id of a user or role,
// or of the root user that opened a federated user's session.
func owner(p *policy.Principal) (arn, id string) {
	switch {
	case p.Kind == policy.User:
		return p.ARN, p.ID
	case p.Session == nil:
		return "", ""
	case p.Kind == policy.AssumedRole:
		return p.Session.Role, p.Session.RoleID
	case p.Kind == policy.FederatedUser:
		return p.Session.Parent, p.Session.ParentID
	}
	return "", ""
}

// limited adds the session policies.
func (d *Directory) limited(ctx context.Context, p *policy.Principal, own policy.Policies) (policy.Policies, error) {
	s := p.Session
	if s == nil || !s.Limited {
		return own, nil
	}
	own.Session = s.Policies
	if len(s.PolicyARNs) == 0 {
		return own, nil
	}
	own.Session = slices.Clip(own.Session)
	for _, arn := range s.PolicyARNs {
		doc, err := d.Managed(ctx, arn)
		if errors.Is(err, ErrNotFound) {
			continue // deleted since: it allows nothing
		}
		if err != nil {
			return own, err
		}
		own.Session = append(own.Session, doc)
	}
	return own, nil
}

// principal loads a user or role by its unique id, whatever its name is by now;
// without an id by its ARN.
func (d *Directory) principal(ctx context.Context, arn, id string) (*principal, error) {
	account, kind, _, ok := SplitARN(arn)
	if !ok {
		return nil, ErrGone
	}
	return recall(ctx, d, account, entryKey{principalEntry, cmp.Or(id, arn)}, func(tx *store.Tx) (*principal, error) {
		now := arn
		if id != "" && kind != rootKind {
			var err error
			if now, err = CurrentARN(tx, id); err != nil {
				return nil, err
			}
		}
		account, kind, name, _ := SplitARN(now)
		switch kind {
		case rootKind:
			return everything()
		case userKind:
			return d.user(tx, At(account, name), now)
		case roleKind:
			return d.role(tx, At(account, name), now)
		}
		return nil, ErrGone
	})
}

// everything is what a federated user of the root user starts from.
func everything() (*principal, error) {
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, policy.Identity)
	if err != nil {
		return nil, err
	}
	return &principal{policies: policy.Policies{Identity: []*policy.Document{doc}}}, nil
}

func (d *Directory) user(tx *store.Tx, k store.Key, arn string) (*principal, error) {
	u, err := Users.Get(tx, k)
	if err != nil || u.Doc.ARN() != arn {
		return nil, gone(err)
	}
	p, err := d.granted(tx, &u.Doc.Entity, &u.Doc.Grants)
	if err != nil {
		return nil, err
	}
	for _, name := range u.Doc.Groups {
		g, err := Groups.Get(tx, store.Key{Account: k.Account, ID: name})
		if err != nil {
			return nil, fmt.Errorf("read group %s of %s: %w", name, arn, err)
		}
		docs, err := d.Documents(tx, &g.Doc.Grants)
		if err != nil {
			return nil, err
		}
		p.policies.Identity = append(p.policies.Identity, docs...)
	}
	return p, nil
}

func (d *Directory) role(tx *store.Tx, k store.Key, arn string) (*principal, error) {
	r, err := Roles.Get(tx, k)
	if err != nil || r.Doc.ARN() != arn {
		return nil, gone(err)
	}
	return d.granted(tx, &r.Doc.Entity, &r.Doc.Grants)
}

func (d *Directory) granted(tx *store.Tx, e *Entity, g *Grants) (p *principal, err error) {
	p = &principal{tags: e.Tags}
	if p.policies.Identity, err = d.Documents(tx, g); err != nil || g.Boundary == "" {
		return p, err
	}
	p.policies.Bounded = true
	doc, err := d.managed(tx, g.Boundary)
	if errors.Is(err, ErrNotFound) { // nothing is within it
		return p, nil
	}
	p.policies.Boundary = []*policy.Document{doc}
	return p, err
}

// gone is what it means for a principal that the store does not have it.
func gone(err error) error {
	if err = missing(err); errors.Is(err, ErrNotFound) {
		return ErrGone
	}
	return err
}

// Documents compiles the inline and attached policies of a principal, without
// those of a user's groups and without a boundary.
func (d *Directory) Documents(tx *store.Tx, g *Grants) ([]*policy.Document, error) {
	var docs []*policy.Document
	for _, name := range slices.Sorted(maps.Keys(g.Inline)) {
		doc, err := compile(name, g.Inline[name], policy.Identity)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	for _, arn := range g.Attached {
		doc, err := d.managed(tx, arn)
		if err != nil {
			return nil, fmt.Errorf("attached policy %s: %w", arn, err)
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// compile parses a policy that was accepted once.
func compile(name, text string, use policy.Usage) (*policy.Document, error) {
	doc, err := policy.Parse(text, use)
	if err != nil {
		return nil, fmt.Errorf("compile policy %s: %w", name, err)
	}
	doc.Name = name
	return doc, nil
}

// Managed returns the version in force of a managed policy, compiled, or
// ErrNotFound.
func (d *Directory) Managed(ctx context.Context, arn string) (*policy.Document, error) {
	account, kind, _, ok := SplitARN(arn)
	if !ok || kind != "policy" {
		return nil, ErrNotFound
	}
	return recall(ctx, d, account, entryKey{managedEntry, arn}, func(tx *store.Tx) (*policy.Document, error) {
		return d.managed(tx, arn)
	})
}

// managed compiles a managed policy. AWS's own are compiled once.
func (d *Directory) managed(tx *store.Tx, arn string) (*policy.Document, error) {
	if doc, ok := d.aws.Load(arn); ok {
		return doc.(*policy.Document), nil
	}
	if p, ok := ManagedPolicy(arn); ok {
		doc, err := compile(arn, p.Document(), policy.Identity)
		if err == nil {
			d.aws.Store(arn, doc)
		}
		return doc, err
	}
	account, _, name, _ := SplitARN(arn)
	p, err := Policies.Get(tx, At(account, name))
	if err != nil {
		return nil, missing(err)
	}
	return compile(arn, p.Doc.Document(), policy.Identity)
}
