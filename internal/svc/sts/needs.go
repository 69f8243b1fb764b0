package sts

import (
	"strings"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// Needs is what a call has to be allowed. Calls that their handlers refuse
// whatever policies say need nothing.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	if forbidden(call) {
		return nil
	}
	switch in := in.(type) {
	case *api.AssumeRoleInput:
		return s.assumeNeeds(call, in)
	case *api.GetFederationTokenInput:
		return federationNeeds(call, in)
	case *api.GetCallerIdentityInput, *api.GetSessionTokenInput:
		return nil
	}
	return []policy.Need{{Action: plane.Action(call.Operation)}}
}

func (s *Service) assumeNeeds(call *plane.Call, in *api.AssumeRoleInput) []policy.Need {
	if _, err := roleAccount(in.RoleArn); err != nil || s.isRoot(call) {
		return nil
	}
	r := request{session: in.RoleSessionName, external: in.ExternalId, transitive: in.TransitiveTagKeys}
	r.tags, _ = readTags(in.Tags) // the handler refuses what cannot be read
	if in.SourceIdentity != nil {
		r.source = *in.SourceIdentity
	}
	r.inherit(call.Caller.Session)
	return r.needs("sts:AssumeRole", in.RoleArn)
}

// isRoot reports whether the caller is a root user, who may not assume roles.
func (s *Service) isRoot(call *plane.Call) bool {
	return !s.Open && call.Caller.Kind == plane.Root
}

func federationNeeds(call *plane.Call, in *api.GetFederationTokenInput) []policy.Need {
	r := request{}
	r.tags, _ = readTags(in.Tags)
	return r.needs("sts:GetFederationToken", federatedARN(call.Caller.Account, in.Name))
}

// needs are the permissions to open the session on a resource: the role, or
// the federated user.
func (r *request) needs(action, resource string) []policy.Need {
	keys := r.keys()
	needs := []policy.Need{{Action: action, Resources: []string{resource}, Keys: keys}}
	if len(r.tags) > 0 {
		needs = append(needs, policy.Need{Action: "sts:TagSession", Resources: []string{resource}, Keys: keys})
	}
	if r.source != "" {
		needs = append(needs, policy.Need{Action: "sts:SetSourceIdentity", Resources: []string{resource}, Keys: keys})
	}
	return needs
}

// keys are the condition keys of the request (IAM User Guide, "Available keys
// for AWS STS"). Inherited tags count as requested ones: a role that is assumed
// from a session with transitive tags has to let them in.
func (r *request) keys() policy.Keys {
	keys := policy.Keys{}
	if r.session != "" {
		keys["sts:rolesessionname"] = []string{r.session}
	}
	if r.external != nil {
		keys["sts:externalid"] = []string{*r.external}
	}
	if r.source != "" {
		keys["sts:sourceidentity"] = []string{r.source}
	}
	if len(r.transitive) > 0 {
		keys["sts:transitivetagkeys"] = r.transitive
	}
	for _, key := range r.tagKeys() {
		keys["aws:requesttag/"+strings.ToLower(key)] = []string{r.tags[key]}
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], key)
	}
	return keys
}
