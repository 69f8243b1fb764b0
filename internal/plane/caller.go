package plane

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

// PrincipalKind is what sort of principal a Caller is.
type PrincipalKind = policy.PrincipalKind

// The kinds of caller.
const (
	Anonymous     = policy.Anonymous
	Root          = policy.Root
	User          = policy.User
	AssumedRole   = policy.AssumedRole
	FederatedUser = policy.FederatedUser
	WebIdentity   = policy.WebIdentity
	Service       = policy.Service
)

// Caller is who makes a call, from where, and in which account and region.
type Caller struct {
	Account     string // 12 digits
	Region      string // for example "us-east-1"
	Kind        PrincipalKind
	ARN         string // principal's ARN; the service's name for a service
	ID          string // unique id; the account for its root user
	AccessKeyID string // "" for anonymous and service callers
	SourceIP    netip.Addr
	UserAgent   string
	Secure      bool // the request came over TLS

	Tags    map[string]string // of the user, or of the role and the session
	Session *policy.Session   // nil for long-lived credentials and services

	// Via are the services through which the caller's request came, oldest
	// first: they act with the caller's permissions (aws:CalledVia).
	Via []string
	// SourceARN is the resource on whose behalf a service calls (aws:SourceArn).
	SourceARN string
	// SourceAccount is the account of a resource whose ARN names none.
	SourceAccount string
}

// Through is the caller as a service passes it on to another one.
func (c Caller) Through(service string) Caller {
	c.Via = append(slices.Clip(c.Via), service)
	return c
}

// RootCaller is the root user of an account.
func RootCaller(account, region string) Caller {
	return Caller{
		Account: account, Region: region, Kind: Root,
		ARN: "arn:aws:iam::" + account + ":root", ID: account,
	}
}

// ServiceCaller is an AWS service acting inside an account, for example
// "synthetics.amazonaws.com".
func ServiceCaller(principal, account, region string) Caller {
	return Caller{Account: account, Region: region, Kind: Service, ARN: principal, ID: principal}
}

// principal is the caller as policies see it.
func (c Caller) principal() policy.Principal {
	p := policy.Principal{Kind: c.Kind, Account: c.Account, ARN: c.ARN, ID: c.ID, Tags: c.Tags, Session: c.Session}
	if c.Kind == Anonymous || c.Kind == WebIdentity {
		p.Account = ""
	}
	return p
}

// Call is what a handler may know about the call it answers besides its input.
type Call struct {
	RequestID string
	Caller    Caller
	Operation *shape.Operation
	Time      time.Time   // when the call arrived, UTC
	BaseURL   string      // scheme://host that the caller used; the server's own for internal calls
	Header    http.Header // the HTTP request's header; nil for internal calls
	Presigned bool        // its signature is in the URL
	Form      bool        // the call was made of an HTML form: S3's POST of an object
	Signature string      // how it was signed, "AWS4-HMAC-SHA256" or "AWS" (Version 2); "" when it was not
	Signed    time.Time   // when, as the signer says; zero when that is not known
	Answer    http.Header // takes headers of the HTTP answer that no output member carries; nil for internal calls
}

type callKey struct{}

// FromContext returns the call being handled. Inside a handler it is never
// nil; elsewhere it is an empty Call.
func FromContext(ctx context.Context) *Call {
	if c := outer(ctx); c != nil {
		return c
	}
	return &Call{}
}

// outer returns the call that ctx belongs to, or nil.
func outer(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}
