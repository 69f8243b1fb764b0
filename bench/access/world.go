package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"nephele.dev/nephele/client"
)

// operation is a call that is measured.
type operation struct {
	service, name string
	input         map[string]any
}

const (
	bucketName = "bench-bucket"
	objectKey  = "folder/object"
	queueName  = "bench-queue"
	keyAlias   = "alias/bench"
	secretName = "bench/secret"
	account    = "000000000000"
)

var operations = []operation{
	{"sts", "GetCallerIdentity", nil},
	{"sqs", "SendMessage", map[string]any{"QueueUrl": "http://sqs.us-east-1.localhost/" + account + "/" + queueName, "MessageBody": "hello"}},
	{"s3", "GetObject", map[string]any{"Bucket": bucketName, "Key": objectKey}},
	{"kms", "GenerateDataKey", map[string]any{"KeyId": keyAlias, "KeySpec": "AES_256"}},
	{"secretsmanager", "GetSecretValue", map[string]any{"SecretId": secretName}},
	{"cloudwatch", "PutMetricData", map[string]any{"Namespace": "bench", "MetricData": []any{map[string]any{"MetricName": "m", "Value": 1.5}}}},
}

// caller is one who calls a server.
type caller struct {
	name              string
	server            *server
	id, secret, token string
}

func (c *caller) session(ctx context.Context, opts ...client.Option) (*client.Session, error) {
	return client.NewSession(ctx, append([]client.Option{
		client.WithEndpoint(c.server.url), client.WithRegion("us-east-1"), client.WithStaticCredentials(c.id, c.secret, c.token),
		client.WithMaxAttempts(1), client.WithPathStyle(true), client.WithEnvironment(func(string) string { return "" }),
	}, opts...)...)
}

func (c *caller) call(ctx context.Context, service, op string, in map[string]any, opts ...client.Option) (map[string]any, error) {
	s, err := c.session(ctx, opts...)
	if err != nil {
		return nil, err
	}
	k, err := s.Client(service)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	out, err := k.Call(ctx, op, in)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", service, op, err)
	}
	return out, nil
}

// recorder keeps a request as it goes over the wire, and answers it itself.
type recorder struct{ request []byte }

var errRecorded = errors.New("recorded")

// Do implements client.Doer.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		req.Body = nil
	}
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		return nil, err
	}
	r.request = b.Bytes()
	return nil, errRecorded
}

// record is a signed request.
func (c *caller) record(ctx context.Context, op operation) ([]byte, error) {
	var r recorder
	_, err := c.call(ctx, op.service, op.name, op.input, client.WithHTTPClient(&r))
	if r.request == nil {
		return nil, fmt.Errorf("not recorded: %w", err)
	}
	return r.request, nil
}

// meet furnishes the servers and returns who calls them.
func meet(ctx context.Context, off, on *server) ([]caller, error) {
	first := caller{name: "off", server: off, id: "test", secret: "test"}
	root := caller{name: "root", server: on, id: rootID, secret: rootSecret}
	for _, c := range []caller{first, root} {
		if err := c.furnish(ctx); err != nil {
			return nil, err
		}
	}
	user, err := root.newUser(ctx)
	if err != nil {
		return nil, err
	}
	role, err := root.newSession(ctx, &user)
	return []caller{first, root, user, role}, err
}

// furnish makes what the operations need.
func (c *caller) furnish(ctx context.Context) error {
	key, err := c.call(ctx, "kms", "CreateKey", nil)
	if err != nil {
		return err
	}
	id := key["KeyMetadata"].(map[string]any)["KeyId"]
	for _, step := range []operation{
		{"kms", "CreateAlias", map[string]any{"AliasName": keyAlias, "TargetKeyId": id}},
		{"sqs", "CreateQueue", map[string]any{"QueueName": queueName, "tags": map[string]any{"team": "blue"}}},
		{"s3", "CreateBucket", map[string]any{"Bucket": bucketName}},
		{"s3", "PutObject", map[string]any{"Bucket": bucketName, "Key": objectKey, "Body": strings.Repeat("x", 1024)}},
		{"secretsmanager", "CreateSecret", map[string]any{"Name": secretName, "SecretString": "s3cr3t"}},
	} {
		if _, err := c.call(ctx, step.service, step.name, step.input); err != nil && !client.HasCode(err, "AlreadyExistsException", "ResourceExistsException", "BucketAlreadyOwnedByYou") {
			return err
		}
	}
	return nil
}

