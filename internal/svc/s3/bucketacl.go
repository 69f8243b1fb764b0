package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// bucketACL is a bucket's ACL: its owner's full control, if none was put.
func bucketACL(tx *store.Tx, b bucket) ([]*api.Grant, error) {
	grants, ok, err := loadConfig[[]*api.Grant](tx, b.Name, aclConfig)
	if err != nil || ok {
		return grants, err
	}
	return []*api.Grant{userGrant(canonicalID(b.Account), fullControl)}, nil
}

// GetBucketAcl answers who may do what with a bucket.
func (s *Service) GetBucketAcl(ctx context.Context, in *api.GetBucketAclInput) (*api.GetBucketAclOutput, error) {
	out := &api.GetBucketAclOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) (err error) {
		out.Owner = owner(b.Account)
		out.Grants, err = bucketACL(tx, b)
		return err
	})
	return out, err
}

// PutBucketAcl replaces a bucket's ACL, where the bucket has ACLs at all.
func (s *Service) PutBucketAcl(ctx context.Context, in *api.PutBucketAclInput) (*api.PutBucketAclOutput, error) {
	r := aclRequest{
		canned: string(value(in.ACL, "")), policy: in.AccessControlPolicy,
		headers: grantHeaders{in.GrantFullControl, in.GrantRead, in.GrantReadACP, in.GrantWrite, in.GrantWriteACP},
	}
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		me := canonicalID(b.Account)
		grants, bad := r.grants(me, me)
		if bad != nil {
			return bad
		}
		if err := mayGrant(tx, b, grants); err != nil {
			return err
		}
		return saveConfig(tx, b.Name, aclConfig, grants)
	})
	return &api.PutBucketAclOutput{}, err
}

// mayGrant refuses grants that the bucket's ownership controls or its public
// access block forbid. Those to the bucket's owner alone are always good.
func mayGrant(tx *store.Tx, b bucket, grants []*api.Grant) error {
	who, err := ownership(tx, b.Name)
	if err != nil {
		return err
	}
	if who == ownerEnforced && !ownersAlone(grants, canonicalID(b.Account)) {
		return errACLNotSupported()
	}
	block, err := publicAccess(tx, b.Name)
	if err == nil && block.BlockPublicAcls && publicACL(grants) {
		err = errAccessDenied()
	}
	return err
}
