package session

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
)

// Claims are what is known of a session. Those who issue one have checked them.
type Claims struct {
	Kind    policy.PrincipalKind `json:"k"` // Root, User, AssumedRole or FederatedUser
	Account string               `json:"a"`
	ARN     string               `json:"n"`
	ID      string               `json:"i"` // "AROA...:session"

	Role     string `json:"r,omitempty"`  // ARN of the role
	RoleID   string `json:"ri,omitempty"` // "AROA..."
	Name     string `json:"s,omitempty"`  // of the role session or the federated user
	Parent   string `json:"p,omitempty"`  // ARN of the user that a federated user belongs to
	ParentID string `json:"pi,omitempty"`

	Limited    bool     `json:"l,omitempty"` // only what the session policies allow is allowed
	Policy     string   `json:"d,omitempty"` // the inline session policy
	PolicyARNs []string `json:"m,omitempty"`

	Tags           map[string]string   `json:"t,omitempty"` // session tags
	Transitive     []string            `json:"tt,omitempty"`
	SourceIdentity string              `json:"si,omitempty"`
	Provider       string              `json:"f,omitempty"` // aws:FederatedProvider
	Keys           map[string][]string `json:"c,omitempty"` // further condition keys, in lower case
	MFA            bool                `json:"mfa,omitempty"`
}

// Credentials are what the bearer of a session signs requests with.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey seal.Secret
	SessionToken    seal.Secret
	Expiration      time.Time // UTC, whole seconds
}

// Bearer is whom credentials belong to. What it points to is shared with later
// answers: do not change it.
type Bearer struct {
	Secret seal.Secret
	// Principal has a Session. Its Tags are the session tags alone; those of the
	// role or user are looked up by whoever needs them, for they may change (see
	// MergeTags).
	Principal policy.Principal
	Expires   time.Time
}

// Errors of Open and Issue.
var (
	ErrInvalid  = errors.New("session: the token was not issued for this access key id")
	ErrExpired  = errors.New("session: the token has expired")
	ErrTooLarge = errors.New("session: the session token would be too large")
)

// principal is the bearer of the claims.
func (c *Claims) principal(issued, expires time.Time) (policy.Principal, error) {
	s := &policy.Session{
		Role: c.Role, RoleID: c.RoleID, Name: c.Name, Parent: c.Parent, ParentID: c.ParentID,
		Issued: issued, Expires: expires,
		Limited: c.Limited, PolicyARNs: c.PolicyARNs,
		Tags: c.Tags, Transitive: c.Transitive, SourceIdentity: c.SourceIdentity,
		Provider: c.Provider, Keys: c.Keys, MFA: c.MFA,
	}
	if c.Policy != "" {
		d, err := policy.Parse(c.Policy, policy.SessionUse)
		if err != nil {
			return policy.Principal{}, fmt.Errorf("session policy of %s: %w", c.ARN, err)
		}
		s.Policies = []*policy.Document{d}
	}
	return policy.Principal{Kind: c.Kind, Account: c.Account, ARN: c.ARN, ID: c.ID, Tags: maps.Clone(c.Tags), Session: s}, nil
}