// statement is a statement of a policy.
type statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

func document(s ...statement) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": s})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// policy is the nth of twenty policies: statements on several services, of which
// few concern the operations that are measured; those of the last one allow them.
func policy(n int) string {
	services := []string{"ec2", "s3", "sqs", "kms", "secretsmanager", "cloudwatch", "logs", "dynamodb", "lambda", "s3"}
	var all []statement
	for i, service := range services {
		effect, place := "Allow", "*:*"
		if i%3 == 1 {
			effect = "Deny"
		}
		if service == "s3" {
			place = ":"
		}
		all = append(all, statement{
			effect,
			[]string{service + ":Get*", service + ":Send*", service + ":Generate*", service + ":Put*"},
			fmt.Sprintf("arn:aws:%s:%s:other-%d-%d/*", service, place, n, i),
			map[string]map[string]string{"StringLike": {"aws:PrincipalTag/team": "t*"}},
		})
	}
	if n == last {
		for i, action := range []string{"sqs:SendMessage", "s3:GetObject", "kms:GenerateDataKey", "kms:Decrypt", "secretsmanager:GetSecretValue", "cloudwatch:PutMetricData"} {
			all[i] = statement{"Allow", []string{action}, "*", map[string]map[string]string{
				"StringEquals": {"aws:RequestedRegion": "us-east-1"}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
			}}
		}
	}
	return document(all...)
}

// last is the number of the last policy; half of them come by way of a group,
// for a user or a role has ten at most.
const last = 19

// newUser makes an IAM user with twenty managed policies of ten statements.
func (c *caller) newUser(ctx context.Context) (caller, error) {
	steps := []operation{
		{"iam", "CreateUser", map[string]any{"UserName": "bench"}},
		{"iam", "CreateGroup", map[string]any{"GroupName": "bench"}},
		{"iam", "AddUserToGroup", map[string]any{"UserName": "bench", "GroupName": "bench"}},
		{"iam", "CreateRole", map[string]any{"RoleName": "bench", "AssumeRolePolicyDocument": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:user/bench"},"Action":"sts:AssumeRole"}}`}},
	}
	for n := range last + 1 {
		name := fmt.Sprintf("bench-%d", n)
		arn := "arn:aws:iam::" + account + ":policy/" + name
		steps = append(steps, operation{"iam", "CreatePolicy", map[string]any{"PolicyName": name, "PolicyDocument": policy(n)}})
		if n < 10 {
			steps = append(steps, operation{"iam", "AttachGroupPolicy", map[string]any{"GroupName": "bench", "PolicyArn": arn}})
			continue
		}
		steps = append(steps,
			operation{"iam", "AttachUserPolicy", map[string]any{"UserName": "bench", "PolicyArn": arn}},
			operation{"iam", "AttachRolePolicy", map[string]any{"RoleName": "bench", "PolicyArn": arn}})
	}
	for _, s := range steps {
		if _, err := c.call(ctx, s.service, s.name, s.input); err != nil {
			return caller{}, err
		}
	}
	out, err := c.call(ctx, "iam", "CreateAccessKey", map[string]any{"UserName": "bench"})
	if err != nil {
		return caller{}, err
	}
	k := out["AccessKey"].(map[string]any)
	return caller{name: "user", server: c.server, id: k["AccessKeyId"].(string), secret: k["SecretAccessKey"].(string)}, nil
}

// newSession makes a session of the role, limited by a session policy.
func (c *caller) newSession(ctx context.Context, user *caller) (caller, error) {
	out, err := user.call(ctx, "sts", "AssumeRole", map[string]any{
		"RoleArn": "arn:aws:iam::" + account + ":role/bench", "RoleSessionName": "bench",
		"Policy": document(statement{"Allow", []string{"*"}, "*", nil}),
	})
	if err != nil {
		return caller{}, err
	}
	k := out["Credentials"].(map[string]any)
	return caller{
		name: "role", server: c.server, id: k["AccessKeyId"].(string), secret: k["SecretAccessKey"].(string), token: k["SessionToken"].(string),
	}, nil
}
