package importtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "nephele.dev/nephele"

// rule says what a room may import of this module, and of a few packages
// outside that have one place.
type rule struct {
	room    string   // path below the module; "x/..." is x and everything below
	may     []string // rooms it may import, in the same form
	stdOnly bool     // nothing but the standard library and may
}

// rules are tried in order; the first whose room matches counts. A package
// without a rule fails the test, so that a new room states what it leans on.
var rules = []rule{
	// Leaves.
	{room: "internal/shape", stdOnly: true},
	{room: "internal/awserr", stdOnly: true},
	{room: "internal/arn/...", stdOnly: true},
	{room: "internal/when/...", stdOnly: true},
	{room: "internal/page/...", stdOnly: true},
	{room: "internal/tagrule", stdOnly: true},
	{room: "internal/logfilter", stdOnly: true, may: []string{"internal/regex"}},
	{room: "internal/regex", stdOnly: true},

	{room: "internal/eventpattern/...", stdOnly: true, may: []string{"internal/eventpattern/...", "internal/awserr"}},
	{room: "internal/metricmath/...", stdOnly: true, may: []string{"internal/metricmath/..."}},
	{room: "internal/alarm/...", stdOnly: true, may: []string{"internal/alarm/..."}},
	{room: "internal/logfilter/...", stdOnly: true, may: []string{"internal/logfilter/...", "internal/regex"}},
	{room: "internal/insights/...", stdOnly: true, may: []string{"internal/insights/...", "internal/regex"}},
	{room: "internal/plot/...", may: []string{"internal/plot/..."}},
	{room: "internal/outbox/...", may: append([]string{"internal/store/..."}, leaves...)},

	// Models and wire.
	{room: "internal/api/gen/...", may: []string{"internal/api/...", "internal/shape", "internal/awserr"}},
	{room: "internal/api/all", may: []string{"internal/api/...", "internal/shape"}},
	{room: "internal/api/...", may: []string{"internal/shape", "internal/awserr"}},
	{room: "internal/wire/...", may: []string{"internal/wire/...", "internal/shape", "internal/awserr"}},

	// The call.
	{room: "internal/policy/...", stdOnly: true, may: []string{"internal/policy/..."}},
	{room: "internal/validate/...", stdOnly: true, may: []string{"internal/shape", "internal/awserr"}},
	{room: "internal/plane/...", stdOnly: true, may: []string{"internal/shape", "internal/awserr", "internal/policy/...", "internal/validate"}},
	{room: "internal/door/sigv4/...", may: []string{"internal/awserr"}}, // and the XXHash libraries,
	{room: "internal/door/certs/...", stdOnly: true},
	{room: "internal/door/...", may: []string{"internal/door/...", "internal/wire/...", "internal/plane", "internal/shape", "internal/awserr"}},

	// State.
	{room: "internal/store/...", may: append([]string{"internal/store/..."}, leaves...)},
	{room: "internal/blob/...", may: append([]string{"internal/blob/..."}, leaves...)},
	{room: "internal/engine/...", may: append([]string{"internal/engine/...", "internal/store/..."}, leaves...)},
	{room: "internal/series/...", may: append([]string{"internal/series/...", "internal/store/..."}, leaves...)},
	{room: "internal/journal/...", may: append([]string{"internal/journal/...", "internal/store/..."}, leaves...)},

	{room: "internal/identity/managed", stdOnly: true, may: []string{"internal/policy"}}, // in its test
	{room: "internal/identity/keyid", stdOnly: true},
	{room: "internal/identity/...", may: append([]string{
		"internal/identity/...", "internal/store/...", "internal/seal/...", "internal/policy",
	}, leaves...)},
	{room: "internal/session/...", may: append([]string{"internal/policy", "internal/seal", "internal/identity/keyid"}, leaves...)},
	{room: "internal/webidentity/...", may: append([]string{"internal/seal/...", "internal/store/..."}, leaves...)},
	{room: "internal/seal/...", may: append([]string{"internal/seal/...", "internal/store/..."}, leaves...)},
	{room: "internal/access/...", may: append([]string{
		"internal/access/...", "internal/identity/...", "internal/session/...", "internal/policy", "internal/plane", "internal/seal", "internal/store/...",
	}, leaves...)},
	{room: "internal/courier/...", may: append([]string{
		"internal/courier/...", "internal/engine/...", "internal/store/...", "internal/plane", "internal/api/...",
	}, leaves...)},

	// What runs in the sandbox, and the sandbox.
	{room: "runtimes/...", stdOnly: true, may: []string{"runtimes/..."}},
	{room: "internal/canaryruntime", stdOnly: true},
	{room: "internal/blueprint/...", stdOnly: true},
	{room: "internal/canarylocal/...", may: append([]string{"internal/sandbox/...", "internal/canaryruntime", "internal/blueprint"}, leaves...)},
	{room: "internal/multicheck/...", may: append([]string{"internal/multicheck/...", "internal/sandbox/egress", "internal/canaryruntime"}, leaves...)},
	{room: "internal/sandbox/...", may: append([]string{"internal/sandbox/...", "runtimes/...", "internal/canaryruntime", "internal/multicheck/..."}, leaves...)},

	// Services: never each other. A service's own sub-packages are its own.
	{room: "internal/svc/...", may: append([]string{
		"internal/svc/SELF/...", "internal/api/...", "internal/plane", "internal/policy", "internal/engine", "internal/store",
		"internal/blob", "internal/series", "internal/journal", "internal/courier", "internal/sandbox/...", "runtimes/...",
		"internal/eventpattern/...", "internal/metricmath/...", "internal/plot/...", "internal/alarm/...",
		"internal/logfilter/...", "internal/insights/...", "internal/outbox", "internal/seal/...",
		"internal/identity/...", "internal/session", "internal/webidentity", "internal/canaryruntime",
	}, leaves...)},

	// The pages, a client of the API like any other.
	{room: "console/...", stdOnly: true, may: []string{"console/...", "runtimes/..."}},

	// Those who see everything.
	{room: "internal/config", may: leaves},
	{room: "internal/app/...", may: []string{"..."}},
	{room: "internal/importtest"},
	{room: "cmd/...", may: []string{"..."}},
	{room: "nepheletest", may: []string{"internal/app", "internal/config", "internal/plane", "internal/validate"}},
	{room: "client/...", may: append([]string{"internal/api/...", "internal/wire/..."}, leaves...)},
	{room: "bench/...", may: []string{"..."}},
	{room: "conformance/...", may: []string{"..."}},
	{room: "scripts/...", may: []string{"..."}},
}

