package kms

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// grantLimit is how many grants a key may have.
const grantLimit = 50_000

// grant lets a principal use a key, beside the key's policy.
type grant struct {
	ID         string // 64 hexadecimal digits
	Name       string `json:",omitempty"`
	Grantee    string
	Retiring   string `json:",omitempty"`
	Issuing    string // root ARN of the account that made it
	Operations []api.GrantOperation
	Subset     map[string]string `json:",omitempty"` // the encryption context must hold these pairs
	Equals     map[string]string `json:",omitempty"` // the encryption context must be this
	Created    time.Time
}

// like reports whether two grants allow the same.
func (g *grant) like(o *grant) bool {
	return g.Name == o.Name && g.Grantee == o.Grantee && g.Retiring == o.Retiring && slices.Equal(g.Operations, o.Operations) &&
		maps.Equal(g.Subset, o.Subset) && maps.Equal(g.Equals, o.Equals)
}

// CreateGrant lets a principal use a key. A request that is repeated with the
// same name gets the grant that is there.
func (s *Service) CreateGrant(ctx context.Context, in *api.CreateGrantInput) (*api.CreateGrantOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.findKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	g, err := newGrant(in, &call.Caller)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.get(tx, e.Key)
		if err != nil {
			return err
		}
		if err := checkGrant(&r, g); err != nil {
			return err
		}
		if err := dryRun(in.DryRun); err != nil {
			return err
		}
		g.Created = tx.Now()
		s.changed(tx, e.Key)
		return addGrant(tx, e.Key, g)
	})
	if err != nil {
		return nil, err
	}
	token, err := s.grantToken(e.Key, g.ID)
	if err != nil {
		return nil, err
	}
	return &api.CreateGrantOutput{GrantId: &g.ID, GrantToken: &token}, nil
}

// newGrant is the grant that a request asks for.
func newGrant(in *api.CreateGrantInput, caller *plane.Caller) (*grant, error) {
	if len(in.Operations) == 0 {
		return nil, invalid("Operations must not be empty.")
	}
	b := make([]byte, 32)
	rand.Read(b)
	g := &grant{
		ID: hex.EncodeToString(b), Grantee: in.GranteePrincipal, Issuing: rootARN(store.Key{Account: caller.Account, Region: caller.Region}),
		Operations: slices.Compact(slices.Sorted(slices.Values(in.Operations))),
	}
	if in.Name != nil {
		g.Name = *in.Name
	}
	if in.RetiringPrincipal != nil {
		g.Retiring = *in.RetiringPrincipal
	}
	for _, p := range []string{g.Grantee, g.Retiring} {
		if p != "" && !principal(p) {
			return nil, api.NewInvalidArnException("ARN does not refer to a valid principal: %s", p)
		}
	}
	if in.Constraints != nil {
		g.Subset, g.Equals = in.Constraints.EncryptionContextSubset, in.Constraints.EncryptionContextEquals
	}
	return g, nil
}

// principal reports whether text can be that of a grant: an IAM or STS ARN, or
// the name of a service.
func principal(text string) bool {
	a, err := arn.Parse(text)
	if err != nil {
		return isService(text)
	}
	return (a.Service == "iam" || a.Service == "sts") && arn.IsAccount(a.Account) && !strings.ContainsAny(text, "*?")
}

func isService(text string) bool {
	return strings.HasSuffix(text, ".amazonaws.com") && !strings.Contains(text, ":")
}

// checkGrant refuses grants that the key cannot have.
func checkGrant(r *record, g *grant) error {
	switch r.Doc.State {
	case api.KeyStateEnabled:
	case api.KeyStateDisabled:
		return api.NewDisabledException("%s is disabled.", keyARN(r.Key))
	default:
		return usable(r)
	}
	for _, op := range g.Operations {
		if !slices.Contains(grantable(&r.Doc), op) {
			return invalid("Grant operation %s is not valid for a key of KeySpec %s and KeyUsage %s.", op, r.Doc.Spec, r.Doc.Usage)
		}
	}
	if !r.Doc.symmetric() && len(g.Subset)+len(g.Equals) > 0 {
		return invalid("Grants of %s keys cannot have encryption context constraints.", r.Doc.Spec)
	}
	return nil
}

