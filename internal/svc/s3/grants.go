package s3

import (
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// Kinds of grantee, and the groups that AWS has.
const (
	granteeUser  = "CanonicalUser"
	granteeMail  = "AmazonCustomerByEmail"
	granteeGroup = "Group"

	groupAll   = "http://acs.amazonaws.com/groups/global/AllUsers"
	groupAuth  = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	groupLogs  = "http://acs.amazonaws.com/groups/s3/LogDelivery"
	fullAccess = "FULL_CONTROL"
)

// permissions are what a grant may give.
var permissions = []string{fullAccess, "READ", "WRITE", "READ_ACP", "WRITE_ACP"}

// grant is one line of an access control list.
type grant struct {
	Type       string `json:"type"`
	Grantee    string `json:"to"` // canonical id, mail address or group's URI
	Permission string `json:"may"`
}

// acl is an access control list. The zero value is the owner's full control
// alone, with the bucket's owner as owner.
type acl struct {
	Owner  string  `json:"owner,omitempty"` // canonical id; "" is the bucket's owner
	Grants []grant `json:"grants,omitempty"`
}

// cannedGrants are the grants of a canned ACL of an object.
func cannedGrants(name, owner, bucketOwner string) ([]grant, bool) {
	own := grant{granteeUser, owner, fullAccess}
	group := func(uri, permission string) grant { return grant{granteeGroup, uri, permission} }
	switch name {
	case "private":
		return []grant{own}, true
	case "public-read":
		return []grant{own, group(groupAll, "READ")}, true
	case "public-read-write":
		return []grant{own, group(groupAll, "READ"), group(groupAll, "WRITE")}, true
	case "authenticated-read":
		return []grant{own, group(groupAuth, "READ")}, true
	case "aws-exec-read":
		return []grant{own}, true // and Amazon EC2, for machine images, which nobody fetches here
	case "bucket-owner-read", "bucket-owner-full-control":
		if owner == bucketOwner {
			return []grant{own}, true
		}
		permission := fullAccess
		if name == "bucket-owner-read" {
			permission = "READ"
		}
		return []grant{own, {granteeUser, bucketOwner, permission}}, true
	}
	return nil, false
}

// grantHeader is an x-amz-grant-* header and the permission it gives.
type grantHeader struct {
	value      *string
	permission string
}

// headerGrants reads x-amz-grant-* headers: a list of id="...", uri="..." and
// emailAddress="..." each.
func headerGrants(headers []grantHeader) ([]grant, *awserr.Error) {
	var all []grant
	for _, h := range headers {
		if h.value == nil {
			continue
		}
		for item := range strings.SplitSeq(*h.value, ",") {
			kind, who, ok := strings.Cut(strings.TrimSpace(item), "=")
			g := grant{granteeKind(strings.TrimSpace(kind)), strings.Trim(strings.TrimSpace(who), `"`), h.permission}
			if !ok || g.Type == "" {
				return nil, errInvalidArgument("x-amz-grant-"+strings.ReplaceAll(strings.ToLower(h.permission), "_", "-"), *h.value,
					"Argument format not recognized")
			}
			if err := g.check(); err != nil {
				return nil, err
			}
			all = append(all, g)
		}
	}
	return all, nil
}

func granteeKind(name string) string {
	switch strings.ToLower(name) {
	case "id":
		return granteeUser
	case "uri":
		return granteeGroup
	case "emailaddress":
		return granteeMail
	}
	return ""
}

// check refuses grantees that cannot be.
func (g grant) check() *awserr.Error {
	switch {
	case g.Type == granteeUser && (len(g.Grantee) != 64 || strings.Trim(g.Grantee, "0123456789abcdef") != ""):
		return errInvalidArgument("CanonicalUser/ID", g.Grantee, "Invalid id")
	case g.Type == granteeGroup && g.Grantee != groupAll && g.Grantee != groupAuth && g.Grantee != groupLogs:
		return errInvalidArgument("Group/URI", g.Grantee, "Invalid group uri")
	case g.Type == granteeMail:
		return badRequest("UnresolvableGrantByEmailAddress", "The e-mail address you provided does not match any account on record.").
			With("GrantEmail", g.Grantee)
	}
	return nil
}

// policyGrants reads the body of a PutAcl request.
func policyGrants(p *api.AccessControlPolicy) (owner string, list []grant, err *awserr.Error) {
	malformed := badRequest("MalformedACLError",
		"The XML you provided was not well-formed or did not validate against our published schema")
	if p.Owner == nil || p.Owner.ID == nil {
		return "", nil, malformed
	}
	for _, g := range p.Grants {
		if g == nil || g.Grantee == nil || g.Permission == nil || !slices.Contains(permissions, string(*g.Permission)) {
			return "", nil, malformed
		}
		x := grant{string(g.Grantee.Type), "", string(*g.Permission)}
		switch x.Type {
		case granteeUser:
			x.Grantee = value(g.Grantee.ID, "")
		case granteeGroup:
			x.Grantee = value(g.Grantee.URI, "")
		case granteeMail:
			x.Grantee = value(g.Grantee.EmailAddress, "")
		default:
			return "", nil, malformed
		}
		if err := x.check(); err != nil {
			return "", nil, err
		}
		list = append(list, x)
	}
	return *p.Owner.ID, list, nil
}

// listed is the list as answers have it.
func (a acl) listed(bucketOwner string) (*api.Owner, []*api.Grant) {
	owner := a.Owner
	if owner == "" {
		owner = bucketOwner
	}
	grants := a.Grants
	if a.Owner == "" && grants == nil {
		grants = []grant{{granteeUser, owner, fullAccess}}
	}
	out := make([]*api.Grant, 0, len(grants))
	for _, g := range grants {
		to := &api.Grantee{Type: api.Type(g.Type)}
		switch g.Type {
		case granteeGroup:
			to.URI = &g.Grantee
		case granteeMail:
			to.EmailAddress = &g.Grantee
		default:
			to.ID = &g.Grantee
		}
		out = append(out, &api.Grant{Grantee: to, Permission: new(api.Permission(g.Permission))})
	}
	return &api.Owner{ID: &owner}, out
}
