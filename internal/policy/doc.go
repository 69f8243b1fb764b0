// Package policy decides whether a principal may do something: pure functions
// over a request and the policies that apply to it.
//
// The plane asks an Evaluator once for every call and turns a refusal into the
// service's access-denied error. What is here now is the evaluator of a server
// that has no policies: the account's root user and the AWS services acting
// inside it may do everything, everybody else nothing. An evaluator of IAM
// identity policies and resource policies implements the same interface.
//
// The words of a refusal are those of the IAM User Guide, "Troubleshoot access
// denied error messages".
package policy
