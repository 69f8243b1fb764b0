package synthetics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"sync"

	"nephele.dev/nephele/internal/api/sts"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// lambda is the service that execution roles trust (CloudWatch User Guide,
// "Required roles and permissions for canaries"). Roles that trust Synthetics
// itself are accepted too.
const lambda = "lambda.amazonaws.com"

// errNotAssumed is Lambda's word for an execution role that does not exist or
// trusts neither service.
var errNotAssumed = api.NewValidationException("The role defined for the function cannot be assumed by Lambda.")

// duty is what sessions of an execution role are opened for.
type duty struct {
	Role     string // ARN; "" in what was stored before runs had roles
	Function string // name of the canary's function, and of the session, as in Lambda
}

func dutyOf(rec *store.Record[canary], role string) duty {
	return duty{Role: role, Function: functionName(rec.ID, rec.Doc.Engine)}
}

// actor is who acts for a run.
type actor struct {
	calls       shape.Invoker     // makes its calls
	credentials map[string]string // environment variables with which a script is the same
}

// actor opens a session of the execution role. Without authorization a role need
// not exist: the service then acts itself, and the script is given an access
// key that leads to the canary's account.
func (s *Service) actor(ctx context.Context, r ref, d duty) (*actor, error) {
	if d.Role == "" {
		return s.unassumed(r), nil
	}
	a, err := s.assume(ctx, r, d)
	if errors.Is(err, errNotAssumed) && !s.Plane.Authorizes() {
		return s.unassumed(r), nil
	}
	return a, err
}

// handovers are the actors of runs whose verdict is committed, for their metrics:
// a session is not opened twice for one run unless the server restarts between.
type handovers struct {
	mu sync.Mutex
	of map[string]*actor // by run id
}

// maxHandovers bounds the memory for runs that another replica publishes.
const maxHandovers = 4096

func (h *handovers) leave(runID string, a *actor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil || len(h.of) >= maxHandovers {
		h.of = map[string]*actor{}
	}
	h.of[runID] = a
}

// take returns the actor that was left for a run, once; nil for none.
func (h *handovers) take(runID string) *actor {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.of[runID]
	delete(h.of, runID)
	return a
}

func (s *Service) unassumed(r ref) *actor {
	return &actor{
		calls:       s.Plane.AsService(principal, r.Account, r.Region),
		credentials: map[string]string{"AWS_ACCESS_KEY_ID": r.Account, "AWS_SECRET_ACCESS_KEY": "test"},
	}
}

// assume opens a session as the first service that the role trusts. STS's
// default of an hour is longer than any run. The error is errNotAssumed where
// the role does not exist, trusts nobody, or is another account's.
func (s *Service) assume(ctx context.Context, r ref, d duty) (*actor, error) {
	if role, err := arn.Parse(d.Role); err != nil || role.Account != r.Account {
		return nil, errNotAssumed
	}
	in := &sts.AssumeRoleInput{RoleArn: d.Role, RoleSessionName: d.Function}
	for service, source := range trusted(r, d) {
		as := plane.ServiceCaller(service, r.Account, r.Region)
		as.SourceARN = source
		out, err := sts.Client{Invoker: s.Plane.As(as)}.AssumeRole(ctx, in)
		answer := awserr.As(err)
		switch {
		case err == nil:
			return s.bearer(ctx, r, out.Credentials)
		case answer == nil || answer.Fault != awserr.Client:
			return nil, fmt.Errorf("assume %s: %w", d.Role, err)
		}
	}
	return nil, errNotAssumed
}

// trusted yields the services that may assume a role, and for which resource
// (aws:SourceArn) they do.
func trusted(r ref, d duty) func(func(service, source string) bool) {
	return func(yield func(service, source string) bool) {
		function := fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", r.Region, r.Account, d.Function)
		_ = yield(lambda, function) && yield(principal, canaryARN(r.key()))
	}
}

// bearer is the actor with a session's credentials.
func (s *Service) bearer(ctx context.Context, r ref, c *sts.Credentials) (*actor, error) {
	caller, err := s.Bearer(ctx, c.AccessKeyId, c.SessionToken)
	if err != nil {
		return nil, fmt.Errorf("session of an execution role: %w", err)
	}
	caller.Region, caller.AccessKeyID = r.Region, c.AccessKeyId
	caller.Secure = true // such calls do not leave the process
	return &actor{calls: s.Plane.As(caller), credentials: map[string]string{
		"AWS_ACCESS_KEY_ID": c.AccessKeyId, "AWS_SECRET_ACCESS_KEY": c.SecretAccessKey, "AWS_SESSION_TOKEN": c.SessionToken,
	}}, nil
}

// scriptEnvironment is the environment of a script: the canary's variables, and
// those of Lambda by which SDKs find credentials and region. The server itself is
// the endpoint of SDKs where the script can reach it; a canary may name another.
func (s *Service) scriptEnvironment(r ref, d duty, vars, credentials map[string]string) map[string]string {
	env := map[string]string{}
	if endpoint := s.endpoint(); endpoint != "" {
		env["AWS_ENDPOINT_URL"] = endpoint
	}
	maps.Copy(env, vars)
	maps.Copy(env, credentials)
	maps.Copy(env, map[string]string{
		"AWS_REGION": r.Region, "AWS_DEFAULT_REGION": r.Region, "AWS_LAMBDA_FUNCTION_NAME": d.Function,
	})
	return env
}

// endpoint is the URL at which scripts reach the server; "" where the egress
// policy refuses its address. A server that listens everywhere is reached over
// the loopback interface.
func (s *Service) endpoint() string {
	if s.URL == nil {
		return ""
	}
	u, err := url.Parse(s.URL())
	if err != nil {
		return ""
	}
	at, err := netip.ParseAddrPort(u.Host)
	if err != nil {
		return ""
	}
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	if !s.Egress.Allows(at) {
		return ""
	}
	return u.Scheme + "://" + at.String()
}
