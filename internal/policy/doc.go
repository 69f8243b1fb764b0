// Package policy decides whether a principal may do something: pure functions
// over a request and the policies that apply to it. It is IAM's policy language
// and its order of evaluation, and knows neither where policies are kept nor
// how a call becomes a request.
//
// # Documents
//
// Parse compiles the JSON of a policy once: actions, resources and condition
// values become patterns, numbers, instants and address blocks. What is wrong
// with a policy is said in IAM's words, and of several faults the one that IAM
// says. A Document is never changed and may be used by many.
//
// A statement applies to a request when its action, principal, resource and
// every condition match. Wildcards in actions and resources take any text, colons
// included; ARN conditions compare the six parts of an ARN each by itself.
// Policy variables (version 2012-10-17 only) stand for the value of a condition
// key and are no wildcards, whatever they contain. A variable whose key the
// request does not have, or has several values for, and that has no default,
// makes the statement not apply, be it Allow or Deny.
//
// A condition on a key that the request does not have is false; a negated one
// (StringNotEquals) is true, and so are one with IfExists and ForAllValues.
//
// # Decisions
//
// Decide asks the policies in layers (IAM User Guide, "Policy evaluation
// logic"):
//
//	any layer denies                        explicit deny
//	principal and resource of one account:
//	  the resource's policy names the very principal (user, session,
//	  federated user, "*", root user)       allowed, whatever else is silent
//	  it names the role, or the user behind
//	  a federated user                      boundary and session policies have to allow
//	  it names the account, or nobody       identity-based policies, boundary and session policies have to allow
//	of two accounts                         all of those and the resource's policy
//
// A resource that is Required (a role's trust policy, a KMS key's) is not open to
// identity-based policies before its own policy names the account. The root user
// has an identity-based policy that allows everything. Services may do what
// nothing denies and no Guarded resource keeps for those it names. Anonymous
// callers and web identities have only the resource's policy.
//
// An implicit deny is put down to the first layer that would have had to allow:
// identity-based policies, boundary, session policies, then the resource's, or
// that one first where it is Required.
//
// Three rules that surprise: NotPrincipal with Deny spares a principal only when
// all that it is (account, role, session) is named, and one with a permissions
// boundary never; a federated user has nothing but what its session policies
// allow too; no bucket policy keeps the owner's root user from reading,
// replacing and deleting it.
//
// The words of a refusal are those of the IAM User Guide, "Troubleshoot access
// denied error messages".
package policy
