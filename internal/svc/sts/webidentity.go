package sts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/internal/tagrule"
	"nephele.dev/nephele/internal/webidentity"
)

const webAction = "sts:AssumeRoleWithWebIdentity"

// AssumeRoleWithWebIdentity makes credentials for a session of a role that
// trusts the issuer of a token. The call needs no signature, and one that it
// bears says nothing.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, in *api.AssumeRoleWithWebIdentityInput) (*api.AssumeRoleWithWebIdentityOutput, error) {
	if in.ProviderId != nil {
		return nil, notBuilt("Nephele does not implement OAuth 2.0 access tokens: ProviderId cannot be given.")
	}
	account, err := roleAccount(in.RoleArn)
	if err != nil {
		return nil, err
	}
	token, err := s.Verifier.Verify(ctx, account, in.WebIdentityToken)
	if err != nil {
		return nil, tokenError(err)
	}
	r, err := webRequest(in.RoleSessionName, &token)
	if err != nil {
		return nil, err
	}
	role, _, err := s.role(ctx, in.RoleArn)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, notTrusted()
	}
	if err != nil {
		return nil, err
	}
	if err := s.trusts(ctx, in.RoleArn, &token, r); err != nil {
		return nil, err
	}
	c := roleClaims(in.RoleArn, account, &role, r)
	c.Provider, c.Keys = token.Provider, token.Claims
	return s.assumeWeb(ctx, c, in, &role, &token)
}

func (s *Service) assumeWeb(ctx context.Context, c session.Claims, in *api.AssumeRoleWithWebIdentityInput, role *identity.Role, token *webidentity.Token) (*api.AssumeRoleWithWebIdentityOutput, error) {
	life, err := roleLife(in.DurationSeconds, role, false)
	if err != nil {
		return nil, err
	}
	cred, size, err := s.open(ctx, &c, in.Policy, in.PolicyArns, life)
	if err != nil {
		return nil, err
	}
	audience := strings.Join(token.Audience, ",")
	out := &api.AssumeRoleWithWebIdentityOutput{
		Credentials: cred, AssumedRoleUser: assumed(&c), PackedPolicySize: size,
		SubjectFromWebIdentityToken: &token.Subject, Provider: &token.Provider, Audience: &audience,
	}
	if c.SourceIdentity != "" {
		out.SourceIdentity = &c.SourceIdentity
	}
	return out, nil
}

// trusts asks whether the role trusts the bearer of the token.
func (s *Service) trusts(ctx context.Context, role string, token *webidentity.Token, r *request) error {
	call := *plane.FromContext(ctx)
	c := &call.Caller
	c.Account, c.Kind, c.ARN, c.ID, c.AccessKeyID = "", plane.WebIdentity, token.Provider, token.Subject, ""
	c.Tags = nil
	c.Session = &policy.Session{
		Name: r.session, Issued: token.Issued, Expires: token.Expires, Provider: token.Provider, Keys: token.Claims,
	}
	err := s.Plane.Authorize(ctx, &call, r.needs(webAction, role)...)
	if e := awserr.As(err); e != nil {
		return notTrusted().Because(err)
	}
	return err
}

func notTrusted() *awserr.Error { return denied("Not authorized to perform %s", webAction) }

// webRequest is what the token asks of the session.
func webRequest(name string, token *webidentity.Token) (*request, error) {
	r := &request{session: name, tags: token.Tags, transitive: token.Transitive, source: token.SourceIdentity}
	if len(r.tags) > tagrule.Max {
		return nil, invalidValue("The token has more than 50 session tags.")
	}
	const maxKey, maxValue = 128, 256 // characters
	for key, value := range r.tags {
		if n := utf8.RuneCountInString(key); n == 0 || n > maxKey || utf8.RuneCountInString(value) > maxValue {
			return nil, invalidValue("A session tag of the token is too long, or has no key.")
		}
	}
	if err := checkTagKeys(r.tagKeys()); err != nil {
		return nil, err
	}
	return r, checkSource(r.source)
}

// checkSource holds a source identity from a token against the model's pattern.
func checkSource(s string) error {
	const shortest, longest = 2, 64
	ok := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_+=,.@-", c)
	}
	if s == "" || len(s) >= shortest && len(s) <= longest && strings.IndexFunc(s, func(c rune) bool { return !ok(c) }) < 0 {
		return nil
	}
	return invalidValue("The source identity of the token is not valid.")
}

// tokenErrors are AWS's codes for tokens that are not believed.
var tokenErrors = []struct {
	kind error
	make func(format string, args ...any) *awserr.Error
}{
	{webidentity.ErrExpired, api.NewExpiredTokenException},
	{webidentity.ErrUnreachable, api.NewIDPCommunicationErrorException},
	{webidentity.ErrInvalid, api.NewInvalidIdentityTokenException},
	{webidentity.ErrNoProvider, api.NewInvalidIdentityTokenException},
	{webidentity.ErrAudience, api.NewInvalidIdentityTokenException},
}

func tokenError(err error) error {
	e, ok := errors.AsType[*webidentity.Error](err)
	if !ok {
		return fmt.Errorf("verify web identity token: %w", err)
	}
	for _, t := range tokenErrors {
		if errors.Is(e.Kind, t.kind) {
			return t.make("%s", e.Text).Because(err)
		}
	}
	return api.NewIDPRejectedClaimException("%s", e.Text).Because(err)
}
