package permissions_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/conformance/internal/inputs"
	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/nepheletest"
)

var update = flag.Bool("update", false, "write docs/permissions.md")

const account = "000000000000"

// maker fills in what handlers and declarations want to understand.
var maker = inputs.Maker{
	Named: map[string]string{
		"QueueUrl": "http://127.0.0.1/" + account + "/queue", "QueueName": "queue",
		"SourceArn": "arn:aws:sqs:" + region + ":" + account + ":queue",
		"TopicArn":  "arn:aws:sns:" + region + ":" + account + ":topic",
		"Bucket":    "bucket", "Key": "key", "Rule": "rule", "CopySource": "from/source",
		"SubscriptionArn":    "arn:aws:sns:" + region + ":" + account + ":topic:6d9ba3e4-4a3f-4b9e-8f0e-0123456789ab",
		"AssumeRole.RoleArn": "arn:aws:iam::" + account + ":role/assumed", // a role that no other operation of the walk deletes
		"RoleArn":            "arn:aws:iam::" + account + ":role/role",
		"ExecutionRoleArn":   "arn:aws:iam::" + account + ":role/role",
		"PolicyArn":          "arn:aws:iam::" + account + ":policy/policy",
		"PolicySourceArn":    "arn:aws:iam::" + account + ":user/somebody",
		"UserName":           "somebody", "GroupName": "group", "RoleName": "role", "PolicyName": "policy",
		"InstanceProfileName": "profile", "Name": "name", "GroupIdentifier": "group", "logGroupName": "group", "logStreamName": "stream",
		"OpenIDConnectProviderArn": "arn:aws:iam::" + account + ":oidc-provider/idp.example.com",
		"KeyId":                    "1234abcd-12ab-34cd-56ef-1234567890ab", "SourceKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
		"DestinationKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
		"AliasName":        "alias/name", "TargetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
		"SecretId": "secret", "IdentityPoolId": region + ":12345678-1234-1234-1234-123456789012",
		"IdentityId":         region + ":12345678-1234-1234-1234-123456789012",
		"ArtifactS3Location": "s3://bucket/artifacts",

		"cloudwatch:ResourceARN":      "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:name",
		"cognitoidentity:ResourceArn": "arn:aws:cognito-identity:" + region + ":" + account + ":identitypool/" + region + ":12345678-1234-1234-1234-123456789012",
		"events:ResourceARN":          "arn:aws:events:" + region + ":" + account + ":rule/rule",
		"logs:resourceArn":            "arn:aws:logs:" + region + ":" + account + ":log-group:group",
		"logs:logGroupIdentifier":     "arn:aws:logs:" + region + ":" + account + ":log-group:group",
		"logs:logGroupIdentifiers":    "arn:aws:logs:" + region + ":" + account + ":log-group:group",
		"sns:ResourceArn":             "arn:aws:sns:" + region + ":" + account + ":topic",
		"synthetics:ResourceArn":      "arn:aws:synthetics:" + region + ":" + account + ":canary:name",
		"synthetics:resourceArn":      "arn:aws:synthetics:" + region + ":" + account + ":canary:name",
		"iam:Arn":                     "arn:aws:iam::" + account + ":user/somebody",
		"iam:PermissionsBoundary":     "arn:aws:iam::" + account + ":policy/policy",
	},
}

// free are the operations that need no permission, with the reason.
var free = map[string]string{
	"sts:GetCallerIdentity": "tells what belongs to the caller's own key",
	"sts:GetSessionToken":   "proves no more than the caller has proved",
	"s3:DeleteObjects":      "s3:DeleteObject is asked of each object by itself",
}

// operations returns those that work, and can be refused.
func operations(srv *nepheletest.Server) (ops []*shape.Operation) {
	for _, svc := range all.Services() {
		for _, op := range svc.Operations() {
			if srv.App().Plane().Implements(op) && !op.Anonymous {
				ops = append(ops, op)
			}
		}
	}
	return ops
}

func name(op *shape.Operation) string { return op.Service.Name + ":" + op.Name }

func needs(srv *nepheletest.Server, user string, op *shape.Operation, in any) []policy.Need {
	return srv.App().Plane().Needs(&plane.Call{Operation: op, Time: time.Now(), Caller: plane.Caller{
		Account: account, Region: region, Kind: plane.User, ARN: "arn:aws:iam::" + account + ":user/" + user,
	}}, in)
}

// denied reports whether an error is a refusal of the authorizer.
func denied(e *awserr.Error) bool {
	if e == nil {
		return false
	}
	switch e.Code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "AuthorizationErrorException", "NotAuthorizedException":
		return e.Message == "" || strings.Contains(e.Message, "is not authorized to perform")
	}
	return e.Code == "Forbidden" // of a HEAD, which has no body to tell more
}

