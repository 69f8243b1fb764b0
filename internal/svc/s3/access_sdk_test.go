package s3_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/nepheletest"
)

// guarded is a server that demands signatures, with the root user's client and
// a bucket.
type guarded struct {
	*nepheletest.Server
	t    testing.TB
	iam  *iam.Client
	root *sdk.Client
}

func newGuarded(t testing.TB) *guarded {
	t.Helper()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	g := &guarded{Server: s, t: t, iam: iam.NewFromConfig(s.Config), root: s3Client(s.Config)}
	must(g.root.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	return g
}

func s3Client(c aws.Config) *sdk.Client {
	return sdk.NewFromConfig(c, func(o *sdk.Options) { o.UsePathStyle = true })
}

// user makes a user who may do what statements say, and its configuration.
func (g *guarded) user(name string, statements ...string) aws.Config {
	g.t.Helper()
	must(g.iam.CreateUser(g.t.Context(), &iam.CreateUserInput{UserName: &name}))(g.t)
	key := must(g.iam.CreateAccessKey(g.t.Context(), &iam.CreateAccessKeyInput{UserName: &name}))(g.t).AccessKey
	if len(statements) > 0 {
		g.may(name, statements...)
	}
	c := g.Config.Copy()
	c.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKeyId, *key.SecretAccessKey, "")
	return c
}

// may replaces what a user may do.
func (g *guarded) may(name string, statements ...string) {
	g.t.Helper()
	must(g.iam.PutUserPolicy(g.t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: aws.String(document(statements...))}))(g.t)
}

// policy replaces the policy of the bucket.
func (g *guarded) policy(statements ...string) {
	g.t.Helper()
	must(g.root.PutBucketPolicy(g.t.Context(), &sdk.PutBucketPolicyInput{Bucket: aws.String("bucket"), Policy: aws.String(document(statements...))}))(g.t)
}

// open takes the public access block away, and lets lists count.
func (g *guarded) open() {
	g.t.Helper()
	must(g.root.DeletePublicAccessBlock(g.t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: aws.String("bucket")}))(g.t)
	must(g.root.PutBucketOwnershipControls(g.t.Context(), &sdk.PutBucketOwnershipControlsInput{
		Bucket: aws.String("bucket"), OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipObjectWriter}}},
	}))(g.t)
}

func (g *guarded) put(key, body string) {
	g.t.Helper()
	must(g.root.PutObject(g.t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: strings.NewReader(body)}))(g.t)
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// allows is a statement of a user's policy.
func allows(actions ...string) string {
	list, _ := json.Marshal(actions)
	return `{"Effect":"Allow","Action":` + string(list) + `,"Resource":"*"}`
}

// stated is a statement of the bucket's policy about everybody and everything;
// more is what else it says.
func stated(effect, action, more string) string {
	who := `"Principal":"*",`
	if strings.Contains(more, `Principal":{`) {
		who = ""
	}
	if more != "" {
		more = "," + more
	}
	return `{"Effect":"` + effect + `",` + who + `"Action":"` + action + `","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]` + more + `}`
}

func condition(text string) string { return `"Condition":{` + text + `}` }

// codeOf is the code of an SDK's error, "" for none.
func codeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatal(err)
	}
	return e.ErrorCode()
}

// isDenied tells refusals, of which HEAD gives no more than the status.
func isDenied(code string) bool { return code == "AccessDenied" || code == "Forbidden" }

// attempt is a call to S3 and the actions that it takes.
type attempt struct {
	name  string
	needs []string
	call  func(context.Context, *sdk.Client) error
}

// does drops what a call answers.
func does[In, Out any](call func(*sdk.Client, context.Context, In, ...func(*sdk.Options)) (Out, error), in func() In) func(context.Context, *sdk.Client) error {
	return func(ctx context.Context, c *sdk.Client) error {
		_, err := call(c, ctx, in())
		return err
	}
}

func as[T any](v T) func() T { return func() T { return v } }

