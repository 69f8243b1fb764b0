// Package identity keeps the principals of IAM (users, groups, roles), what is
// granted to them (policies, boundaries, memberships) and what they prove
// themselves with (access keys, OpenID Connect providers), and looks them up
// for every call that is signed.
//
// The records are changed by the IAM service, in its own transactions over the
// collections of this package. They are global, so their keys have no region,
// and their names are unique without regard to case, so the key's id is the name
// in lower case (ID).
//
// # What a Directory remembers
//
// Every signed call asks for an access key, and with authorization on for the
// policies of its principal. A Directory therefore keeps them as they are used:
// secrets opened, policies compiled. Whoever changes a record calls Changed in
// the same transaction. Then
//
//   - in this process everything remembered of the account is dropped after the
//     commit and before the transaction's Update returns. A reader that loaded
//     what was there before, and finishes after, does not get it remembered.
//   - in other processes on the same database it is dropped when the notice
//     arrives, a few milliseconds later. A notice may be lost, with the process
//     that was to send it. So on PostgreSQL what is remembered counts for a
//     second at most, and then a read of one small table (iam_epoch) says which
//     accounts have changed.
//
// Thus a permission that was taken away is gone from the next call on here, and
// within a second elsewhere.
//
// # Last used
//
// Used notes when a key or role was used. Writing that down with each call would
// cost more than the call, so it is gathered and written once in a while
// (usedEvery); LastUsed merges what is gathered here. A process that is killed
// loses what it gathered, as AWS says too that the report trails behind.
//
// # Trust
//
// A trust policy names users and roles by ARN, but means the ones that had it
// when the policy was written: Role.Trusted holds their unique ids. When the name
// belongs to somebody else by now, the id is put in its place (Trust), which
// nobody bears any more.
package identity
