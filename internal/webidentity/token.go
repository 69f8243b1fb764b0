package webidentity

import (
	"time"
)

// Cognito is the domain of identity pools: the federated principal in trust
// policies and the prefix of their condition keys.
const Cognito = "cognito-identity.amazonaws.com"

// CognitoIssuer is the issuer of their tokens.
const CognitoIssuer = "https://" + Cognito

// MaxLife is the longest that a token of the Issuer lives (Cognito's
// GetOpenIdTokenForDeveloperIdentity: TokenDuration up to 86,400 seconds).
const MaxLife = 24 * time.Hour

// MaxLength is the length above which a token is refused unread, in bytes
// (Cognito's IdentityProviderToken; STS takes less).
const MaxLength = 50_000

// Claims are what the Issuer puts into a token.
type Claims struct {
	Pool     string            // aud
	Identity string            // sub
	AMR      []string          // amr
	Life     time.Duration     // at most MaxLife
	Tags     map[string]string // session tags of the role's session (sts:TagSession); may be nil
}

// tagsClaim carries session tags (IAM User Guide, "Passing session tags using
// AssumeRoleWithWebIdentity").
const tagsClaim = "https://aws.amazon.com/tags"

// sourceClaim carries a source identity.
const sourceClaim = "https://aws.amazon.com/source_identity"

// Token is a verified token.
type Token struct {
	Issuer   string // iss, for example "https://token.example.com"
	Provider string // federated principal: Cognito, or the ARN of the OpenID Connect provider
	Name     string // the issuer without "https://": prefix of its condition keys
	Subject  string // sub
	// Audience is whom the token is for: azp where there is one, else aud.
	Audience []string
	AMR      []string
	// Claims are the condition keys of the token, in lower case:
	// "cognito-identity.amazonaws.com:aud".
	Claims map[string][]string
	// Raw are all claims, as encoding/json reads them.
	Raw map[string]any

	Tags           map[string]string // session tags
	Transitive     []string          // keys of Tags that are transitive
	SourceIdentity string
	Issued         time.Time // UTC
	Expires        time.Time // UTC
}

// Provider is an issuer that somebody believes.
type Provider struct {
	URL         string   // iss; "https://" may be missing
	ARN         string   // of the OpenID Connect provider in IAM; "" for others
	ClientIDs   []string // audiences
	Thumbprints []string // SHA-1 of certificates, hexadecimal; may be empty
}