// objectAttempts are those about one object, of which version names one.
func objectAttempts(version string) []attempt {
	b, k, v, suffix := aws.String("bucket"), aws.String("key"), (*string)(nil), ""
	if version != "" {
		v, suffix = &version, "Version"
	}
	tags := &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}
	return []attempt{
		{"Get", []string{"s3:GetObject" + suffix}, does((*sdk.Client).GetObject, as(&sdk.GetObjectInput{Bucket: b, Key: k, VersionId: v}))},
		{"Head", []string{"s3:GetObject" + suffix}, does((*sdk.Client).HeadObject, as(&sdk.HeadObjectInput{Bucket: b, Key: k, VersionId: v}))},
		{"GetTags", []string{"s3:GetObject" + suffix + "Tagging"}, does((*sdk.Client).GetObjectTagging, as(&sdk.GetObjectTaggingInput{Bucket: b, Key: k, VersionId: v}))},
		{"PutTags", []string{"s3:PutObject" + suffix + "Tagging"}, does((*sdk.Client).PutObjectTagging, as(&sdk.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: v, Tagging: tags}))},
		{"DeleteTags", []string{"s3:DeleteObject" + suffix + "Tagging"}, does((*sdk.Client).DeleteObjectTagging, as(&sdk.DeleteObjectTaggingInput{Bucket: b, Key: k, VersionId: v}))},
		{"GetACL", []string{"s3:GetObject" + suffix + "Acl"}, does((*sdk.Client).GetObjectAcl, as(&sdk.GetObjectAclInput{Bucket: b, Key: k, VersionId: v}))},
		{"PutACL", []string{"s3:PutObject" + suffix + "Acl"}, does((*sdk.Client).PutObjectAcl, as(&sdk.PutObjectAclInput{Bucket: b, Key: k, VersionId: v, ACL: "bucket-owner-full-control"}))},
		{"Attributes", []string{"s3:GetObject" + suffix, "s3:GetObject" + suffix + "Attributes"}, does((*sdk.Client).GetObjectAttributes, as(&sdk.GetObjectAttributesInput{
			Bucket: b, Key: k, VersionId: v, ObjectAttributes: []types.ObjectAttributes{"ETag"},
		}))},
		{"Copy", []string{"s3:GetObject" + suffix, "s3:PutObject", "s3:GetObject" + suffix + "Tagging", "s3:PutObjectTagging"}, does((*sdk.Client).CopyObject, as(&sdk.CopyObjectInput{
			Bucket: b, Key: aws.String("copy"), CopySource: aws.String(source("bucket/tagged", version)),
		}))},
		{"Delete", []string{"s3:DeleteObject" + suffix}, does((*sdk.Client).DeleteObject, as(&sdk.DeleteObjectInput{Bucket: b, Key: aws.String("other"), VersionId: v}))},
	}
}

func source(path, version string) string {
	if version == "" {
		return path
	}
	return path + "?versionId=null"
}

// writeAttempts are those that write, and those of multipart uploads.
func writeAttempts(upload string) []attempt {
	b, k, n := aws.String("bucket"), aws.String("key"), aws.Int32(1)
	body := strings.NewReader
	return []attempt{
		{"Put", []string{"s3:PutObject"}, does((*sdk.Client).PutObject, func() *sdk.PutObjectInput {
			return &sdk.PutObjectInput{Bucket: b, Key: aws.String("new"), Body: body("x")}
		})},
		{"PutTagged", []string{"s3:PutObject", "s3:PutObjectTagging"}, does((*sdk.Client).PutObject, func() *sdk.PutObjectInput {
			return &sdk.PutObjectInput{Bucket: b, Key: aws.String("new"), Body: body("x"), Tagging: aws.String("a=b")}
		})},
		{"PutWithACL", []string{"s3:PutObject", "s3:PutObjectAcl"}, does((*sdk.Client).PutObject, func() *sdk.PutObjectInput {
			return &sdk.PutObjectInput{Bucket: b, Key: aws.String("new"), Body: body("x"), ACL: "bucket-owner-full-control"}
		})},
		{"CopyReplacing", []string{"s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"}, does((*sdk.Client).CopyObject, as(&sdk.CopyObjectInput{
			Bucket: b, Key: aws.String("copy"), CopySource: aws.String("bucket/tagged"), TaggingDirective: "REPLACE", Tagging: aws.String("a=b"),
		}))},
		{"Begin", []string{"s3:PutObject"}, does((*sdk.Client).CreateMultipartUpload, as(&sdk.CreateMultipartUploadInput{Bucket: b, Key: k}))},
		{"BeginTagged", []string{"s3:PutObject", "s3:PutObjectTagging"}, does((*sdk.Client).CreateMultipartUpload, as(&sdk.CreateMultipartUploadInput{Bucket: b, Key: k, Tagging: aws.String("a=b")}))},
		{"Part", []string{"s3:PutObject"}, does((*sdk.Client).UploadPart, func() *sdk.UploadPartInput {
			return &sdk.UploadPartInput{Bucket: b, Key: k, UploadId: &upload, PartNumber: n, Body: body("x")}
		})},
		{"PartCopy", []string{"s3:PutObject", "s3:GetObject"}, does((*sdk.Client).UploadPartCopy, as(&sdk.UploadPartCopyInput{
			Bucket: b, Key: k, UploadId: &upload, PartNumber: n, CopySource: aws.String("bucket/tagged"),
		}))},
		{"Parts", []string{"s3:ListMultipartUploadParts"}, does((*sdk.Client).ListParts, as(&sdk.ListPartsInput{Bucket: b, Key: k, UploadId: &upload}))},
		{"Uploads", []string{"s3:ListBucketMultipartUploads"}, does((*sdk.Client).ListMultipartUploads, as(&sdk.ListMultipartUploadsInput{Bucket: b}))},
		{"Complete", []string{"s3:PutObject"}, does((*sdk.Client).CompleteMultipartUpload, as(&sdk.CompleteMultipartUploadInput{
			Bucket: b, Key: k, UploadId: &upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: n, ETag: aws.String(`"0"`)}}},
		}))},
		{"Abort", []string{"s3:AbortMultipartUpload"}, does((*sdk.Client).AbortMultipartUpload, as(&sdk.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: &upload}))},
	}
}

