package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// PresignedPost is a form with which a browser uploads an object (S3, "Browser-based
// uploads using POST").
type PresignedPost struct {
	URL    string
	Fields map[string]string // of the form, before the field "file"
}

// PresignPost makes the form of an upload of S3 to bucket and key, which may end in
// ${filename}. Fields are further fields of the form and conditions further
// conditions of its policy: whatever a field may differ by has to have one, such
// as ["content-length-range", 1, 1048576]. It is valid for the time that expires
// says.
func (c *Client) PresignPost(ctx context.Context, bucket, key string, fields map[string]string, conditions []any, expires time.Duration) (*PresignedPost, error) {
	if c.service.Name != "s3" {
		return nil, fmt.Errorf("forms can be presigned for s3, not for %s", c.service.Name)
	}
	op, err := findOperation(c.service, "HeadBucket")
	if err != nil {
		return nil, err
	}
	k, err := c.prepareParams(op, params{entries: map[string]any{"Bucket": bucket}})
	if err != nil {
		return nil, err
	}
	t, err := c.session.resolve(c.service, c.region, c.endpoint)
	if err != nil {
		return nil, err
	}
	r, err := k.request(ctx, t)
	if err != nil {
		return nil, err
	}
	creds, err := c.session.retrieve(ctx)
	if err != nil {
		return nil, err
	}
	now := c.now().UTC()
	scope := strings.Join([]string{now.Format("20060102"), t.region, t.service, "aws4_request"}, "/")
	form := map[string]string{
		"key": key, "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": creds.AccessKeyID + "/" + scope,
		"x-amz-date": now.Format("20060102T150405Z"),
	}
	if creds.SessionToken != "" {
		form["x-amz-security-token"] = creds.SessionToken
	}
	maps.Copy(form, fields)
	policy, err := postPolicy(bucket, form, conditions, now.Add(expires))
	if err != nil {
		return nil, err
	}
	form["policy"] = policy
	form["x-amz-signature"] = postSignature(creds.SecretAccessKey, scope, policy)
	return &PresignedPost{URL: r.URL.String(), Fields: form}, nil
}

// postPolicy is the policy document: a condition for the bucket, one for each
// field, and the caller's own.
func postPolicy(bucket string, form map[string]string, conditions []any, end time.Time) (string, error) {
	all := []any{map[string]string{"bucket": bucket}}
	for _, name := range sortedKeys(form) {
		value := form[name]
		if prefix, ok := strings.CutSuffix(value, "${filename}"); ok && name == "key" {
			all = append(all, []string{"starts-with", "$key", prefix})
			continue
		}
		all = append(all, map[string]string{name: value})
	}
	doc, err := json.Marshal(map[string]any{
		"expiration": end.UTC().Format("2006-01-02T15:04:05.000Z"), "conditions": append(all, conditions...),
	})
	if err != nil {
		return "", fmt.Errorf("conditions: %w", err)
	}
	return base64.StdEncoding.EncodeToString(doc), nil
}

// postSignature signs a policy with the key derived for a credential scope
// (Signature Version 4, "Calculate the signature").
func postSignature(secret, scope, policy string) string {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, policy))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
