package s3

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// bucketACL is a bucket's ACL: its owner's full control, if none was put.
func bucketACL(tx *store.Tx, b bucket) (acl, error) {
	list, _, err := loadConfig[acl](tx, b.Name, aclConfig)
	return list, err
}

// bucketGrants is what a request says about the ACL of a bucket, in the three
// ways there are.
type bucketGrants struct {
	canned  *api.BucketCannedACL
	headers []grantHeader
	policy  *api.AccessControlPolicy
}

func (r bucketGrants) empty() bool {
	return r.canned == nil && r.policy == nil && !r.inHeaders()
}

func (r bucketGrants) inHeaders() bool {
	return slices.ContainsFunc(r.headers, func(h grantHeader) bool { return h.value != nil })
}

// resolve makes the list that is asked for by owner, a canonical id. A request
// in two ways at once is refused as AWS does.
func (r bucketGrants) resolve(owner string) (acl, *awserr.Error) {
	switch {
	case r.canned != nil && r.inHeaders():
		return acl{}, errInvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	case r.policy != nil && (r.canned != nil || r.inHeaders()):
		return acl{}, badRequest("UnexpectedContent", "This request does not support content")
	case r.canned != nil:
		grants, ok := cannedBucketGrants(string(*r.canned), owner)
		if !ok {
			return acl{}, errInvalidArgument("x-amz-acl", string(*r.canned), "")
		}
		return acl{Owner: owner, Grants: grants}, nil
	case r.policy == nil:
		grants, err := headerGrants(r.headers)
		return acl{Owner: owner, Grants: grants}, err
	}
	named, grants, err := policyGrants(r.policy)
	if err == nil && named != owner {
		err = errAccessDenied()
	}
	return acl{Owner: owner, Grants: grants}, err
}

// cannedBucketGrants are the canned ACLs that buckets have: those for the owner
// of an object's bucket are none.
func cannedBucketGrants(name, owner string) ([]grant, bool) {
	switch name {
	case "private", "public-read", "public-read-write", "authenticated-read":
		return cannedGrants(name, owner, owner)
	case "log-delivery-write":
		return []grant{{granteeUser, owner, fullAccess}, {granteeGroup, groupLogs, "WRITE"}, {granteeGroup, groupLogs, "READ_ACP"}}, true
	}
	return nil, false
}

// public reports whether the list lets in anybody, or any account.
func (a acl) public() bool {
	return slices.ContainsFunc(a.Grants, func(g grant) bool { return g.Grantee == groupAll || g.Grantee == groupAuth })
}

// ownersAlone reports whether the list gives to nobody but owner.
func (a acl) ownersAlone(owner string) bool {
	return !slices.ContainsFunc(a.Grants, func(g grant) bool { return g.Grantee != owner })
}

// GetBucketAcl answers who may do what with a bucket.
func (s *Service) GetBucketAcl(ctx context.Context, in *api.GetBucketAclInput) (*api.GetBucketAclOutput, error) {
	out := &api.GetBucketAclOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		list, err := bucketACL(tx, b)
		out.Owner, out.Grants = list.listed(canonicalID(b.Account))
		return err
	})
	return out, err
}

// PutBucketAcl replaces a bucket's ACL, where the bucket has ACLs at all.
func (s *Service) PutBucketAcl(ctx context.Context, in *api.PutBucketAclInput) (*api.PutBucketAclOutput, error) {
	r := bucketGrants{canned: in.ACL, policy: in.AccessControlPolicy, headers: []grantHeader{
		{in.GrantFullControl, fullAccess},
		{in.GrantRead, "READ"},
		{in.GrantWrite, "WRITE"},
		{in.GrantReadACP, "READ_ACP"},
		{in.GrantWriteACP, "WRITE_ACP"},
	}}
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if r.empty() {
			return badRequest("MissingSecurityHeader", "Your request was missing a required header").With("MissingHeaderName", "x-amz-acl")
		}
		list, bad := r.resolve(canonicalID(b.Account))
		if bad != nil {
			return bad
		}
		if err := mayGrant(tx, b, list, r.canned != nil); err != nil {
			return err
		}
		return saveConfig(tx, b, aclConfig, list)
	})
	return &api.PutBucketAclOutput{}, err
}

// mayGrant refuses grants that the bucket's ownership controls or its public
// access block forbid. Without ACLs no canned one is good, not even "private";
// grants to the bucket's owner alone are.
func mayGrant(tx *store.Tx, b bucket, list acl, canned bool) error {
	if b.ownership() == ownerEnforced && (canned || !list.ownersAlone(canonicalID(b.Account))) {
		return badRequest("AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	block, err := publicAccess(tx, b.Name)
	if err == nil && block.BlockPublicAcls && list.public() {
		err = errAccessDenied()
	}
	return err
}
