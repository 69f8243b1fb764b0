package plane_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

var root = plane.RootCaller("123456789012", "eu-west-1")

// canaries is a Synthetics of which only StartCanary answers.
func canaries(start func(context.Context, *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error)) map[string]shape.Handler {
	return synthetics.Handlers{StartCanary: start}.Table()
}

var startCanary = synthetics.Service().Operation("StartCanary")

func ok(context.Context, *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
	return &synthetics.StartCanaryOutput{}, nil
}

func TestHandlerSeesItsCall(t *testing.T) {
	t.Parallel()
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), NewID: func() string { return "made" }})
	var got plane.Call
	p.Register(synthetics.Service(), canaries(func(ctx context.Context, in *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
		got = *plane.FromContext(ctx)
		return ok(ctx, in)
	}))
	header := http.Header{"X-Test": {"1"}}
	out, err := p.Invoke(t.Context(), root, startCanary, &synthetics.StartCanaryInput{Name: "c"},
		plane.WithMissing(nil), plane.WithRequestID("id-1"), plane.WithHTTP(header, "https://here"))
	if err != nil {
		t.Fatal(err)
	}
	if _, isOut := out.(*synthetics.StartCanaryOutput); !isOut {
		t.Errorf("answered %T", out)
	}
	if got.RequestID != "id-1" || !reflect.DeepEqual(got.Caller, root) || got.Operation != startCanary || got.BaseURL != "https://here" || got.Header.Get("X-Test") != "1" || got.Time.IsZero() {
		t.Errorf("the handler saw %+v", got)
	}
}

func TestFromContextOutsideACall(t *testing.T) {
	t.Parallel()
	if plane.FromContext(t.Context()) == nil {
		t.Error("nil outside a call")
	}
}

func TestNotImplemented(t *testing.T) {
	t.Parallel()
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Register(synthetics.Service(), canaries(ok))
	for _, op := range []*shape.Operation{synthetics.Service().Operation("CreateCanary"), sts.Service().Operation("AssumeRole")} {
		_, err := p.Invoke(t.Context(), root, op, nil)
		e := awserr.As(err)
		want := "Nephele does not implement " + op.Service.Name + ":" + op.Name + " yet."
		if e == nil || e.Code != "NotImplemented" || e.Status != 501 || e.Message != want {
			t.Errorf("%s: %v", op.Name, err)
		}
		if p.Implements(op) {
			t.Errorf("%s: claims to be implemented", op.Name)
		}
	}
	if !p.Implements(startCanary) {
		t.Error("StartCanary is implemented")
	}
}

// unknown decides for principals without policies.
type unknown struct{}

func (unknown) Evaluate(_ context.Context, r policy.Request) (policy.Decision, error) {
	return policy.Decide(&r, &policy.Policies{}), nil
}

// TestOrder holds the stages to their order: an invalid input is refused
// before authorization, a forbidden one before the handler.
func TestOrder(t *testing.T) {
	t.Parallel()
	handled := false
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: unknown{}})
	p.Register(synthetics.Service(), canaries(func(ctx context.Context, in *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
		handled = true
		return ok(ctx, in)
	}))
	user := plane.Caller{Account: "123456789012", Kind: plane.User, ARN: "arn:aws:iam::123456789012:user/mary"}
	for _, tt := range []struct{ name, want string }{
		{"Not Lower", "ValidationException"},
		{"lower", "AccessDeniedException"},
	} {
		_, err := p.Invoke(t.Context(), user, startCanary, &synthetics.StartCanaryInput{Name: tt.name})
		if !awserr.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if handled {
		t.Error("the handler was reached")
	}
}

