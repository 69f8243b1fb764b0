package session

import "nephele.dev/nephele/internal/policy"

// Forbids reports whether the credentials of p may not call an operation
// whatever policies say (IAM User Guide, "Compare AWS STS credentials"). service
// is the IAM prefix, "iam" or "sts".
//
//	of GetSessionToken     no IAM without a second factor;
//	                       of STS only AssumeRole and GetCallerIdentity
//	of GetFederationToken  no IAM; of STS only GetCallerIdentity
//	of AssumeRole...       not GetSessionToken and GetFederationToken
//
// iam:PassRole is no operation: it is asked of calls to other services, which
// stay allowed. Operations that need no signature belong to nobody's
// credentials.
func Forbids(p *policy.Principal, service, operation string) bool {
	if p.Session == nil || service == "iam" && operation == "PassRole" {
		return false
	}
	switch service {
	case "iam":
		return p.Kind == policy.FederatedUser || p.Kind != policy.AssumedRole && !p.Session.MFA
	case "sts":
		return forbidsSTS(p.Kind, operation)
	}
	return false
}

func forbidsSTS(kind policy.PrincipalKind, operation string) bool {
	switch operation {
	case "GetCallerIdentity", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML":
		return false
	case "GetSessionToken", "GetFederationToken":
		return true
	case "AssumeRole", "TagSession", "SetSourceIdentity": // the last two are asked of AssumeRole
		return kind == policy.FederatedUser
	}
	return kind != policy.AssumedRole
}
