package crash

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

const (
	home   = "us-east-1"
	abroad = "eu-west-1"
	once   = "rate(0 minute)"
	noRole = "arn:aws:iam::000000000000:role/nobody"
)

// aviary is where the canaries live: what their errands share.
type aviary struct {
	*synthetics.Client // at home
	url                string
	regions            map[string]*synthetics.Client
	metrics            *cloudwatch.Client
	objects            *s3.Client
	site               *httptest.Server // that canaries look at
	role               string
	registry           registry
}

func newAviary(t *testing.T, s *server) *aviary {
	t.Helper()
	cfg := configured(s.url, root)
	far := cfg.Copy()
	far.Region = abroad
	a := &aviary{
		Client: synthetics.NewFromConfig(cfg), url: s.url, metrics: cloudwatch.NewFromConfig(cfg),
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		site:    httptest.NewServer(http.HandlerFunc(answer)),
	}
	t.Cleanup(a.site.Close)
	a.regions = map[string]*synthetics.Client{home: a.Client, abroad: synthetics.NewFromConfig(far)}
	a.prepareHouse(t.Context(), t)
	return a
}

// answer is a site with a page that works, one that does not, and one that is in
// two minds.
func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/bad" || r.URL.Path == "/flip" && rand.IntN(2) == 0 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// newRole makes the role that canaries run as.
func (a *aviary) newRole(ctx context.Context, t *testing.T) {
	t.Helper()
	c := iam.NewFromConfig(configured(a.url, root))
	a.role = newRole(ctx, t, c, "canary", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)
	_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("canary"), PolicyName: aws.String("may"), PolicyDocument: policyOf("Allow", "s3:*", "logs:*", "cloudwatch:*")})
	if err != nil {
		t.Fatal(err)
	}
}

// registry knows which canaries must be there. Only what was acknowledged is
// certain.
type registry struct {
	mu    sync.Mutex
	lives map[string]*standing
}

type standing struct{ created, leaving, gone bool }

func (r *registry) note(name string, change func(*standing)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lives == nil {
		r.lives = map[string]*standing{}
	}
	if r.lives[name] == nil {
		r.lives[name] = &standing{}
	}
	change(r.lives[name])
}

// checks is the code of a multi-checks blueprint that looks at a page.
func (a *aviary) checks(page string) *types.CanaryCodeInput {
	config := fmt.Sprintf(`{"steps": {"1": {"stepName": "look", "checkerType": "HTTP", "url": %q, "httpMethod": "GET",
		"assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}]}}}`, a.site.URL+"/"+page)
	return &types.CanaryCodeInput{ZipFile: zipOf("blueprint-config.json", config), BlueprintTypes: []string{"multi-checks"}}
}

// apiScript is the code of a script without a browser that passes, fails or does
// either, named like the pages.
func apiScript(page string) *types.CanaryCodeInput {
	body := map[string]string{"ok": "", "bad": "throw new Error('out of order');", "flip": "if (Math.random() < 0.5) throw new Error('out of sorts');"}[page]
	return &types.CanaryCodeInput{ZipFile: zipOf("nodejs/node_modules/index.js", "exports.handler = async () => { "+body+" };"), Handler: aws.String("index.handler")}
}

func zipOf(name, text string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// request is a canary that runs once when it is started.
func (a *aviary) request(name string, code *types.CanaryCodeInput, retries int32) *synthetics.CreateCanaryInput {
	return &synthetics.CreateCanaryInput{
		Name: &name, ArtifactS3Location: aws.String("s3://" + bucket + "/" + name), ExecutionRoleArn: &a.role,
		RuntimeVersion: aws.String("syn-nodejs-5.1"), Code: code,
		Schedule:  &types.CanaryScheduleInput{Expression: aws.String(once), RetryConfig: &types.RetryConfigInput{MaxRetries: &retries}},
		RunConfig: &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(300)},
	}
}

