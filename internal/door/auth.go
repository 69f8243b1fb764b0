package door

import (
	"errors"
	"net/http"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv2"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/wire"
)

// claim finds out who the caller says to be, before anything is read or
// rewritten. An error waits in sigErr until the route is known, for the answer
// depends on it.
func (c *call) claim() {
	d := c.door
	if !d.opts.Auth {
		c.caller = c.unproven()
		return
	}
	if old, ok := sigv2.Parse(c.r); ok {
		c.sigErr = c.claimV2(old)
		return
	}
	c.sig, c.sigErr = sigv4.Parse(c.r)
	if c.sigErr == nil {
		c.sigErr = c.sig.CheckTime(time.Now())
	}
	if c.sigErr != nil {
		return
	}
	cred, err := d.opts.Credentials.Credential(c.r.Context(), c.sig.AccessKeyID, c.sig.SessionToken)
	if err != nil {
		c.sigErr = err
		return
	}
	c.key = d.keys.Get(c.sig.AccessKeyID, cred.Secret, c.sig.Scope)
	c.caller = c.complete(cred.Caller, c.sig.AccessKeyID, c.sig.Scope.Region)
}

// claimV2 verifies a presigned URL of Signature Version 2, which covers no
// body and can therefore be done with at once.
func (c *call) claimV2(s *sigv2.Signature) error {
	now := time.Now().UTC()
	switch {
	case s.Mixed:
		return sigv4.ErrAmbiguous
	case s.Expires.IsZero():
		return &sigv4.Error{Reason: sigv4.QueryMalformed, Message: "Invalid date (should be seconds since epoch): Expires"}
	case now.After(s.Expires):
		return awserr.New("AccessDenied", http.StatusForbidden, "Request has expired").
			With("Expires", s.Expires.Format(time.RFC3339)).With("ServerTime", now.Format(time.RFC3339))
	}
	cred, err := c.door.opts.Credentials.Credential(c.r.Context(), s.AccessKeyID, s.SessionToken)
	if err != nil {
		return err
	}
	bucket := c.host.bucket
	if bucket == "" {
		bucket = c.host.maybe
	}
	if !s.Verify(c.r, bucket, cred.Secret) {
		return &sigv4.Error{Reason: sigv4.Mismatch, Message: "The request signature we calculated does not match the signature you provided."}
	}
	c.caller = c.complete(cred.Caller, s.AccessKeyID, "")
	c.proven, c.legacy = true, true
	return nil
}

// unproven is the caller when nobody is asked for a signature: whom the
// credentials know by its key, else the root user of an account.
func (c *call) unproven() plane.Caller {
	d, id := c.door, c.hint.AccessKeyID
	if d.opts.Credentials != nil && len(id) == 20 {
		token := c.r.Header.Get("X-Amz-Security-Token")
		if cred, err := d.opts.Credentials.Credential(c.r.Context(), id, token); err == nil {
			return c.complete(cred.Caller, id, c.hint.Region)
		}
	}
	account := d.opts.Account
	if isAccount(id) {
		account = id
	}
	return c.complete(plane.RootCaller(account, ""), id, c.hint.Region)
}

func isAccount(id string) bool {
	if len(id) != 12 {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// complete adds to a caller what the request tells.
func (c *call) complete(p plane.Caller, id, region string) plane.Caller {
	p.AccessKeyID, p.Region = id, region
	if p.Region == "" {
		p.Region = c.host.region
	}
	if p.Region == "" {
		p.Region = c.door.opts.Region
	}
	p.SourceIP, p.Secure, p.UserAgent = c.peer.addr, c.peer.secure, c.r.UserAgent()
	return p
}

// authenticate demands the signature, once the operation is known. Where the
// signature covers the whole body it is only prepared here, and verified when
// the body has come.
func (c *call) authenticate() error {
	if c.legacy && c.match.Service.Name != "s3" {
		return c.refuse(&sigv4.Error{Reason: sigv4.Unsupported, Message: "Signature Version 2 is for Amazon S3 alone."})
	}
	if !c.door.opts.Auth || c.proven {
		return c.checkService()
	}
	if isMissing(c.sigErr) && c.mayBeAnonymous() {
		c.caller = c.complete(plane.Caller{Account: c.door.opts.Account, Kind: plane.Anonymous}, "", "")
		c.proven = true
		return nil
	}
	if c.sigErr != nil {
		return c.refuse(c.sigErr)
	}
	if err := c.checkService(); err != nil {
		return err
	}
	if c.sig.HeaderDecides() || sigv4.IsS3(c.sig.Scope.Service) {
		return c.prove("")
	}
	return nil
}

func isMissing(err error) bool {
	e, ok := errors.AsType[*sigv4.Error](err)
	return ok && e.Reason == sigv4.Missing
}

// mayBeAnonymous reports whether AWS answers the operation without a
// signature; S3 does wherever a policy or an ACL allows.
func (c *call) mayBeAnonymous() bool {
	return c.match.Operation.Anonymous || c.match.Service.Name == "s3"
}

// checkService requires the scope to be that of the service called, and of the
// region that AWS's name for it names: else a signature for one service would
// be good for another.
func (c *call) checkService() error {
	if c.sig == nil {
		return nil
	}
	want, region := signingName(c.match.Service), c.host.region
	if c.host.aws && region != "" && c.sig.Scope.Region != region {
		return c.refuse(&sigv4.Error{
			Reason: sigv4.WrongScope, Message: "Credential should be scoped to a valid region, not '" + c.sig.Scope.Region + "'.",
			Name: "region", Got: c.sig.Scope.Region, Want: region,
		})
	}
	if c.sig.Scope.Service == want || sigv4.IsS3(want) && sigv4.IsS3(c.sig.Scope.Service) {
		return nil
	}
	return c.refuse(&sigv4.Error{
		Reason: sigv4.WrongScope, Message: "Credential should be scoped to correct service: '" + want + "'.",
	})
}

// prove verifies the signature.
func (c *call) prove(bodyHash string) error {
	if err := c.sig.Verify(c.r, c.key, bodyHash); err != nil {
		return c.refuse(err)
	}
	if err := c.checkPayload(); err != nil {
		return err
	}
	c.proven = true
	c.settle()
	return nil
}

// checkPayload refuses bodies that the signature does not cover where AWS
// wants them covered.
func (c *call) checkPayload() error {
	mode := c.sig.Payload
	if sigv4.IsHash(mode) || mode == "" || c.match.Service != nil && c.match.Service.Name == "s3" {
		return nil
	}
	op := c.match.Operation
	if mode == sigv4.UnsignedPayload && op != nil && (op.UnsignedPayload || wire.StreamsRequest(op)) {
		return nil
	}
	return c.refuse(&sigv4.Error{Reason: sigv4.Mismatch, Message: "The body of this request must be covered by its signature."})
}

// refuse words an error of sigv4 or of Credentials for the service.
func (c *call) refuse(err error) *awserr.Error {
	if e := awserr.As(err); e != nil {
		return e
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return signatureError(c.family(), e, c.sig)
	}
	id := ""
	if c.sig != nil {
		id = c.sig.AccessKeyID
	}
	return keyError(c.family(), err, id)
}
