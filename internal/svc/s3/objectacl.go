package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

const ownerControl = "bucket-owner-full-control"

func errNoACLs() *awserr.Error {
	return badRequest("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

// aclRequest is what a request says about access.
type aclRequest struct {
	canned  *api.ObjectCannedACL
	headers []grantHeader
	policy  *api.AccessControlPolicy
}

func (n *newObject) aclRequest() aclRequest {
	return aclRequest{canned: n.ACL, headers: []grantHeader{
		{n.GrantFullControl, fullAccess},
		{n.GrantRead, "READ"},
		{n.GrantReadACP, "READ_ACP"},
		{n.GrantWriteACP, "WRITE_ACP"},
	}}
}

// resolve makes a list of what is asked for an object of the caller's, unless
// the bucket blocks what would be public.
func (r aclRequest) resolve(tx *store.Tx, b bucket, objectOwner string) (acl, error) {
	list, err := r.list(tx, b, objectOwner)
	if err != nil || !list.public() {
		return list, err
	}
	block, err := publicAccess(tx, b.Name)
	if err == nil && block.BlockPublicAcls {
		err = errAccessDenied()
	}
	return list, err
}

// list makes the list. In a bucket whose owner owns everything there is none,
// and asking for one fails.
func (r aclRequest) list(tx *store.Tx, b bucket, objectOwner string) (acl, error) {
	o := b.ownership()
	granted, err2 := headerGrants(r.headers)
	if err2 != nil {
		return acl{}, err2
	}
	if r.canned != nil && (granted != nil || r.policy != nil) || granted != nil && r.policy != nil {
		return acl{}, errInvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	}
	bucketOwner := canonicalID(b.Account)
	if o == ownerEnforced {
		return acl{}, r.mayAsk(granted, bucketOwner)
	}
	list := acl{Owner: objectOwner, Grants: granted}
	switch {
	case r.policy != nil:
		return r.given(objectOwner)
	case granted != nil:
		return list, nil
	}
	canned := string(value(r.canned, "private"))
	if o == ownerPreferred && canned == ownerControl {
		list.Owner = bucketOwner
	}
	grants, ok := cannedGrants(canned, list.Owner, bucketOwner)
	if !ok {
		return acl{}, errInvalidArgument("x-amz-acl", canned, "")
	}
	list.Grants = grants
	return list, nil
}

// given is the list of a request's body, which cannot change the owner.
func (r aclRequest) given(owner string) (acl, error) {
	named, grants, err := policyGrants(r.policy)
	if err != nil {
		return acl{}, err
	}
	if named != owner {
		return acl{}, errAccessDenied()
	}
	return acl{Owner: owner, Grants: grants}, nil
}

// mayAsk refuses, in a bucket without lists, all that does not come to the full
// control of the bucket's owner.
func (r aclRequest) mayAsk(granted []grant, bucketOwner string) error {
	if r.canned != nil && string(*r.canned) != ownerControl {
		return errNoACLs()
	}
	if r.policy != nil {
		_, grants, err := policyGrants(r.policy)
		if err != nil {
			return err
		}
		granted = grants
		if len(granted) == 0 {
			return errNoACLs()
		}
	}
	for _, g := range granted {
		if g != (grant{granteeUser, bucketOwner, fullAccess}) {
			return errNoACLs()
		}
	}
	return nil
}

// anonymousID is the canonical id of whoever has no account: it owns what is
// written without a signature.
const anonymousID = "65a011a29cdf8ec533ec3d1ccaae921c"

// writer is the canonical id of the caller's account.
func writer(tx *store.Tx) string {
	c := &plane.FromContext(tx.Context()).Caller
	if c.Kind == plane.Anonymous {
		return anonymousID
	}
	return canonicalID(c.Account)
}

// GetObjectAcl answers an object's access control list.
func (s *Service) GetObjectAcl(ctx context.Context, in *api.GetObjectAclInput) (*api.GetObjectAclOutput, error) {
	out := &api.GetObjectAclOutput{}
	return out, s.hide(ctx, in.Bucket, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		o, err := chosen(tx, b, in.Key, in.VersionId)
		if err != nil {
			return err
		}
		how := b.ownership()
		list := o.Details.ACL
		if how == ownerEnforced {
			list = acl{} // kept, but it does not count
		}
		out.Owner, out.Grants = list.listed(canonicalID(b.Account))
		return nil
	}))
}

// PutObjectAcl replaces an object's access control list.
func (s *Service) PutObjectAcl(ctx context.Context, in *api.PutObjectAclInput) (*api.PutObjectAclOutput, error) {
	r := aclRequest{canned: in.ACL, policy: in.AccessControlPolicy, headers: []grantHeader{
		{in.GrantFullControl, fullAccess},
		{in.GrantRead, "READ"},
		{in.GrantWrite, "WRITE"},
		{in.GrantReadACP, "READ_ACP"},
		{in.GrantWriteACP, "WRITE_ACP"},
	}}
	return &api.PutObjectAclOutput{}, s.hide(ctx, in.Bucket, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		o, err := chosen(tx, b, in.Key, in.VersionId)
		if err != nil {
			return err
		}
		if r.empty() {
			return badRequest("MissingSecurityHeader", "Your request was missing a required header").With("MissingHeaderName", "x-amz-acl")
		}
		owner := o.Details.ACL.Owner
		if owner == "" {
			owner = canonicalID(b.Account)
		}
		list, err := r.resolve(tx, b, owner)
		if err != nil {
			return err
		}
		if list.Owner == "" {
			return nil // the bucket has no lists, and nothing else was asked for
		}
		o.Details.ACL = list
		if err := rewrite(tx, o); err != nil {
			return err
		}
		return s.changed(tx, newEvent(tx, b, aclPut, "PutObjectAcl", o))
	}))
}

func (r aclRequest) empty() bool {
	for _, h := range r.headers {
		if h.value != nil {
			return false
		}
	}
	return r.canned == nil && r.policy == nil
}
