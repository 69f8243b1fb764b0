package policy

import "strings"

// Message is the text of AWS's access-denied error for a refused request (IAM
// User Guide, "Troubleshoot access denied error messages"). A denial by one of
// the account's own managed policies names the policy.
func Message(r Request, d Decision) string {
	if r.Principal.Kind == WebIdentity {
		return "Not authorized to perform " + r.Action
	}
	var b strings.Builder
	who := r.Principal.ARN
	if who == "" {
		who = "anonymous"
	}
	b.WriteString("User: " + who + " is not authorized to perform: " + r.Action)
	if res := d.refused(r.Resources); res != "" {
		if strings.HasPrefix(r.Action, "s3:") { // S3 puts it in quotes
			res = `"` + res + `"`
		}
		b.WriteString(" on resource: " + res)
	}
	by := d.By
	if by == "" {
		by = IdentityBased
	}
	if d.Effect == ExplicitDeny {
		b.WriteString(" with an explicit deny in " + article(by) + " " + string(by) + d.culprit(&r))
	} else {
		b.WriteString(" because no " + string(by) + " allows the " + r.Action + " action")
	}
	return b.String()
}

// refused is the resource a refusal names.
func (d Decision) refused(resources []Resource) string {
	res := d.Resource
	if res == "" && len(resources) > 0 {
		res = resources[0].ARN
	}
	if res == "*" {
		return ""
	}
	return res
}

// culprit names the managed policy that denies, within its own account.
func (d Decision) culprit(r *Request) string {
	switch d.By {
	case IdentityBased, Boundary, SessionPolicy:
	default:
		return ""
	}
	if len(d.Matched) == 0 || !strings.HasPrefix(d.Matched[0].Document.Name, "arn:") {
		return ""
	}
	for i := range r.Resources {
		if res := &r.Resources[i]; (d.Resource == "" || res.ARN == d.Resource) && owner(res, &r.Principal) != r.Principal.Account {
			return ""
		}
	}
	return ": " + d.Matched[0].Document.Name
}

func article(k Kind) string {
	switch k {
	case IdentityBased:
		return "an"
	case TrustPolicy:
		return "the"
	}
	return "a"
}
