package webidentity

import (
	"encoding/json"
	"net/http"
)

// DocumentsPrefix begins the paths of the Issuer's public documents.
const DocumentsPrefix = "/.well-known/"

// Paths of the documents, as Cognito has them.
const (
	discoveryPath = DocumentsPrefix + "openid-configuration"
	keysPath      = DocumentsPrefix + "jwks_uri"
	keysAlias     = DocumentsPrefix + "jwks.json"
)

// Documents answers GET of the discovery document and of the key set below
// DocumentsPrefix. Anybody may read them, pages of any origin included.
func (i *Issuer) Documents() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		var (
			b   []byte
			err error
		)
		switch r.URL.Path {
		case discoveryPath:
			b, err = discovery(baseURL(r))
		case keysPath, keysAlias:
			b, err = i.JWKS(r.Context())
		default:
			http.NotFound(w, r)
			return
		}
		if err != nil {
			i.log.Error("keys of web identity tokens not available", "error", err.Error())
			http.Error(w, "not available", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Write(b) //nolint:errcheck // the peer is told or gone
	})
}

// baseURL is the address under which the documents were asked for: the key set
// is there too.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// discovery is the discovery document (OpenID Connect Discovery 1.0, section 3).
func discovery(base string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"issuer":                                CognitoIssuer,
		"jwks_uri":                              base + keysPath,
		"authorization_endpoint":                base,
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"claims_supported":                      []string{"iss", "sub", "aud", "amr", "exp", "iat"},
	})
}
