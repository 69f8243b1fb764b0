package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// puts writes an object as change says.
func puts(change func(*sdk.PutObjectInput)) func(context.Context, *sdk.Client) error {
	return func(ctx context.Context, c *sdk.Client) error {
		in := &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("new"), Body: strings.NewReader("x")}
		change(in)
		_, err := c.PutObject(ctx, in)
		return err
	}
}

// inParts writes an object by a multipart upload as change says.
func inParts(change func(*sdk.CreateMultipartUploadInput)) func(context.Context, *sdk.Client) error {
	return func(ctx context.Context, c *sdk.Client) error {
		in := &sdk.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: aws.String("big")}
		change(in)
		up, err := c.CreateMultipartUpload(ctx, in)
		if err != nil {
			return err
		}
		part, err := c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: in.Bucket, Key: in.Key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
		if err != nil {
			return fmt.Errorf("part: %w", err)
		}
		_, err = c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
			Bucket: in.Bucket, Key: in.Key, UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
		})
		return err
	}
}

func lists(prefix *string) func(context.Context, *sdk.Client) error {
	return does((*sdk.Client).ListObjectsV2, as(&sdk.ListObjectsV2Input{Bucket: aws.String("bucket"), Prefix: prefix, MaxKeys: aws.Int32(5)}))
}

func gets(version *string) func(context.Context, *sdk.Client) error {
	return does((*sdk.Client).GetObject, as(&sdk.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), VersionId: version}))
}

