// Package iam is AWS Identity and Access Management: users, groups and roles,
// what is granted to them, and the keys they sign with. What it changes,
// package identity looks up for every call.
//
// Rules that hold everywhere:
//
//   - IAM is global. Nothing has a region, and every region answers.
//   - Names are unique in their account without regard to case, and keep the
//     spelling that they were given. A name that is made again is somebody else:
//     its unique id is new, and nothing that named the old one means it.
//   - Every change goes through change, which tells the Directory in the same
//     transaction: what was granted or taken counts from the next call on.
//   - Policies come out URL-encoded by RFC 3986, as in AWS.
//   - The secret of an access key is answered once, when it is made, and is
//     sealed in the database.
//
// A user's groups stand in its own record, in the order of joining, and in
// iam_member the other way round. Attached policies stand in the records of
// those who have them; how often a policy is attached is counted when it is
// asked, over all principals of the account.
//
// # Simulation
//
// The simulator asks the evaluator that decides on calls, with the principal,
// resources and context that it is given. Nothing is looked up of resources:
// the policy of a resource counts if it is given. The statements that determine
// a decision are found by asking once more with each of them alone: all that
// allow, or all that deny. Their positions are told as AWS tells them, which
// counts a statement from behind the bracket or comma before it. Several
// resources have a result each; the sum of them, as that of AWS, has no
// statements. Organizations have no part in it.
//
// Not here: server and signing certificates, SSH keys, service-specific
// credentials, MFA devices, SAML providers, organizations, delegation requests and
// last-accessed reports of services. They answer that they are not implemented.
package iam
