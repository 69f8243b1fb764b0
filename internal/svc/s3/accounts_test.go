package s3_test

import (
	"context"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// partner is another account than the one that owns the bucket.
const partner = "222222222222"

// Principals of the partner.
var (
	partnerRoot = plane.RootCaller(partner, "us-east-1")
	partnerUser = plane.Caller{
		Account: partner, Region: "us-east-1", Kind: plane.User, ARN: "arn:aws:iam::" + partner + ":user/u", ID: "AIDAPARTNERUSER00000",
	}
	partnerPoor = plane.Caller{
		Account: partner, Region: "us-east-1", Kind: plane.User, ARN: "arn:aws:iam::" + partner + ":user/poor", ID: "AIDAPARTNERPOOR00000",
	}
	partnerRole = "arn:aws:iam::" + partner + ":role/r"
	partnerBy   = plane.Caller{
		Account: partner, Region: "us-east-1", Kind: plane.AssumedRole, ARN: "arn:aws:sts::" + partner + ":assumed-role/r/s", ID: "AROAPARTNERROLE00000:s",
		Session: &policy.Session{Role: partnerRole, RoleID: "AROAPARTNERROLE00000", Name: "s"},
	}
	nobody = plane.Caller{Account: account, Region: "us-east-1", Kind: plane.Anonymous}
)

// everything is the policies of a principal that may do everything.
func everything(t testing.TB) policy.Policies {
	t.Helper()
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Policies{Identity: []*policy.Document{d}}
}

// shared is a bucket that two accounts use.
type shared struct {
	*world
	t testing.TB
}

func eachShared(t *testing.T, f func(t *testing.T, w *shared)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		may := decider{partnerUser.ARN: everything(t), partnerBy.ARN: everything(t)}
		w := &shared{newWorldOf(t, db, engine.Options{}, may), t}
		w.bucket(t, "bucket")
		f(t, w)
	})
}

func (w *shared) policy(text string) {
	w.t.Helper()
	must(w.PutBucketPolicy(w.t.Context(), &api.PutBucketPolicyInput{Bucket: "bucket", Policy: text}))(w.t)
}

func (w *shared) own(how api.ObjectOwnership) {
	w.t.Helper()
	must(w.DeletePublicAccessBlock(w.t.Context(), &api.DeletePublicAccessBlockInput{Bucket: "bucket"}))(w.t)
	must(w.PutBucketOwnershipControls(w.t.Context(), &api.PutBucketOwnershipControlsInput{Bucket: "bucket", OwnershipControls: &api.OwnershipControls{
		Rules: []*api.OwnershipControlsRule{{ObjectOwnership: how}},
	}}))(w.t)
}

// get is the code of the error of reading a key, "" for none.
func (w *shared) get(c plane.Caller, key string) string {
	w.t.Helper()
	out, err := api.Client{Invoker: w.plane.As(c)}.GetObject(w.t.Context(), &api.GetObjectInput{Bucket: "bucket", Key: key})
	if err == nil {
		_ = content(w.t, out.Body)
	}
	return errorCode(w.t, err)
}

func (w *shared) putBy(c plane.Caller, key string, list api.ObjectCannedACL) string {
	w.t.Helper()
	in := &api.PutObjectInput{Bucket: "bucket", Key: key, Body: strings.NewReader(key)}
	if list != "" {
		in.ACL = &list
	}
	_, err := api.Client{Invoker: w.plane.As(c)}.PutObject(w.t.Context(), in)
	return errorCode(w.t, err)
}

func errorCode(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e := awserr.As(err)
	if e == nil {
		t.Fatal(err)
	}
	return e.Code
}

