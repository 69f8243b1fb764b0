package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/config"
)

// Requests for administration are signed with the root user's secret over the
// method, the host, the URI, the time, a number used once and the body:
//
//	X-Nephele-Date: 2026-01-02T15:04:05Z
//	X-Nephele-Nonce: 26 letters and digits
//	Authorization: NEPHELE-HMAC-SHA256 Credential=AKIA..., Signature=...
//
// A server takes each signature once.
const (
	adminScheme      = "NEPHELE-HMAC-SHA256"
	adminDateHeader  = "X-Nephele-Date"
	adminNonceHeader = "X-Nephele-Nonce"
	adminSkew        = 5 * time.Minute
	maxAdminBody     = 64 << 10
	maxNonce         = 64
)

// SignAdmin signs a request without a body to a path below /_nephele/ with the
// root user's access key.
func SignAdmin(r *http.Request, id, secret string, now time.Time) {
	r.Header.Set(adminDateHeader, now.UTC().Format(time.RFC3339))
	r.Header.Set(adminNonceHeader, rand.Text())
	r.Header.Set("Authorization", adminScheme+" Credential="+id+", Signature="+adminSignature(r, secret, nil))
}

func adminSignature(r *http.Request, secret string, body []byte) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	sum := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(adminScheme+secret))
	mac.Write([]byte(strings.Join([]string{
		r.Method, host, r.URL.RequestURI(), r.Header.Get(adminDateHeader), r.Header.Get(adminNonceHeader), hex.EncodeToString(sum[:]),
	}, "\n")))
	return hex.EncodeToString(mac.Sum(nil))
}

// signedByRoot reports whether a request bears the root user's signature. Its
// body is read, and can be read again.
func (k rootKey) signedByRoot(r *http.Request, now time.Time) bool {
	at, err := time.Parse(time.RFC3339, r.Header.Get(adminDateHeader))
	nonce := r.Header.Get(adminNonceHeader)
	if err != nil || now.Sub(at).Abs() > adminSkew || k.secret == "" || nonce == "" || len(nonce) > maxNonce {
		return false
	}
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), adminScheme+" Credential="+k.id+", Signature=")
	if !ok {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAdminBody+1))
	if err != nil || len(body) > maxAdminBody {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return hmac.Equal([]byte(fields), []byte(adminSignature(r, k.secret, body)))
}

// nonces are the numbers of signatures that were good, until they are too old
// to be good again. The zero value is ready.
type nonces struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// take reports whether a number is used for the first time.
func (n *nonces) take(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for old, until := range n.until {
		if now.After(until) {
			delete(n.until, old)
		}
	}
	if _, used := n.until[nonce]; used {
		return false
	}
	if n.until == nil {
		n.until = make(map[string]time.Time)
	}
	n.until[nonce] = now.Add(2 * adminSkew)
	return true
}

// rootOnly lets only the root user in, where there is authentication.
func (a *App) rootOnly(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.cfg.Auth == config.AuthOn && !a.isRoot(r) {
			adminAnswer(w, http.StatusForbidden, map[string]string{"error": "this needs a signature of the root user"})
			return
		}
		next(w, r)
	})
}

func (a *App) isRoot(r *http.Request) bool {
	now := time.Now()
	return a.root.signedByRoot(r, now) && a.nonces.take(r.Header.Get(adminNonceHeader), now)
}

// nearOrRoot is rootOnly with the door open to this machine: who calls from
// loopback, and not through a proxy, needs no signature.
func (a *App) nearOrRoot(next http.Handler) http.Handler {
	guarded := a.rootOnly(next.ServeHTTP)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.cfg.MetricsOpen || isNear(r) {
			next.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// isNear reports whether a request comes from this machine itself, as far as
// that can be told.
func isNear(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}
