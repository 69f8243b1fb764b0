package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// ResourceTags are the condition keys aws:ResourceTag/key of a resource with
// these tags. A key that stands in several spellings has the values of all.
func ResourceTags(tags map[string]string) Keys {
	if len(tags) == 0 {
		return nil
	}
	k := make(Keys, len(tags))
	for key, value := range tags {
		k.AddTag("aws:resourcetag/", key, value)
	}
	return k
}

// AddTag adds a tag to the condition keys that begin with prefix, in lower
// case. Condition keys do not tell spellings of a tag's key apart: one that
// stands in several has the values of all, and conditions on it are strict.
func (k Keys) AddTag(prefix, key, value string) {
	name := prefix + strings.ToLower(key)
	if !slices.Contains(k[name], value) {
		k[name] = append(k[name], value)
	}
}

// PassRole is the need of whoever hands a role to a service, such as
// "events.amazonaws.com" (IAM User Guide, "Grant a user permissions to pass a
// role to an AWS service").
func PassRole(role, service string) Need {
	return Need{Action: "iam:PassRole", Resources: []string{role}, Keys: Keys{"iam:passedtoservice": {service}}}
}

// CanonicalID is the canonical user id of an account, by which access control
// lists and policies of S3 may name it: 64 hexadecimal digits.
func CanonicalID(account string) string {
	sum := sha256.Sum256([]byte("canonical user id of " + account))
	return hex.EncodeToString(sum[:])
}