// create asks until a canary is there.
func (a *aviary) create(ctx context.Context, t *testing.T, in *synthetics.CreateCanaryInput) bool {
	t.Helper()
	a.registry.note(*in.Name, func(*standing) {})
	created := until(ctx, func() bool {
		_, err := a.CreateCanary(ctx, in)
		taken := err != nil && strings.Contains(err.Error(), "already exists") // by an earlier attempt
		if code(err) != "" && !taken {
			t.Errorf("CreateCanary %s: %v", *in.Name, err)
			return true
		}
		return err == nil || taken
	})
	if created {
		a.registry.note(*in.Name, func(s *standing) { s.created = true })
	}
	return created
}

// remove asks until a canary is gone or on its way.
func (a *aviary) remove(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	a.registry.note(name, func(s *standing) { s.leaving = true })
	removed := until(ctx, func() bool {
		_, err := a.DeleteCanary(ctx, &synthetics.DeleteCanaryInput{Name: &name})
		if code(err) == "ConflictException" && !strings.Contains(err.Error(), "DELETING") {
			t.Errorf("DeleteCanary %s: %v", name, err)
			return true
		}
		return err == nil || code(err) == "ConflictException" || code(err) == "ResourceNotFoundException"
	})
	if removed {
		a.registry.note(name, func(s *standing) { s.gone = true })
	}
}

// look asks until it has seen a canary; nil when that is not there.
func (a *aviary) look(ctx context.Context, t *testing.T, name string) (seen *types.Canary) {
	t.Helper()
	asked(ctx, t, "GetCanary "+name, func() error {
		out, err := a.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &name})
		if err == nil {
			seen = out.Canary
		}
		return err
	})
	return seen
}

// state is the state of a canary; "" when it is not there.
func (a *aviary) state(ctx context.Context, t *testing.T, name string) types.CanaryState {
	t.Helper()
	if seen := a.look(ctx, t, name); seen != nil {
		return seen.Status.State
	}
	return ""
}

// start starts a canary that is ready, and reports whether it is under way or
// over. It does not ask again: the next look tells what came of it.
func (a *aviary) start(ctx context.Context, t *testing.T, name string) bool {
	t.Helper()
	_, err := a.StartCanary(ctx, &synthetics.StartCanaryInput{Name: &name})
	if c := code(err); c != "" {
		t.Errorf("StartCanary %s: %v", name, err)
	}
	return err == nil
}

func transitional(s types.CanaryState) bool {
	return strings.HasSuffix(string(s), "ING") && s != types.CanaryStateRunning
}

// runs returns all runs of a canary, or all its dry runs.
func (a *aviary) runs(ctx context.Context, t *testing.T, name string, kind types.RunType) (all []types.CanaryRun) {
	t.Helper()
	asked(ctx, t, "GetCanaryRuns "+name, func() error {
		all = nil
		pages := synthetics.NewGetCanaryRunsPaginator(a.Client, &synthetics.GetCanaryRunsInput{Name: &name, RunType: kind})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			all = append(all, page.CanaryRuns...)
		}
		return nil
	})
	return all
}

// reportsOf are the reports that runs have left below a prefix: the verdict of
// each by its key.
func (a *aviary) reportsOf(ctx context.Context, t *testing.T, prefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	asked(ctx, t, "ListObjectsV2", func() error {
		pages := s3.NewListObjectsV2Paginator(a.objects, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, o := range page.Contents {
				if strings.Contains(*o.Key, "/SyntheticsReport-") {
					found[*o.Key] = ""
				}
			}
		}
		return nil
	})
	for key := range found {
		asked(ctx, t, "GetObject "+key, func() error {
			out, err := a.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
			if err != nil {
				return err
			}
			defer out.Body.Close()
			var report struct{ CustomerScript struct{ Status string } }
			if err := json.NewDecoder(out.Body).Decode(&report); err != nil {
				t.Errorf("%s: %v", key, err)
			}
			found[key] = report.CustomerScript.Status
			if !strings.HasSuffix(key, "/SyntheticsReport-"+found[key]+".json") {
				t.Errorf("%s says %s", key, found[key])
			}
			return nil
		})
	}
	return found
}