// TestOtherAccounts reads a bucket from another account, by a policy of the
// bucket that speaks of the principal in several ways.
func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	eachShared(t, func(t *testing.T, w *shared) {
		w.put(t, "bucket", "key", "x")
		const no = "AccessDenied"
		to := func(principal string) string {
			return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]}]}`
		}
		for _, x := range []struct{ name, policy, root, user, poor, role string }{
			{"nobody", "", no, no, no, no},
			{"the account", to(`{"AWS":"` + partner + `"}`), "", "", no, ""},
			{"its canonical id", to(`{"CanonicalUser":"` + policy.CanonicalID(partner) + `"}`), "", "", no, ""},
			{"the user", to(`{"AWS":"` + partnerUser.ARN + `"}`), no, "", no, no},
			{"one without policies", to(`{"AWS":"` + partnerPoor.ARN + `"}`), no, no, no, no},
			{"the role", to(`{"AWS":"` + partnerRole + `"}`), no, no, no, ""},
			{"the session", to(`{"AWS":"` + partnerBy.ARN + `"}`), no, no, no, ""},
			{"a third account", to(`{"AWS":"333333333333"}`), no, no, no, no},
		} {
			if x.policy != "" {
				w.policy(x.policy)
			}
			for _, by := range []struct {
				c    plane.Caller
				want string
			}{{partnerRoot, x.root}, {partnerUser, x.user}, {partnerPoor, x.poor}, {partnerBy, x.role}} {
				if got := w.get(by.c, "key"); got != by.want {
					t.Errorf("policy names %s: %s gets %q, want %q", x.name, by.c.ARN, got, by.want)
				}
			}
		}

		// What a policy gives others, itself stays the owner's.
		w.policy(to(`{"AWS":"` + partner + `"}`))
		other := api.Client{Invoker: w.plane.As(partnerUser)}
		_, err := other.GetBucketPolicy(t.Context(), &api.GetBucketPolicyInput{Bucket: "bucket"})
		_ = refused(t, "MethodNotAllowed", 405, err)
		_, err = other.DeleteBucketPolicy(t.Context(), &api.DeleteBucketPolicyInput{Bucket: "bucket"})
		_ = refused(t, "MethodNotAllowed", 405, err)
		_, err = other.PutBucketPolicy(t.Context(), &api.PutBucketPolicyInput{Bucket: "bucket", Policy: readPolicy})
		_ = refused(t, "MethodNotAllowed", 405, err)

		// The name of a bucket is taken, whoever asks.
		_, err = other.CreateBucket(t.Context(), &api.CreateBucketInput{Bucket: "bucket"})
		_ = refused(t, "BucketAlreadyExists", 409, err)

		// A public policy under RestrictPublicBuckets shuts out even who is named.
		must(w.DeletePublicAccessBlock(t.Context(), &api.DeletePublicAccessBlockInput{Bucket: "bucket"}))(t)
		w.policy(to(`"*"`))
		if got := w.get(partnerUser, "key") + w.get(nobody, "key"); got != "" {
			t.Errorf("public: %q", got)
		}
		must(w.PutPublicAccessBlock(t.Context(), &api.PutPublicAccessBlockInput{Bucket: "bucket", PublicAccessBlockConfiguration: &api.PublicAccessBlockConfiguration{RestrictPublicBuckets: new(true)}}))(t)
		if got := w.get(partnerUser, "key") + w.get(nobody, "key"); got != no+no {
			t.Errorf("restricted: %q", got)
		}
	})
}

// TestObjectOwners writes into a bucket from another account, whose objects
// then are its own, or the bucket owner's.
func TestObjectOwners(t *testing.T) {
	t.Parallel()
	eachShared(t, func(t *testing.T, w *shared) {
		const no = "AccessDenied"
		owner, ctx := plane.RootCaller(account, "us-east-1"), t.Context()
		w.policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + partner + `","` + account + `","333333333333"]},"Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"}]}`)
		third := plane.RootCaller("333333333333", "us-east-1")
		check := func(name, key, byOwner, byWriter, byThird string) {
			t.Helper()
			for _, x := range []struct {
				c    plane.Caller
				want string
			}{{owner, byOwner}, {partnerUser, byWriter}, {third, byThird}} {
				if got := w.get(x.c, key); got != x.want {
					t.Errorf("%s: %s gets %q, want %q", name, x.c.ARN, got, x.want)
				}
			}
		}
		put := func(key string, list api.ObjectCannedACL) {
			t.Helper()
			if got := w.putBy(partnerUser, key, list); got != "" {
				t.Fatalf("put %s: %s", key, got)
			}
		}
		put("enforced", "")
		check("BucketOwnerEnforced", "enforced", "", "", "")
		w.own("ObjectWriter")
		put("private", "")
		check("ObjectWriter", "private", no, "", no)
		put("for-owner", "bucket-owner-read")
		check("ObjectWriter, for the bucket's owner to read", "for-owner", "", "", no)
		put("for-all", "public-read")
		check("ObjectWriter, public", "for-all", "", "", "")
		if got := w.get(nobody, "for-all"); got != "" {
			t.Errorf("a stranger gets %q", got)
		}
		w.own("BucketOwnerPreferred")
		put("preferred", "")
		check("BucketOwnerPreferred", "preferred", no, "", no)
		put("given", "bucket-owner-full-control")
		check("BucketOwnerPreferred, given", "given", "", "", "")

		// The owner of the bucket may not read, but it can deny and delete.
		w.policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"` + partner + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/private"}]}`)
		check("denied", "private", no, no, no)
		if got := w.get(partnerUser, "preferred"); got != "" {
			t.Errorf("not denied: %q", got)
		}
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "private"}))(t)
		must(w.GetObjectTagging(ctx, &api.GetObjectTaggingInput{Bucket: "bucket", Key: "preferred"}))(t)

		// A bucket whose owner owns all ends it.
		w.own("BucketOwnerEnforced")
		if got := w.get(owner, "preferred"); got != "" {
			t.Errorf("enforced afterwards: %q", got)
		}
	})
}

// TestGrantsBetweenAccounts gives an account permissions by lists.
func TestGrantsBetweenAccounts(t *testing.T) {
	t.Parallel()
	eachShared(t, func(t *testing.T, w *shared) {
		const no = "AccessDenied"
		ctx, id := t.Context(), new(`id="`+policy.CanonicalID(partner)+`"`)
		w.own("ObjectWriter")
		must(w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "granted", GrantRead: id}))(t)
		w.put(t, "bucket", "other", "x")
		other := api.Client{Invoker: w.plane.As(partnerUser)}
		list := func(context.Context) string {
			_, err := other.ListObjectsV2(ctx, &api.ListObjectsV2Input{Bucket: "bucket"})
			return errorCode(t, err)
		}
		got := []string{w.get(partnerUser, "granted"), w.get(partnerPoor, "granted"), w.get(partnerUser, "other"), list(ctx), w.putBy(partnerUser, "new", "")}
		if want := []string{"", no, no, no, no}; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("an object granted: %q, want %q", got, want)
		}
		must(w.PutBucketAcl(ctx, &api.PutBucketAclInput{Bucket: "bucket", GrantWrite: id, GrantRead: id}))(t)
		got = []string{w.get(partnerUser, "other"), list(ctx), w.putBy(partnerUser, "new", ""), w.get(partnerUser, "new"), w.get(plane.RootCaller(account, "us-east-1"), "new")}
		if want := []string{no, "", "", "", no}; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the bucket granted: %q, want %q", got, want)
		}
		_, err := other.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "other"})
		_ = refused(t, no, 403, err)
		must(w.PutBucketOwnershipControls(ctx, &api.PutBucketOwnershipControlsInput{Bucket: "bucket", OwnershipControls: &api.OwnershipControls{
			Rules: []*api.OwnershipControlsRule{{ObjectOwnership: "BucketOwnerPreferred"}},
		}}))(t)
		must(w.PutBucketAcl(ctx, &api.PutBucketAclInput{Bucket: "bucket", ACL: new(api.BucketCannedACL("private"))}))(t)
		if got := list(ctx); got != no {
			t.Errorf("granted no more: %q", got)
		}
	})
}

// TestStarInKey reads a key with a star in it, which is no pattern.
func TestStarInKey(t *testing.T) {
	t.Parallel()
	eachShared(t, func(t *testing.T, w *shared) {
		must(w.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: "a*b", Body: strings.NewReader("x"), Tagging: new("class=secret")}))(t)
		w.policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*",` +
			`"Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}}]}`)
		if got := w.get(plane.RootCaller(account, "us-east-1"), "a*b"); got != "AccessDenied" {
			t.Errorf("%q", got)
		}
	})
}

