package webidentity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// skew is how far clocks may disagree about iat and nbf. exp is strict.
const skew = 5 * time.Minute

// maxSubject is the longest subject, in characters (IAM User Guide: sub).
const maxSubject = 255

// algorithms are those that are believed.
var algorithms = []string{"RS256", "RS384", "RS512", "ES256"}

// Options configure a Verifier.
type Options struct {
	Issuer *Issuer // whose tokens are Cognito's; required
	// Provider finds the OpenID Connect provider that an account has registered
	// for an issuer. The error wraps ErrNoProvider when it has none. nil knows
	// none.
	Provider func(ctx context.Context, account, issuer string) (Provider, error)
	// Dial is the way to issuers; nil reaches none.
	Dial DialFunc
	// Plain permits issuers without TLS. It belongs with a Dial that may reach
	// private addresses.
	Plain  bool
	Logger *slog.Logger
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	o    Options
	sets *keySets
}

// NewVerifier returns a Verifier.
func NewVerifier(o Options) *Verifier {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Verifier{o: o, sets: newKeySets(&fetcher{dial: o.Dial, plain: o.Plain})}
}

// Verify verifies a token with which a role of an account is to be assumed: one
// of Cognito's, or one of an OpenID Connect provider of the account. Errors
// other than *Error are faults of ours.
func (v *Verifier) Verify(ctx context.Context, account, token string) (Token, error) {
	u, err := peek(token)
	if err != nil {
		return Token{}, err
	}
	if u.issuer == CognitoIssuer {
		return v.verifyOwn(ctx, u, token)
	}
	p, err := v.provider(ctx, account, u.issuer)
	if err != nil {
		return Token{}, err
	}
	return v.verifyFrom(ctx, u, p, token)
}

// VerifyFrom verifies a token of one provider.
func (v *Verifier) VerifyFrom(ctx context.Context, p Provider, token string) (Token, error) {
	u, err := peek(token)
	if err != nil {
		return Token{}, err
	}
	return v.verifyFrom(ctx, u, p, token)
}

func (v *Verifier) provider(ctx context.Context, account, issuer string) (Provider, error) {
	none := &Error{Kind: ErrNoProvider, Text: "No OpenIDConnect provider found in your account for " + issuer}
	if v.o.Provider == nil {
		return Provider{}, none
	}
	p, err := v.o.Provider(ctx, account, issuer)
	if errors.Is(err, ErrNoProvider) {
		return Provider{}, none
	}
	return p, err
}

// verifyOwn verifies a token of the Issuer.
func (v *Verifier) verifyOwn(ctx context.Context, u unverified, token string) (Token, error) {
	key, err := v.o.Issuer.verifying(ctx, u.keyID)
	if err != nil {
		return Token{}, err
	}
	claims, err := check(token, []string{"RS256"}, key)
	if err != nil {
		return Token{}, err
	}
	return newToken(Cognito, claims)
}

func (v *Verifier) verifyFrom(ctx context.Context, u unverified, p Provider, token string) (Token, error) {
	if bare(u.issuer) != bare(p.URL) {
		return Token{}, &Error{Kind: ErrNoProvider, Text: "Issuer doesn't match providerName"}
	}
	keys, err := v.sets.find(ctx, u.issuer, p.Thumbprints, u.keyID, u.algorithm)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == ErrUnreachable { //nolint:errorlint // the kind itself
			v.o.Logger.Warn("keys of identity provider not available", "issuer", u.issuer, "error", e.Cause.Error())
		}
		return Token{}, err
	}
	claims, err := check(token, algorithms, jwt.VerificationKeySet{Keys: keys})
	if err != nil {
		return Token{}, err
	}
	t, err := newToken(p.ARN, claims)
	if err != nil {
		return Token{}, err
	}
	if !slices.ContainsFunc(t.Audience, func(a string) bool { return slices.Contains(p.ClientIDs, a) }) {
		return Token{}, &Error{Kind: ErrAudience, Text: "Incorrect token audience"}
	}
	return t, nil
}

// bare is an issuer as IAM names providers: without its scheme, and without a
// slash at the end.
func bare(issuer string) string {
	return strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
}

// unverified is what a token says of itself, to find the key that verifies it.
type unverified struct{ issuer, keyID, algorithm string }

func notJWT() *Error {
	e := invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	e.Cause = ErrMalformed
	return e
}

// peek reads a token without believing it.
func peek(token string) (unverified, error) {
	var u unverified
	if len(token) > MaxLength {
		return u, invalid("The token is too long")
	}
	claims := jwt.MapClaims{}
	t, _, err := jwt.NewParser(jwt.WithValidMethods(algorithms)).ParseUnverified(token, claims)
	if err != nil || t.Method == nil {
		return u, notJWT()
	}
	if !slices.Contains(algorithms, t.Method.Alg()) {
		return u, invalid("The token must be signed with RS256, RS384, RS512 or ES256")
	}
	if _, critical := t.Header["crit"]; critical {
		return u, invalid("The token has critical extensions that are not known")
	}
	u.algorithm = t.Method.Alg()
	u.keyID, _ = t.Header["kid"].(string)
	if u.issuer, _ = claims["iss"].(string); u.issuer == "" {
		return u, missing("iss")
	}
	return u, nil
}

func missing(claim string) *Error { return invalid("Missing a required claim: %s", claim) }

// check verifies signature and times.
func check(token string, methods []string, key any) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	p := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	if _, err := p.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		e := invalid("The web identity token that was passed could not be validated by AWS. " +
			"Get a new identity token from the identity provider and then retry the request.")
		e.Cause = fmt.Errorf("%w: %w", ErrSignature, err)
		return nil, e
	}
	return claims, checkTimes(claims, time.Now())
}

// checkTimes demands exp and iat, and holds them and nbf against now.
func checkTimes(claims jwt.MapClaims, now time.Time) error {
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return missing("exp")
	}
	iat, err := claims.GetIssuedAt()
	if err != nil || iat == nil {
		return missing("iat")
	}
	nbf, err := claims.GetNotBefore()
	switch {
	case err != nil:
		return invalid("Invalid claim: nbf")
	case !now.Before(exp.Time):
		return &Error{Kind: ErrExpired, Expired: exp.Time, Text: fmt.Sprintf(
			"Token expired: current date/time %d must be before the expiration date/time%d", now.Unix(), exp.Unix())}
	case iat.After(now.Add(skew)) || iat.After(exp.Time):
		return invalid("Token issue time is invalid: %d", iat.Unix())
	case nbf != nil && nbf.After(now.Add(skew)):
		return invalid("Token is not yet valid: %d", nbf.Unix())
	}
	return nil
}
