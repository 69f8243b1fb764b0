package plane

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"nephele.dev/nephele/internal/policy"
)

// Settler follows the work that a call leaves behind. Transactions made under
// the context that Track returns are tracked; wait returns nil when all work
// they put has come to rest, or ctx's error. The engine is one.
type Settler interface {
	Track(ctx context.Context) (tracked context.Context, wait func(ctx context.Context) error)
}

// Options configure a Plane. The zero value allows everything, never settles
// and logs to the default logger.
type Options struct {
	Authorizer policy.Evaluator // nil is policy.Open
	// Explain encodes the details of a refusal for STS DecodeAuthorizationMessage;
	// nil leaves them out.
	Explain func(policy.Request, policy.Decision) string
	// Assume makes a service the bearer of a role that trusts it; nil leaves it
	// what it is.
	Assume   func(ctx context.Context, service Caller, role string) (Caller, error)
	Settler  Settler       // nil never settles
	Settle   time.Duration // how long a mutating call may wait for its work; 0 answers at once
	Logger   *slog.Logger  // nil is slog.Default()
	Audit    func(context.Context, *Event)
	Answered func(call *Call, out any) // sees every successful output, for tests
	BaseURL  func() string             // the server's own address, for internal calls
	NewID    func() string             // makes request ids; nil makes random UUIDs
}

// MaxSettle bounds what a caller may ask for with the settle header.
const MaxSettle = 5 * time.Minute

// SettleHeader names the request header that overrides Options.Settle.
const SettleHeader = "X-Nephele-Settle"

// Option adds to one call what only its door knows.
type Option func(*invocation)

// WithMissing tells that the input was decoded from the wire and which of its
// required members were absent, as paths ("code.s3Bucket"). Without this
// option only members that can be nil are found missing.
func WithMissing(paths []string) Option {
	return func(v *invocation) { v.decoded, v.missing = true, paths }
}

// WithRequestID sets the call's request id.
func WithRequestID(id string) Option {
	return func(v *invocation) { v.call.RequestID = id }
}

// WithSettle sets how long a mutating call waits for its work to rest.
func WithSettle(d time.Duration) Option {
	return func(v *invocation) { v.settle, v.settleSet = d, true }
}

// WithAbort tells how to interrupt a handler that waits for something that
// does not end with its context, such as a slow upload. A Freeze uses it.
func WithAbort(f func()) Option {
	return func(v *invocation) { v.abort = f }
}

// WithHTTP gives the call the request's header and the scheme://host that the
// caller used. A settle header in it is honoured.
func WithHTTP(header http.Header, baseURL string) Option {
	return func(v *invocation) { v.call.Header, v.call.BaseURL = header, baseURL }
}

// WithAnswer gives the call the header of the HTTP answer.
func WithAnswer(header http.Header) Option {
	return func(v *invocation) { v.call.Answer = header }
}

// WithPresigned tells that the call's signature is in its URL.
func WithPresigned() Option {
	return func(v *invocation) { v.call.Presigned = true }
}

// WithSignature tells how the call was signed and, where the signer says it,
// when.
func WithSignature(algorithm string, at time.Time) Option {
	return func(v *invocation) { v.call.Signature, v.call.Signed = algorithm, at }
}

// WithForm tells that the call was made of an HTML form.
func WithForm() Option {
	return func(v *invocation) { v.call.Form = true }
}