// bucketAttempts are those about buckets whose action has another name, or that
// take several.
func bucketAttempts() []attempt {
	b, fresh := aws.String("bucket"), aws.String("fresh-bucket")
	return []attempt{
		{"List", []string{"s3:ListBucket"}, does((*sdk.Client).ListObjects, as(&sdk.ListObjectsInput{Bucket: b}))},
		{"ListV2", []string{"s3:ListBucket"}, does((*sdk.Client).ListObjectsV2, as(&sdk.ListObjectsV2Input{Bucket: b}))},
		{"Versions", []string{"s3:ListBucketVersions"}, does((*sdk.Client).ListObjectVersions, as(&sdk.ListObjectVersionsInput{Bucket: b}))},
		{"Head", []string{"s3:ListBucket"}, does((*sdk.Client).HeadBucket, as(&sdk.HeadBucketInput{Bucket: b}))},
		{"Location", []string{"s3:GetBucketLocation"}, does((*sdk.Client).GetBucketLocation, as(&sdk.GetBucketLocationInput{Bucket: b}))},
		{"Buckets", []string{"s3:ListAllMyBuckets"}, does((*sdk.Client).ListBuckets, as(&sdk.ListBucketsInput{}))},
		{"CORS", []string{"s3:GetBucketCORS"}, does((*sdk.Client).GetBucketCors, as(&sdk.GetBucketCorsInput{Bucket: b}))},
		{"Encryption", []string{"s3:GetEncryptionConfiguration"}, does((*sdk.Client).GetBucketEncryption, as(&sdk.GetBucketEncryptionInput{Bucket: b}))},
		{"Block", []string{"s3:GetBucketPublicAccessBlock"}, does((*sdk.Client).GetPublicAccessBlock, as(&sdk.GetPublicAccessBlockInput{Bucket: b}))},
		{"DeleteTags", []string{"s3:PutBucketTagging"}, does((*sdk.Client).DeleteBucketTagging, as(&sdk.DeleteBucketTaggingInput{Bucket: b}))},
		{"Create", []string{"s3:CreateBucket", "s3:PutBucketOwnershipControls", "s3:PutBucketAcl", "s3:TagResource"}, does((*sdk.Client).CreateBucket, as(&sdk.CreateBucketInput{
			Bucket: fresh, ObjectOwnership: "ObjectWriter", ACL: "private",
			CreateBucketConfiguration: &types.CreateBucketConfiguration{Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}},
		}))},
		{"DeleteBucket", []string{"s3:DeleteBucket"}, does((*sdk.Client).DeleteBucket, as(&sdk.DeleteBucketInput{Bucket: fresh}))},
	}
}

// TestActions gives a user all that a call takes, which is then not refused,
// and all but one of it, which is refused, each time for what was left out.
func TestActions(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	ctx := t.Context()
	for _, key := range []string{"key", "other", "tagged"} {
		must(g.root.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: strings.NewReader("v"), Tagging: aws.String("a=b")}))(t)
	}
	upload := must(g.root.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: aws.String("key")}))(t).UploadId
	c := s3Client(g.user("walker"))
	for group, list := range map[string][]attempt{
		"object": objectAttempts(""), "version": objectAttempts("null"), "write": writeAttempts(*upload), "bucket": bucketAttempts(),
	} {
		for _, a := range list {
			for i, missing := range a.needs {
				g.may("walker", allows(append([]string{"s3:None"}, slices.Delete(slices.Clone(a.needs), i, i+1)...)...))
				err := a.call(ctx, c)
				if code := codeOf(t, err); !isDenied(code) || code == "AccessDenied" && !strings.Contains(err.Error(), missing) {
					t.Errorf("%s %s without %s: %v", group, a.name, missing, err)
				}
			}
			g.may("walker", allows(a.needs...))
			if err := a.call(ctx, c); isDenied(codeOf(t, err)) {
				t.Errorf("%s %s with all: %v", group, a.name, err)
			}
		}
	}
}

