package iam

import (
	"errors"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// maxTrust is how long a trust policy may be, in characters other than white
// space.
const maxTrust = 2048

// parseTrust demands that a text is a trust policy.
func parseTrust(text string) error {
	if policySize(text) > maxTrust {
		return quota("ACLSizePerRole", maxTrust)
	}
	if _, err := policy.Parse(text, policy.TrustUse); err != nil {
		return malformed(err)
	}
	return nil
}

// trust gives a role a trust policy that parseTrust has taken. The users and
// roles that it names must exist, and are the ones that it means from now on,
// whoever bears their names later.
func trust(tx *store.Tx, r *identity.Role, text string) error {
	r.Trust, r.Trusted = text, nil
	for _, p := range identity.Principals(text) {
		id, err := trustedID(tx, p)
		if errors.Is(err, identity.ErrNotFound) {
			return invalidPrincipal(p)
		}
		if err != nil {
			return err
		}
		if id == "" {
			continue
		}
		if r.Trusted == nil {
			r.Trusted = make(map[string]string)
		}
		r.Trusted[p] = id
	}
	return nil
}

// trustedID is the unique id that a principal stands for; "" for one that is
// no user or role, such as an account or everybody.
func trustedID(tx *store.Tx, principal string) (string, error) {
	_, kind, _, ok := identity.SplitARN(principal)
	switch {
	case ok && (kind == "user" || kind == "role"):
		return identity.UniqueID(tx, principal)
	case ok && kind == "root", principal == "*", arn.IsAccount(principal), strings.HasPrefix(principal, "arn:aws:sts::"):
		return "", nil
	case strings.HasPrefix(principal, keyid.User), strings.HasPrefix(principal, keyid.Role):
		if now, err := identity.CurrentARN(tx, principal); err != nil || now != principal {
			return principal, err
		}
	}
	return "", identity.ErrNotFound
}

func invalidPrincipal(p string) *awserr.Error {
	return api.NewMalformedPolicyDocumentException(`Invalid principal in policy: "AWS":"%s"`, p)
}
