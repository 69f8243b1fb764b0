package permissions_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
	"nephele.dev/nephele/nepheletest"
)

const region = "us-east-1"

// user is an IAM user whose one policy the test writes.
type user struct {
	t    *testing.T
	srv  *nepheletest.Server
	iam  *iam.Client
	http *http.Client
	name string
	cred aws.Credentials
}

func newUser(t *testing.T, srv *nepheletest.Server, name string) *user {
	t.Helper()
	u := &user{t: t, srv: srv, iam: iam.NewFromConfig(srv.Config), http: client(t, srv), name: name}
	if _, err := u.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	key, err := u.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	u.cred = aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	return u
}

// client reaches the server under whatever name: some operations put a label
// in front of it.
func client(t *testing.T, srv *nepheletest.Server) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(srv.URL, "http://"))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// statement is one of a policy.
type statement struct {
	Effect   string
	Action   []string
	Resource []string
}

// may makes the statements the user's one policy; none takes it away.
func (u *user) may(statements ...statement) {
	u.t.Helper()
	name := "walk"
	if len(statements) == 0 {
		if _, err := u.iam.DeleteUserPolicy(u.t.Context(), &iam.DeleteUserPolicyInput{UserName: &u.name, PolicyName: &name}); err != nil {
			u.t.Fatal(err)
		}
		return
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		u.t.Fatal(err)
	}
	if _, err := u.iam.PutUserPolicy(u.t.Context(), &iam.PutUserPolicyInput{
		UserName: &u.name, PolicyName: &name, PolicyDocument: aws.String(string(text)),
	}); err != nil {
		u.t.Fatal(err)
	}
}

// call makes one call as the user, and returns the error it was answered with.
func (u *user) call(op *shape.Operation, in any) *awserr.Error {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), 30*time.Second)
	defer cancel()
	codec := wire.For(op.Service.Protocols[0])
	endpoint, err := url.Parse(u.srv.URL)
	if err != nil {
		u.t.Fatal(err)
	}
	req, err := codec.EncodeRequest(ctx, endpoint, op, in)
	if err != nil {
		u.t.Fatalf("%s: %v", op.Name, err)
	}
	u.sign(ctx, req, op)
	resp, err := u.http.Do(req)
	if err != nil {
		u.t.Fatalf("%s: %v", op.Name, err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if resp.StatusCode < 300 {
		return nil // what it answers is for other tests
	}
	_, err = codec.DecodeResponse(op, resp)
	e := awserr.As(err)
	if e == nil {
		u.t.Fatalf("%s: %d, %v", op.Name, resp.StatusCode, err)
	}
	if e.Status == 0 {
		e.Status = resp.StatusCode
	}
	return e
}

func (u *user) sign(ctx context.Context, req *http.Request, op *shape.Operation) {
	u.t.Helper()
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			u.t.Fatal(err)
		}
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		req.Body = http.NoBody
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = op.Service.Name == "s3" }).
		SignHTTP(ctx, u.cred, req, hash, op.Service.SigningName, region, time.Now())
	if err != nil {
		u.t.Fatal(err)
	}
}
