package synthetics

import (
	"context"

	"nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// assumeAs opens a session of a role as the run's role, which the role has to
// trust: a blueprint signs requests with it. Without authorization the role need
// not exist, and the run's own credentials do.
func (s *Service) assumeAs(ctx context.Context, as *actor, role string) (canaryrun.Credentials, error) {
	in := &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: "CloudWatchSynthetics"}
	out, err := sts.Client{Invoker: as.calls}.AssumeRole(ctx, in)
	switch answer := awserr.As(err); {
	case err == nil:
		c := out.Credentials
		return canaryrun.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
	case answer != nil && answer.Fault == awserr.Client && !s.Plane.Authorizes():
		c := as.credentials
		return canaryrun.Credentials{AccessKeyID: c["AWS_ACCESS_KEY_ID"], SecretAccessKey: c["AWS_SECRET_ACCESS_KEY"], SessionToken: c["AWS_SESSION_TOKEN"]}, nil
	}
	return canaryrun.Credentials{}, err
}
