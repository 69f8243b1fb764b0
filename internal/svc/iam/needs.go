package iam

import (
	"context"
	"reflect"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// resource is a sort of resource, and how inputs name one.
type resource struct {
	kind   string // as in ARNs
	member string // of inputs
}

var (
	onUser     = resource{"user", "UserName"}
	onGroup    = resource{"group", "GroupName"}
	onRole     = resource{"role", "RoleName"}
	onProfile  = resource{"instance-profile", "InstanceProfileName"}
	onProvider = resource{"oidc-provider", "OpenIDConnectProviderArn"}
)

// concerned tells what the operations are on (Service Authorization Reference,
// "Actions, resources, and condition keys for AWS Identity and Access
// Management"). Those that are not here are on no resource in particular.
var concerned = map[string]resource{
	"ChangePassword": onUser, "CreateAccessKey": onUser, "CreateLoginProfile": onUser, "CreateUser": onUser,
	"DeleteAccessKey": onUser, "DeleteLoginProfile": onUser, "DeleteUser": onUser, "GetLoginProfile": onUser,
	"GetUser": onUser, "ListAccessKeys": onUser, "ListGroupsForUser": onUser, "ListUserTags": onUser, "ListUsers": onUser,
	"TagUser": onUser, "UntagUser": onUser, "UpdateAccessKey": onUser, "UpdateLoginProfile": onUser, "UpdateUser": onUser,

	"AddUserToGroup": onGroup, "CreateGroup": onGroup, "DeleteGroup": onGroup, "GetGroup": onGroup, "ListGroups": onGroup,
	"RemoveUserFromGroup": onGroup, "UpdateGroup": onGroup,

	"CreateRole": onRole, "DeleteRole": onRole, "DeleteServiceLinkedRole": onRole, "GetRole": onRole,
	"ListInstanceProfilesForRole": onRole, "ListRoleTags": onRole, "ListRoles": onRole, "TagRole": onRole, "UntagRole": onRole,
	"UpdateAssumeRolePolicy": onRole, "UpdateRole": onRole, "UpdateRoleDescription": onRole,

	"AddRoleToInstanceProfile": onProfile, "CreateInstanceProfile": onProfile, "DeleteInstanceProfile": onProfile,
	"GetInstanceProfile": onProfile, "ListInstanceProfileTags": onProfile, "ListInstanceProfiles": onProfile,
	"RemoveRoleFromInstanceProfile": onProfile, "TagInstanceProfile": onProfile, "UntagInstanceProfile": onProfile,

	"AddClientIDToOpenIDConnectProvider": onProvider, "DeleteOpenIDConnectProvider": onProvider,
	"GetOpenIDConnectProvider": onProvider, "ListOpenIDConnectProviderTags": onProvider,
	"RemoveClientIDFromOpenIDConnectProvider": onProvider, "TagOpenIDConnectProvider": onProvider,
	"UntagOpenIDConnectProvider": onProvider, "UpdateOpenIDConnectProviderThumbprint": onProvider,
}

// Needs is what a call has to be allowed.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	if needs, ok := s.policyNeeds(call, in); ok {
		return needs
	}
	need := policy.Need{Action: plane.Action(call.Operation), Keys: policy.Keys{}}
	if r, ok := concerned[call.Operation.Name]; ok {
		need.Resources = []string{s.concerns(call, r, in)}
	}
	return append([]policy.Need{need}, s.furtherNeeds(call, in, &need)...)
}

// concerns is the ARN of the resource of a call; of listings, that of all of
// their path.
func (s *Service) concerns(call *plane.Call, r resource, in any) string {
	account := call.Caller.Account
	if strings.HasPrefix(call.Operation.Name, "List") && has(in, "PathPrefix") {
		prefix, _ := member(in, "PathPrefix")
		return identity.ARN(account, r.kind, "/", strings.TrimPrefix(prefix, "/"))
	}
	name, ok := member(in, r.member)
	switch {
	case r == onProvider:
		return name
	case !ok && r == onUser && call.Caller.Kind == plane.User:
		return call.Caller.ARN
	case !ok:
		return "*"
	case strings.HasPrefix(call.Operation.Name, "Create") && has(in, "Path"):
		return identity.ARN(account, r.kind, pathOf(in, "Path"), name)
	}
	return s.named(call, r.kind, name)
}

// named is the ARN of a resource of the caller's account by its name.
func (s *Service) named(call *plane.Call, kind, name string) string {
	arn, err := s.Directory.Name(context.Background(), call.Caller.Account, kind, name)
	if err != nil {
		s.Logger.Error("cannot look up what a call is on", "operation", call.Operation.Name, "error", err)
		return "*" // which a policy for certain resources does not allow
	}
	return arn
}

