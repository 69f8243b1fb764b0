// Package webidentity makes and verifies web identity tokens: JSON Web Tokens
// (RFC 7519) with which somebody who is no principal of IAM asks STS for a
// role's credentials.
//
// # Cognito's tokens
//
// The Issuer signs the tokens of Cognito identity pools:
//
//	iss  https://cognito-identity.amazonaws.com
//	aud  the pool
//	sub  the identity
//	amr  "unauthenticated", or "authenticated" with its logins
//
// in RS256, with an RSA key of 2048 bits that is made on first use, sealed in
// the database, and shared by all servers on it. After 90 days another key takes
// over:
//
//	signs ──90 days──▶ verifies ──24 h and a margin──▶ gone
//
// which is longer than any token lives. A server may hold the keys it read for
// some minutes; the margin covers that too. When the master key that sealed a
// signing key is lost, another one is made, and tokens of the old one still
// verify, for its public half is not sealed.
//
// # Tokens of other issuers
//
// The Verifier believes an issuer when the account of the role has registered
// it as an OpenID Connect provider, and the token's audience is one of its
// client ids; an identity pool names whom it believes by itself. Only then is
// anything fetched: the discovery document (OpenID Connect Discovery 1.0,
// section 4) and the key set (RFC 7517) that it names, over the way out that the
// server gives (Options.Dial), by HTTPS, with limits on time, size and
// redirects. A certificate that the machine does not believe is good if its
// chain ends in one whose SHA-1 thumbprint the provider was registered with.
//
// Keys are kept for as long as the issuer's answer says, within bounds. A key id
// that is not among them has them fetched again, at most twice a minute: that is
// how a rotated key is met at once without being a lever for strangers.
//
// # What is checked
//
// The algorithm is one of RS256, RS384, RS512 and ES256, and fits the key. iss,
// sub, aud, exp and iat must be there; exp lies ahead; iat and nbf do not, five
// minutes of disagreement between clocks allowed. Where there is an azp, it is
// the audience, in place of aud. Extensions that claim to be critical (crit) are
// unknown here, so that tokens with them are refused.
package webidentity
