package crash

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

const bucket = "crash-artifacts"

// script takes one step on a blank page: enough for a browser, a screenshot
// and a verdict.
const script = `
const synthetics = require('Synthetics');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('blank', async () => { await page.goto('about:blank'); });
};
`

func scriptZip() []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("nodejs/node_modules/index.js")
	if err == nil {
		_, err = f.Write([]byte(script))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// clients are what a user holds; they retry through the server's deaths.
type clients struct {
	synthetics *synthetics.Client
	metrics    *cloudwatch.Client
	objects    *s3.Client
	queues     *sqs.Client
	topics     *sns.Client
}

// configured is what clients that sign as somebody need to know.
func configured(url string, who aws.Credentials) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return who, nil }),
		HTTPClient:  &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func newClients(url string) clients {
	cfg := configured(url, aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
	return clients{
		synthetics: synthetics.NewFromConfig(cfg), metrics: cloudwatch.NewFromConfig(cfg),
		queues: sqs.NewFromConfig(cfg), topics: sns.NewFromConfig(cfg),
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
	}
}

// life is what one client knows of one canary. Only what was acknowledged is
// certain: an error may hide a success.
type life struct {
	name        string
	created     bool // acknowledged
	started     bool // acknowledged
	deleteAsked bool
	deleteAcked bool
}

// population makes lives until it is told to stop.
type population struct {
	mu    sync.Mutex
	lives []*life
}

func (p *population) add(l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lives = append(p.lives, l)
}

// live takes one canary through its life: create, start, wait for the run to
// end, and for every other one delete. It gives up when ctx ends.
func live(ctx context.Context, c clients, p *population, name string, rng *rand.Rand) {
	l := &life{name: name}
	p.add(l)
	if !l.create(ctx, c) || !l.start(ctx, c) {
		return
	}
	if rng.IntN(2) == 0 {
		return
	}
	if l.awaitStopped(ctx, c) {
		l.remove(ctx, c)
	}
}

// request is the canary as its life wants it: it runs once when it is started.
func (l *life) request() *synthetics.CreateCanaryInput {
	return &synthetics.CreateCanaryInput{
		Name: aws.String(l.name), ArtifactS3Location: aws.String("s3://" + bucket + "/" + l.name),
		ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
		RuntimeVersion:   aws.String("syn-nodejs-puppeteer-10.0"),
		Schedule:         &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)")},
		Code:             &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: scriptZip()},
	}
}

// create asks until the answer is certain: a repeated CreateCanary that is told
// the name exists was acknowledged by that.
func (l *life) create(ctx context.Context, c clients) bool {
	return until(ctx, func() bool {
		_, err := c.synthetics.CreateCanary(ctx, l.request())
		var taken *types.ValidationException
		l.created = err == nil || errors.As(err, &taken)
		return l.created
	})
}

// start asks until it is acknowledged, or until the canary shows that an
// earlier attempt went through.
func (l *life) start(ctx context.Context, c clients) bool {
	return until(ctx, func() bool {
		_, err := c.synthetics.StartCanary(ctx, &synthetics.StartCanaryInput{Name: &l.name})
		if _, ok := errors.AsType[*types.ConflictException](err); ok {
			got, err := c.synthetics.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &l.name})
			l.started = err == nil && started(got.Canary.Status.State)
			return l.started
		}
		l.started = err == nil
		return l.started
	})
}

func started(s types.CanaryState) bool {
	return s == types.CanaryStateStarting || s == types.CanaryStateRunning || s == types.CanaryStateStopped
}

func (l *life) awaitStopped(ctx context.Context, c clients) bool {
	return until(ctx, func() bool {
		got, err := c.synthetics.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &l.name})
		return err == nil && got.Canary.Status.State == types.CanaryStateStopped
	})
}

func (l *life) remove(ctx context.Context, c clients) {
	l.deleteAsked = true
	until(ctx, func() bool {
		_, err := c.synthetics.DeleteCanary(ctx, &synthetics.DeleteCanaryInput{Name: &l.name})
		var gone *types.ResourceNotFoundException
		var conflict *types.ConflictException // it is DELETING already
		l.deleteAcked = err == nil || errors.As(err, &gone) || errors.As(err, &conflict)
		return l.deleteAcked
	})
}

func until(ctx context.Context, f func() bool) bool {
	return poll(ctx, func() bool { return ctx.Err() == nil && f() })
}

// sampleCount is how many datapoints of SuccessPercent the canary has.
func sampleCount(ctx context.Context, c clients, name string) (float64, error) {
	now := time.Now()
	out, err := c.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("CloudWatchSynthetics"), MetricName: aws.String("SuccessPercent"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("CanaryName"), Value: &name}},
		StartTime:  aws.Time(now.Add(-6 * time.Hour)), EndTime: aws.Time(now.Add(time.Hour)), Period: aws.Int32(3600),
		Statistics: []cwtypes.Statistic{cwtypes.StatisticSampleCount},
	})
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, p := range out.Datapoints {
		total += *p.SampleCount
	}
	return total, nil
}

// reports is how many SyntheticsReport objects the canary's runs left.
func reports(ctx context.Context, c clients, name string) (int, error) {
	out, err := c.objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String(name + "/")})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, o := range out.Contents {
		if bytes.Contains([]byte(*o.Key), []byte("/SyntheticsReport-")) {
			n++
		}
	}
	return n, nil
}

func nameOf(worker, i int) string { return fmt.Sprintf("life-%d-%d", worker, i) }