func TestUnknownErrorsAreOurs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		op   *shape.Operation
		code string
	}{
		{startCanary, "InternalServerException"},
		{s3.Service().Operation("ListBuckets"), "InternalError"},
		{sts.Service().Operation("GetCallerIdentity"), "InternalFailure"},
		{iam.Service().Operation("GetRole"), "ServiceFailure"},
	}
	for _, tt := range tests {
		for name, fail := range map[string]shape.Handler{
			"error": func(context.Context, any) (any, error) { return nil, errors.New("disk on fire") },
			"panic": func(context.Context, any) (any, error) { panic("disk on fire") },
		} {
			var log bytes.Buffer
			p := plane.New(plane.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			p.Register(tt.op.Service, map[string]shape.Handler{tt.op.Name: fail})
			_, err := p.Invoke(t.Context(), root, tt.op, nil, plane.WithRequestID("id-7"))
			e := awserr.As(err)
			if e == nil || e.Code != tt.code || e.Status != 500 || e.Fault != awserr.Server || strings.Contains(e.Message, "fire") {
				t.Errorf("%s, %s: %+v", tt.op.Name, name, e)
			}
			if !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), "id-7") {
				t.Errorf("%s, %s: the log says %q", tt.op.Name, name, log.String())
			}
			if name == "panic" && !strings.Contains(log.String(), "plane_test.go") {
				t.Error("no stack of the panic in the log")
			}
		}
	}
}

func TestHandlerErrorsPass(t *testing.T) {
	t.Parallel()
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Register(synthetics.Service(), canaries(func(context.Context, *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
		return nil, synthetics.NewConflictException("Canary is not in a startable state")
	}))
	_, err := p.Invoke(t.Context(), root, startCanary, &synthetics.StartCanaryInput{Name: "c"})
	if e := awserr.As(err); e == nil || e.Code != "ConflictException" || e.Status != 409 {
		t.Errorf("%v", err)
	}
}

func TestAccessDenied(t *testing.T) {
	t.Parallel()
	mary := plane.Caller{Account: "123456789012", Kind: plane.User, ARN: "arn:aws:iam::123456789012:user/mary"}
	tests := []struct {
		op     *shape.Operation
		in     any
		code   string
		status int
		text   string
	}{
		{
			startCanary, &synthetics.StartCanaryInput{Name: "c"}, "AccessDeniedException", 403,
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: synthetics:StartCanary on resource: arn:x because no identity-based policy allows the synthetics:StartCanary action",
		},
		{
			logs.Service().Operation("DescribeLogGroups"), &logs.DescribeLogGroupsInput{}, "AccessDeniedException", 400,
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: logs:DescribeLogGroups because no identity-based policy allows the logs:DescribeLogGroups action",
		},
		{s3.Service().Operation("ListBuckets"), &s3.ListBucketsInput{}, "AccessDenied", 403, "s3:ListAllMyBuckets"},
		{iam.Service().Operation("ListRoles"), &iam.ListRolesInput{}, "AccessDenied", 403, "iam:ListRoles"},
		{sns.Service().Operation("ListTopics"), &sns.ListTopicsInput{}, "AuthorizationError", 403, "SNS:ListTopics"},
		{ec2.Service().Operation("DescribeVpcs"), &ec2.DescribeVpcsInput{}, "UnauthorizedOperation", 403, "ec2:DescribeVpcs"},
	}
	for _, tt := range tests {
		p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: unknown{}})
		p.Register(tt.op.Service, map[string]shape.Handler{tt.op.Name: func(context.Context, any) (any, error) { panic("reached") }})
		if tt.op == startCanary {
			p.RegisterNeeds(tt.op.Service, func(call *plane.Call, _ any) []policy.Need {
				return []policy.Need{{Action: plane.Action(call.Operation), Resources: []string{"arn:x"}}}
			})
		}
		_, err := p.Invoke(t.Context(), mary, tt.op, tt.in)
		e := awserr.As(err)
		if e == nil || e.Code != tt.code || e.Status != tt.status || !strings.Contains(e.Message, tt.text) {
			t.Errorf("%s: %v", tt.op.Name, err)
		}
	}
}

// TestAnonymous calls reach the operations that AWS answers without a
// signature, and no others.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: unknown{}})
	answer := func(context.Context, any) (any, error) { return nil, nil }
	p.Register(cognitoidentity.Service(), map[string]shape.Handler{"GetId": answer, "ListIdentityPools": answer})
	nobody := plane.Caller{Account: "123456789012", Region: "us-east-1", Kind: plane.Anonymous}
	in := &cognitoidentity.GetIdInput{IdentityPoolId: "us-east-1:1"}
	if _, err := p.Invoke(t.Context(), nobody, cognitoidentity.Service().Operation("GetId"), in); err != nil {
		t.Errorf("GetId: %v", err)
	}
	_, err := p.Invoke(t.Context(), nobody, cognitoidentity.Service().Operation("ListIdentityPools"), &cognitoidentity.ListIdentityPoolsInput{MaxResults: 1})
	if !awserr.Is(err, "AccessDeniedException") {
		t.Errorf("ListIdentityPools: %v", err)
	}
	p.Register(s3.Service(), map[string]shape.Handler{"ListBuckets": answer})
	_, err = p.Invoke(t.Context(), nobody, s3.Service().Operation("ListBuckets"), &s3.ListBucketsInput{})
	if e := awserr.As(err); e == nil || e.Code != "AccessDenied" || e.Message != "Access Denied" {
		t.Errorf("ListBuckets: %v", err)
	}
}

