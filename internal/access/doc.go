// Package access answers who may do what on this server: it brings the policies
// of a principal, which package identity keeps, together with the rules of
// package policy.
//
// The plane asks an Evaluator for each action that a call needs. What is known of
// the resources (their policies, tags and owners) comes with the question, from
// their services; what is known of the principal is added here.
//
//	root user, session of it   everything that no resource forbids
//	user, role session         its policies, limited by boundary and session policies
//	federated user             the policies of the user who vouches for it, likewise
//	service                    what it does of itself, and what a resource allows
//	web identity, stranger     what a resource allows
//
// Services are no way around policies. What each does of itself is listed
// (services.go), and holds for resources of the account for which it acts; all
// else a resource-based policy has to allow.
//
// A service that is given a role (the target of a rule has one) becomes its
// bearer by Assume, as by STS AssumeRole: the role's trust policy decides.
//
// Refusals can be explained (Encode, Decode): the details travel sealed, for
// STS DecodeAuthorizationMessage to open.
package access
