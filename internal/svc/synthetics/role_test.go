package synthetics_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// The statements of an execution role, as the CloudWatch User Guide has them
// ("Required roles and permissions for canaries").
const (
	mayUpload  = `{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::artifacts/*"}`
	mayLog     = `{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:CreateLogGroup"], "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/cwsyn-*"}`
	mayMeasure = `{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": {"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}}}`
)

// askWhoIAm signs requests with the credentials in its environment, as SDKs do.
const askWhoIAm = `
const crypto = require('crypto'), http = require('http'), env = process.env;
const sha = (text) => crypto.createHash('sha256').update(text).digest('hex');
const mac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const call = (service, method, path, body) => new Promise((resolve, reject) => {
  const url = new URL(env.AWS_ENDPOINT_URL), time = new Date().toISOString().replace(/[-:]|\.\d+/g, ''), day = time.slice(0, 8);
  const headers = { host: url.host, 'x-amz-content-sha256': sha(body), 'x-amz-date': time };
  if (env.AWS_SESSION_TOKEN) headers['x-amz-security-token'] = env.AWS_SESSION_TOKEN;
  const names = Object.keys(headers).sort(), signed = names.join(';'), scope = [day, env.AWS_REGION, service, 'aws4_request'].join('/');
  const canonical = [method, path, '', ...names.map((n) => n + ':' + headers[n]), '', signed, sha(body)].join('\n');
  const key = [day, env.AWS_REGION, service, 'aws4_request'].reduce(mac, 'AWS4' + env.AWS_SECRET_ACCESS_KEY);
  const signature = mac(key, ['AWS4-HMAC-SHA256', time, scope, sha(canonical)].join('\n')).toString('hex');
  headers.authorization = 'AWS4-HMAC-SHA256 Credential=' + env.AWS_ACCESS_KEY_ID + '/' + scope + ', SignedHeaders=' + signed + ', Signature=' + signature;
  if (body) headers['content-type'] = 'application/x-www-form-urlencoded';
  const req = http.request(env.AWS_ENDPOINT_URL + path, { method, headers }, (res) => {
    let text = ''; res.on('data', (c) => text += c).on('end', () => resolve({ status: res.statusCode, text }));
  });
  req.on('error', reject).end(body);
});
exports.handler = async () => {
  const who = await call('sts', 'POST', '/', 'Action=GetCallerIdentity&Version=2011-06-15');
  if (!who.text.includes('<Arn>' + env.WHO)) throw new Error('the script is ' + who.text);
  const list = await call('s3', 'GET', '/artifacts', '');
  if (String(list.status) !== env.LIST) throw new Error('a listing is answered ' + list.status + ' ' + list.text);
  if (env.AWS_DEFAULT_REGION !== env.AWS_REGION || !env.AWS_LAMBDA_FUNCTION_NAME.startsWith('cwsyn-')) throw new Error('Lambda variables');
};
`

// house is a server with IAM.
type house struct {
	*user
	iam *iam.Client
}

func newHouse(t *testing.T, options ...nepheletest.Option) house {
	t.Helper()
	s := nepheletest.Start(t, options...)
	return house{userOf(t, s), iam.NewFromConfig(s.Config)}
}

// authorized makes a server that asks for permission, and that canaries reach.
func authorized(c *config.Config) {
	nepheletest.WithAuth()(c)
	c.CanaryEgress = "private"
}

// role makes a role that trusts a service, with a policy of these statements,
// and returns its ARN.
func (h house) role(t *testing.T, name, trusts string, statements ...string) *string {
	t.Helper()
	out, err := h.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust(trusts))})
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) > 0 {
		_, err = h.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &name, PolicyName: aws.String("canary"),
			PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ", ") + `]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.Role.Arn
}

func trust(service string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "sts:AssumeRole"}]}`
}

// TestRolesForOneCanary: trust policies see for which function Lambda asks, and
// for which canary Synthetics does.
func TestRolesForOneCanary(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	for i, test := range []struct {
		service, source string
		trusted         bool
	}{
		{"lambda.amazonaws.com", "arn:aws:lambda:us-east-1:000000000000:function:cwsyn-only-*", true},
		{"lambda.amazonaws.com", "arn:aws:lambda:us-east-1:000000000000:function:cwsyn-other-*", false},
		{"synthetics.amazonaws.com", "arn:aws:synthetics:us-east-1:000000000000:canary:only", true},
		{"synthetics.amazonaws.com", "arn:aws:synthetics:us-east-1:000000000000:canary:other", false},
	} {
		name := fmt.Sprintf("role-%d", i)
		role := h.role(t, name, test.service)
		policy := strings.Replace(trust(test.service), `"sts:AssumeRole"`, `"sts:AssumeRole", "Condition": {
			"StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": "`+test.source+`"}}`, 1)
		_, err := h.iam.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: &policy})
		if err != nil {
			t.Fatal(err)
		}
		want := types.CanaryStateError
		if test.trusted {
			want = types.CanaryStateReady
		}
		if err == nil {
			_, err = h.canaries.CreateCanary(t.Context(), scripted(t, "only", role, "", nil))
		}
		if err == nil {
			h.await(t, "only", want)
			_, err = h.canaries.DeleteCanary(t.Context(), &synthetics.DeleteCanaryInput{Name: aws.String("only")})
			h.awaitGone(t, "only")
		}
		if err != nil {
			t.Errorf("for %s: %v", test.source, err)
		}
	}
}