// TestInnerCalls are made under the service's own name and inside the outer
// call, with a request id of their own.
func TestInnerCalls(t *testing.T) {
	t.Parallel()
	var events []plane.Event
	p := plane.New(plane.Options{
		Logger: slog.New(slog.DiscardHandler), Authorizer: unknown{},
		Audit: func(_ context.Context, e *plane.Event) { events = append(events, *e) },
	})
	var inner plane.Call
	p.Register(logs.Service(), logs.Handlers{CreateLogGroup: func(ctx context.Context, _ *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
		inner = *plane.FromContext(ctx)
		return &logs.CreateLogGroupOutput{}, nil
	}}.Table())
	p.Register(synthetics.Service(), canaries(func(ctx context.Context, in *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
		c := logs.Client{Invoker: p.AsService("synthetics.amazonaws.com", root.Account, root.Region)}
		if _, err := c.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: "/aws/lambda/c"}); err != nil {
			return nil, err
		}
		return ok(ctx, in)
	}))
	_, err := p.Invoke(t.Context(), root, startCanary, &synthetics.StartCanaryInput{Name: "c"}, plane.WithHTTP(http.Header{}, "http://here"))
	if err != nil {
		t.Fatal(err)
	}
	if inner.Caller.Kind != plane.Service || inner.Caller.ARN != "synthetics.amazonaws.com" || inner.BaseURL != "http://here" || inner.Header != nil {
		t.Errorf("inner call: %+v", inner)
	}
	if len(events) != 2 || !events[0].Inner || events[1].Inner || events[0].Call.RequestID == events[1].Call.RequestID {
		t.Errorf("audited %+v", events)
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := plane.New(plane.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	p.Register(synthetics.Service(), canaries(ok))
	caller := root
	caller.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
	if _, err := p.Invoke(t.Context(), caller, startCanary, &synthetics.StartCanaryInput{Name: "c"}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"operation":"StartCanary"`, `"account":"123456789012"`, `"access_key":"AKIAIOSFODNN7EXAMPLE"`, `"request_id":"`, `"duration":`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("%s is not in %s", part, log.String())
		}
	}
	log.Reset()
	if _, err := p.Invoke(t.Context(), caller, startCanary, &synthetics.StartCanaryInput{Name: "NOT"}); err == nil || !strings.Contains(log.String(), `"code":"ValidationException"`) {
		t.Errorf("failure audited as %s", log.String())
	}
}

// A message about a map repeats all of it to the caller, and nothing to the log.
func TestAuditKeepsValuesOut(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := plane.New(plane.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	p.Register(synthetics.Service(), synthetics.Handlers{
		UpdateCanary: func(context.Context, *synthetics.UpdateCanaryInput) (*synthetics.UpdateCanaryOutput, error) {
			return nil, nil
		},
	}.Table())
	in := &synthetics.UpdateCanaryInput{Name: "c", RunConfig: &synthetics.CanaryRunConfigInput{
		EnvironmentVariables: map[string]string{"NOT OK": "1", "TOKEN": "hush"},
	}}
	_, err := p.Invoke(t.Context(), root, synthetics.Service().Operation("UpdateCanary"), in)
	if err == nil || !strings.Contains(err.Error(), "runConfig.environmentVariables") {
		t.Fatalf("error %v", err)
	}
	if got := log.String(); strings.Contains(got, "hush") || strings.Contains(got, "NOT OK") || !strings.Contains(got, "at 'runConfig.environmentVariables' failed") {
		t.Errorf("audited as %s", got)
	}
}
