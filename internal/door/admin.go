package door

import (
	"net/http"
	"strings"
)

// AdminPrefix begins the paths that are Nephele's own. No S3 bucket can have
// this name, for bucket names hold no underscore.
const AdminPrefix = "/_nephele/"

func (d *Door) newAdmin() http.Handler { return http.NotFoundHandler() }

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, AdminPrefix) {
		d.admin.ServeHTTP(w, r)
		return
	}
	http.Error(w, "not yet", http.StatusNotImplemented)
}
