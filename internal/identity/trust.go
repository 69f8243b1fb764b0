package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Facts tells what is known of a resource of IAM: the tags of all, and of a
// role its trust policy. Nothing is known of what does not exist, but that a
// role that does not exist trusts nobody: those who try to assume it are
// answered as by one that does not trust them.
func (d *Directory) Facts(ctx context.Context, arn string) (policy.Resource, error) {
	account, kind, name, ok := SplitARN(arn)
	if !ok || strings.ContainsAny(name, "*?") {
		return policy.Resource{}, nil
	}
	r, err := recall(ctx, d, "", entryKey{factsEntry, arn}, func(tx *store.Tx) (*policy.Resource, error) {
		return d.facts(tx, arn, account, kind, name)
	})
	if errors.Is(err, ErrNotFound) {
		none := kind == "role"
		return policy.Resource{Required: none, Guarded: none}, nil
	}
	if err != nil {
		return policy.Resource{}, fmt.Errorf("look up %s: %w", arn, err)
	}
	return *r, nil
}

func (d *Directory) facts(tx *store.Tx, arn, account, kind, name string) (*policy.Resource, error) {
	res := &policy.Resource{ARN: arn, Account: account}
	switch kind {
	case "role":
		return res, d.roleFacts(tx, res, At(account, name))
	case "user":
		r, err := Users.Get(tx, At(account, name))
		return res, tagged(res, err, r.Doc.ARN(), r.Doc.Tags)
	case "policy":
		r, err := Policies.Get(tx, At(account, name))
		return res, tagged(res, err, r.Doc.ARN(), r.Doc.Tags)
	case "instance-profile":
		r, err := InstanceProfiles.Get(tx, At(account, name))
		return res, tagged(res, err, r.Doc.ARN(), r.Doc.Tags)
	case "oidc-provider":
		r, err := OIDCProviders.Get(tx, store.Key{Account: account, ID: name})
		return res, tagged(res, err, r.Doc.ARN(), r.Doc.Tags)
	}
	return res, nil
}

func (d *Directory) roleFacts(tx *store.Tx, res *policy.Resource, k store.Key) error {
	r, err := Roles.Get(tx, k)
	if err := tagged(res, err, r.Doc.ARN(), r.Doc.Tags); err != nil {
		return err
	}
	text, err := Trust(tx, &r.Doc)
	if err != nil {
		return err
	}
	doc, err := compile(r.Doc.ARN(), text, policy.TrustUse)
	res.Policies, res.Required, res.Guarded = []*policy.Document{doc}, true, true
	return err
}

// tagged gives a resource the condition keys of its tags, if what was read is
// the one that its ARN names.
func tagged(res *policy.Resource, err error, arn string, tags map[string]string) error {
	if err != nil || arn != res.ARN {
		return missing(err)
	}
	res.Keys = make(policy.Keys, 2*len(tags))
	for name, value := range tags {
		name = strings.ToLower(name)
		res.Keys["aws:resourcetag/"+name] = []string{value}
		res.Keys["iam:resourcetag/"+name] = []string{value}
	}
	return nil
}

// Trust is a role's trust policy as it counts: where a user or role that it
// names has another ARN by now it has that, and where it is gone its unique id.
func Trust(tx *store.Tx, r *Role) (string, error) {
	if len(r.Trusted) == 0 {
		return r.Trust, nil
	}
	now := make(map[string]string, len(r.Trusted))
	for arn, id := range r.Trusted {
		current, err := CurrentARN(tx, id)
		if err != nil {
			return "", err
		}
		now[arn] = current
	}
	return rewritePrincipals(r.Trust, now), nil
}
