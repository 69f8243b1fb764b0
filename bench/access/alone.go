package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	cloudwatchapi "nephele.dev/nephele/internal/api/cloudwatch"
	kmsapi "nephele.dev/nephele/internal/api/kms"
	s3api "nephele.dev/nephele/internal/api/s3"
	secretsapi "nephele.dev/nephele/internal/api/secretsmanager"
	sqsapi "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

// alone measures signatures, and decisions, in this process and on one
// goroutine.
func alone(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "nephele-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var o options
	o.dir = filepath.Join(dir, "data")
	a, err := app.New(ctx, configured(o, config.AuthOn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	if err := a.Start(ctx); err != nil {
		return err
	}
	root := caller{name: "root", server: &server{url: a.URL()}, id: rootID, secret: rootSecret}
	if err := root.furnish(ctx); err != nil {
		return err
	}
	user, err := root.newUser(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %12s %14s\n", "alone, one goroutine", "a second", "user µs each")
	for _, op := range operations[1:] {
		if err := signatures(ctx, &user, op); err != nil {
			return err
		}
	}
	out, err := root.call(ctx, "iam", "GetUser", map[string]any{"UserName": "bench"})
	if err != nil {
		return err
	}
	u := out["User"].(map[string]any)
	return decisions(ctx, a.Plane(), plane.Caller{
		Account: account, Region: "us-east-1", Kind: plane.User, ARN: u["Arn"].(string), ID: u["UserId"].(string), AccessKeyID: user.id,
		SourceIP: netip.MustParseAddr("127.0.0.1"), UserAgent: "bench",
	})
}

// signatures verifies one request over and over, as the door does.
func signatures(ctx context.Context, c *caller, op operation) error {
	raw, err := c.record(ctx, op)
	if err != nil {
		return err
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var keys sigv4.Keys
	return repeated("signature of "+op.name, func() error {
		s, err := sigv4.Parse(r)
		if err != nil {
			return err
		}
		return s.Verify(r, keys.Get(s.AccessKeyID, c.secret, s.Scope), sigv4.BodyHash(body))
	})
}

// decisions asks for permission over and over, as the plane does.
func decisions(ctx context.Context, p *plane.Plane, who plane.Caller) error {
	key, text := objectKey, "hello"
	spec := kmsapi.DataKeySpecAes256
	for _, q := range []struct {
		service *shape.Service
		name    string
		in      any
	}{
		{sqsapi.Service(), "SendMessage", &sqsapi.SendMessageInput{QueueUrl: "http://localhost/" + account + "/" + queueName, MessageBody: text}},
		{s3api.Service(), "GetObject", &s3api.GetObjectInput{Bucket: bucketName, Key: key}},
		{kmsapi.Service(), "GenerateDataKey", &kmsapi.GenerateDataKeyInput{KeyId: keyAlias, KeySpec: &spec}},
		{secretsapi.Service(), "GetSecretValue", &secretsapi.GetSecretValueInput{SecretId: secretName}},
		{cloudwatchapi.Service(), "PutMetricData", &cloudwatchapi.PutMetricDataInput{Namespace: "bench"}},
	} {
		call := &plane.Call{Caller: who, Operation: q.service.Operation(q.name), Time: time.Now(), Header: http.Header{}}
		err := repeated("decision on "+q.name, func() error { return p.Authorize(ctx, call, p.Needs(call, q.in)...) })
		if err != nil {
			return err
		}
	}
	return nil
}

// length is how long each thing alone is repeated.
const length = time.Second

// repeated prints how much processor time f takes.
func repeated(name string, f func() error) error {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return err
	}
	n, began := 0, time.Now()
	for time.Since(began) < length {
		for range 100 {
			if err := f(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		n += 100
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return err
	}
	each := float64(after.Utime.Nano()-before.Utime.Nano()) / 1e3 / float64(n)
	fmt.Printf("%-46s %12.0f %14.2f\n", name, 1e6/each, each)
	return nil
}
