package policy

import (
	"context"
	"time"
)

// PrincipalKind is what sort of principal makes a request.
type PrincipalKind string

// The kinds of principal.
const (
	Anonymous     PrincipalKind = "Anonymous"
	Root          PrincipalKind = "Root"
	User          PrincipalKind = "User"
	AssumedRole   PrincipalKind = "AssumedRole"
	FederatedUser PrincipalKind = "FederatedUser" // of STS GetFederationToken
	WebIdentity   PrincipalKind = "WebIdentity"   // bearer of a token of an identity provider, before it has a role
	Service       PrincipalKind = "Service"       // an AWS service
)

// Principal is who makes a request.
type Principal struct {
	Kind    PrincipalKind
	Account string // 12 digits; "" for an anonymous caller and a web identity
	// ARN is that of a user, a root user, a federated user or a role session
	// ("arn:aws:sts::111122223333:assumed-role/role/session"); the name of a
	// service; the provider of a web identity: the ARN of an OpenID Connect
	// provider, or a domain such as "cognito-identity.amazonaws.com".
	ARN string
	// ID is the unique id: "AIDA...", "AROA...:session", "111122223333:name", or
	// the account of a root user.
	ID      string
	Tags    map[string]string // of the user, or of the role and the session
	Session *Session          // nil for long-lived credentials and services
	// Canonical is the canonical user id by which S3 knows the account, or "".
	Canonical string
}

// Session is what temporary credentials know of themselves.
type Session struct {
	Role           string            // ARN of the role; "" where no role was assumed
	RoleID         string            // "AROA..."
	Name           string            // of the role session or the federated user
	Parent         string            // ARN of the user, or root user, whose permissions a federated user has; "" for others
	ParentID       string            // "AIDA..."; "" for a root user
	Issued         time.Time         // UTC
	Expires        time.Time         // UTC
	Limited        bool              // session policies were given: only what they allow too is allowed
	Policies       []*Document       // the inline session policy
	PolicyARNs     []string          // managed policies that are session policies
	Tags           map[string]string // session tags
	Transitive     []string          // keys of Tags that go along when another role is assumed
	SourceIdentity string
	Provider       string              // aws:FederatedProvider
	Keys           map[string][]string // further condition keys in lower case, such as claims of the token that opened the session
	MFA            bool                // a second factor was given
}

// Keys are condition keys in lower case ("aws:sourceip") with their values. A
// key of one value and a key of many are told apart by the operator alone, as
// in policies.
type Keys map[string][]string

// Resource is what is known of a resource that a request concerns.
type Resource struct {
	ARN string // "*" when the action is on none in particular
	// Account is the owner's. "" means the account in the ARN, and where that has
	// none (a bucket) the caller's own.
	Account string
	// Policies are the resource-based ones: a bucket policy, a role's trust policy.
	Policies []*Document
	// Required says that no identity-based policy counts unless a resource-based
	// one allows the request or leaves it to the owner's account: trust policies
	// of roles, policies of KMS keys.
	Required bool
	// Guarded says that AWS services, too, need a resource-based policy that
	// allows the request: queues, topics, roles.
	Guarded bool
	// Keys are the condition keys of this resource, such as
	// "aws:resourcetag/team". They hide those of the request.
	Keys Keys
}

// Need is one thing that a call has to be allowed: an action on each of some
// resources. Some calls need several (CopyObject reads and writes).
type Need struct {
	Action    string   // "s3:GetObject"
	Resources []string // ARNs; none reads as "*"
	Keys      Keys     // condition keys of this need alone
}

// Request is one question: may Principal perform Action on Resources?
type Request struct {
	Principal Principal
	Action    string // IAM action, for example "synthetics:CreateCanary"
	Resources []Resource
	Keys      Keys // condition keys
}

// Policies are the policies of a principal.
type Policies struct {
	Identity []*Document // inline and managed, of the user and its groups, or of the role
	Bounded  bool        // there is a permissions boundary
	Boundary []*Document
	Session  []*Document // session policies; they limit when the principal's Session is Limited
}

// Effect is the outcome of an evaluation.
type Effect uint8

// The outcomes. The zero value refuses.
const (
	ImplicitDeny Effect = iota // no policy allows it
	ExplicitDeny               // a statement denies it
	Allow
)

// Kind names the sort of policy a refusal comes from, in the words of the
// access-denied message.
type Kind string

// The kinds of policy that can refuse.
const (
	IdentityBased Kind = "identity-based policy"
	ResourceBased Kind = "resource-based policy"
	SessionPolicy Kind = "session policy"
	Boundary      Kind = "permissions boundary"
	TrustPolicy   Kind = "role trust policy"
)

// Decision is an Effect with what led to it.
type Decision struct {
	Effect   Effect
	By       Kind     // the kind of policy that refused; "" reads as IdentityBased
	Resource string   // the resource refused, of several; "" for the first
	Matched  []Match  // the statements that decided
	Missing  []string // condition keys that were asked for and not there
}

// Match is a statement that applied to a request.
type Match struct {
	Document  *Document
	Statement int // index in the document
}

// Evaluator answers requests. An error means that no decision could be
// reached; the plane then refuses and reports an internal failure.
type Evaluator interface {
	Evaluate(ctx context.Context, r Request) (Decision, error)
}

// Open is the Evaluator of a server without authorization: everybody may do
// everything.
type Open struct{}

var _ Evaluator = Open{}

// Evaluate implements Evaluator. It never returns an error.
func (Open) Evaluate(context.Context, Request) (Decision, error) {
	return Decision{Effect: Allow}, nil
}