// TestServices lets AWS services in unless the bucket denies them.
func TestServices(t *testing.T) {
	t.Parallel()
	eachShared(t, func(t *testing.T, w *shared) {
		delivery := plane.ServiceCaller("delivery.logs.amazonaws.com", account, "us-east-1")
		delivery.SourceARN, delivery.SourceAccount = "arn:aws:logs:us-east-1:"+account+":delivery-source:s", account
		deny := func(key, value string) string {
			return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":"s3:PutObject",` +
				`"Resource":"arn:aws:s3:::bucket/*","Condition":{"StringNotEquals":{"` + key + `":"` + value + `"}}}]}`
		}
		for _, x := range []struct{ name, policy, want string }{
			{"no policy", "", ""},
			{"its account", deny("aws:SourceAccount", account), ""},
			{"another account", deny("aws:SourceAccount", partner), "AccessDenied"},
			{"the ACL that is not there", deny("s3:x-amz-acl", "bucket-owner-full-control"), "AccessDenied"},
		} {
			if x.policy != "" {
				w.policy(x.policy)
			}
			if got := w.putBy(delivery, "AWSLogs/a", ""); got != x.want {
				t.Errorf("%s: %q, want %q", x.name, got, x.want)
			}
		}
		if got := w.putBy(delivery, "AWSLogs/a", "bucket-owner-full-control"); got != "" {
			t.Errorf("the ACL: %q", got)
		}
	})
}
