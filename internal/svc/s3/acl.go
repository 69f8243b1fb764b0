package s3

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// Groups that grants can name (S3 User Guide, "Amazon S3 predefined groups").
const (
	allUsers      = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	logDelivery   = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

const (
	fullControl = "FULL_CONTROL"
	readAccess  = "READ"
	writeAccess = "WRITE"
	maxGrants   = 100
)

var permissions = []api.Permission{fullControl, readAccess, "READ_ACP", writeAccess, "WRITE_ACP"}

func errACLNotSupported() *awserr.Error {
	return badRequest("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

func grantTo(g api.Grantee, p api.Permission) *api.Grant {
	return &api.Grant{Grantee: &g, Permission: &p}
}

func userGrant(id string, p api.Permission) *api.Grant {
	return grantTo(api.Grantee{Type: "CanonicalUser", ID: &id}, p)
}

func groupGrant(uri string, p api.Permission) *api.Grant {
	return grantTo(api.Grantee{Type: "Group", URI: &uri}, p)
}

// cannedGrants are the grants of a canned ACL (S3 User Guide, "Canned ACL").
// owner and bucketOwner are canonical ids; ok is false for an unknown name.
func cannedGrants(name, owner, bucketOwner string) (grants []*api.Grant, ok bool) {
	grants = []*api.Grant{userGrant(owner, fullControl)}
	switch name {
	case "private", "aws-exec-read":
	case "public-read":
		grants = append(grants, groupGrant(allUsers, readAccess))
	case "public-read-write":
		grants = append(grants, groupGrant(allUsers, readAccess), groupGrant(allUsers, writeAccess))
	case "authenticated-read":
		grants = append(grants, groupGrant(authenticated, readAccess))
	case "bucket-owner-read":
		if owner != bucketOwner {
			grants = append(grants, userGrant(bucketOwner, readAccess))
		}
	case "bucket-owner-full-control":
		if owner != bucketOwner {
			grants = append(grants, userGrant(bucketOwner, fullControl))
		}
	case "log-delivery-write":
		grants = append(grants, groupGrant(logDelivery, writeAccess), groupGrant(logDelivery, "READ_ACP"))
	default:
		return nil, false
	}
	return grants, true
}

// grantHeaders are the x-amz-grant-* headers of a request.
type grantHeaders struct{ full, read, readACP, write, writeACP *string }

func (h grantHeaders) empty() bool {
	return h.full == nil && h.read == nil && h.readACP == nil && h.write == nil && h.writeACP == nil
}

// grants reads headers of the form `id="...", uri="..."`.
func (h grantHeaders) grants() ([]*api.Grant, *awserr.Error) {
	var all []*api.Grant
	for _, x := range []struct {
		header *string
		p      api.Permission
	}{{h.full, fullControl}, {h.read, readAccess}, {h.readACP, "READ_ACP"}, {h.write, writeAccess}, {h.writeACP, "WRITE_ACP"}} {
		if x.header == nil {
			continue
		}
		for entry := range strings.SplitSeq(*x.header, ",") {
			kind, text, ok := strings.Cut(strings.TrimSpace(entry), "=")
			if !ok {
				return nil, errInvalidArgument("x-amz-grant", *x.header, "Argument format not recognized")
			}
			g := api.Grantee{}
			text = strings.Trim(strings.TrimSpace(text), `"`)
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "id":
				g.Type, g.ID = "CanonicalUser", &text
			case "uri":
				g.Type, g.URI = "Group", &text
			case "emailaddress":
				g.Type, g.EmailAddress = "AmazonCustomerByEmail", &text
			default:
				return nil, errInvalidArgument("x-amz-grant", *x.header, "Argument format not recognized")
			}
			all = append(all, grantTo(g, x.p))
		}
	}
	return all, checkGrants(all)
}

// checkGrants refuses grants to nobody that is known.
func checkGrants(grants []*api.Grant) *awserr.Error {
	if len(grants) > maxGrants {
		return errInvalidRequest("The number of grants should not exceed the allowed limit of %d", maxGrants)
	}
	for _, g := range grants {
		if g == nil || g.Grantee == nil || g.Permission == nil || !slices.Contains(permissions, *g.Permission) {
			return errMalformedACL()
		}
		if err := checkGrantee(g.Grantee); err != nil {
			return err
		}
	}
	return nil
}

func errMalformedACL() *awserr.Error {
	return badRequest("MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema")
}

func checkGrantee(g *api.Grantee) *awserr.Error {
	switch g.Type {
	case "CanonicalUser":
		if id, err := hex.DecodeString(value(g.ID, "")); err != nil || len(id) != 32 {
			return errInvalidArgument("CanonicalUser/ID", value(g.ID, ""), "Invalid id")
		}
	case "Group":
		if u := value(g.URI, ""); u != allUsers && u != authenticated && u != logDelivery {
			return errInvalidArgument("Group/URI", u, "Invalid group uri")
		}
	case "AmazonCustomerByEmail":
		return badRequest("UnresolvableGrantByEmailAddress", "The e-mail address you provided does not match any account on record.").
			With("EmailAddress", value(g.EmailAddress, ""))
	default:
		return errMalformedACL()
	}
	return nil
}

// aclRequest is what a request says about an ACL, in the three ways there are.
type aclRequest struct {
	canned  string // "" when there is none
	headers grantHeaders
	policy  *api.AccessControlPolicy
}

// grants makes grants of the request for something that owner has, or refuses
// it. A request in two ways at once is refused as AWS does.
func (r aclRequest) grants(owner, bucketOwner string) ([]*api.Grant, *awserr.Error) {
	switch {
	case r.canned != "" && !r.headers.empty():
		return nil, errInvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	case r.policy != nil && (r.canned != "" || !r.headers.empty()):
		return nil, badRequest("UnexpectedContent", "This request does not support content")
	case r.canned != "":
		grants, ok := cannedGrants(r.canned, owner, bucketOwner)
		if !ok {
			return nil, errInvalidArgument("x-amz-acl", r.canned, "")
		}
		return grants, nil
	case !r.headers.empty():
		return r.headers.grants()
	case r.policy == nil:
		return nil, badRequest("MissingSecurityHeader", "Your request was missing a required header").
			With("MissingHeaderName", "x-amz-acl")
	}
	if r.policy.Owner == nil {
		return nil, errMalformedACL()
	}
	if value(r.policy.Owner.ID, "") != owner {
		return nil, awserr.New("AccessDenied", http.StatusForbidden, "Access Denied")
	}
	return r.policy.Grants, checkGrants(r.policy.Grants)
}

// publicACL reports whether grants let in anybody, or any account.
func publicACL(grants []*api.Grant) bool {
	return slices.ContainsFunc(grants, func(g *api.Grant) bool {
		return g.Grantee.URI != nil && (*g.Grantee.URI == allUsers || *g.Grantee.URI == authenticated)
	})
}

// ownersAlone reports whether grants give to nobody but owner.
func ownersAlone(grants []*api.Grant, owner string) bool {
	return !slices.ContainsFunc(grants, func(g *api.Grant) bool { return value(g.Grantee.ID, "") != owner })
}
