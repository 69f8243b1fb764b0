package synthetics

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/s3"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/canaryruntime"
)

// encryption is how artifacts are encrypted in S3: ArtifactConfig.S3Encryption.
// Without a mode it is left to the bucket.
type encryption struct {
	Mode api.EncryptionMode `json:",omitempty"`
	Key  string             `json:",omitempty"` // ARN, of SSE_KMS
}

// setEncryption takes over ArtifactConfig; one without S3Encryption leaves
// encryption to the bucket again.
func (p *patch) setEncryption(c *config) error {
	if p.encryption == nil {
		return nil
	}
	c.Encryption = encryption{}
	if e := p.encryption.S3Encryption; e != nil {
		assign(&c.Encryption.Mode, e.EncryptionMode)
		assign(&c.Encryption.Key, e.KmsKeyArn)
	}
	switch keyed := c.Encryption.Mode == api.EncryptionModeSseKms; {
	case c.Encryption.Key != "" && !keyed:
		return invalid("KmsKeyArn can only be specified when EncryptionMode is SSE_KMS")
	case c.Encryption.Key == "" && keyed:
		return invalid("KmsKeyArn is required when EncryptionMode is SSE_KMS")
	}
	return nil
}

// apply sets the headers with which an artifact is uploaded.
func (e encryption) apply(in *s3.PutObjectInput) {
	switch e.Mode {
	case api.EncryptionModeSseS3:
		in.ServerSideEncryption = new(s3.ServerSideEncryption("AES256"))
	case api.EncryptionModeSseKms:
		in.ServerSideEncryption, in.SSEKMSKeyId = new(s3.ServerSideEncryption("aws:kms")), new(e.Key)
	}
}

func (e encryption) view() *api.ArtifactConfigOutput {
	if e.Mode == "" {
		return nil
	}
	out := &api.S3EncryptionConfig{EncryptionMode: new(e.Mode)}
	if e.Key != "" {
		out.KmsKeyArn = new(e.Key)
	}
	return &api.ArtifactConfigOutput{S3Encryption: out}
}

// setCode takes over what a request says of the code. Its archive is taken later.
func (p *patch) setCode(c *config) error {
	if p.code == nil {
		return nil
	}
	c.Code.Handler, c.Code.Blueprint = "", ""
	assign(&c.Code.Handler, p.code.Handler)
	if len(p.code.BlueprintTypes) > 0 {
		c.Code.Blueprint = p.code.BlueprintTypes[0]
	}
	return checkSource(p.code)
}

// checkFit sees to it that the runtime, which may have changed, has what the
// configuration asks of it.
func (c *config) checkFit() error {
	v := c.runtime()
	if err := c.Code.check(v); err != nil {
		return err
	}
	switch {
	case c.Tracing && !traces(v):
		return invalid("Active tracing is not supported for runtime version %s", v.Name)
	case c.Encryption.Mode != "" && v.Family == canaryruntime.Puppeteer && !v.AtLeast(3, 3):
		return invalid("Artifact encryption is not supported for runtime version %s", v.Name)
	}
	return nil
}

// traces reports whether scripts of v trace what they call: those of Node.js do
// (Synthetics API reference, CanaryRunConfigInput).
func traces(v canaryruntime.Version) bool { return v.Family != canaryruntime.Selenium }

// check demands a handler or a blueprint that the runtime has, and not both.
func (c *code) check(v canaryruntime.Version) error {
	switch {
	case c.Blueprint == "":
		return checkHandler(c.Handler, v)
	case c.Handler != "":
		return invalid("Handler and BlueprintTypes cannot be specified together")
	case !slices.Contains(v.Blueprints(), c.Blueprint):
		return invalid("Blueprint type %s is not supported for runtime version %s", c.Blueprint, v.Name)
	}
	return nil
}

func (c *code) view(source string) *api.CanaryCodeOutput {
	out := &api.CanaryCodeOutput{SourceLocationArn: new(source)}
	if c.Blueprint != "" {
		out.BlueprintTypes = []string{c.Blueprint}
	} else {
		out.Handler = new(c.Handler)
	}
	return out
}

// checkHandler demands the form file.function, in folders or not; old runtimes
// want the function to be called handler.
func checkHandler(handler string, v canaryruntime.Version) error {
	dot := strings.LastIndexByte(handler, '.')
	switch {
	case handler == "":
		return invalid("Handler is required")
	case dot <= 0 || dot == len(handler)-1 || strings.Contains(handler, "::"): // Java's form
		return invalid("Invalid handler: %s", handler)
	case v.HandlerOnly() && handler[dot:] != ".handler":
		return invalid("Handler must be of the form fileName.handler for runtime version %s", v.Name)
	}
	return nil
}

// traceHeader is a trace that begins with a run, in the form in which Lambda
// gives it to a function (AWS X-Ray Developer Guide, "Tracing header").
func traceHeader(started time.Time) string {
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails
	text := hex.EncodeToString(id)
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=1", started.Unix(), text[:24], text[24:])
}
