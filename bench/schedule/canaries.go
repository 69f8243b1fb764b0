package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/errgroup"

	"nephele.dev/nephele/internal/blueprint"
	"nephele.dev/nephele/internal/canaryruntime"
)

// newSite is what canaries visit.
func newSite() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>Bench</title><h1>Bench</h1><p>A page.")
	}))
}

// creators is how many canaries are created at a time.
const creators = 16

type bench struct {
	o       options
	api     *synthetics.Client
	archive []byte
	handler string
	kind    string // Code.BlueprintTypes
	version string
}

func newBench(ctx context.Context, s *server, o options, site string) (*bench, error) {
	plan, err := blueprint.ByName(o.kind)
	if err != nil {
		return nil, err
	}
	family := o.family
	if family == "" {
		family = slices.Sorted(maps.Keys(plan.Families))[0]
	}
	values := map[string][]string{}
	for _, p := range plan.Parameters {
		if p.Name == "url" || p.Name == "urls" {
			values[p.Name] = []string{site + "/"}
		}
	}
	files, err := plan.Files(family, values)
	if err != nil {
		return nil, err
	}
	archive, err := pack(files, family)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("artifacts")})
	return &bench{
		o: o, api: synthetics.NewFromConfig(cfg), archive: archive, kind: plan.Kind,
		handler: plan.Families[family].Handler, version: canaryruntime.Latest(canaryruntime.Family(family)).Name,
	}, err
}

func pack(files map[string][]byte, family string) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range files {
		if family == string(canaryruntime.Selenium) {
			name = "python/" + name
		}
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func name(i int) string { return fmt.Sprintf("bench-%05d", i) }

func (b *bench) createAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(creators)
	for i := range b.o.canaries {
		g.Go(func() error { return b.create(ctx, i) })
	}
	return g.Wait()
}

func (b *bench) create(ctx context.Context, i int) error {
	code := &types.CanaryCodeInput{ZipFile: b.archive}
	if b.kind != "" {
		code.BlueprintTypes = []string{b.kind}
	} else {
		code.Handler = &b.handler
	}
	_, err := b.api.CreateCanary(ctx, &synthetics.CreateCanaryInput{
		Name: aws.String(name(i)), Code: code, RuntimeVersion: &b.version,
		ArtifactS3Location: aws.String("s3://artifacts/" + name(i)), ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
		Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(1 minute)")},
	})
	return err
}

// startAll starts the canaries evenly over a period, so that their runs fall
// due evenly too.
func (b *bench) startAll(ctx context.Context, period time.Duration) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(creators)
	began := time.Now()
	for i := range b.o.canaries {
		due := began.Add(period * time.Duration(i) / time.Duration(b.o.canaries))
		select {
		case <-ctx.Done():
			return g.Wait()
		case <-time.After(time.Until(due)):
		}
		g.Go(func() error {
			_, err := b.api.StartCanary(ctx, &synthetics.StartCanaryInput{Name: aws.String(name(i))})
			return err
		})
	}
	return g.Wait()
}

func report(o options, a, b reading) {
	minutes := b.at.Sub(a.at).Minutes()
	var total float64
	for _, how := range slices.Sorted(maps.Keys(b.runs)) {
		n := b.runs[how] - a.runs[how]
		total += n
		fmt.Printf("runs        %s %.0f\n", how, n)
	}
	fmt.Printf("rate        %.0f runs/min due %d, %.0f runs/min/core on %d cores\n", total/minutes, o.canaries, total/minutes/float64(runtime.NumCPU()), runtime.NumCPU())
	fmt.Printf("lateness    p50 %s  p90 %s  p99 %s  p99.9 %s  worst %s\n", quantile(a.late, b.late, .5), quantile(a.late, b.late, .9),
		quantile(a.late, b.late, .99), quantile(a.late, b.late, .999), quantile(a.late, b.late, 1))
	fmt.Printf("passed over %.0f, waiting at the end %.0f\n", b.passedOver-a.passedOver, b.waiting)
	reportCPU("server", b.cpu-a.cpu, minutes, total)
	reportCPU("runs", b.runCPU-a.runCPU, minutes, total)
	each := (b.cpu - a.cpu + b.runCPU - a.runCPU).Seconds() / max(total, 1)
	fmt.Printf("capacity    %.0f runs/min for each core, by the processor time of a run\n", 60/max(each, 1e-9))
	fmt.Printf("memory      %d MB resident, the server\n", b.memory>>20)
}

// reportCPU prints processor time that was used within so many minutes.
func reportCPU(what string, used time.Duration, minutes, runs float64) {
	fmt.Printf("processor   %-6s %.0f %% of a core, %.2f ms a run\n", what, 100*used.Seconds()/(60*minutes), used.Seconds()*1000/max(runs, 1))
}

// quantile is the bound of the bucket that holds the quantile of what came
// between two readings.
func quantile(a, b *dto.Histogram, q float64) string {
	before := map[float64]uint64{}
	for _, bucket := range a.GetBucket() {
		before[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
	}
	n := b.GetSampleCount() - a.GetSampleCount()
	if n == 0 {
		return "none"
	}
	buckets := b.GetBucket()
	sort.Slice(buckets, func(i, j int) bool { return buckets[i].GetUpperBound() < buckets[j].GetUpperBound() })
	for _, bucket := range buckets {
		if float64(bucket.GetCumulativeCount()-before[bucket.GetUpperBound()]) >= q*float64(n) {
			return fmt.Sprintf("<= %s", time.Duration(bucket.GetUpperBound()*float64(time.Second)))
		}
	}
	return "more"
}
