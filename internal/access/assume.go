package access

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// serviceSession is how long a service is the bearer of a role for one call.
const serviceSession = time.Hour

// Assume makes a service the bearer of a role that trusts it. The session bears
// the first label of the service's name. The error is AccessDenied, as that of
// STS AssumeRole, where there is no such role, it does not trust the service, or
// it is of another account than the resource for which the service acts: roles
// cannot be passed between accounts.
func (e *Evaluator) Assume(ctx context.Context, service plane.Caller, role string) (plane.Caller, error) {
	r, account, err := e.directory.Role(ctx, role)
	if errors.Is(err, identity.ErrNotFound) {
		return plane.Caller{}, notTrusted(service.ARN, role)
	}
	if err != nil {
		return plane.Caller{}, err
	}
	trust, err := e.directory.Facts(ctx, role)
	if err != nil {
		return plane.Caller{}, err
	}
	trust.ARN = role
	keys := plane.ServiceKeys(service)
	if of := keys["aws:sourceaccount"]; len(of) != 1 || of[0] != account {
		return plane.Caller{}, notTrusted(service.ARN, role) // roles are not passed between accounts
	}
	d := policy.Decide(&policy.Request{
		Principal: policy.Principal{Kind: policy.Service, Account: account, ARN: service.ARN, ID: service.ID},
		Action:    "sts:AssumeRole", Resources: []policy.Resource{trust}, Keys: keys,
	}, &policy.Policies{})
	if d.Effect != policy.Allow {
		return plane.Caller{}, notTrusted(service.ARN, role)
	}
	return bearer(service, role, account, &r), nil
}

func notTrusted(service, role string) error {
	return awserr.New("AccessDenied", http.StatusForbidden,
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", service, role)
}

// bearer is the session of a role that a service opens for itself.
func bearer(service plane.Caller, arn, account string, r *identity.Role) plane.Caller {
	name, _, _ := strings.Cut(service.ARN, ".")
	now := time.Now().UTC()
	return plane.Caller{
		Account: account, Region: service.Region, Kind: plane.AssumedRole,
		ARN: "arn:aws:sts::" + account + ":assumed-role/" + r.Name + "/" + name, ID: r.ID + ":" + name, Tags: r.Tags,
		Session: &policy.Session{Role: arn, RoleID: r.ID, Name: name, Issued: now, Expires: now.Add(serviceSession)},
	}
}
