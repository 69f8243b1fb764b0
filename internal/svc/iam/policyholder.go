package iam

import (
	"context"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/store"
)

// holderKind is what sort of principal policies are given to.
type holderKind string

// The kinds, as the words of errors and ARNs name them.
const (
	userHolder  holderKind = "user"
	groupHolder holderKind = "group"
	roleHolder  holderKind = "role"
)

// everyKind is all of them.
var everyKind = []holderKind{userHolder, groupHolder, roleHolder}

// allowance is what a kind of principal may have, by IAM's default quotas.
type allowance struct {
	inline   int    // characters of all inline policies together, without white space
	attached int    // managed policies
	name     string // of the quota on managed policies, in errors
}

var allowances = map[holderKind]allowance{
	userHolder:  {2048, 10, "PoliciesPerUser"},
	groupHolder: {5120, 10, "PoliciesPerGroup"},
	roleHolder:  {10240, 10, "PoliciesPerRole"},
}

// holder is a user, group or role as its policies see it. What entity and
// grants point to is written by put.
type holder struct {
	kind   holderKind
	entity *identity.Entity
	grants *identity.Grants
	groups []string // of a user: IDs of the groups' names
	put    func(tx *store.Tx) error
}

func holderOfUser(r *store.Record[identity.User]) *holder {
	return &holder{
		kind: userHolder, entity: &r.Doc.Entity, grants: &r.Doc.Grants, groups: r.Doc.Groups,
		put: func(tx *store.Tx) error { return identity.Users.Put(tx, r) },
	}
}

func holderOfGroup(r *store.Record[identity.Group]) *holder {
	return &holder{
		kind: groupHolder, entity: &r.Doc.Entity, grants: &r.Doc.Grants,
		put: func(tx *store.Tx) error { return identity.Groups.Put(tx, r) },
	}
}

func holderOfRole(r *store.Record[identity.Role]) *holder {
	return &holder{
		kind: roleHolder, entity: &r.Doc.Entity, grants: &r.Doc.Grants,
		put: func(tx *store.Tx) error { return identity.Roles.Put(tx, r) },
	}
}

// findHolder returns a principal by its name, or NoSuchEntity.
func (s *Service) findHolder(tx *store.Tx, account string, kind holderKind, name string) (*holder, error) {
	switch kind {
	case userHolder:
		r, err := s.user(tx, account, name)
		return holderOfUser(&r), err
	case groupHolder:
		r, err := s.group(tx, account, name)
		return holderOfGroup(&r), err
	default:
		r, err := s.role(tx, account, name)
		return holderOfRole(&r), err
	}
}

// holders returns the principals of an account, of some kinds: users, then
// groups, then roles, each in the order of their names.
func holders(tx *store.Tx, account string, kinds ...holderKind) ([]*holder, error) {
	var all []*holder
	if err := gather(tx, &all, identity.Users, account, slices.Contains(kinds, userHolder), holderOfUser); err != nil {
		return nil, err
	}
	if err := gather(tx, &all, identity.Groups, account, slices.Contains(kinds, groupHolder), holderOfGroup); err != nil {
		return nil, err
	}
	err := gather(tx, &all, identity.Roles, account, slices.Contains(kinds, roleHolder), holderOfRole)
	return all, err
}

// gather appends the principals of one kind, if they are wanted.
func gather[T any](tx *store.Tx, all *[]*holder, c *store.Collection[T], account string, wanted bool, of func(*store.Record[T]) *holder) error {
	if !wanted {
		return nil
	}
	list, err := c.List(tx, account, "", store.ListOptions{})
	for i := range list {
		*all = append(*all, of(&list[i]))
	}
	return err
}

// changeHolder lets f change a principal of the caller's account.
func (s *Service) changeHolder(ctx context.Context, kind holderKind, name string, f func(*store.Tx, *holder) error) error {
	return s.change(ctx, func(tx *store.Tx, account string) error {
		h, err := s.findHolder(tx, account, kind, name)
		if err != nil {
			return err
		}
		if kind == roleHolder {
			if _, err := s.ownRole(tx, account, name); err != nil {
				return err
			}
		}
		if err := f(tx, h); err != nil {
			return err
		}
		return h.put(tx)
	})
}

// arn names the principal.
func (h *holder) arn() string {
	return identity.ARN(h.entity.Account, string(h.kind), h.entity.Path, h.entity.Name)
}

// inlineSize is how much the inline policies of the principal count.
func (h *holder) inlineSize() int {
	n := 0
	for _, text := range h.grants.Inline {
		n += policySize(text)
	}
	return n
}

// policySize is the size of a policy as quotas count it: its characters without
// white space (IAM User Guide, "IAM and AWS STS quotas").
func policySize(text string) int {
	n := 0
	for _, r := range text {
		if !strings.ContainsRune(" \t\r\n", r) {
			n++
		}
	}
	return n
}
