package policy

import "errors"

// Document is a policy, compiled once and safe for concurrent use.
type Document struct {
	// Name is whose policy this is, for messages and simulations: an ARN or the
	// name of an inline policy. Whoever loads a policy sets it.
	Name string
	text string
}

// Usage is where a policy stands, which decides what may be in it.
type Usage uint8

// The usages.
const (
	Identity    Usage = iota // of a user, group or role, a managed policy, a boundary, a session policy: no Principal
	ResourceUse              // of a bucket, queue, topic, key, secret: Principal is required
	TrustUse                 // of a role: Principal is required, Resource is not allowed
)

// Parse compiles a policy. The error says, in IAM's words, what is wrong with it.
func Parse(text string, use Usage) (*Document, error) {
	return nil, errors.New("policy: not there yet")
}

// String is the text that was parsed.
func (d *Document) String() string { return d.text }

// Decide answers a request by AWS's order of evaluation.
func Decide(r *Request, own *Policies) Decision { return Decision{} }
