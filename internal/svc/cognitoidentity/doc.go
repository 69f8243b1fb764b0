// Package cognitoidentity answers Amazon Cognito Identity: pools of identities
// that have no credentials of AWS, and the roles that they may have.
//
// An identity is a guest, or whoever has one of its logins: a pair of provider
// and subject, proven by a token of the provider. Providers are those that the
// pool names: OpenID Connect providers of IAM, Cognito user pools, Google and
// Apple, and the pool's developer, who proves users by credentials of AWS.
//
// # The two flows
//
//	enhanced   GetId ──▶ GetCredentialsForIdentity ─────────────────┐
//	basic      GetId ──▶ GetOpenIdToken ──▶ (the client calls) ─────┤
//	                                                                ▼
//	                                       STS AssumeRoleWithWebIdentity
//
// In both, STS decides by the role's trust policy, to which it shows whose token
// it is (cognito-identity.amazonaws.com:aud, :sub, :amr). In the enhanced flow
// the call is made here, with the role that the pool has for the identity, and
// guests get session policies that limit what the role may give them. The basic
// flow knows no such limit, and pools have to permit it.
//
// # Which identity
//
// Logins decide it (resolve):
//
//	given     logins lead to   result
//	none      nobody           a new identity has them
//	none      X                X has them all
//	a guest   nobody           the guest has them, and is one no longer
//	a guest   X                the guest is disabled, X has them all
//	X         X                X has them all
//	X         nobody, or Y     refused: who asks has not shown to be X
//	any       X and Y          refused: a login belongs to one identity
//
// # No account, no region
//
// GetId, GetOpenIdToken, GetCredentialsForIdentity and UnlinkIdentity need no
// signature. The ids of pools and identities begin with their region and are
// found by themselves, so that these calls need not say where they go.
//
// Where signatures are demanded, strangers may make 25 guests a second in a pool,
// 100 at once; beyond that GetId answers TooManyRequestsException. Each process
// counts by itself, and logins are not counted: a user of a provider has one
// identity, however often they ask.
//
// # Not here
//
// SAML providers are refused, and so are the tokens of Facebook, Amazon, Twitter
// and Digits, which only those can verify. Usage and other limits by time are not
// metered. ServerSideTokenCheck is kept and has nothing to ask: no user pool is
// served here.
package cognitoidentity
