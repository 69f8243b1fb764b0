package s3

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

const usEast1 = "us-east-1"

// CreateBucket makes a bucket in the region of its location constraint.
func (s *Service) CreateBucket(ctx context.Context, in *api.CreateBucketInput) (*api.CreateBucketOutput, error) {
	caller := plane.FromContext(ctx).Caller
	b := bucket{Name: in.Bucket, Account: caller.Account, Tags: map[string]string{}}
	if !validBucketName(in.Bucket) {
		return nil, errInvalidBucketName(in.Bucket)
	}
	if err := checkNewBucket(in); err != nil {
		return nil, err
	}
	var err *awserr.Error
	if b.Region, err = region(in.CreateBucketConfiguration, caller.Region); err != nil {
		return nil, err
	}
	if c := in.CreateBucketConfiguration; c != nil && c.Tags != nil {
		if b.Tags, err = tagMap(c.Tags, maxBucketTags); err != nil {
			return nil, err
		}
	}
	list, err := newBucketACL(in, canonicalID(b.Account))
	if err != nil {
		return nil, err
	}
	if err := s.db.Update(ctx, func(tx *store.Tx) error {
		made, err := s.addBucket(tx, b)
		if err != nil || !made {
			return err
		}
		return configureNew(tx, b, value(in.ObjectOwnership, ownerEnforced), list)
	}); err != nil {
		return nil, err
	}
	return &api.CreateBucketOutput{Location: new(pathMarker + b.Name), BucketArn: new(bucketARN(b.Name))}, nil
}

// checkNewBucket refuses settings that change what a bucket does.
func checkNewBucket(in *api.CreateBucketInput) *awserr.Error {
	switch {
	case in.ObjectLockEnabledForBucket != nil && *in.ObjectLockEnabledForBucket:
		return errHeader("x-amz-bucket-object-lock-enabled")
	case in.ObjectOwnership != nil && !validOwnership(*in.ObjectOwnership):
		return errInvalidArgument("x-amz-object-ownership", string(*in.ObjectOwnership), "Invalid x-amz-object-ownership header: %s", *in.ObjectOwnership)
	case in.BucketNamespace != nil && *in.BucketNamespace != "global":
		return errHeader("x-amz-bucket-namespace")
	}
	if c := in.CreateBucketConfiguration; c != nil && (c.Location != nil || c.Bucket != nil) {
		return awserr.New("NotImplemented", 501, "Nephele does not implement directory buckets yet.")
	}
	return nil
}

// newBucketACL is the ACL that a new bucket is given, nil for the default one.
// Public ones are refused, for the public access block of a new bucket is on.
func newBucketACL(in *api.CreateBucketInput, owner string) (*acl, *awserr.Error) {
	r := bucketGrants{canned: in.ACL, headers: []grantHeader{
		{in.GrantFullControl, fullAccess},
		{in.GrantRead, "READ"},
		{in.GrantWrite, "WRITE"},
		{in.GrantReadACP, "READ_ACP"},
		{in.GrantWriteACP, "WRITE_ACP"},
	}}
	if r.empty() {
		return nil, nil
	}
	list, err := r.resolve(owner)
	switch {
	case err != nil:
		return nil, err
	case list.ownersAlone(owner):
		return nil, nil
	case value(in.ObjectOwnership, ownerEnforced) == ownerEnforced:
		return nil, errACLOwnership()
	case list.public():
		return nil, badRequest("InvalidBucketAclWithBlockPublicAccessError",
			"Bucket cannot have public ACLs set with BlockPublicAccess enabled")
	}
	return &list, nil
}

// configureNew gives a new bucket what it has from the start: ownership
// controls, the public access block, and an ACL where one was asked for.
func configureNew(tx *store.Tx, b bucket, who api.ObjectOwnership, list *acl) error {
	controls := api.OwnershipControls{Rules: []*api.OwnershipControlsRule{{ObjectOwnership: who}}}
	if err := saveConfig(tx, b, ownershipConfig, controls); err != nil {
		return err
	}
	if err := saveConfig(tx, b, publicAccessConfig, publicAccessBlock{true, true, true, true}); err != nil {
		return err
	}
	if list == nil {
		return nil
	}
	return saveConfig(tx, b, aclConfig, list)
}

// region is where a new bucket goes. The endpoint of us-east-1 takes any
// constraint but its own name, all others nothing but theirs.
func region(c *api.CreateBucketConfiguration, endpoint string) (string, *awserr.Error) {
	constraint := ""
	if c != nil && c.LocationConstraint != nil {
		constraint = string(*c.LocationConstraint)
	}
	switch {
	case constraint != "" && !slices.Contains(constraints(), constraint):
		return "", badRequest("InvalidLocationConstraint", "The specified location-constraint is not valid").
			With("LocationConstraint", constraint)
	case endpoint == usEast1 && constraint == "":
		return usEast1, nil
	case constraint == "":
		return "", badRequest("IllegalLocationConstraintException", "The unspecified location constraint is "+
			"incompatible for the region specific endpoint this request was sent to.")
	}
	named := constraint
	if constraint == "EU" {
		named = "eu-west-1"
	}
	if endpoint != usEast1 && endpoint != named {
		return "", badRequest("IllegalLocationConstraintException", "The %s location constraint is incompatible "+
			"for the region specific endpoint this request was sent to.", constraint)
	}
	return named, nil
}

