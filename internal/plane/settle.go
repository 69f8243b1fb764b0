package plane

import (
	"context"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// patience is how long the call may wait for its work to rest; 0 for none.
// Reads, calls inside other calls and, unless told to, calls that did not come
// from a door never wait.
func (v *invocation) patience() (time.Duration, error) {
	var d time.Duration
	if v.decoded {
		d = v.plane.opts.Settle
	}
	if s := v.call.Header.Get(SettleHeader); s != "" {
		asked, err := time.ParseDuration(s)
		if err != nil || asked < 0 {
			return 0, awserr.New("InvalidParameterValue", http.StatusBadRequest,
				"The header %s must be a duration such as 10s.", strings.ToLower(SettleHeader))
		}
		d = asked
	}
	if v.settleSet {
		d = v.settle
	}
	if v.plane.opts.Settler == nil || v.inner || ReadOnly(v.call.Operation) {
		return 0, nil
	}
	return min(d, MaxSettle), nil
}

// await gives the call's work until the time is up. What has not come to rest
// by then goes on by itself.
func (v *invocation) await(ctx context.Context, wait func(context.Context) error, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if err := wait(ctx); err != nil {
		v.plane.log.LogAttrs(ctx, levelUnsettled, "answered before the work came to rest", append(v.call.attrs(), errAttr(err))...)
	}
}

// readPrefixes begin the names of operations that change nothing.
var readPrefixes = []string{
	"Get", "List", "Describe", "Head", "Search", "BatchGet", "Filter", "Lookup", "Query", "Scan", "Select",
	"Test", "Validate", "Estimate", "Simulate", "Preview", "Detect",
}

// ReadOnly reports whether an operation, by its method or name, changes no
// state.
func ReadOnly(op *shape.Operation) bool {
	if op.ReadOnly || op.Method == http.MethodGet || op.Method == http.MethodHead {
		return true
	}
	for _, p := range readPrefixes {
		if strings.HasPrefix(op.Name, p) {
			return true
		}
	}
	return false
}
