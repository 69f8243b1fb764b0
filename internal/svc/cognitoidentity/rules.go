package cognitoidentity

import (
	"regexp"
	"strings"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/tagrule"
)

// Public providers of SupportedLoginProviders.
const (
	google = "accounts.google.com"
	apple  = "appleid.apple.com"
)

// social are the public providers, and whether their tokens can be verified
// here: the others' are not OpenID Connect tokens.
var social = map[string]bool{
	google: true, apple: true,
	"graph.facebook.com": false, "www.amazon.com": false, "api.twitter.com": false, "www.digits.com": false,
}

// userPoolForm is the form of a user pool's provider name.
var userPoolForm = regexp.MustCompile(`^cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[\w-]+_[0-9a-zA-Z]+$`)

// oidcResource begins the resource of the ARN of an OpenID Connect provider.
const oidcResource = "oidc-provider/"

// check holds a pool's settings and tags against the rules that the model does
// not know.
func (p *pool) check(saml []string) error {
	if len(saml) > 0 {
		return notImplemented("SAML providers")
	}
	for name := range p.Social {
		if _, ok := social[name]; !ok {
			return api.NewInvalidParameterException("Invalid login provider: %s", name)
		}
	}
	for _, u := range p.UserPools {
		if !userPoolForm.MatchString(u.Provider) || u.Client == "" {
			return api.NewInvalidParameterException("Invalid Cognito Identity Provider: %s", u.Provider)
		}
	}
	for _, name := range p.OpenID {
		if oidcName(name) == "" {
			return api.NewInvalidParameterException("Invalid OpenIDConnect provider ARN: %s", name)
		}
	}
	return checkTags(p.Tags)
}

// oidcName is the name of an OpenID Connect provider in logins: what its ARN
// has after "oidc-provider/"; "" for other ARNs.
func oidcName(text string) string {
	a, err := arn.Parse(text)
	if err != nil || a.Service != "iam" {
		return ""
	}
	name, ok := strings.CutPrefix(a.Resource, oidcResource)
	if !ok {
		return ""
	}
	return name
}

func checkTags(tags map[string]string) error {
	for key := range tags {
		if tagrule.Reserved(key) {
			return api.NewInvalidParameterException("Tag keys starting with aws: are reserved for system use: %s", key)
		}
	}
	if len(tags) > tagrule.Max {
		return api.NewInvalidParameterException("A resource cannot have more than %d tags", tagrule.Max)
	}
	return nil
}

// checkRole demands the ARN of a role of the pool's account.
func checkRole(account, role string) *awserr.Error {
	a, err := arn.Parse(role)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return api.NewInvalidParameterException("Invalid role ARN: %s", role)
	}
	if a.Account != account {
		return api.NewInvalidParameterException("Cross-account pass role is not allowed.")
	}
	return nil
}
