package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// principals is a compiled Principal or NotPrincipal element.
type principals struct {
	negated   bool
	everyone  bool     // "*" or {"AWS": "*"}
	accounts  []string // 12 digits
	arns      []string // of users, roles, role sessions, federated users
	ids       []string // unique ids, and canonical ones
	services  []string
	federated []string
}

var (
	accountForm = regexp.MustCompile(`^(?:arn:aws[a-z-]*:iam::)?([0-9]{12})(?::root)?$`)
	arnForm     = regexp.MustCompile(`^arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/.+|sts::[0-9]{12}:(?:assumed-role/[^/]+/[^/]+|federated-user/.+))$`)
	idForm      = regexp.MustCompile(`^A[A-Z]{3}[A-Z0-9]{12,124}$`)
	hexForm     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	serviceForm = regexp.MustCompile(`^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)$`)
)

func parsePrincipals(n *node, negated bool) (*principals, error) {
	p := &principals{negated: negated}
	if n.kind == '"' {
		if n.text != "*" {
			return nil, fmt.Errorf("Invalid principal in policy: %q", n.text) //nolint:revive,staticcheck // IAM's words
		}
		p.everyone = true
		return p, nil
	}
	if n.kind != '{' || len(n.members) == 0 {
		return nil, errSyntax
	}
	for _, m := range n.members {
		list, err := stringList(m.value)
		if err != nil || len(list) == 0 {
			return nil, errSyntax
		}
		for _, s := range list {
			if err := p.add(m.name, s); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// add takes up one principal.
func (p *principals) add(kind, s string) error {
	bad := fmt.Errorf("Invalid principal in policy: %q:%q", strings.ToUpper(kind), s) //nolint:revive,staticcheck // IAM's words
	switch kind {
	case "AWS":
		if !p.addAWS(s) {
			return bad
		}
	case "Service":
		if !serviceForm.MatchString(s) {
			return bad
		}
		p.services = append(p.services, s)
	case "Federated":
		if s == "" || strings.ContainsAny(s, "*?") {
			return bad
		}
		p.federated = append(p.federated, s)
	case "CanonicalUser":
		if !hexForm.MatchString(s) {
			return bad
		}
		p.ids = append(p.ids, s)
	default:
		return errSyntax
	}
	return nil
}

func (p *principals) addAWS(s string) bool {
	if s == "*" {
		p.everyone = true
		return true
	}
	if m := accountForm.FindStringSubmatch(s); m != nil {
		p.accounts = append(p.accounts, m[1])
		return strings.HasSuffix(s, ":root") == strings.HasPrefix(s, "arn:")
	}
	switch {
	case arnForm.MatchString(s) && !strings.ContainsAny(s, "*?"):
		p.arns = append(p.arns, s)
	case idForm.MatchString(s):
		p.ids = append(p.ids, s)
	default:
		return false
	}
	return true
}

// grant is how a resource-based policy allows a request: what else it needs.
type grant uint8

const (
	noGrant  grant = iota
	toOwner        // to the principal's account: its identity-based policies decide
	toRole         // to the role of a session, or the user behind one: boundary and session policies still limit
	toCaller       // to the very principal: nothing else is needed inside the account
)

// grants tells how the element speaks of a principal. It is for Principal.
func (p *principals) grants(who *Principal) grant {
	if p.everyone {
		return toCaller
	}
	switch who.Kind {
	case Service:
		return grantIf(slices.Contains(p.services, who.ARN), toCaller)
	case WebIdentity:
		return grantIf(slices.Contains(p.federated, who.ARN), toCaller)
	case Root, User, AssumedRole, FederatedUser:
		return p.grantsIAM(who)
	}
	return noGrant
}

func grantIf(is bool, g grant) grant {
	if is {
		return g
	}
	return noGrant
}

func (p *principals) grantsIAM(who *Principal) grant {
	account := slices.Contains(p.accounts, who.Account) || p.canonical(who)
	switch {
	case who.ARN != "" && slices.Contains(p.arns, who.ARN), who.Kind == Root && account:
		return toCaller
	case who.Kind == User && p.hasID(who.ID):
		return toCaller
	case p.namesRole(who):
		return toRole
	case account:
		return toOwner
	}
	return noGrant
}

// namesRole reports whether the role of a session, or the user who asked for a
// federation token, is among the principals.
func (p *principals) namesRole(who *Principal) bool {
	if who.Session == nil {
		return false
	}
	switch who.Kind {
	case AssumedRole:
		return who.Session.Role != "" && slices.Contains(p.arns, who.Session.Role) || p.hasID(who.Session.RoleID)
	case FederatedUser:
		return who.Session.Parent != "" && slices.Contains(p.arns, who.Session.Parent) || p.hasID(who.Session.ParentID)
	}
	return false
}

func (p *principals) hasID(id string) bool { return id != "" && slices.Contains(p.ids, id) }

func (p *principals) canonical(who *Principal) bool { return p.hasID(who.Canonical) }

// spares reports whether NotPrincipal leaves a principal out: all that it is,
// its account, its role and itself, has to be named (IAM User Guide, "AWS JSON
// policy elements: NotPrincipal"). A principal with a permissions boundary is
// never left out of a denial.
func (p *principals) spares(who *Principal) bool {
	if p.everyone {
		return true
	}
	switch who.Kind {
	case Service:
		return slices.Contains(p.services, who.ARN)
	case WebIdentity:
		return slices.Contains(p.federated, who.ARN)
	case Root:
		return slices.Contains(p.accounts, who.Account) || p.canonical(who)
	case User:
		return p.owns(who) && (slices.Contains(p.arns, who.ARN) || p.hasID(who.ID))
	case AssumedRole:
		return p.owns(who) && slices.Contains(p.arns, who.ARN) && p.namesRole(who)
	case FederatedUser:
		return p.owns(who) && slices.Contains(p.arns, who.ARN)
	}
	return false
}

func (p *principals) owns(who *Principal) bool {
	return slices.Contains(p.accounts, who.Account) || p.canonical(who)
}

// names reports whether a principal is named in any way. It is for Allow with
// NotPrincipal, which allows everybody who is not.
func (p *principals) names(who *Principal) bool { return p.grants(who) != noGrant }
