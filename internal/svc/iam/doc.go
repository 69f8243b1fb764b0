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
// those who have them.
//
// Not here: server and signing certificates, SSH keys, service-specific
// credentials, MFA devices, SAML providers, organizations, delegation requests and
// last-accessed reports of services. They answer that they are not implemented.
package iam
