package s3_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/s3"
)

const readPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`

// TestConfigurations puts, reads and deletes each configuration.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")

		cors := &api.CORSConfiguration{CORSRules: []*api.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}, MaxAgeSeconds: new(int32(5))}}}
		getCORS := func() (*api.GetBucketCorsOutput, error) {
			return w.GetBucketCors(ctx, &api.GetBucketCorsInput{Bucket: "bucket"})
		}
		_ = wantCode[*api.GetBucketCorsOutput](t, "NoSuchCORSConfiguration", 404)(getCORS())
		must(w.PutBucketCors(ctx, &api.PutBucketCorsInput{Bucket: "bucket", CORSConfiguration: cors}))(t)
		if d := cmp.Diff(cors.CORSRules, must(getCORS())(t).CORSRules); d != "" {
			t.Error(d)
		}
		must(w.DeleteBucketCors(ctx, &api.DeleteBucketCorsInput{Bucket: "bucket"}))(t)
		_ = wantCode[*api.GetBucketCorsOutput](t, "NoSuchCORSConfiguration", 404)(getCORS())

		site := &api.WebsiteConfiguration{IndexDocument: &api.IndexDocument{Suffix: "index.html"}}
		must(w.PutBucketWebsite(ctx, &api.PutBucketWebsiteInput{Bucket: "bucket", WebsiteConfiguration: site}))(t)
		if got := must(w.GetBucketWebsite(ctx, &api.GetBucketWebsiteInput{Bucket: "bucket"}))(t); got.IndexDocument.Suffix != "index.html" {
			t.Errorf("website %v", got)
		}
		must(w.DeleteBucketWebsite(ctx, &api.DeleteBucketWebsiteInput{Bucket: "bucket"}))(t)
		_ = wantCode[*api.GetBucketWebsiteOutput](t, "NoSuchWebsiteConfiguration", 404)(w.GetBucketWebsite(ctx, &api.GetBucketWebsiteInput{Bucket: "bucket"}))

		getEncryption := func() *api.ServerSideEncryptionRule {
			return must(w.GetBucketEncryption(ctx, &api.GetBucketEncryptionInput{Bucket: "bucket"}))(t).ServerSideEncryptionConfiguration.Rules[0]
		}
		if e := getEncryption(); e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" || *e.BucketKeyEnabled {
			t.Errorf("encryption of a new bucket: %v", e)
		}
		kms := &api.ServerSideEncryptionConfiguration{Rules: []*api.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &api.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: new("alias/k")}, BucketKeyEnabled: new(true),
		}}}
		must(w.PutBucketEncryption(ctx, &api.PutBucketEncryptionInput{Bucket: "bucket", ServerSideEncryptionConfiguration: kms}))(t)
		if d := cmp.Diff(kms.Rules[0], getEncryption()); d != "" {
			t.Error(d)
		}
		if put := w.put(t, "bucket", "k", "k"); put.ServerSideEncryption == nil || *put.ServerSideEncryption != "aws:kms" {
			t.Errorf("an object under the default: %v", put)
		}
		must(w.DeleteBucketEncryption(ctx, &api.DeleteBucketEncryptionInput{Bucket: "bucket"}))(t)
		if e := getEncryption(); e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
			t.Errorf("encryption after its deletion: %v", e)
		}
	})
}

// TestAccessConfigurations is about who may do what: ownership, the public
// access block, ACLs and policies hang together.
func TestAccessConfigurations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		own := func(o api.ObjectOwnership) error {
			_, err := w.PutBucketOwnershipControls(ctx, &api.PutBucketOwnershipControlsInput{
				Bucket: "bucket", OwnershipControls: &api.OwnershipControls{Rules: []*api.OwnershipControlsRule{{ObjectOwnership: o}}},
			})
			return err
		}
		acl := func(name api.BucketCannedACL) error {
			_, err := w.PutBucketAcl(ctx, &api.PutBucketAclInput{Bucket: "bucket", ACL: &name})
			return err
		}
		policy := func() error {
			_, err := w.PutBucketPolicy(ctx, &api.PutBucketPolicyInput{Bucket: "bucket", Policy: readPolicy})
			return err
		}
		block := must(w.GetPublicAccessBlock(ctx, &api.GetPublicAccessBlockInput{Bucket: "bucket"}))(t).PublicAccessBlockConfiguration
		if !*block.BlockPublicAcls || !*block.BlockPublicPolicy || !*block.IgnorePublicAcls || !*block.RestrictPublicBuckets {
			t.Errorf("public access block of a new bucket: %v", block)
		}
		_ = refused(t, "AccessDenied", 403, policy())
		_ = refused(t, "AccessControlListNotSupported", 400, acl("public-read"))
		_ = refused(t, "MalformedXML", 400, own("Nobody"))
		if err := own("ObjectWriter"); err != nil {
			t.Fatal(err)
		}
		_ = refused(t, "AccessDenied", 403, acl("public-read"))
		must(w.DeletePublicAccessBlock(ctx, &api.DeletePublicAccessBlockInput{Bucket: "bucket"}))(t)
		_ = wantCode[*api.GetPublicAccessBlockOutput](t, "NoSuchPublicAccessBlockConfiguration", 404)(
			w.GetPublicAccessBlock(ctx, &api.GetPublicAccessBlockInput{Bucket: "bucket"}))
		if err := acl("public-read"); err != nil {
			t.Fatal(err)
		}
		if g := must(w.GetBucketAcl(ctx, &api.GetBucketAclInput{Bucket: "bucket"}))(t).Grants; len(g) != 2 || !strings.HasSuffix(*g[1].Grantee.URI, "/AllUsers") {
			t.Errorf("grants %v", g)
		}
		_ = refused(t, "InvalidBucketAclWithObjectOwnership", 400, own("BucketOwnerEnforced"))
		_ = refused(t, "InvalidArgument", 400, acl("bucket-owner-read"))
		if err := acl("private"); err != nil {
			t.Fatal(err)
		}
		if err := own("BucketOwnerEnforced"); err != nil {
			t.Fatal(err)
		}

		_ = wantCode[*api.GetBucketPolicyOutput](t, "NoSuchBucketPolicy", 404)(w.GetBucketPolicy(ctx, &api.GetBucketPolicyInput{Bucket: "bucket"}))
		if err := policy(); err != nil {
			t.Fatal(err)
		}
		if got := *must(w.GetBucketPolicy(ctx, &api.GetBucketPolicyInput{Bucket: "bucket"}))(t).Policy; got != readPolicy {
			t.Errorf("policy %s", got)
		}
		if s := must(w.GetBucketPolicyStatus(ctx, &api.GetBucketPolicyStatusInput{Bucket: "bucket"}))(t).PolicyStatus; !*s.IsPublic {
			t.Error("the policy is not public")
		}
		must(w.DeleteBucketPolicy(ctx, &api.DeleteBucketPolicyInput{Bucket: "bucket"}))(t)
		must(w.DeleteBucketOwnershipControls(ctx, &api.DeleteBucketOwnershipControlsInput{Bucket: "bucket"}))(t)
		_ = wantCode[*api.GetBucketOwnershipControlsOutput](t, "OwnershipControlsNotFoundError", 404)(
			w.GetBucketOwnershipControls(ctx, &api.GetBucketOwnershipControlsInput{Bucket: "bucket"}))
	})
}

// TestConfigurationsGoWithTheBucket makes a bucket anew.
func TestConfigurationsGoWithTheBucket(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.lifecycle(t, "bucket", rule("a", "", days(1)))
		must(w.PutBucketWebsite(ctx, &api.PutBucketWebsiteInput{Bucket: "bucket", WebsiteConfiguration: &api.WebsiteConfiguration{IndexDocument: &api.IndexDocument{Suffix: "i"}}}))(t)
		must(w.DeleteBucket(ctx, &api.DeleteBucketInput{Bucket: "bucket"}))(t)
		w.bucket(t, "bucket")
		_ = wantCode[*api.GetBucketWebsiteOutput](t, "NoSuchWebsiteConfiguration", 404)(w.GetBucketWebsite(ctx, &api.GetBucketWebsiteInput{Bucket: "bucket"}))
		if put := w.put(t, "bucket", "k", "k"); put.Expiration != nil {
			t.Errorf("an object expires under the rules of the bucket before: %s", *put.Expiration)
		}
	})
}

func TestConfigurationRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		cors := func(r api.CORSRule) error {
			_, err := w.PutBucketCors(ctx, &api.PutBucketCorsInput{Bucket: "bucket", CORSConfiguration: &api.CORSConfiguration{CORSRules: []*api.CORSRule{&r}}})
			return err
		}
		site := func(c *api.WebsiteConfiguration) error {
			_, err := w.PutBucketWebsite(ctx, &api.PutBucketWebsiteInput{Bucket: "bucket", WebsiteConfiguration: c})
			return err
		}
		route := func(c *api.Condition, r api.Redirect) error {
			return site(&api.WebsiteConfiguration{IndexDocument: &api.IndexDocument{Suffix: "i"}, RoutingRules: []*api.RoutingRule{{Condition: c, Redirect: &r}}})
		}
		encrypt := func(d api.ServerSideEncryptionByDefault) error {
			_, err := w.PutBucketEncryption(ctx, &api.PutBucketEncryptionInput{Bucket: "bucket", ServerSideEncryptionConfiguration: &api.ServerSideEncryptionConfiguration{
				Rules: []*api.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &d}},
			}})
			return err
		}
		list := func(s ...string) []string { return s }
		for _, c := range []struct {
			code, text string
			err        error
		}{
			{"MalformedXML", "", cors(api.CORSRule{AllowedMethods: list("GET")})},
			{"InvalidRequest", "Unsupported method is PATCH", cors(api.CORSRule{AllowedMethods: list("PATCH"), AllowedOrigins: list("*")})},
			{"InvalidRequest", "can not have more than one wildcard", cors(api.CORSRule{AllowedMethods: list("GET"), AllowedOrigins: list("http://*.*")})},
			{"InvalidRequest", "can not have more than one wildcard", cors(api.CORSRule{AllowedMethods: list("GET"), AllowedOrigins: list("*"), AllowedHeaders: list("*-*")})},
			{"InvalidRequest", "ExposeHeader \"x-*\" contains wildcard", cors(api.CORSRule{AllowedMethods: list("GET"), AllowedOrigins: list("*"), ExposeHeaders: list("x-*")})},
			{"MalformedXML", "", site(nil)},
			{"InvalidArgument", "IndexDocument Suffix must be provided", site(&api.WebsiteConfiguration{})},
			{"InvalidArgument", "not well formed", site(&api.WebsiteConfiguration{IndexDocument: &api.IndexDocument{Suffix: "a/b"}})},
			{"InvalidArgument", "in conjunction with", site(&api.WebsiteConfiguration{IndexDocument: &api.IndexDocument{Suffix: "i"}, RedirectAllRequestsTo: &api.RedirectAllRequestsTo{HostName: "h"}})},
			{"InvalidRequest", "Valid codes are 3XX except 300", route(nil, api.Redirect{HttpRedirectCode: new("300")})},
			{"InvalidRequest", "Valid codes are 4XX or 5XX", route(&api.Condition{HttpErrorCodeReturnedEquals: new("200")}, api.Redirect{HostName: new("h")})},
			{"InvalidRequest", "Condition cannot be empty", route(&api.Condition{}, api.Redirect{HostName: new("h")})},
			{"InvalidRequest", "but not both", route(nil, api.Redirect{ReplaceKeyWith: new("a"), ReplaceKeyPrefixWith: new("b")})},
			{"InvalidRequest", "Invalid protocol", route(nil, api.Redirect{Protocol: new(api.Protocol("ftp"))})},
			{"MalformedXML", "", route(nil, api.Redirect{})},
			{"MalformedXML", "", encrypt(api.ServerSideEncryptionByDefault{SSEAlgorithm: "rot13"})},
			{"InvalidArgument", "KMSMasterKeyID is not applicable", encrypt(api.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256", KMSMasterKeyID: new("k")})},
		} {
			if e := refused(t, c.code, 400, c.err); !strings.Contains(e.Message, c.text) {
				t.Errorf("%s, want %q", e.Message, c.text)
			}
		}
	})
}