// awaitGone waits until there is no such canary any more.
func (h house) awaitGone(t *testing.T, name string) {
	t.Helper()
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		_, err := h.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: &name})
		if answer, ok := errors.AsType[smithy.APIError](err); ok && answer.ErrorCode() == "ResourceNotFoundException" {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// scripted is a canary that has a script of its own and no browser.
func scripted(t *testing.T, name string, role *string, script string, env map[string]string) *synthetics.CreateCanaryInput {
	t.Helper()
	return &synthetics.CreateCanaryInput{
		Name: &name, RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"), ExecutionRoleArn: role,
		ArtifactS3Location: aws.String("s3://artifacts"), Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)")},
		Code:      &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", script)},
		RunConfig: &types.CanaryRunConfigInput{EnvironmentVariables: env},
	}
}

// left tells what a canary's run left besides its verdict. The run has come to
// rest, for starting it has settled.
func (h house) left(t *testing.T, name string) (objects, groups, metrics int) {
	t.Helper()
	prefix := aws.String("/aws/lambda/cwsyn-" + name + "-")
	logs, err := h.logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.metrics.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{
		Dimensions: []cwtypes.DimensionFilter{{Name: aws.String("CanaryName"), Value: &name}},
	})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := h.canaries.GetCanaryRuns(t.Context(), &synthetics.GetCanaryRunsInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs.CanaryRuns) == 1 && runs.CanaryRuns[0].ArtifactS3Location != nil {
		objects = len(h.artifacts(t, runs.CanaryRuns[0]))
	}
	return objects, len(logs.LogGroups), len(list.Metrics)
}

// TestRunsAreTheirRole: with the role of the user guide a script bears a session
// of the role, and all that a run leaves is there.
func TestRunsAreTheirRole(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		options := []nepheletest.Option{authorized}
		if c.URL != "" {
			options = append(options, nepheletest.WithPostgres(c.URL))
		}
		h := newHouse(t, options...)
		role := h.role(t, "canary", "lambda.amazonaws.com", mayUpload, mayLog, mayMeasure)
		run := h.once(t, scripted(t, "dutiful", role, askWhoIAm, map[string]string{
			"WHO": "arn:aws:sts::000000000000:assumed-role/canary/cwsyn-dutiful-", "LIST": "403",
		}))
		if run.Status.State != types.CanaryRunStatePassed {
			t.Errorf("run %s: %s", run.Status.State, aws.ToString(run.Status.StateReason))
		}
		if objects, groups, metrics := h.left(t, "dutiful"); objects == 0 || groups != 1 || metrics == 0 {
			t.Errorf("%d artifacts, %d log groups, %d metrics", objects, groups, metrics)
		}
		used, err := h.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("canary")})
		if err != nil || used.Role.RoleLastUsed == nil || used.Role.RoleLastUsed.LastUsedDate == nil {
			t.Errorf("role %+v: %v", used, err)
		}
	})
}

// TestRolesThatLackPermissions: a run leaves what its role may leave. What
// cannot be uploaded fails the run, but not its script.
func TestRolesThatLackPermissions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	tests := map[string]struct {
		statements               []string
		state                    types.CanaryRunState
		reason                   string
		objects, groups, metrics bool
	}{
		"no-upload":  {[]string{mayLog, mayMeasure}, types.CanaryRunStateFailed, "Unable to upload artifacts to S3, Exception: ", false, true, true},
		"no-log":     {[]string{mayUpload, mayMeasure}, types.CanaryRunStatePassed, "", true, false, true},
		"no-measure": {[]string{mayUpload, mayLog}, types.CanaryRunStatePassed, "", true, true, false},
		"nothing":    {nil, types.CanaryRunStateFailed, "Unable to upload artifacts to S3, Exception: ", false, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			role := h.role(t, name, "synthetics.amazonaws.com", test.statements...)
			run := h.once(t, scripted(t, name, role, "exports.handler = async () => {};", nil))
			st := run.Status
			if st.State != test.state || st.TestResult != types.CanaryRunTestResultPassed || !strings.HasPrefix(aws.ToString(st.StateReason), test.reason) {
				t.Errorf("run %s %s: %s", st.State, st.TestResult, aws.ToString(st.StateReason))
			}
			if test.reason != "" && (st.StateReasonCode != types.CanaryRunStateReasonCodeExecutionFailure || !strings.Contains(*st.StateReason, "s3:PutObject")) {
				t.Errorf("%s: %s", st.StateReasonCode, *st.StateReason)
			}
			objects, groups, metrics := h.left(t, name)
			if objects > 0 != test.objects || groups > 0 != test.groups || metrics > 0 != test.metrics {
				t.Errorf("%d artifacts, %d log groups, %d metrics", objects, groups, metrics)
			}
		})
	}
}

// TestRolesWithoutAuthorization: a script bears the role where there is one, and
// is the account's root user where there is none.
func TestRolesWithoutAuthorization(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	role := h.role(t, "real", "ec2.amazonaws.com")
	for name, test := range map[string]struct {
		role *string
		who  string
	}{
		"real": {role, "arn:aws:sts::000000000000:assumed-role/real/cwsyn-real-"},
		"none": {aws.String("arn:aws:iam::000000000000:role/none"), "arn:aws:iam::000000000000:root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := h.once(t, scripted(t, name, test.role, askWhoIAm, map[string]string{"WHO": test.who, "LIST": "200"}))
			if run.Status.State != types.CanaryRunStatePassed {
				t.Errorf("run %s: %s", run.Status.State, aws.ToString(run.Status.StateReason))
			}
			if objects, groups, metrics := h.left(t, name); objects == 0 || groups != 1 || metrics == 0 {
				t.Errorf("%d artifacts, %d log groups, %d metrics", objects, groups, metrics)
			}
		})
	}
}
