package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/session"
)

// credentials knows the root user's access key, those of IAM users, and those
// of sessions. It is the door's Credentials.
type credentials struct {
	root      rootKey
	directory *identity.Directory
	sessions  *session.Issuer
	log       *slog.Logger
}

var _ door.Credentials = (*credentials)(nil)

// Credential implements door.Credentials.
func (c *credentials) Credential(ctx context.Context, id, token string) (door.Credential, error) {
	switch {
	case id == c.root.id && id != "":
		return c.root.Credential(ctx, id, token)
	case token != "" || strings.HasPrefix(id, keyid.SessionKey):
		return c.ofSession(ctx, id, token)
	}
	k, err := c.directory.AccessKey(ctx, id)
	if errors.Is(err, seal.ErrLost) {
		c.log.Error("an access key cannot be opened", "access_key", id, "error", err)
		return door.Credential{}, door.ErrUnknownKey
	}
	if errors.Is(err, identity.ErrNotFound) {
		return door.Credential{}, door.ErrUnknownKey
	}
	if err != nil {
		return door.Credential{}, err
	}
	return door.Credential{Secret: string(k.Secret), Caller: plane.Caller{
		Account: k.Account, Kind: plane.User, ARN: k.User.ARN(), ID: k.User.ID, Tags: k.User.Tags,
	}}, nil
}

// ofSession is what belongs to temporary credentials, whose user or role must
// still be there.
func (c *credentials) ofSession(ctx context.Context, id, token string) (door.Credential, error) {
	if token == "" {
		return door.Credential{}, door.ErrUnknownKey // as AWS sees such a key without its token
	}
	b, err := c.sessions.Open(id, token)
	switch {
	case errors.Is(err, session.ErrExpired):
		return door.Credential{}, door.ErrExpiredToken
	case errors.Is(err, session.ErrInvalid):
		return door.Credential{}, door.ErrInvalidToken
	case err != nil:
		return door.Credential{}, err
	}
	p := b.Principal
	own, err := c.directory.Tags(ctx, &p)
	if errors.Is(err, identity.ErrGone) {
		return door.Credential{}, door.ErrInvalidToken
	}
	if err != nil {
		return door.Credential{}, err
	}
	return door.Credential{Secret: string(b.Secret), Caller: plane.Caller{
		Account: p.Account, Kind: p.Kind, ARN: p.ARN, ID: p.ID, Session: p.Session,
		Tags: session.MergeTags(own, p.Tags),
	}}, nil
}

// bearer is whom temporary credentials belong to.
func (c *credentials) bearer(ctx context.Context, id, token string) (plane.Caller, error) {
	cred, err := c.ofSession(ctx, id, token)
	return cred.Caller, err
}

// used notes uses of access keys and roles, for GetAccessKeyLastUsed and
// RoleLastUsed.
func (c *credentials) used(call *plane.Call) {
	caller := &call.Caller
	use := identity.Use{At: call.Time, Service: call.Operation.Service.SigningName, Region: caller.Region}
	switch {
	case caller.Kind == policy.User && caller.Session == nil && caller.AccessKeyID != "":
		c.directory.Used(caller.AccessKeyID, use)
	case caller.Kind == policy.AssumedRole && caller.Session != nil:
		c.directory.Used(caller.Session.RoleID, use)
	}
}
