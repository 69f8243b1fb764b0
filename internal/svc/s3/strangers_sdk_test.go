package s3_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Signature Version 2
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"nephele.dev/nephele/nepheletest"
)

const rootSecret = nepheletest.RootSecretAccessKey

// session is the configuration of a role that may read objects.
func (g *guarded) session() aws.Config {
	g.t.Helper()
	ctx := g.t.Context()
	name, trust := aws.String("reading"), `{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}`
	role := must(g.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(document(trust))}))(g.t).Role
	must(g.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(document(allows("s3:GetObject")))}))(g.t)
	assumer := g.user("assumer", allows("sts:AssumeRole"))
	got := must(sts.NewFromConfig(assumer).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: aws.String("session")}))(g.t).Credentials
	c := g.Config.Copy()
	c.Credentials = credentials.NewStaticCredentialsProvider(*got.AccessKeyId, *got.SecretAccessKey, *got.SessionToken)
	return c
}

// stranger makes a request without a signature.
func (g *guarded) stranger(method, path string, header ...string) response {
	g.t.Helper()
	r := must(http.NewRequestWithContext(g.t.Context(), method, g.URL+path, strings.NewReader("")))(g.t)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	return do(g.t, r)
}

func (g *guarded) block(b types.PublicAccessBlockConfiguration) {
	g.t.Helper()
	must(g.root.PutPublicAccessBlock(g.t.Context(), &sdk.PutPublicAccessBlockInput{Bucket: aws.String("bucket"), PublicAccessBlockConfiguration: &b}))(g.t)
}

// TestStrangers lets in nobody, then everybody, by policies and by lists, and
// takes it back by the public access block.
func TestStrangers(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.put("key", "body")
	public := stated("Allow", "s3:GetObject", "")
	_, err := g.root.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: aws.String("bucket"), Policy: aws.String(document(public))})
	if got := codeOf(t, err); got != "AccessDenied" {
		t.Errorf("BlockPublicPolicy: %q", got)
	}
	get := func(name, path string, status int, code string) {
		t.Helper()
		if r := g.stranger(http.MethodGet, path); r.StatusCode != status || !strings.Contains(r.body, code) {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}
	get("closed", "/bucket/key", 403, "<Message>Access Denied</Message>")
	get("no bucket", "/no-bucket/key", 404, "<Code>NoSuchBucket</Code>")
	g.open()
	get("no policy", "/bucket/key", 403, "<Code>AccessDenied</Code>")
	g.policy(public)
	get("public", "/bucket/key", 200, "body")
	get("missing, and not to be listed", "/bucket/none", 403, "<Code>AccessDenied</Code>")
	get("listing", "/bucket", 403, "<Code>AccessDenied</Code>")
	get("tags", "/bucket/key?tagging", 403, "<Code>AccessDenied</Code>")
	if r := g.stranger(http.MethodHead, "/bucket/key"); r.StatusCode != 200 {
		t.Errorf("HEAD: %d", r.StatusCode)
	}
	if r := g.stranger(http.MethodHead, "/bucket/none"); r.StatusCode != 403 {
		t.Errorf("HEAD of nothing: %d", r.StatusCode)
	}
	for _, write := range []string{http.MethodPut, http.MethodDelete} {
		if r := g.stranger(write, "/bucket/key"); r.StatusCode != 403 {
			t.Errorf("%s: %d", write, r.StatusCode)
		}
	}
	g.policy(public, stated("Allow", "s3:ListBucket", ""))
	get("missing, and to be listed", "/bucket/none", 404, "<Code>NoSuchKey</Code>")
	get("listing", "/bucket", 200, "<Key>key</Key>")
	g.block(types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)})
	get("restricted", "/bucket/key", 403, "<Code>AccessDenied</Code>")
	poor := s3Client(g.user("poor"))
	if got := codeOf(t, gets(nil)(t.Context(), poor)); got != "" {
		t.Errorf("restricted, a user of the account: %q", got)
	}
	g.block(types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)})
	get("public before it was blocked", "/bucket/key", 200, "body")
	g.policy(stated("Deny", "s3:GetObject", condition(`"StringEquals":{"aws:PrincipalType":"Anonymous"}`)))
	get("denied", "/bucket/key", 403, "<Code>AccessDenied</Code>")
}