// TestConditions puts a policy on the bucket and has a user call who may do
// everything, or nothing, by its own policies.
func TestConditions(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	ctx, b := t.Context(), aws.String("bucket")
	must(g.root.PutBucketVersioning(ctx, &sdk.PutBucketVersioningInput{Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}}))(t)
	version := func(tags string) *string {
		return must(g.root.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: aws.String("key"), Body: strings.NewReader("x"), Tagging: &tags}))(t).VersionId
	}
	free, secret := version("class=free"), version("class=secret")
	admin := g.user("admin", allows("s3:*"))
	full, poor := s3Client(admin), s3Client(g.user("poor"))
	overTLS := admin.Copy()
	overTLS.HTTPClient, overTLS.BaseEndpoint = g.TLSClient(t), aws.String(strings.Replace(g.URL, "http://", "https://", 1))
	const user = `"arn:aws:iam::000000000000:user/poor"`
	id := aws.ToString(must(g.iam.GetUser(ctx, nil))(t).User.UserId)
	plain := puts(func(*sdk.PutObjectInput) {})
	encrypted := puts(func(in *sdk.PutObjectInput) { in.ServerSideEncryption = "AES256" })
	unconditional := condition(`"Null":{"s3:if-none-match":"true"},"Bool":{"s3:ObjectCreationOperation":"true"}`)
	for _, x := range []struct {
		name, policy string
		c            *sdk.Client
		call         func(context.Context, *sdk.Client) error
		ok           bool
	}{
		{"plain HTTP", stated("Deny", "s3:*", condition(`"Bool":{"aws:SecureTransport":"false"}`)), full, plain, false},
		{"HTTPS", stated("Deny", "s3:*", condition(`"Bool":{"aws:SecureTransport":"false"}`)), s3Client(overTLS), plain, true},
		{"address outside", stated("Deny", "s3:*", condition(`"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`)), full, plain, false},
		{"address inside", stated("Deny", "s3:*", condition(`"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","127.0.0.0/8","::1/128"]}`)), full, plain, true},
		{"encryption not asked for", stated("Deny", "s3:PutObject", condition(`"Null":{"s3:x-amz-server-side-encryption":"true"}`)), full, plain, false},
		{"encryption asked for", stated("Deny", "s3:PutObject", condition(`"Null":{"s3:x-amz-server-side-encryption":"true"}`)), full, encrypted, true},
		{"other encryption", stated("Deny", "s3:PutObject", condition(`"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}`)), full, encrypted, false},
		{
			"parts of an encrypted upload", stated("Deny", "s3:PutObject", condition(`"Null":{"s3:x-amz-server-side-encryption":"true"}`)), full,
			inParts(func(in *sdk.CreateMultipartUploadInput) { in.ServerSideEncryption = "AES256" }), true,
		},
		{
			"parts of another", stated("Deny", "s3:PutObject", condition(`"Null":{"s3:x-amz-server-side-encryption":"true"}`)), full,
			inParts(func(*sdk.CreateMultipartUploadInput) {}), false,
		},
		{"no ACL", stated("Deny", "s3:PutObject", condition(`"StringNotEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}`)), full, plain, false},
		{
			"the ACL", stated("Deny", "s3:PutObject", condition(`"StringNotEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}`)), full,
			puts(func(in *sdk.PutObjectInput) { in.ACL = "bucket-owner-full-control" }), true,
		},
		{
			"parts with the ACL", stated("Deny", "s3:PutObject", condition(`"StringNotEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}`)), full,
			inParts(func(in *sdk.CreateMultipartUploadInput) { in.ACL = "bucket-owner-full-control" }), true,
		},
		{"written over", stated("Deny", "s3:PutObject", unconditional), full, plain, false},
		{"written once", stated("Deny", "s3:PutObject", unconditional), full, puts(func(in *sdk.PutObjectInput) { in.Key, in.IfNoneMatch = aws.String("once"), aws.String("*") }), true},
		{"storage class", stated("Deny", "s3:PutObject", condition(`"StringEquals":{"s3:x-amz-storage-class":"STANDARD_IA"}`)), full, puts(func(in *sdk.PutObjectInput) { in.StorageClass = "STANDARD_IA" }), false},
		{"tag of the request", stated("Deny", "s3:PutObject", condition(`"StringEquals":{"s3:RequestObjectTag/class":"secret"}`)), full, puts(func(in *sdk.PutObjectInput) { in.Tagging = aws.String("class=secret") }), false},
		{"other tag", stated("Deny", "s3:PutObject", condition(`"StringEquals":{"s3:RequestObjectTag/class":"secret"}`)), full, puts(func(in *sdk.PutObjectInput) { in.Tagging = aws.String("class=free") }), true},

		{"all but me", stated("Deny", "s3:PutObject", `"NotPrincipal":{"AWS":["arn:aws:iam::000000000000:user/admin","arn:aws:iam::000000000000:root"]}`), full, plain, true},
		{"all but another", stated("Deny", "s3:PutObject", `"NotPrincipal":{"AWS":["arn:aws:iam::000000000000:user/poor","arn:aws:iam::000000000000:root"]}`), full, plain, false},
		{"ids like another", stated("Deny", "s3:PutObject", condition(`"StringNotLike":{"aws:userid":["AROAEXAMPLE:*","000000000000"]}`)), full, plain, false},
		{"ids like root's", stated("Deny", "s3:PutObject", condition(`"StringNotLike":{"aws:userid":["AROAEXAMPLE:*","`+id+`"]}`)), g.root, plain, true},

		{"no policy of its own", stated("Deny", "s3:DeleteBucket", ""), poor, plain, false},
		{"named by the bucket", stated("Allow", "s3:PutObject", `"Principal":{"AWS":`+user+`}`), poor, plain, true},
		{"the account named", stated("Allow", "s3:PutObject", `"Principal":{"AWS":"000000000000"}`), poor, plain, false},
		{"free version", stated("Allow", "s3:GetObject*", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:ExistingObjectTag/class":"free"}`)), poor, gets(free), true},
		{"secret version", stated("Allow", "s3:GetObject*", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:ExistingObjectTag/class":"free"}`)), poor, gets(secret), false},
		{"current version", stated("Allow", "s3:GetObject*", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:ExistingObjectTag/class":"free"}`)), poor, gets(nil), false},
		{"that version", stated("Allow", "s3:GetObjectVersion", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:VersionId":"`+*free+`"}`)), poor, gets(free), true},
		{"tags of what is written over", stated("Deny", "s3:PutObject", condition(`"StringEquals":{"s3:ExistingObjectTag/class":"secret"}`)), full, puts(func(in *sdk.PutObjectInput) { in.Key = aws.String("key-2") }), true},

		{"prefix", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:prefix":["","home/"]}`)), poor, lists(aws.String("home/")), true},
		{"empty prefix", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:prefix":["","home/"]}`)), poor, lists(aws.String("")), true},
		{"no prefix", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:prefix":["","home/"]}`)), poor, lists(nil), false},
		{"other prefix", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:prefix":["","home/"]}`)), poor, lists(aws.String("homeless/")), false},
		{"few keys", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"NumericLessThanEquals":{"s3:max-keys":"5"}`)), poor, lists(nil), true},
		{"too many keys", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"NumericLessThanEquals":{"s3:max-keys":"4"}`)), poor, lists(nil), false},
		{"the bucket's account", stated("Allow", "s3:ListBucket", `"Principal":{"AWS":`+user+`},`+condition(`"StringEquals":{"s3:ResourceAccount":"000000000000"}`)), poor, lists(nil), true},
		{"signed in a header", stated("Deny", "s3:*", condition(`"StringNotEquals":{"s3:authType":"REST-HEADER"}`)), full, plain, true},
		{"Signature Version 4", stated("Deny", "s3:*", condition(`"StringNotEquals":{"s3:signatureversion":"AWS4-HMAC-SHA256"}`)), full, plain, true},
	} {
		g.policy(x.policy)
		if code := codeOf(t, x.call(ctx, x.c)); isDenied(code) == x.ok || x.ok && code != "" {
			t.Errorf("%s: %q", x.name, code)
		}
	}
}

// TestSignedBeforehand reads by URLs that were signed before.
func TestSignedBeforehand(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.put("key", "v")
	sign := func(c *sdk.Client) string {
		return must(sdk.NewPresignClient(c).PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}))(t).URL
	}
	root, poor := sign(g.root), sign(s3Client(g.user("poor")))
	reader := sign(s3Client(g.user("reader", allows("s3:GetObject"))))
	session := sign(s3Client(g.session()))
	old := presignV2(g.Server, "/bucket/key", rootSecret, time.Now().Add(time.Minute))
	for _, x := range []struct {
		name, policy, url string
		status            int
	}{
		{"root", "", root, 200},
		{"user who may", "", reader, 200},
		{"user who may not", "", poor, 403},
		{"session of a role", "", session, 200},
		{"header wanted", stated("Deny", "s3:*", condition(`"StringEquals":{"s3:authType":"REST-QUERY-STRING"}`)), root, 403},
		{"form wanted", stated("Deny", "s3:*", condition(`"StringNotEquals":{"s3:authType":["POST","REST-HEADER"]}`)), reader, 403},
		{"young signature", stated("Deny", "s3:*", condition(`"NumericGreaterThan":{"s3:signatureAge":"600000"}`)), root, 200},
		{"too old a signature", stated("Deny", "s3:*", condition(`"NumericGreaterThan":{"s3:signatureAge":"-1"}`)), root, 403},
		{"the old way", "", old, 200},
		{"not the old way", stated("Deny", "s3:GetObject", condition(`"StringEquals":{"s3:signatureversion":"AWS"}`)), old, 403},
		{"the new way", stated("Deny", "s3:GetObject", condition(`"StringEquals":{"s3:signatureversion":"AWS"}`)), root, 200},
	} {
		if x.policy == "" {
			must(g.root.DeleteBucketPolicy(t.Context(), &sdk.DeleteBucketPolicyInput{Bucket: aws.String("bucket")}))(t)
		} else {
			g.policy(x.policy)
		}
		resp := do(t, must(http.NewRequestWithContext(t.Context(), http.MethodGet, x.url, nil))(t))
		if resp.StatusCode != x.status {
			t.Errorf("%s: %d %s", x.name, resp.StatusCode, resp.body)
		}
	}
}
