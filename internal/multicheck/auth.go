package multicheck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// authenticate adds to req what proves who sends it. It reports whether that is
// an OAuth token from before this step; fresh asks for a new one.
func (r *run) authenticate(ctx context.Context, q *request, req *http.Request, fresh bool) (cached bool, err error) {
	a := &q.check.auth
	switch a.kind {
	case authBasic:
		err = r.basic(ctx, a, req)
	case authAPIKey:
		err = r.apiKey(ctx, a, req)
	case authOAuth:
		return r.bearer(ctx, a, req, fresh)
	case authSigV4:
		err = r.sign(ctx, a, req, q.body)
	}
	return false, err
}

// basic is RFC 7617.
func (r *run) basic(ctx context.Context, a *auth, req *http.Request) error {
	user, err := r.text(ctx, a.username)
	if err != nil {
		return err
	}
	password, err := r.text(ctx, a.password)
	if err != nil {
		return err
	}
	r.redactor.add(password)
	r.redactor.add(user + ":" + password) // and how the header writes it
	req.SetBasicAuth(user, password)
	return nil
}

func (r *run) apiKey(ctx context.Context, a *auth, req *http.Request) error {
	key, err := r.text(ctx, a.apiKey)
	if err != nil {
		return err
	}
	name, err := r.text(ctx, a.headerName)
	if err != nil {
		return err
	}
	if err := isHeaderName(name); err != nil {
		return fmt.Errorf("headerName %w", err)
	}
	r.redactor.add(key)
	req.Header.Set(name, key)
	return nil
}

// sign signs the request with a role's credentials. The hash of the body goes
// into a header as well, which S3 requires and no service minds.
func (r *run) sign(ctx context.Context, a *auth, req *http.Request, body string) error {
	var values [3]string
	for i, t := range []text{a.service, a.region, a.role} {
		var err error
		if values[i], err = r.text(ctx, t); err != nil {
			return err
		}
	}
	service, region, role := values[0], values[1], values[2]
	if r.deps.Credentials == nil {
		return errors.New("this run cannot assume roles")
	}
	c, err := r.deps.Credentials(ctx, role)
	if err != nil {
		return fmt.Errorf("the role %s cannot be assumed: %w", role, err)
	}
	r.redactor.add(c.SecretAccessKey)
	r.redactor.add(c.SessionToken)
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	credentials := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	err = signer.SignHTTP(ctx, credentials, req, hash, service, region, time.Now())
	r.redactor.add(req.Header.Get("Authorization"))
	return err
}