// TestPublicLists opens single objects and the bucket by lists.
func TestPublicLists(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.open()
	ctx, b := t.Context(), aws.String("bucket")
	for key, list := range map[string]types.ObjectCannedACL{"shown": "public-read", "members": "authenticated-read", "own": "private"} {
		must(g.root.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader(key), ACL: list}))(t)
	}
	poor := s3Client(g.user("poor"))
	reads := func(c *sdk.Client, key string) string {
		_, err := c.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: &key})
		return codeOf(t, err)
	}
	status := func(path string) int { return g.stranger(http.MethodGet, path).StatusCode }
	check := func(name string, want ...any) {
		t.Helper()
		got := []any{
			status("/bucket/shown"), status("/bucket/members"), status("/bucket/own"), status("/bucket"),
			reads(poor, "shown"), reads(poor, "members"), reads(poor, "own"),
		}
		if fmt.Sprint(got...) != fmt.Sprint(want...) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	const no = "AccessDenied"
	check("lists", 200, 403, 403, 403, "", "", no)
	must(g.root.PutBucketAcl(ctx, &sdk.PutBucketAclInput{Bucket: b, ACL: "public-read"}))(t)
	check("a list of the bucket, too", 200, 403, 403, 200, "", "", no)
	g.policy(stated("Deny", "s3:GetObject", condition(`"StringNotEquals":{"aws:PrincipalAccount":"000000000000"}`)))
	check("strangers denied", 403, 403, 403, 200, "", "", no)
	must(g.root.DeleteBucketPolicy(ctx, &sdk.DeleteBucketPolicyInput{Bucket: b}))(t)
	g.block(types.PublicAccessBlockConfiguration{IgnorePublicAcls: aws.Bool(true)})
	check("ignored", 403, 403, 403, 403, no, no, no)
	g.block(types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)})
	check("only blocked", 200, 403, 403, 200, "", "", no)
	_, err := g.root.PutObjectAcl(ctx, &sdk.PutObjectAclInput{Bucket: b, Key: aws.String("own"), ACL: "public-read"})
	if got := codeOf(t, err); got != no {
		t.Errorf("a public list, blocked: %q", got)
	}
}

// TestVisitors reads a website under conditions.
func TestVisitors(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.open()
	for _, key := range []string{"index.html", "docs/index.html", "secret/index.html"} {
		g.put(key, "page "+key)
	}
	must(g.root.PutBucketWebsite(t.Context(), &sdk.PutBucketWebsiteInput{Bucket: aws.String("bucket"), WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
	}}))(t)
	visit := func(name, path string, status int, header ...string) {
		t.Helper()
		r := g.stranger(http.MethodGet, path, append(header, "Host", "bucket.s3-website.us-east-1.localhost")...)
		if r.StatusCode != status {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}
	visit("closed", "/", 403)
	g.policy(stated("Allow", "s3:GetObject", condition(`"StringLike":{"aws:Referer":"https://www.example.com/*"}`)))
	visit("from nowhere", "/", 403)
	visit("from elsewhere", "/", 403, "Referer", "https://www.example.org/")
	visit("from the page", "/", 200, "Referer", "https://www.example.com/a")
	g.policy(stated("Allow", "s3:GetObject", condition(`"IpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}`)), stated("Deny", "s3:GetObject", condition(`"StringEquals":{"s3:ExistingObjectTag/class":"secret"}`)))
	visit("from the address", "/", 200)
	visit("folder", "/docs/", 200)
	visit("nothing, and not to be listed", "/none", 403)
	must(g.root.PutObjectTagging(t.Context(), &sdk.PutObjectTaggingInput{Bucket: aws.String("bucket"), Key: aws.String("secret/index.html"), Tagging: &types.Tagging{
		TagSet: []types.Tag{{Key: aws.String("class"), Value: aws.String("secret")}},
	}}))(t)
	visit("denied by a tag", "/secret/", 403)
	visit("not even the folder is told", "/secret", 403)
	g.policy(stated("Allow", "s3:GetObject", condition(`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`)))
	visit("from another address", "/", 403)
}