// grantable lists the operations that a grant of a key can allow.
func grantable(k *key) []api.GrantOperation {
	ops := []api.GrantOperation{api.GrantOperationCreateGrant, api.GrantOperationDescribeKey, api.GrantOperationRetireGrant}
	switch {
	case k.symmetric():
		return append(ops, bySymmetric...)
	case k.Usage == api.KeyUsageTypeGenerateVerifyMac:
		return append(ops, api.GrantOperationGenerateMac, api.GrantOperationVerifyMac)
	case k.Usage == api.KeyUsageTypeSignVerify:
		return append(ops, api.GrantOperationSign, api.GrantOperationVerify, api.GrantOperationGetPublicKey)
	case k.Usage == api.KeyUsageTypeKeyAgreement:
		return append(ops, api.GrantOperationDeriveSharedSecret, api.GrantOperationGetPublicKey)
	}
	return append(ops, api.GrantOperationEncrypt, api.GrantOperationDecrypt, api.GrantOperationReEncryptFrom,
		api.GrantOperationReEncryptTo, api.GrantOperationGetPublicKey)
}

// bySymmetric are the operations with an encryption context, which constraints
// of grants are about.
var bySymmetric = []api.GrantOperation{
	api.GrantOperationEncrypt, api.GrantOperationDecrypt, api.GrantOperationReEncryptFrom, api.GrantOperationReEncryptTo,
	api.GrantOperationGenerateDataKey, api.GrantOperationGenerateDataKeyWithoutPlaintext,
	api.GrantOperationGenerateDataKeyPair, api.GrantOperationGenerateDataKeyPairWithoutPlaintext,
}

// ListGrants lists the grants of a key.
func (s *Service) ListGrants(ctx context.Context, in *api.ListGrantsInput) (*api.ListGrantsOutput, error) {
	e, err := s.findKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	filter := grantFilter{key: e.Key}
	if in.GrantId != nil {
		filter.id = *in.GrantId
	}
	if in.GranteePrincipal != nil {
		filter.grantee = *in.GranteePrincipal
	}
	p := s.pager(ctx, in.Limit, in.Marker, 50, 100, []string{e.arn, filter.id, filter.grantee})
	found, next, err := s.listGrants(ctx, p, &filter)
	if err != nil {
		return nil, err
	}
	return &api.ListGrantsOutput{Grants: found, NextMarker: next, Truncated: new(next != nil)}, nil
}

// ListRetirableGrants lists the grants of the account and region that a
// principal may retire.
func (s *Service) ListRetirableGrants(ctx context.Context, in *api.ListRetirableGrantsInput) (*api.ListRetirableGrantsOutput, error) {
	if !principal(in.RetiringPrincipal) {
		return nil, api.NewInvalidArnException("ARN does not refer to a valid principal: %s", in.RetiringPrincipal)
	}
	caller := plane.FromContext(ctx).Caller
	filter := grantFilter{key: store.Key{Account: caller.Account, Region: caller.Region}, retiring: in.RetiringPrincipal}
	p := s.pager(ctx, in.Limit, in.Marker, 50, 100, in.RetiringPrincipal)
	found, next, err := s.listGrants(ctx, p, &filter)
	if err != nil {
		return nil, err
	}
	return &api.ListRetirableGrantsOutput{Grants: found, NextMarker: next, Truncated: new(next != nil)}, nil
}

