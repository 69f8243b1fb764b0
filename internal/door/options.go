package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"nephele.dev/nephele/internal/door/certs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

// Options configure a Door.
type Options struct {
	Plane    Plane            // answers the calls; required
	Services []*shape.Service // those that are routed to
	Buckets  Buckets          // what S3 does besides its operations; nil has none of it

	Auth        bool        // demand signatures
	Credentials Credentials // who has which access key; required with Auth
	Account     string      // of callers without Auth; "000000000000" when empty
	Region      string      // of callers that name none; "us-east-1" when empty

	Authority *certs.Authority // issues certificates; nil speaks no TLS

	Hostnames      []string       // further names of this server; labels of services and buckets may stand before them
	AllowedOrigins []string       // web origins that may call besides loopback ones; "*" is any
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For, -Proto and -Host are believed

	// Public are documents that anybody may GET, by the prefix of their paths. A
	// prefix must not be that of a bucket's name.
	Public map[string]http.Handler

	Admin  http.Handler                                  // paths below /_nephele/ that the door does not answer itself
	Health func(context.Context) (detail any, err error) // details for /_nephele/health; an error is a 503; may be nil
	Reset  func(context.Context) error                   // POST /_nephele/reset; never offered with Auth

	Observe  func(*Observation) // told of every API call once it is answered; may be nil
	Logger   *slog.Logger       // nil is slog.Default()
	NewID    func() string      // makes request ids; nil makes random UUIDs
	Timeouts Timeouts

	// Unproven bounds the memory, in bytes, for bodies that come before it is
	// known who sends them. Those up to 64 KiB are not counted, and without Auth
	// none is. 256 MiB when zero.
	Unproven int64
}

// Plane is what the door needs of *plane.Plane.
type Plane interface {
	Invoke(ctx context.Context, caller plane.Caller, op *shape.Operation, in any, opts ...plane.Option) (any, error)
	Implements(op *shape.Operation) bool
}

var _ Plane = (*plane.Plane)(nil)

// Timeouts bound how long a peer may keep us waiting. Zero fields get defaults.
type Timeouts struct {
	Header time.Duration // TLS handshake and request header, each; 10 s
	Idle   time.Duration // between requests of a connection; 2 min
	Stall  time.Duration // a body or an answer that does not move; 30 s
}

// Credential is what belongs to an access key.
type Credential struct {
	Secret string       // secret access key
	Caller plane.Caller // Account, Kind, ARN and ID; the door fills in the rest
}

// Errors that Credentials answers with. Each has its own code in each protocol.
var (
	ErrUnknownKey   = errors.New("door: no such access key")
	ErrInvalidToken = errors.New("door: the session token does not belong to the access key")
	ErrExpiredToken = errors.New("door: the session token has expired")
)

// Credentials knows access keys.
type Credentials interface {
	// Credential returns what belongs to an access key id. sessionToken is the
	// one in the request, "" for long-lived keys; it is not yet verified, for
	// the signature that covers it is made with the secret returned here. Errors
	// other than the three above are faults of ours.
	Credential(ctx context.Context, accessKeyID, sessionToken string) (Credential, error)
}

// Observation is one API call, for metrics.
type Observation struct {
	Service   string // generated package's name, for example "elbv2"; "" when unknown
	Operation string // "" when unknown
	Code      string // error code; "" for success
	Status    int
	Duration  time.Duration // until the last byte of the answer was written
	BytesIn   int64         // of the body, as received
	BytesOut  int64         // of the body
}

func (o *Options) defaults() error {
	if o.Plane == nil {
		return errors.New("door: no plane")
	}
	if o.Auth && o.Credentials == nil {
		return errors.New("door: signatures are demanded, but nobody knows the keys")
	}
	orDefault(&o.Account, "000000000000")
	orDefault(&o.Region, "us-east-1")
	orDefault(&o.Unproven, 256*mib)
	orDefault(&o.Timeouts.Header, 10*time.Second)
	orDefault(&o.Timeouts.Idle, 2*time.Minute)
	orDefault(&o.Timeouts.Stall, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	return nil
}

func orDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