// constraints are the regions that the model knows as location constraints.
func constraints() []string {
	return constraintShape().Enum
}

func constraintShape() *shape.Shape {
	return api.Service().Operation("CreateBucket").Input.
		Member("CreateBucketConfiguration").Shape.Member("LocationConstraint").Shape
}

// addBucket inserts b, and reports whether it was not there. Making one's own
// bucket again succeeds in us-east-1, as it always has, and fails elsewhere.
func (s *Service) addBucket(tx *store.Tx, b bucket) (made bool, err error) {
	have, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, b.Name))
	switch {
	case err == nil && have.Account != b.Account:
		return false, api.NewBucketAlreadyExists("The requested bucket name is not available. The bucket namespace is shared "+
			"by all users of the system. Please select a different name and try again.").With("BucketName", b.Name)
	case err == nil && have.Region == usEast1 && b.Region == usEast1:
		return false, nil
	case err == nil:
		return false, api.NewBucketAlreadyOwnedByYou("Your previous request to create the named bucket succeeded "+
			"and you already own it.").With("BucketName", b.Name)
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	tags, err := json.Marshal(b.Tags)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(`insert into s3_bucket (name, account, region, created, tags) values (?, ?, ?, ?, ?)`,
		b.Name, b.Account, b.Region, store.Micros(tx.Now()), string(tags))
	if err != nil {
		return false, err
	}
	return true, s.keepHouse(tx)
}

// ownBucket returns the bucket when it exists and is whose the request expects
// it to be. Without authorization, which else has decided by now, it must be the
// caller's account's.
func (s *Service) ownBucket(tx *store.Tx, name string, expectedOwner *string) (bucket, error) {
	b, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, name))
	switch {
	case errors.Is(err, store.ErrNotFound) && !validBucketName(name):
		return bucket{}, errInvalidBucketName(name)
	case errors.Is(err, store.ErrNotFound):
		return bucket{}, errNoSuchBucket(name)
	case err != nil:
		return bucket{}, err
	case (s.plane == nil || !s.plane.Authorizes()) && b.Account != plane.FromContext(tx.Context()).Caller.Account,
		expectedOwner != nil && *expectedOwner != b.Account:
		refused := errAccessDenied()
		refused.Header = http.Header{"X-Amz-Bucket-Region": {b.Region}}
		return bucket{}, refused
	}
	return b, nil
}

// viewBucket runs f, if not nil, on a bucket that the caller may use.
func (s *Service) viewBucket(ctx context.Context, name string, owner *string, f func(*store.Tx, bucket) error) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		b, err := s.ownBucket(tx, name, owner)
		if err != nil || f == nil {
			return err
		}
		return f(tx, b)
	})
}

// updateBucket is viewBucket for changes.
func (s *Service) updateBucket(ctx context.Context, name string, owner *string, f func(*store.Tx, bucket) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		b, err := s.ownBucket(tx, name, owner)
		if err != nil {
			return err
		}
		return f(tx, b)
	})
}

// DeleteBucket deletes an empty bucket and its unfinished uploads.
func (s *Service) DeleteBucket(ctx context.Context, in *api.DeleteBucketInput) (*api.DeleteBucketOutput, error) {
	return &api.DeleteBucketOutput{}, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := checkEmpty(tx, b); err != nil {
			return err
		}
		if err := dropUploads(tx, b.Name); err != nil {
			return err
		}
		if err := dropConfigs(tx, b.Name); err != nil {
			return err
		}
		_, err := tx.Exec(`delete from s3_bucket where name = ?`, b.Name)
		return err
	})
}

// checkEmpty refuses to delete a bucket with objects, versions or delete markers.
func checkEmpty(tx *store.Tx, b bucket) error {
	var one int
	err := tx.Row(`select 1 from s3_object where bucket = ? union all select 1 from s3_version where bucket = ? limit 1`,
		b.Name, b.Name).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	text := "The bucket you tried to delete is not empty"
	if b.Versioning != "" {
		text += ". You must delete all versions in the bucket."
	}
	return awserr.New("BucketNotEmpty", 409, "%s", text).With("BucketName", b.Name)
}

// HeadBucket tells whether the caller may use a bucket, and where it is.
func (s *Service) HeadBucket(ctx context.Context, in *api.HeadBucketInput) (*api.HeadBucketOutput, error) {
	out := &api.HeadBucketOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, b bucket) error {
		out.BucketRegion, out.BucketArn, out.AccessPointAlias = new(b.Region), new(bucketARN(b.Name)), new(false)
		return nil
	})
	return out, err
}

// GetBucketLocation answers nothing for us-east-1, else the region.
func (s *Service) GetBucketLocation(ctx context.Context, in *api.GetBucketLocationInput) (*api.GetBucketLocationOutput, error) {
	out := &api.GetBucketLocationOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, b bucket) error {
		if b.Region != usEast1 {
			out.LocationConstraint = new(api.BucketLocationConstraint(b.Region))
		}
		return nil
	})
	return out, err
}

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

func objectARN(bucket, key string) string { return bucketARN(bucket) + pathMarker + key }

// canonicalID is the 64 hex digits by which S3 knows an account: ours are
// derived from the account number, so that they never change.
func canonicalID(account string) string { return policy.CanonicalID(account) }

func owner(account string) *api.Owner { return &api.Owner{ID: new(canonicalID(account))} }
