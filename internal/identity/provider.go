package identity

import "strings"

// ProviderID is the URL of an OpenID Connect provider as it names it: without
// the scheme, and without a slash at the end.
func ProviderID(url string) string {
	return strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/")
}
