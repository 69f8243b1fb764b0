package webidentity

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// newToken reads the claims of a verified token.
func newToken(provider string, claims jwt.MapClaims) (Token, error) {
	t := Token{Provider: provider, Raw: claims}
	t.Issuer, _ = claims["iss"].(string)
	t.Name = bare(t.Issuer)
	if t.Subject, _ = claims["sub"].(string); t.Subject == "" {
		return t, missing("sub")
	}
	if utf8.RuneCountInString(t.Subject) > maxSubject {
		return t, invalid("The subject of the token is too long")
	}
	aud, err := claims.GetAudience()
	if err != nil || len(aud) == 0 {
		return t, missing("aud")
	}
	t.Audience = aud
	if azp, ok := claims["azp"].(string); ok && azp != "" {
		t.Audience = []string{azp}
	}
	t.AMR = texts(claims["amr"])
	if iat, _ := claims.GetIssuedAt(); iat != nil {
		t.Issued = iat.UTC()
	}
	if exp, _ := claims.GetExpirationTime(); exp != nil {
		t.Expires = exp.UTC()
	}
	t.SourceIdentity, _ = claims[sourceClaim].(string)
	if err := t.readTags(claims[tagsClaim]); err != nil {
		return t, err
	}
	t.Claims = t.keys(aud)
	return t, nil
}

// readTags reads session tags: principal_tags has a list of one value for each.
func (t *Token) readTags(claim any) error {
	if claim == nil {
		return nil
	}
	m, ok := claim.(map[string]any)
	if !ok {
		return invalid("Invalid claim: %s", tagsClaim)
	}
	principal, _ := m["principal_tags"].(map[string]any)
	t.Tags = make(map[string]string, len(principal))
	for key, value := range principal {
		list := texts(value)
		if len(list) != 1 {
			return invalid("Invalid claim: %s", tagsClaim)
		}
		t.Tags[key] = list[0]
	}
	t.Transitive = texts(m["transitive_tag_keys"])
	for _, key := range t.Transitive {
		if _, ok := t.Tags[key]; !ok {
			return invalid("Invalid claim: %s", tagsClaim)
		}
	}
	return nil
}

// plainClaims are those that are condition keys with any provider, besides aud
// and oaud (IAM User Guide, "Available keys for AWS OIDC federation").
var plainClaims = []string{"sub", "amr", "email", "azp"}

// moreClaims are those that are condition keys with some providers.
var moreClaims = map[string][]string{
	"accounts.google.com": {"google/organization_number"},
	"token.actions.githubusercontent.com": {
		"actor", "actor_id", "job_workflow_ref", "repository", "repository_id", "workflow", "ref", "environment", "enterprise_id",
	},
}

// keys are the condition keys of the token: those that policies about Provider
// may use.
func (t *Token) keys(aud []string) map[string][]string {
	prefix := strings.ToLower(t.Name) + ":"
	keys := map[string][]string{prefix + "aud": t.Audience, prefix + "oaud": aud}
	for _, name := range slices.Concat(plainClaims, moreClaims[t.Name]) {
		if values := texts(t.Raw[name]); len(values) > 0 {
			keys[prefix+strings.ToLower(name)] = values
		}
	}
	return keys
}

// texts are the values of a claim as texts: of one value or of a list of them.
// Objects are none.
func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case []any:
		var list []string
		for _, item := range v {
			if _, nested := item.([]any); !nested {
				list = append(list, texts(item)...)
			}
		}
		return list
	}
	return nil
}

// Texts are the values of a claim, as rules of role mappings and attributes for
// access control read it: none when it is not there or is an object.
func (t *Token) Texts(claim string) []string { return texts(t.Raw[claim]) }

// TagNames are the names of the session tags, sorted.
func (t *Token) TagNames() []string { return slices.Sorted(maps.Keys(t.Tags)) }
