package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/config"
)

// Requests for administration are signed with the root user's secret over the
// method, the URI and the time:
//
//	X-Nephele-Date: 2026-01-02T15:04:05Z
//	Authorization: NEPHELE-HMAC-SHA256 Credential=AKIA..., Signature=...
const (
	adminScheme     = "NEPHELE-HMAC-SHA256"
	adminDateHeader = "X-Nephele-Date"
	adminSkew       = 5 * time.Minute
)

// SignAdmin signs a request without a body to a path below /_nephele/ with the
// root user's access key.
func SignAdmin(r *http.Request, id, secret string, now time.Time) {
	date := now.UTC().Format(time.RFC3339)
	r.Header.Set(adminDateHeader, date)
	r.Header.Set("Authorization", adminScheme+" Credential="+id+", Signature="+adminSignature(r, secret, date))
}

func adminSignature(r *http.Request, secret, date string) string {
	mac := hmac.New(sha256.New, []byte(adminScheme+secret))
	mac.Write([]byte(r.Method + "\n" + r.URL.RequestURI() + "\n" + date))
	return hex.EncodeToString(mac.Sum(nil))
}

// signedByRoot reports whether a request bears the root user's signature.
func (k rootKey) signedByRoot(r *http.Request, now time.Time) bool {
	date := r.Header.Get(adminDateHeader)
	at, err := time.Parse(time.RFC3339, date)
	if err != nil || now.Sub(at).Abs() > adminSkew || k.secret == "" {
		return false
	}
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), adminScheme+" Credential="+k.id+", Signature=")
	return ok && hmac.Equal([]byte(fields), []byte(adminSignature(r, k.secret, date)))
}

// rootOnly lets only the root user in, where there is authentication.
func (a *App) rootOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.cfg.Auth == config.AuthOn && !a.root.signedByRoot(r, time.Now()) {
			adminAnswer(w, http.StatusForbidden, map[string]string{"error": "this needs a signature of the root user"})
			return
		}
		next(w, r)
	})
}
