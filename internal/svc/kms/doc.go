// Package kms answers AWS KMS: keys with real material, and what is done with
// them.
//
// AWS promises: the material of a key never leaves it; what a key has encrypted
// can be decrypted as long as the key is there, by whomever its policy lets, in
// the encryption context that it was encrypted in; and never again once the key
// is destroyed. So here. Material is made of the system's randomness, sealed by
// package seal under a master key that is not in the database, and bound to its
// account, region, key and version: a row that is copied to another key does
// not open.
//
// # A key's life
//
//	CreateKey ──▶ Enabled ◀──EnableKey / DisableKey──▶ Disabled
//	   │             │                                    ▲
//	   │ Origin      │ ScheduleKeyDeletion                │ CancelKeyDeletion
//	   │ EXTERNAL    ▼                                    │
//	   └▶ PendingImport ──▶ PendingDeletion ──────────────┘
//	     ImportKeyMaterial        │
//	                              ▼ 7 to 30 days later, flow kms.delete
//	                     material, aliases, grants and tags are gone
//
// A key has versions of material: the flow kms.rotate adds one when a period is
// over, RotateKeyOnDemand at once. The newest encrypts; the others stay, and
// decrypt what they have encrypted, for a ciphertext says by itself which key
// and which material it needs (blob.go has the format). The flow kms.expire
// deletes imported material when its time is over. Flow and state change commit
// together, as everywhere.
//
// # Who may
//
// Needs names the action and the key, whichever of its names the request uses;
// Facts hands the evaluator the key's policy and the grants that concern the
// caller, as resource-based policies. No IAM policy counts unless the key's
// policy leaves the key to its account (policy.Resource.Required), which the
// default policy does.
//
// A grant becomes a policy whose principal is the grantee. Its constraints
// become conditions on keys of our own (accesskeys.go), since the key of an
// encryption context is case-sensitive in a grant and is not in a policy. A
// grantee with CreateGrant can hand on what he has, under the same constraints
// or stricter ones; RetireGrant is for the retiring principal, the grantee who
// was given it, and whom the key's policy lets.
//
// AWS managed keys (alias/aws/s3 ...) are made when they are first used. Their
// ids follow from account, region and service, so that the call that makes one
// has been authorized on it, by the policy that it is going to have: through
// its service alone.
//
// # Material that is lost
//
// Material sealed under a master key that the server was not given answers
// KMSInvalidStateException, until the key is back. A key of a customer encrypts
// again after RotateKeyOnDemand; an AWS managed key gets new material when it is
// next to encrypt.
//
// # In memory
//
// Keys that were used are kept in memory with opened material, 1024 at most.
// In the process that changes a key the cache is exact; other replicas are told,
// and trust nothing for longer than two seconds. Nothing that was opened is
// written anywhere, and nothing of it is in messages or logs.
//
// # Differences
//
// Grants work as soon as they are made; grant tokens are checked, and change
// nothing. Rotation on demand is done when it is answered. There are no
// multi-Region keys, custom key stores, recipients with attestation documents,
// key pairs of ECC_SECG_P256K1, SM2 and ML-DSA, no import of key pairs, no
// rotation of imported material, no imports wrapped by RSA_AES_KEY_WRAP, and no
// GetKeyLastUsage: all of it is refused with NotImplemented. There is no limit
// on calls per second. Ciphertexts of AWS do not open here, nor ours there.
package kms
