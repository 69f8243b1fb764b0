package door

import (
	"encoding/json"
	"net/http"
	"strings"
)

// AdminPrefix begins the paths that are Nephele's own. No S3 bucket can have
// this name, for bucket names hold no underscore.
const AdminPrefix = "/_nephele/"

// isAdmin reports whether a path is ours, in whatever way it is written: the
// path is unescaped, and slashes and dots are looked through.
func isAdmin(path string) bool {
	first := strings.TrimLeft(path, "/.")
	return strings.HasPrefix(first, AdminPrefix[1:]) || first == AdminPrefix[1:len(AdminPrefix)-1]
}

func (d *Door) newAdmin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+AdminPrefix+"health", d.health)
	guarded := http.NewServeMux()
	if d.opts.Admin != nil {
		guarded.Handle(AdminPrefix, d.opts.Admin)
	}
	if d.opts.Reset != nil && !d.opts.Auth {
		guarded.HandleFunc("POST "+AdminPrefix+"reset", d.reset)
	}
	mux.Handle(AdminPrefix, d.guard(guarded))
	return mux
}

// guard lets only those in who mean us: no page of another origin (browsers
// tell by Sec-Fetch-Site or Origin), and no name that somebody else's DNS
// points here.
func (d *Door) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.hosts.known(bare(r.Host)) {
			adminError(w, http.StatusForbidden, "not a name of this server: "+quote(bare(r.Host)))
			return
		}
		if err := cross.Check(r); err != nil {
			adminError(w, http.StatusForbidden, "cross-origin request refused")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveAdmin answers paths below AdminPrefix.
func (d *Door) serveAdmin(w http.ResponseWriter, r *http.Request) {
	if d.isUntrusted(r) {
		d.log.Warn("admin path refused to untrusted code", "path", r.URL.Path)
		adminError(w, http.StatusForbidden, "not from here")
		return
	}
	d.admin.ServeHTTP(w, r)
}

func (d *Door) health(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"status": "ok"}
	status := http.StatusOK
	if d.opts.Health != nil {
		detail, err := d.opts.Health(r.Context())
		if detail != nil {
			answer["detail"] = detail
		}
		if err != nil {
			d.log.Warn("not healthy", "error", err)
			answer["status"], status = "unavailable", http.StatusServiceUnavailable
			if !d.opts.Auth { // anybody may ask, and errors name hosts and paths
				answer["error"] = err.Error()
			}
		}
	}
	if d.draining.Load() {
		answer["status"], status = "draining", http.StatusServiceUnavailable
	}
	adminJSON(w, status, answer)
}

func (d *Door) reset(w http.ResponseWriter, r *http.Request) {
	if err := d.opts.Reset(r.Context()); err != nil {
		d.log.Error("reset failed", "error", err)
		adminError(w, http.StatusInternalServerError, "reset failed: "+err.Error())
		return
	}
	adminJSON(w, http.StatusOK, map[string]any{"status": "reset"})
}

func adminError(w http.ResponseWriter, status int, message string) {
	adminJSON(w, status, map[string]any{"error": message})
}

func adminJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the peer is told or gone
}
