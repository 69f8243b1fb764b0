package cognitoidentity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/webidentity"
)

// login is somebody whom a provider knows, as was proven.
type login struct {
	provider string // name in Logins
	arn      string // of an OpenID Connect provider of IAM
	client   string // whom the token is for
	subject  string
	token    webidentity.Token // zero for a user of the developer
}

// own reports whether the login is by a token of this service, which proves an
// identity itself.
func (l *login) own() bool { return l.provider == webidentity.Cognito }

// amr are the login's entries in the amr of a token.
func (l *login) amr() []string {
	if l.own() {
		return slices.DeleteFunc(slices.Clone(l.token.AMR), func(m string) bool { return m == authenticated })
	}
	client := l.client
	if strings.HasPrefix(l.provider, "cognito-idp.") {
		client = "CognitoSignIn"
	}
	return []string{l.provider, l.provider + ":" + client + ":" + l.subject}
}

// mismatch is the answer to who has not proven to be the identity.
func mismatch() error {
	return api.NewNotAuthorizedException("Logins don't match. Please include at least one valid login for this identity or identity pool.")
}

// logins verifies the tokens of Logins, in the order of their providers' names.
func (s *Service) logins(ctx context.Context, p *pool, tokens map[string]string) ([]login, error) {
	var list []login
	for _, name := range slices.Sorted(maps.Keys(tokens)) {
		l, err := s.login(ctx, p, name, tokens[name])
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// login verifies one token.
func (s *Service) login(ctx context.Context, p *pool, name, token string) (login, error) {
	if name == webidentity.Cognito {
		return s.ownLogin(ctx, p, token)
	}
	provider, err := s.provider(ctx, p, name)
	if err != nil {
		return login{}, err
	}
	t, err := s.Verifier.VerifyFrom(ctx, provider, token)
	if err != nil {
		return login{}, refusal(err)
	}
	i := slices.IndexFunc(t.Audience, func(a string) bool { return slices.Contains(provider.ClientIDs, a) })
	return login{provider: name, arn: provider.ARN, client: t.Audience[i], subject: t.Subject, token: t}, nil
}

// ownLogin verifies a token that this service has made for a user.
func (s *Service) ownLogin(ctx context.Context, p *pool, token string) (login, error) {
	t, err := s.Verifier.Verify(ctx, p.Account, token)
	if err != nil {
		return login{}, refusal(err)
	}
	if t.Provider != webidentity.Cognito || !slices.Contains(t.Audience, p.ID) || !slices.Contains(t.AMR, authenticated) {
		return login{}, mismatch()
	}
	return login{provider: webidentity.Cognito, client: p.ID, subject: t.Subject, token: t}, nil
}

// provider is whom the pool believes under a name.
func (s *Service) provider(ctx context.Context, p *pool, name string) (webidentity.Provider, error) {
	unsupported := api.NewNotAuthorizedException("Token is not from a supported provider of this identity pool.")
	if app, ok := p.Social[name]; ok {
		if !social[name] {
			return webidentity.Provider{}, notImplemented("logins with " + name)
		}
		return webidentity.Provider{URL: name, ClientIDs: strings.Split(app, ";")}, nil
	}
	found := webidentity.Provider{URL: name}
	for _, u := range p.UserPools {
		if u.Provider == name {
			found.ClientIDs = append(found.ClientIDs, u.Client)
		}
	}
	if len(found.ClientIDs) > 0 {
		return found, nil
	}
	if !slices.ContainsFunc(p.OpenID, func(a string) bool { return oidcName(a) == name }) || s.Provider == nil {
		return found, unsupported
	}
	found, err := s.Provider(ctx, p.Account, name)
	if errors.Is(err, webidentity.ErrNoProvider) {
		return found, unsupported
	}
	return found, err
}

// refusal words an error of the verifier as Cognito does.
func refusal(err error) error {
	e, ok := errors.AsType[*webidentity.Error](err)
	if !ok {
		return err
	}
	why := e.Text
	switch {
	case errors.Is(e, webidentity.ErrUnreachable):
		return api.NewExternalServiceException("%s", e.Text)
	case errors.Is(e, webidentity.ErrMalformed):
		why = "Not a valid OpenId Connect identity token."
	case errors.Is(e, webidentity.ErrSignature):
		why = "Couldn't verify signed token."
	case errors.Is(e, webidentity.ErrExpired):
		why = fmt.Sprintf("Token expired: %d >= %d", time.Now().Unix(), e.Expired.Unix())
	case errors.Is(e, webidentity.ErrAudience):
		why = "Incorrect token audience."
	}
	return api.NewNotAuthorizedException("Invalid login token. %s", why)
}
