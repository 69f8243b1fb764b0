package policy

import (
	"fmt"
	"strings"
)

// Message is the text of AWS's access-denied error for a refused request.
func Message(r Request, d Decision) string {
	var b strings.Builder
	if r.Principal.ARN != "" {
		fmt.Fprintf(&b, "User: %s is not authorized to perform: %s", r.Principal.ARN, r.Action)
	} else {
		fmt.Fprintf(&b, "User: anonymous is not authorized to perform: %s", r.Action)
	}
	if res := d.refused(r.Resources); res != "" {
		fmt.Fprintf(&b, " on resource: %s", res)
	}
	by := d.By
	if by == "" {
		by = IdentityBased
	}
	if d.Effect == ExplicitDeny {
		fmt.Fprintf(&b, " with an explicit deny in %s %s", article(by), by)
	} else {
		fmt.Fprintf(&b, " because no %s allows the %s action", by, r.Action)
	}
	return b.String()
}

// refused is the resource a refusal names.
func (d Decision) refused(resources []Resource) string {
	if d.Resource != "" || len(resources) == 0 {
		return d.Resource
	}
	if resources[0].ARN == "*" {
		return ""
	}
	return resources[0].ARN
}

func article(k Kind) string {
	if k == IdentityBased {
		return "an"
	}
	return "a"
}