func (s *Service) listGrants(ctx context.Context, p *pager, filter *grantFilter) (list []*api.GrantListEntry, next *string, err error) {
	if err := p.start(&filter.After); err != nil {
		return nil, nil, err
	}
	filter.limit = p.limit + 1
	list = []*api.GrantListEntry{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found, err := grants(tx, filter)
		if err != nil {
			return err
		}
		for i := range found[:min(len(found), p.limit)] {
			list = append(list, describeGrant(&found[i]))
		}
		if len(found) > p.limit {
			next, err = p.next(position{found[p.limit-1].key.ID, found[p.limit-1].ID})
		}
		return err
	})
	return list, next, err
}

func describeGrant(g *grantRow) *api.GrantListEntry {
	e := &api.GrantListEntry{
		KeyId: new(keyARN(g.key)), GrantId: &g.ID, CreationDate: &g.Created, GranteePrincipal: &g.Grantee,
		IssuingAccount: &g.Issuing, Operations: g.Operations, Name: &g.Name,
	}
	if g.Retiring != "" {
		e.RetiringPrincipal = &g.Retiring
	}
	if len(g.Subset)+len(g.Equals) > 0 {
		e.Constraints = &api.GrantConstraints{EncryptionContextSubset: g.Subset, EncryptionContextEquals: g.Equals}
	}
	return e
}

// RevokeGrant ends a grant at the will of the key's owner.
func (s *Service) RevokeGrant(ctx context.Context, in *api.RevokeGrantInput) (*api.RevokeGrantOutput, error) {
	e, err := s.findKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := s.removeGrant(ctx, e.Key, in.GrantId, in.DryRun); err != nil {
		return nil, err
	}
	return &api.RevokeGrantOutput{}, nil
}

// RetireGrant ends a grant that has served its purpose. A grant is named by its
// token, or by its id and its key.
func (s *Service) RetireGrant(ctx context.Context, in *api.RetireGrantInput) (*api.RetireGrantOutput, error) {
	k, id, err := s.retired(&plane.FromContext(ctx).Caller, in)
	if err != nil {
		return nil, err
	}
	if err := s.removeGrant(ctx, k, id, in.DryRun); err != nil {
		return nil, err
	}
	return &api.RetireGrantOutput{}, nil
}

// retired tells which grant RetireGrant names.
func (s *Service) retired(caller *plane.Caller, in *api.RetireGrantInput) (store.Key, string, error) {
	switch {
	case in.GrantToken != nil && in.KeyId == nil && in.GrantId == nil:
		t, err := s.openToken(*in.GrantToken)
		return store.Key{Account: t.Account, Region: t.Region, ID: t.Key}, t.Grant, err
	case in.GrantToken == nil && in.KeyId != nil && in.GrantId != nil:
		ref, err := referKey(caller, *in.KeyId)
		return ref.Key, *in.GrantId, err
	}
	return store.Key{}, "", invalid("You must specify either a grant token, or a grant ID and the key ARN.")
}

func (s *Service) removeGrant(ctx context.Context, k store.Key, id string, asked *bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("delete from kms_grant where account = ? and region = ? and key_id = ? and id = ?", k.Account, k.Region, k.ID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return api.NewNotFoundException("Grant ID %s not found", id)
		}
		s.changed(tx, k)
		return dryRun(asked)
	})
}

// token is what a grant token says. Grants work as soon as they are made, so
// that tokens prove nothing more here than that the grant was made.
type token struct{ Account, Region, Key, Grant string }

var tokenScope = page.Scope{Operation: "kms:GrantToken"}

func (s *Service) grantToken(k store.Key, id string) (string, error) {
	return s.pages.Seal(tokenScope, token{k.Account, k.Region, k.ID, id})
}

func (s *Service) openToken(text string) (t token, err error) {
	if s.pages.Open(tokenScope, text, &t) != nil {
		return t, api.NewInvalidGrantTokenException("The grant token is not valid.")
	}
	return t, nil
}

// checkTokens refuses grant tokens that CreateGrant did not answer with.
func (s *Service) checkTokens(_ context.Context, tokens []string) error {
	for _, text := range tokens {
		if _, err := s.openToken(text); err != nil {
			return err
		}
	}
	return nil
}
