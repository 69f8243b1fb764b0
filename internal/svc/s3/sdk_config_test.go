package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"nephele.dev/nephele/nepheletest"
)

// TestSDKConfigurations takes every configuration to a server and back.
func TestSDKConfigurations(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s *nepheletest.Server, c *sdk.Client) {
		ctx, bucket := t.Context(), aws.String("bucket")
		must(c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket}))(t)

		must(c.PutBucketLifecycleConfiguration(ctx, &sdk.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
			Rules: []types.LifecycleRule{{
				ID: aws.String("r"), Status: types.ExpirationStatusEnabled, Expiration: &types.LifecycleExpiration{Days: aws.Int32(3)},
				Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("a/"), ObjectSizeGreaterThan: aws.Int64(1)}},
			}},
		}}))(t)
		if r := must(c.GetBucketLifecycleConfiguration(ctx, &sdk.GetBucketLifecycleConfigurationInput{Bucket: bucket}))(t).Rules; *r[0].Filter.And.Prefix != "a/" || *r[0].Expiration.Days != 3 {
			t.Errorf("lifecycle %v", r)
		}
		if put := must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("a/b"), Body: strings.NewReader("body")}))(t); !strings.Contains(aws.ToString(put.Expiration), `rule-id="r"`) {
			t.Errorf("x-amz-expiration %v", put.Expiration)
		}
		must(c.PutBucketCors(ctx, &sdk.PutBucketCorsInput{Bucket: bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{
			AllowedMethods: []string{"PUT"}, AllowedOrigins: []string{"https://*.example.com"}, AllowedHeaders: []string{"*"},
		}}}}))(t)
		if r := must(c.GetBucketCors(ctx, &sdk.GetBucketCorsInput{Bucket: bucket}))(t).CORSRules; r[0].AllowedOrigins[0] != "https://*.example.com" {
			t.Errorf("cors %v", r)
		}
		must(c.PutPublicAccessBlock(ctx, &sdk.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}}))(t)
		must(c.PutBucketPolicy(ctx, &sdk.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(readPolicy)}))(t)
		if p := must(c.GetBucketPolicy(ctx, &sdk.GetBucketPolicyInput{Bucket: bucket}))(t); *p.Policy != readPolicy {
			t.Errorf("policy %s", *p.Policy)
		}
		must(c.PutBucketOwnershipControls(ctx, &sdk.PutBucketOwnershipControlsInput{Bucket: bucket, OwnershipControls: &types.OwnershipControls{
			Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerPreferred}},
		}}))(t)
		must(c.PutBucketAcl(ctx, &sdk.PutBucketAclInput{Bucket: bucket, ACL: types.BucketCannedACLPrivate}))(t)
		_, err := c.PutBucketAcl(ctx, &sdk.PutBucketAclInput{Bucket: bucket, ACL: types.BucketCannedACLPublicRead})
		sdkCode(t, err, "AccessDenied", 403)
		must(c.PutBucketWebsite(ctx, &sdk.PutBucketWebsiteInput{Bucket: bucket, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("b")}}}))(t)
		visitSite(t, s.URL, "/a/", 200, "body")
		page(t, s.URL, "https://app.example.com", 200)
		page(t, s.URL, "https://app.example.org", 403)
		notified(t, s, c)
	})
}

// visitSite asks the website of "bucket".
func visitSite(t testing.TB, endpoint, path string, status int, body string) {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+path, nil))(t)
	r.Host = "bucket.s3-website-us-east-1.amazonaws.com"
	resp := must(http.DefaultClient.Do(r))(t)
	if got := content(t, resp.Body); resp.StatusCode != status || got != body {
		t.Errorf("site %s: %d %s", path, resp.StatusCode, got)
	}
}

// page sends the preflight of an upload.
func page(t testing.TB, endpoint, origin string, status int) {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodOptions, endpoint+"/bucket/a/b", nil))(t)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", "PUT")
	resp := must(http.DefaultClient.Do(r))(t)
	if got := content(t, resp.Body); resp.StatusCode != status {
		t.Errorf("preflight from %s: %d %s", origin, resp.StatusCode, got)
	}
}

// notified has a queue told of an object that a form uploads.
func notified(t testing.TB, s *nepheletest.Server, c *sdk.Client) {
	t.Helper()
	ctx := t.Context()
	queues := sqs.NewFromConfig(s.Config)
	q := must(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage",` +
			`"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::bucket"}}}}`,
	}}))(t)
	account := strings.Split(*q.QueueUrl, "/")[3]
	must(c.PutBucketNotificationConfiguration(ctx, &sdk.PutBucketNotificationConfigurationInput{Bucket: aws.String("bucket"), NotificationConfiguration: &types.NotificationConfiguration{
		QueueConfigurations: []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:" + account + ":q"), Events: []types.Event{"s3:ObjectCreated:Post"}}},
	}}))(t)
	form := must(sdk.NewPresignClient(c).PresignPostObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("posted")}, func(o *sdk.PresignPostOptions) {
		o.Conditions = []any{[]any{"content-length-range", 1, 20}}
	}))(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range form.Values {
		_ = w.WriteField(name, value) // into memory
	}
	part := must(w.CreateFormFile("file", "f"))(t)
	_, _ = io.WriteString(part, "from a form")
	_ = w.Close()
	r := must(http.NewRequestWithContext(ctx, http.MethodPost, form.URL, &b))(t)
	r.Header.Set("Content-Type", w.FormDataContentType())
	resp := must(http.DefaultClient.Do(r))(t)
	if body := content(t, resp.Body); resp.StatusCode != 204 {
		t.Fatalf("form: %d %s", resp.StatusCode, body)
	}
	var seen []string
	for range 20 {
		out := must(queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10}))(t)
		for _, m := range out.Messages {
			seen = append(seen, *m.Body)
		}
		if len(seen) >= 2 {
			break
		}
	}
	if all := fmt.Sprint(seen); !strings.Contains(all, "s3:TestEvent") || !strings.Contains(all, `"eventName":"ObjectCreated:Post"`) {
		t.Errorf("the queue was told %s", all)
	}
}
