package app

import (
	"context"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/webidentity"
)

// webIdentities makes the issuer of Cognito's tokens, and who believes them and
// those of the OpenID Connect providers in IAM, which are reached by dial.
func (a *App) webIdentities(dial webidentity.DialFunc) (*webidentity.Issuer, *webidentity.Verifier) {
	issuer := webidentity.NewIssuer(a.db, a.seal, a.log)
	issuer.Watch(context.Background()) // until the database is closed
	return issuer, webidentity.NewVerifier(webidentity.Options{
		Issuer: issuer, Provider: a.openIDProvider, Dial: dial, Plain: a.cfg.PrivateEgress(), Logger: a.log,
	})
}

// openIDProvider finds the provider that an account has registered for an
// issuer.
func (a *App) openIDProvider(ctx context.Context, account, issuer string) (webidentity.Provider, error) {
	p, err := a.identity.OIDCProvider(ctx, account, issuer)
	if errors.Is(err, identity.ErrNotFound) {
		return webidentity.Provider{}, fmt.Errorf("%w: %w", webidentity.ErrNoProvider, err)
	}
	return webidentity.Provider{URL: issuer, ARN: p.ARN(), ClientIDs: p.ClientIDs, Thumbprints: p.Thumbprints}, err
}
