package identity

import (
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Entity is what every resource of IAM has.
type Entity struct {
	Account string
	Name    string // as it was given
	Path    string // "/", or "/division/team/"
	ID      string // unique id, such as AIDA and 17 more; a name made again has another one
	Created time.Time
	Tags    map[string]string `json:",omitempty"`
}

// Key is where the resource is kept.
func (e *Entity) Key() store.Key { return At(e.Account, e.Name) }

// At is where a resource of that name is kept, whatever its spelling.
func At(account, name string) store.Key {
	return store.Key{Account: account, ID: ID(name)}
}

// ID is a name without regard to case.
func ID(name string) string { return strings.ToLower(name) }

// Grants are the policies of a principal.
type Grants struct {
	Inline   map[string]string `json:",omitempty"` // documents by name
	Attached []string          `json:",omitempty"` // ARNs of managed policies, in the order of attachment
	Boundary string            `json:",omitempty"` // ARN of a managed policy; never of a group
}

// User is an IAM user.
type User struct {
	Entity
	Grants
	Groups []string `json:",omitempty"` // IDs of the groups' names, in the order of joining
	Keys   []string `json:",omitempty"` // its access keys, oldest first
}

// ARN names the user.
func (u *User) ARN() string { return ARN(u.Account, "user", u.Path, u.Name) }

// Group is a group of users, which have its policies too.
type Group struct {
	Entity
	Grants
}

// ARN names the group.
func (g *Group) ARN() string { return ARN(g.Account, "group", g.Path, g.Name) }

// DefaultMaxSession is how long a session of a role may be at most, in
// seconds, unless the role says otherwise.
const DefaultMaxSession = 3600

// Role is an IAM role.
type Role struct {
	Entity
	Grants
	Trust       string            // the trust policy as it was given
	Trusted     map[string]string `json:",omitempty"` // unique ids of the users and roles in Trust, by ARN
	Description string            `json:",omitempty"`
	MaxSession  int               // seconds
	Linked      bool              `json:",omitempty"` // to a service, which alone may change and assume it
}

// ARN names the role.
func (r *Role) ARN() string { return ARN(r.Account, "role", r.Path, r.Name) }

// Policy is a managed policy.
type Policy struct {
	Entity
	Description string `json:",omitempty"`
	Updated     time.Time
	Default     string    // the version in force: "v1"
	Versions    []Version // oldest first
	Next        int       // the number of the next version
	AWS         bool      `json:",omitempty"` // one of AWS's own: it belongs to no account
	From        string    `json:",omitempty"` // ARN, where Account does not make it up
}

// ARN names the policy.
func (p *Policy) ARN() string {
	switch {
	case p.From != "":
		return p.From
	case p.AWS:
		return ARN("aws", "policy", p.Path, p.Name)
	}
	return ARN(p.Account, "policy", p.Path, p.Name)
}

// Document is the text of the version in force.
func (p *Policy) Document() string {
	if v := p.Version(p.Default); v != nil {
		return v.Document
	}
	return ""
}

// Version returns a version by its id, or nil.
func (p *Policy) Version(id string) *Version {
	for i := range p.Versions {
		if p.Versions[i].ID == id {
			return &p.Versions[i]
		}
	}
	return nil
}

// Version is a version of a managed policy.
type Version struct {
	ID       string // "v1"
	Document string
	Created  time.Time
}

// InstanceProfile hands a role to EC2 instances.
type InstanceProfile struct {
	Entity
	Role string `json:",omitempty"` // ID of the role's name; "" for none
}

// ARN names the instance profile.
func (p *InstanceProfile) ARN() string { return ARN(p.Account, "instance-profile", p.Path, p.Name) }

// AccessKey is a long-lived access key. Its record's ID is its own.
type AccessKey struct {
	ID      string // "AKIA..."
	Account string
	User    string // ID of the user's name
	Active  bool
	Created time.Time
	Sealed  []byte // the secret
}

// OIDCProvider is an OpenID Connect provider whose users may assume roles. Its
// record's ID is its URL without the scheme.
type OIDCProvider struct {
	Account     string
	URL         string   // without "https://"
	ClientIDs   []string `json:",omitempty"`
	Thumbprints []string `json:",omitempty"` // SHA-1 of certificates, in hexadecimal
	Created     time.Time
	Tags        map[string]string `json:",omitempty"`
}

// ARN names the provider.
func (p *OIDCProvider) ARN() string { return ARN(p.Account, "oidc-provider", "/", p.URL) }

// The records.
var (
	Users            = store.NewCollection[User]("iam.user")
	Groups           = store.NewCollection[Group]("iam.group")
	Roles            = store.NewCollection[Role]("iam.role")
	Policies         = store.NewCollection[Policy]("iam.policy")
	InstanceProfiles = store.NewCollection[InstanceProfile]("iam.instanceprofile")
	AccessKeys       = store.NewCollection[AccessKey]("iam.accesskey")
	OIDCProviders    = store.NewCollection[OIDCProvider]("iam.oidcprovider")
)

// ARN is that of a resource of IAM: arn:aws:iam::account:kind/path/name.
func ARN(account, kind, path, name string) string {
	return "arn:aws:iam::" + account + ":" + kind + path + name
}

// SplitARN takes the ARN of a resource of IAM apart: account, kind ("role")
// and name. The root user's has the kind "root" and no name.
func SplitARN(arn string) (account, kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", "", false
	}
	account, rest, ok = strings.Cut(rest, ":")
	if !ok {
		return "", "", "", false
	}
	if rest == "root" {
		return account, rest, "", true
	}
	kind, name, ok = strings.Cut(rest, "/")
	if kind != "oidc-provider" {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return account, kind, name, ok && name != ""
}
