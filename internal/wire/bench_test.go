package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

const sendCommand = `{"InstanceIds":["i-02573cafcfEXAMPLE","i-0471e04240EXAMPLE"],"DocumentName":"AWS-RunShellScript",` +
	`"DocumentVersion":"$LATEST","TimeoutSeconds":3600,"Comment":"say hello","Parameters":{"commands":["echo hello","uname -a"],` +
	`"workingDirectory":["/tmp"]},"OutputS3BucketName":"a-bucket","MaxConcurrency":"50","MaxErrors":"0","CloudWatchOutputConfig":` +
	`{"CloudWatchLogGroupName":"group","CloudWatchOutputEnabled":true},"Targets":[{"Key":"tag:Env","Values":["prod","test"]}]}`

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkSendCommand decodes a SendCommand request and encodes its response
// in every protocol of which the service's shapes are capable.
func BenchmarkSendCommand(b *testing.B) {
	op := ssm.Service().Operation("SendCommand")
	seed, err := wire.For(shape.JSON11).DecodeRequest(op, &wire.Request{Body: []byte(sendCommand)})
	if err != nil {
		b.Fatal(err)
	}
	out := commandOutput(seed.Value.(*ssm.SendCommandInput))
	for _, p := range []shape.Protocol{shape.JSON11, shape.CBOR, shape.Query, shape.RestXML} {
		b.Run(string(p), func(b *testing.B) { benchmarkCall(b, p, op, seed.Value, out) })
	}
}

func benchmarkCall(b *testing.B, p shape.Protocol, op *shape.Operation, in, out any) {
	codec := wire.For(p)
	r, err := codec.EncodeRequest(b.Context(), endpoint, op, in)
	if err != nil {
		b.Fatal(err)
	}
	body := readAll(b, r.Body)
	w := discard{http.Header{}}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := codec.DecodeRequest(op, &wire.Request{HTTP: r, Body: body}); err != nil {
			b.Fatal(err)
		}
		if err := codec.EncodeResponse(w, op, out, "request-id"); err != nil {
			b.Fatal(err)
		}
	}
}

func commandOutput(in *ssm.SendCommandInput) *ssm.SendCommandOutput {
	return &ssm.SendCommandOutput{Command: &ssm.Command{
		CommandId: new("0831e1a8-a1ac-4257-a1fd-c831b48c4107"), DocumentName: new(in.DocumentName), Comment: in.Comment,
		ExpiresAfter: new(moment), RequestedDateTime: new(moment), Parameters: in.Parameters, InstanceIds: in.InstanceIds,
		Targets: in.Targets, Status: new(ssm.CommandStatus("Pending")), StatusDetails: new("Pending"),
		OutputS3BucketName: in.OutputS3BucketName, MaxConcurrency: in.MaxConcurrency, MaxErrors: in.MaxErrors,
		TargetCount: new(int32(2)), CompletedCount: new(int32(0)), CloudWatchOutputConfig: in.CloudWatchOutputConfig,
	}}
}

// BenchmarkPutMetricData decodes a thousand data points.
func BenchmarkPutMetricData(b *testing.B) {
	op := cloudwatch.Service().Operation("PutMetricData")
	in := &cloudwatch.PutMetricDataInput{Namespace: "bench"}
	for range 1000 {
		in.MetricData = append(in.MetricData, &cloudwatch.MetricDatum{
			MetricName: "latency", Value: new(1.25), Timestamp: new(moment),
			Dimensions: []*cloudwatch.Dimension{{Name: "host", Value: "a"}, {Name: "path", Value: "/"}},
		})
	}
	for _, p := range []shape.Protocol{shape.CBOR, shape.JSON10, shape.Query} {
		b.Run(string(p), func(b *testing.B) { benchmarkCall(b, p, op, in, nil) })
	}
}

func BenchmarkRouter(b *testing.B) {
	rt := wire.NewRouter(all.Services())
	for _, c := range []struct{ name, method, target, header, signing string }{
		{"target", "POST", "/", "AmazonSSM.SendCommand", "ssm"},
		{"rest", "GET", "/canary/name/runs", "", "synthetics"},
		{"s3", "PUT", "/bucket/a/long/key?partNumber=1&uploadId=x", "", "s3"},
	} {
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(""))
		if c.header != "" {
			r.Header.Set("X-Amz-Target", c.header)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rt.Match(r, c.signing, nil); err != nil && c.name != "rest" {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGetObject writes the headers of an S3 object.
func BenchmarkGetObject(b *testing.B) {
	op := s3.Service().Operation("HeadObject")
	out := &s3.HeadObjectOutput{
		ETag: new(`"abc"`), ContentLength: new(int64(3)), LastModified: new(moment), ContentType: new("text/plain"),
		Metadata: map[string]string{"a": "b"},
	}
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.For(shape.RestXML).EncodeResponse(w, op, out, "request-id"); err != nil {
			b.Fatal(err)
		}
	}
}