// TestHidden asks for what is not there, with and without the right to list.
func TestHidden(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	all := allows("s3:*Object*")
	blind, seer := s3Client(g.user("blind", all)), s3Client(g.user("seer", all, allows("s3:ListBucket", "s3:ListBucketVersions")))
	b, k := aws.String("bucket"), aws.String("none")
	const version = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, x := range []struct {
		attempt
		seen string
	}{
		{attempt{"Get", nil, does((*sdk.Client).GetObject, as(&sdk.GetObjectInput{Bucket: b, Key: k}))}, "NoSuchKey"},
		{attempt{"Head", nil, does((*sdk.Client).HeadObject, as(&sdk.HeadObjectInput{Bucket: b, Key: k}))}, "NotFound"},
		{attempt{"Copy", nil, does((*sdk.Client).CopyObject, as(&sdk.CopyObjectInput{Bucket: b, Key: aws.String("k"), CopySource: aws.String("bucket/none")}))}, "NoSuchKey"},
		{attempt{"Tags", nil, does((*sdk.Client).GetObjectTagging, as(&sdk.GetObjectTaggingInput{Bucket: b, Key: k}))}, "NoSuchKey"},
		{attempt{"ACL", nil, does((*sdk.Client).GetObjectAcl, as(&sdk.GetObjectAclInput{Bucket: b, Key: k}))}, "NoSuchKey"},
		{attempt{"Untag", nil, does((*sdk.Client).DeleteObjectTagging, as(&sdk.DeleteObjectTaggingInput{Bucket: b, Key: k}))}, "NoSuchKey"},
		{attempt{"Attributes", nil, does((*sdk.Client).GetObjectAttributes, as(&sdk.GetObjectAttributesInput{Bucket: b, Key: k, ObjectAttributes: []types.ObjectAttributes{"ETag"}}))}, "NoSuchKey"},
		{attempt{"Version", nil, does((*sdk.Client).GetObject, as(&sdk.GetObjectInput{Bucket: b, Key: k, VersionId: aws.String(version)}))}, "NoSuchVersion"},
		{attempt{"Delete", nil, does((*sdk.Client).DeleteObject, as(&sdk.DeleteObjectInput{Bucket: b, Key: k}))}, ""},
	} {
		if got := codeOf(t, x.call(t.Context(), seer)); got != x.seen {
			t.Errorf("%s, for one who may list: %q, want %q", x.name, got, x.seen)
		}
		if got := codeOf(t, x.call(t.Context(), blind)); isDenied(got) != (x.seen != "") {
			t.Errorf("%s, for one who may not: %q", x.name, got)
		}
	}
}

// TestDeleteObjectsByKey deletes what a user may delete, and says of the others
// that it may not.
func TestDeleteObjectsByKey(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	for _, key := range []string{"mine/a", "yours/a", "mine/b"} {
		g.put(key, "x")
	}
	c := s3Client(g.user("deleter", `{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::bucket/mine/*"}`))
	out := must(c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: aws.String("bucket"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("mine/a")}, {Key: aws.String("yours/a")}, {Key: aws.String("mine/b"), VersionId: aws.String("null")},
	}}}))(t)
	got := map[string]string{}
	for _, d := range out.Deleted {
		got[*d.Key] = ""
	}
	for _, e := range out.Errors {
		got[*e.Key] = *e.Code
	}
	if d := cmp.Diff(map[string]string{"mine/a": "", "yours/a": "AccessDenied", "mine/b": "AccessDenied"}, got); d != "" {
		t.Error(d)
	}
	left := must(g.root.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: aws.String("bucket")}))(t)
	if len(left.Contents) != 2 {
		t.Errorf("%d objects are left", len(left.Contents))
	}
}

// TestSovereign locks everybody out of a bucket by its policy, of which the
// owner's root user stays the master.
func TestSovereign(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	b := aws.String("bucket")
	g.put("key", "v")
	admin := s3Client(g.user("admin", allows("*")))
	g.policy(stated("Deny", "s3:*", ""))
	get := does((*sdk.Client).GetObject, as(&sdk.GetObjectInput{Bucket: b, Key: aws.String("key")}))
	read := does((*sdk.Client).GetBucketPolicy, as(&sdk.GetBucketPolicyInput{Bucket: b}))
	drop := does((*sdk.Client).DeleteBucketPolicy, as(&sdk.DeleteBucketPolicyInput{Bucket: b}))
	for _, x := range []struct {
		name string
		c    *sdk.Client
		call func(context.Context, *sdk.Client) error
		want string
	}{
		{"root reads an object", g.root, get, "AccessDenied"},
		{"admin reads an object", admin, get, "AccessDenied"},
		{"admin reads the policy", admin, read, "AccessDenied"},
		{"admin deletes the policy", admin, drop, "AccessDenied"},
		{"root reads the policy", g.root, read, ""},
		{"root deletes the policy", g.root, drop, ""},
		{"admin reads afterwards", admin, get, ""},
	} {
		if got := codeOf(t, x.call(t.Context(), x.c)); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}
