package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/shape"
)

// unsigned stands for the digest of a body that is not part of the signature.
const unsigned = "UNSIGNED-PAYLOAD"

// contentSHA is the header in which S3 wants the digest of the body.
const contentSHA = "X-Amz-Content-Sha256"

// newSigner: S3 alone signs a path that is escaped once (Signature Version 4,
// "Create a canonical request").
func newSigner(svc *shape.Service) *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = svc.Name == "s3" })
}

// sign adds a signature (SigV4) to a request, unless it needs none.
func (k *call) sign(ctx context.Context, r *http.Request, t target) error {
	if k.op.Anonymous || k.client.session.anonymous {
		return nil
	}
	creds, err := k.client.session.retrieve(ctx)
	if err != nil {
		return err
	}
	digest, err := k.bodyDigest(r)
	if err != nil {
		return err
	}
	if k.client.service.Name == "s3" {
		r.Header.Set(contentSHA, digest)
	}
	if err := k.client.signer.SignHTTP(ctx, creds, r, digest, t.service, t.region, k.client.now()); err != nil {
		return fmt.Errorf("signing the request: %w", err)
	}
	return nil
}

// bodyDigest is the digest of the body to be signed. TLS protects streams to S3
// without reading them twice.
func (k *call) bodyDigest(r *http.Request) (string, error) {
	if k.op.UnsignedPayload || k.stream != nil && k.client.service.Name == "s3" && r.URL.Scheme == "https" {
		return unsigned, nil
	}
	if k.digest != "" {
		return k.digest, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, body); err != nil {
		return "", fmt.Errorf("reading the stream to send: %w", err)
	}
	k.digest = hex.EncodeToString(h.Sum(nil))
	return k.digest, nil
}