// form uploads by an HTML form that a key signs, or nobody.
func (g *guarded) form(id, secret, token string, fields ...string) int {
	g.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	add := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			g.t.Fatal(err)
		}
	}
	conditions := `["starts-with","$key",""],["starts-with","$acl",""],["starts-with","$x-amz-security-token",""]`
	policy := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"expiration":%q,"conditions":[{"bucket":"bucket"},%s]}`,
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339), conditions))
	add("key", "up")
	if id != "" {
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write([]byte(policy))
		add("policy", policy)
		add("AWSAccessKeyId", id)
		add("signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if token != "" {
		add("x-amz-security-token", token)
	}
	for i := 0; i < len(fields); i += 2 {
		add(fields[i], fields[i+1])
	}
	file := must(w.CreateFormFile("file", "name"))(g.t)
	if _, err := file.Write([]byte("content")); err != nil {
		g.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		g.t.Fatal(err)
	}
	r := must(http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/bucket", &body))(g.t)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return do(g.t, r).StatusCode
}

// TestForms uploads by forms of users, sessions and nobody.
func TestForms(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	of := func(c aws.Config) (id, secret, token string) {
		got := must(c.Credentials.Retrieve(t.Context()))(t)
		return got.AccessKeyID, got.SecretAccessKey, got.SessionToken
	}
	writerID, writerSecret, _ := of(g.user("writer", allows("s3:PutObject")))
	poorID, poorSecret, _ := of(g.user("poor"))
	sessionID, sessionSecret, token := of(g.session())
	for _, x := range []struct {
		name string
		got  int
		want int
	}{
		{"user who may", g.form(writerID, writerSecret, ""), 204},
		{"user who may not", g.form(poorID, poorSecret, ""), 403},
		{"session that may not", g.form(sessionID, sessionSecret, token), 403},
		{"with an ACL, which takes more", g.form(writerID, writerSecret, "", "acl", "bucket-owner-full-control"), 403},
		{"nobody", g.form("", "", ""), 403},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, want %d", x.name, x.got, x.want)
		}
	}
	g.policy(stated("Deny", "s3:PutObject", condition(`"StringEquals":{"s3:authType":"POST"}`)))
	if got := g.form(writerID, writerSecret, ""); got != 403 {
		t.Errorf("forms denied: %d", got)
	}
	g.open()
	g.policy(stated("Allow", "s3:PutObject", ""))
	if got := g.form("", "", ""); got != 204 {
		t.Errorf("nobody, and everybody may: %d", got)
	}
	owner := must(g.root.ListObjectVersions(t.Context(), &sdk.ListObjectVersionsInput{Bucket: aws.String("bucket")}))(t)
	if len(owner.Versions) != 1 {
		t.Errorf("%d versions", len(owner.Versions))
	}
}

// TestPreflight asks as a browser does, before it signs anything.
func TestPreflight(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	must(g.root.PutBucketCors(t.Context(), &sdk.PutBucketCorsInput{Bucket: aws.String("bucket"), CORSConfiguration: &types.CORSConfiguration{
		CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"https://app.example.com"}}},
	}}))(t)
	g.policy(stated("Deny", "s3:*", ""))
	for origin, status := range map[string]int{"https://app.example.com": 200, "https://app.example.org": 403} {
		r := g.stranger(http.MethodOptions, "/bucket/key", "Origin", origin, "Access-Control-Request-Method", "GET")
		if r.StatusCode != status {
			t.Errorf("%s: %d", origin, r.StatusCode)
		}
	}
}