// TestDeniedAll calls everything as a user to whom all is denied.
func TestDeniedAll(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	nobody := newUser(t, srv, "nobody")
	nobody.may(statement{"Allow", []string{"*"}, []string{"*"}}, statement{"Deny", []string{"*"}, []string{"*"}})
	walked := 0
	for _, op := range operations(srv) {
		in, ok := maker.Make(op)
		if !ok {
			t.Errorf("%s: no input", name(op))
			continue
		}
		e := nobody.call(op, in)
		if _, isFree := free[name(op)]; isFree {
			if denied(e) {
				t.Errorf("%s: %v", name(op), e)
			}
			continue
		}
		if !denied(e) {
			t.Errorf("%s is answered to a user to whom all is denied: %v", name(op), e)
		} else if e.Code != "Forbidden" && !strings.Contains(e.Message, "with an explicit deny in an identity-based policy") {
			t.Errorf("%s: %s", name(op), e.Message)
		}
		walked++
	}
	t.Logf("%d operations refused", walked)
}

// TestDeclared: what an operation declares is enough, and all of it is needed.
func TestDeclared(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:*"}}`
	if _, err := iam.NewFromConfig(srv.Config).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("assumed"), AssumeRolePolicyDocument: &trust,
	}); err != nil {
		t.Fatal(err)
	}
	const walkers = 4
	ops := operations(srv)
	for i := range walkers {
		t.Run(fmt.Sprint("walker ", i), func(t *testing.T) {
			t.Parallel()
			u := newUser(t, srv, fmt.Sprintf("declared-%d", i))
			for k := i; k < len(ops); k += walkers {
				declared(t, srv, u, ops[k])
			}
		})
	}
}

func declared(t *testing.T, srv *nepheletest.Server, u *user, op *shape.Operation) {
	in, ok := maker.Make(op)
	if !ok {
		return // TestDeniedAll tells
	}
	need := needs(srv, u.name, op, in)
	allow := make([]statement, len(need))
	for i, n := range need {
		allow[i] = statement{"Allow", []string{n.Action}, n.Resources}
		if len(n.Resources) == 0 {
			allow[i].Resource = []string{"*"}
		}
	}
	if len(allow) == 0 {
		return
	}
	for _, a := range allow {
		for _, r := range a.Resource {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				t.Errorf("%s declares the resource %q", name(op), r)
				return
			}
		}
	}
	u.may(allow...)
	in, _ = maker.Make(op)
	if e := u.call(op, in); denied(e) && !absent(op, e) {
		t.Errorf("%s: refused although all it declares is allowed: %v", name(op), e)
	}
	for i := range allow {
		rest := slices.Delete(slices.Clone(allow), i, i+1)
		if slices.ContainsFunc(rest, func(s statement) bool { return s.Action[0] == allow[i].Action[0] }) {
			continue // the other one may cover it
		}
		if len(rest) == 0 {
			rest = []statement{{"Allow", []string{"nothing:AtAll"}, []string{"*"}}}
		}
		u.may(rest...)
		if in, _ = maker.Make(op); !denied(u.call(op, in)) {
			t.Errorf("%s is answered without %s", name(op), need[i].Action)
		}
	}
}

// absent reports whether an error hides that an object is not there: who may
// not list the bucket is not told.
func absent(op *shape.Operation, e *awserr.Error) bool {
	return op.Service.Name == "s3" && (e.Code == "Forbidden" || strings.Contains(e.Message, "s3:ListBucket"))
}

// TestPermissionsPage compares docs/permissions.md with what is declared.
func TestPermissionsPage(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	var b strings.Builder
	b.WriteString("# Permissions\n\nGenerated by a test that walks every operation that works; do not edit. With `--auth=on` a call\n" +
		"needs every action in its row, on the resources that the call names.\n")
	last := ""
	for _, op := range operations(srv) {
		in, ok := maker.Make(op)
		if !ok {
			continue
		}
		if op.Service.Name != last {
			last = op.Service.Name
			b.WriteString("\n## " + last + "\n\n| operation | action | for example on |\n|---|---|---|\n")
		}
		for _, line := range rows(op, needs(srv, "caller", op, in)) {
			b.WriteString(line)
		}
	}
	page := "../../docs/permissions.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("run this test with -update (- page, + declared):\n%s", d)
	}
}

// rows are the lines of the page for an operation.
func rows(op *shape.Operation, need []policy.Need) (lines []string) {
	if len(need) == 0 {
		return []string{fmt.Sprintf("| %s | none: %s | |\n", op.Name, free[name(op)])}
	}
	title := op.Name
	for _, n := range need {
		on := "`*`"
		if len(n.Resources) > 0 {
			on = "`" + strings.Join(n.Resources, "` `") + "`"
		}
		lines = append(lines, fmt.Sprintf("| %s | `%s` | %s |\n", title, n.Action, on))
		title = ""
	}
	return lines
}