// furtherNeeds adds to need, which is the first, what depends on the input,
// and returns the others.
func (s *Service) furtherNeeds(call *plane.Call, in any, need *policy.Need) []policy.Need {
	switch in := in.(type) {
	case *api.CreateUserInput:
		bounded(need, in.PermissionsBoundary)
		return tagging("TagUser", in.Tags, need)
	case *api.CreateRoleInput:
		bounded(need, in.PermissionsBoundary)
		return tagging("TagRole", in.Tags, need)
	case *api.CreateInstanceProfileInput:
		return tagging("TagInstanceProfile", in.Tags, need)
	case *api.CreateOpenIDConnectProviderInput:
		need.Resources = []string{identity.ARN(call.Caller.Account, onProvider.kind, "/", identity.ProviderID(in.Url))}
		return tagging("TagOpenIDConnectProvider", in.Tags, need)
	case *api.AddRoleToInstanceProfileInput:
		return []policy.Need{{
			Action: "iam:PassRole", Resources: []string{s.named(call, "role", in.RoleName)},
			Keys: policy.Keys{"iam:passedtoservice": {"ec2.amazonaws.com"}},
		}}
	case *api.UpdateUserInput:
		return s.renaming(call, onUser, in.UserName, in.NewUserName, in.NewPath, need)
	case *api.UpdateGroupInput:
		return s.renaming(call, onGroup, in.GroupName, in.NewGroupName, in.NewPath, need)
	case *api.CreateServiceLinkedRoleInput:
		need.Keys["iam:awsservicename"] = []string{in.AWSServiceName}
		need.Resources = []string{linkedARN(call.Caller.Account, in)}
	case *api.GetServiceLinkedRoleDeletionStatusInput:
		need.Resources = []string{deletedARN(call.Caller.Account, in.DeletionTaskId)}
	case *api.GetAccessKeyLastUsedInput:
		need.Resources = []string{s.keyOwner(call, in.AccessKeyId)}
	}
	return nil
}

// bounded tells which permissions boundary is asked for.
func bounded(need *policy.Need, arn *string) {
	if arn != nil {
		need.Keys["iam:permissionsboundary"] = []string{*arn}
	}
}

// tagging is the permission to make something with tags.
func tagging(action string, tags []*api.Tag, need *policy.Need) []policy.Need {
	if len(tags) == 0 {
		return nil
	}
	return []policy.Need{{Action: "iam:" + action, Resources: need.Resources}}
}

// renaming adds the name and path that something will have to what it has.
func (s *Service) renaming(call *plane.Call, r resource, name string, newName, newPath *string, need *policy.Need) []policy.Need {
	now := need.Resources[0]
	next := now[strings.LastIndexByte(now, '/')+1:]
	path := strings.TrimSuffix(strings.TrimPrefix(now, identity.ARN(call.Caller.Account, r.kind, "", "")), next)
	if newName != nil {
		next = *newName
	}
	if newPath != nil {
		path = *newPath
	}
	if to := identity.ARN(call.Caller.Account, r.kind, path, next); to != now {
		need.Resources = append(need.Resources, to)
	}
	return nil
}

// linkedARN is that of a service-linked role that is to be made.
func linkedARN(account string, in *api.CreateServiceLinkedRoleInput) string {
	name := "*"
	if l, ok := linkedServices[in.AWSServiceName]; ok {
		name = "AWSServiceRoleFor" + l.name
		if in.CustomSuffix != nil {
			name += "_" + *in.CustomSuffix
		}
	}
	return identity.ARN(account, "role", linkedPath+in.AWSServiceName+"/", name)
}

// deletedARN is that of the service-linked role that a deletion is of.
func deletedARN(account, task string) string {
	path, ok := strings.CutPrefix(task, "task")
	end := strings.LastIndexByte(path, '/')
	if !ok || end < 0 {
		return "*"
	}
	return identity.ARN(account, "role", path[:end], "")
}

// keyOwner is the ARN of the user that an access key belongs to.
func (s *Service) keyOwner(call *plane.Call, id string) string {
	owner := "*"
	err := s.DB.View(context.Background(), func(tx *store.Tx) error {
		k, err := identity.AccessKeys.Get(tx, store.Key{Account: call.Caller.Account, ID: id})
		if err != nil {
			return err
		}
		u, err := identity.Users.Get(tx, store.Key{Account: call.Caller.Account, ID: k.Doc.User})
		owner = u.Doc.ARN()
		return err
	})
	if err != nil {
		return "*"
	}
	return owner
}

// has reports whether an input has a member, set or not.
func has(in any, name string) bool {
	return reflect.Indirect(reflect.ValueOf(in)).FieldByName(name).IsValid()
}

// member is the text of a member of an input; false if it is not set.
func member(in any, name string) (string, bool) {
	v := reflect.Indirect(reflect.ValueOf(in)).FieldByName(name)
	if v = reflect.Indirect(v); !v.IsValid() || v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), true
}

// pathOf is the path in an input, "/" unless it is set.
func pathOf(in any, name string) string {
	if path, ok := member(in, name); ok && path != "" {
		return path
	}
	return "/"
}
