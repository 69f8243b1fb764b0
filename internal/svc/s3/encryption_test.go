package s3_test

import (
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
)

// Encryption is kept with the object, and told wherever the object is.
func TestEncryption(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		method := func(m string) *api.ServerSideEncryption { return new(api.ServerSideEncryption(m)) }
		const arn = "arn:aws:kms:us-east-1:" + account + ":"
		for _, c := range []struct {
			name   string
			method *api.ServerSideEncryption
			key    *string
			bucket *bool
			want   string
		}{
			{"default", nil, nil, nil, "AES256"},
			{"aes", method("AES256"), nil, nil, "AES256"},
			{"kms", method("aws:kms"), nil, nil, "aws:kms " + arn + "alias/aws/s3"},
			{"kms with a key", method("aws:kms"), new("1234"), new(true), "aws:kms " + arn + "key/1234 bucket"},
			{"kms with an ARN", method("aws:kms"), new(arn + "key/1"), nil, "aws:kms " + arn + "key/1"},
			{"dsse", method("aws:kms:dsse"), new("alias/mine"), nil, "aws:kms:dsse " + arn + "alias/mine"},
		} {
			put := must(w.PutObject(ctx, &api.PutObjectInput{
				Bucket: "bucket", Key: c.name, Body: strings.NewReader("v"), ServerSideEncryption: c.method, SSEKMSKeyId: c.key, BucketKeyEnabled: c.bucket,
			}))(t)
			head := must(w.HeadObject(ctx, &api.HeadObjectInput{Bucket: "bucket", Key: c.name}))(t)
			for _, got := range []string{
				methodOf(put.ServerSideEncryption, put.SSEKMSKeyId, put.BucketKeyEnabled),
				methodOf(head.ServerSideEncryption, head.SSEKMSKeyId, head.BucketKeyEnabled),
			} {
				if got != c.want {
					t.Errorf("%s: %s, want %s", c.name, got, c.want)
				}
			}
		}
		// A copy is encrypted as it is told, not as its source.
		copied := must(w.CopyObject(ctx, &api.CopyObjectInput{Bucket: "bucket", Key: "copy", CopySource: "bucket/kms"}))(t)
		if *copied.ServerSideEncryption != "AES256" {
			t.Errorf("the copy has %s", *copied.ServerSideEncryption)
		}
		must(w.CopyObject(ctx, &api.CopyObjectInput{Bucket: "bucket", Key: "kms", CopySource: "bucket/kms", ServerSideEncryption: method("AES256")}))(t)
		_, err := w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "k", ServerSideEncryption: method("AES256"), SSEKMSKeyId: new("k")})
		_ = refused(t, "InvalidArgument", 400, err)
	})
}

func methodOf(method *api.ServerSideEncryption, key *string, bucketKey *bool) string {
	s := ""
	if method != nil {
		s = string(*method)
	}
	if key != nil {
		s += " " + *key
	}
	if bucketKey != nil && *bucketKey {
		s += " bucket"
	}
	return s
}

// Lists of access count where the bucket's ownership says so, and are refused
// elsewhere.
func TestObjectACL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.put(t, "bucket", "k", "v")
		canned := func(name string) *api.ObjectCannedACL { return new(api.ObjectCannedACL(name)) }
		_, err := w.PutObjectAcl(ctx, &api.PutObjectAclInput{Bucket: "bucket", Key: "k", ACL: canned("public-read")})
		_ = refused(t, "AccessControlListNotSupported", 400, err)
		_, err = w.PutObjectAcl(ctx, &api.PutObjectAclInput{Bucket: "bucket", Key: "k"})
		_ = refused(t, "MissingSecurityHeader", 400, err)
		must(w.PutObjectAcl(ctx, &api.PutObjectAclInput{Bucket: "bucket", Key: "k", ACL: canned("bucket-owner-full-control")}))(t)
		if got := w.acl(t, "k"); got != "owner:FULL_CONTROL" {
			t.Errorf("an enforced bucket's object has %s", got)
		}

		must(w.PutBucketOwnershipControls(ctx, &api.PutBucketOwnershipControlsInput{Bucket: "bucket", OwnershipControls: &api.OwnershipControls{
			Rules: []*api.OwnershipControlsRule{{ObjectOwnership: "ObjectWriter"}},
		}}))(t)
		_, err = w.PutObjectAcl(ctx, &api.PutObjectAclInput{Bucket: "bucket", Key: "k", ACL: canned("public-read")})
		_ = refused(t, "AccessDenied", 403, err)
		must(w.DeletePublicAccessBlock(ctx, &api.DeletePublicAccessBlockInput{Bucket: "bucket"}))(t)
		must(w.PutObjectAcl(ctx, &api.PutObjectAclInput{Bucket: "bucket", Key: "k", ACL: canned("public-read")}))(t)
		if got := w.acl(t, "k"); got != "owner:FULL_CONTROL http://acs.amazonaws.com/groups/global/AllUsers:READ" {
			t.Errorf("public-read is %s", got)
		}
		must(w.PutObject(ctx, &api.PutObjectInput{
			Bucket: "bucket", Key: "g", GrantRead: new(`uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"`),
		}))(t)
		if got := w.acl(t, "g"); got != "http://acs.amazonaws.com/groups/global/AuthenticatedUsers:READ" {
			t.Errorf("granted %s", got)
		}
		now := must(w.GetObjectAcl(ctx, &api.GetObjectAclInput{Bucket: "bucket", Key: "g"}))(t)
		must(w.PutObjectAcl(ctx, &api.PutObjectAclInput{
			Bucket: "bucket", Key: "k", AccessControlPolicy: &api.AccessControlPolicy{Owner: now.Owner, Grants: now.Grants},
		}))(t)
		if got := w.acl(t, "k"); got != "http://acs.amazonaws.com/groups/global/AuthenticatedUsers:READ" {
			t.Errorf("after the round trip %s", got)
		}
		for _, c := range []struct {
			in   api.PutObjectAclInput
			code string
		}{
			{api.PutObjectAclInput{GrantRead: new("who=me")}, "InvalidArgument"},
			{api.PutObjectAclInput{GrantRead: new("id=me")}, "InvalidArgument"},
			{api.PutObjectAclInput{GrantRead: new("uri=http://other")}, "InvalidArgument"},
			{api.PutObjectAclInput{GrantRead: new("emailAddress=a@b")}, "UnresolvableGrantByEmailAddress"},
			{api.PutObjectAclInput{ACL: canned("whatever")}, "InvalidArgument"},
			{api.PutObjectAclInput{ACL: canned("private"), GrantRead: new(`uri="http://acs.amazonaws.com/groups/global/AllUsers"`)}, "InvalidRequest"},
			{api.PutObjectAclInput{AccessControlPolicy: &api.AccessControlPolicy{}}, "MalformedACLError"},
		} {
			c.in.Bucket, c.in.Key = "bucket", "k"
			_, err := w.PutObjectAcl(ctx, &c.in)
			_ = refused(t, c.code, 400, err)
		}
	})
}

// acl is an object's list in one line.
func (w *world) acl(t testing.TB, key string) string {
	t.Helper()
	out := must(w.GetObjectAcl(t.Context(), &api.GetObjectAclInput{Bucket: "bucket", Key: key}))(t)
	var all []string
	for _, g := range out.Grants {
		who := "?"
		switch {
		case g.Grantee.URI != nil:
			who = *g.Grantee.URI
		case g.Grantee.ID != nil && *g.Grantee.ID == *out.Owner.ID:
			who = "owner"
		}
		all = append(all, who+":"+string(*g.Permission))
	}
	return strings.Join(all, " ")
}