var leaves = []string{"internal/shape", "internal/awserr", "internal/arn", "internal/when", "internal/page", "internal/tagrule", "internal/logfilter"}

// places are packages outside the module that belong to few rooms.
var places = map[string][]string{
	"database/sql":                 {"internal/store/..."},
	"github.com/jackc/pgx/v5":      {"internal/store/..."},
	"modernc.org/sqlite":           {"internal/store/..."},
	"gocloud.dev/blob":             {"internal/blob/..."},
	"github.com/spf13/cobra":       {"cmd/..."},
	"github.com/jmespath":          {"client/...", "cmd/..."},
	"github.com/aws/aws-sdk-go-v2": {"nepheletest", "client/...", "bench/...", "conformance/...", "internal/blob/...", "internal/multicheck"}, // the last for its signer of requests
}

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestImports(t *testing.T) {
	t.Parallel()
	for p := range list(t) {
		room := strings.TrimPrefix(p.ImportPath, module+"/")
		r, ok := find(room)
		if !ok {
			t.Errorf("%s: no rule says what this room may import; add one to rules", room)
			continue
		}
		for _, imp := range p.Imports {
			if why := refuse(r, room, imp); why != "" {
				t.Errorf("%s imports %s: %s", room, imp, why)
			}
		}
	}
}

// TestRulesCanFail proves the matcher on imports that must be refused.
func TestRulesCanFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ room, imp string }{
		{"internal/svc/synthetics", module + "/internal/svc/s3"},
		{"internal/svc/s3", module + "/internal/door"},
		{"internal/shape", "github.com/google/uuid"},
		{"internal/plane", module + "/internal/store"},
		{"internal/svc/logs", "database/sql"},
		{"internal/wire/json", module + "/internal/plane"},
		{"internal/store", module + "/internal/engine"},
		{"nepheletest", module + "/internal/store"},
	} {
		r, _ := find(tt.room)
		if refuse(r, tt.room, tt.imp) == "" {
			t.Errorf("%s may import %s", tt.room, tt.imp)
		}
	}
}

func find(room string) (rule, bool) {
	for _, r := range rules {
		if matches(r.room, room) {
			return r, true
		}
	}
	return rule{}, false
}

// refuse says why room may not import imp, or "".
func refuse(r rule, room, imp string) string {
	if own, ours := strings.CutPrefix(imp, module+"/"); ours {
		for _, m := range r.may {
			if matches(strings.ReplaceAll(m, "SELF", self(room)), own) {
				return ""
			}
		}
		return "this room may import only " + strings.Join(r.may, " ")
	}
	for prefix, rooms := range places {
		if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) &&
			!slices.ContainsFunc(rooms, func(p string) bool { return matches(p, room) }) {
			return prefix + " belongs to " + strings.Join(rooms, " ")
		}
	}
	if r.stdOnly && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
		return "this room takes nothing from outside the standard library"
	}
	return ""
}

// self is the name of the service that a room below internal/svc belongs to.
func self(room string) string {
	return strings.SplitN(strings.TrimPrefix(room, "internal/svc/"), "/", 2)[0]
}

// matches reports whether room is in pattern: a path, or "x/..." for x and
// everything below it.
func matches(pattern, room string) bool {
	if pattern == "..." {
		return true
	}
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return room == dir || strings.HasPrefix(room, dir+"/")
	}
	return path.Clean(pattern) == room
}

// list returns the module's packages.
func list(t *testing.T) func(yield func(pkg) bool) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports", module+"/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return func(yield func(pkg) bool) {
		dec := json.NewDecoder(strings.NewReader(string(out)))
		for {
			var p pkg
			if err := dec.Decode(&p); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("go list: %v", err)
			}
			if strings.HasPrefix(p.ImportPath, module+"/") && !yield(p) {
				return
			}
		}
	}
}
