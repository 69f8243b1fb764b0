package wire_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/cloudfront"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// hostile are bodies that would cost memory or stack far beyond their size.
func hostile() []struct {
	name     string
	protocol shape.Protocol
	op       *shape.Operation
	body     string
	code     string // "" where the body is merely harmless
} {
	put := cloudwatch.Service().Operation("PutMetricData")
	send := ssm.Service().Operation("SendCommand")
	summary := ssm.Service().Operation("ListNodesSummary") // its shapes are recursive
	lifecycle := s3.Service().Operation("PutBucketLifecycleConfiguration")
	distribution := cloudfront.Service().Operation("CreateDistribution")
	deep := 100_000
	return []struct {
		name     string
		protocol shape.Protocol
		op       *shape.Operation
		body     string
		code     string
	}{
		{"json, deep and unknown", shape.JSON11, send, `{"x":` + strings.Repeat("[", deep), "SerializationException"},
		{"json, deep and closed", shape.JSON11, send, `{"x":` + strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep) + "}", "SerializationException"},
		{"json, deep and known", shape.JSON11, summary, strings.Repeat(`{"Aggregators":[`, deep), "SerializationException"},
		{"json, empty structures", shape.JSON11, send, `{"Targets":[` + strings.Repeat("{},", 2_000_000) + "{}]}", "SerializationException"},
		{"cbor, deep", shape.CBOR, put, "\xbfax" + strings.Repeat("\x9f", deep), "SerializationException"},
		{"cbor, deep tags", shape.CBOR, put, "\xbfax" + strings.Repeat("\xc1", deep), "SerializationException"},
		{"cbor, absurd array", shape.CBOR, put, "\xa1jMetricData\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "SerializationException"},
		{"cbor, absurd map", shape.CBOR, put, "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "SerializationException"},
		{"cbor, absurd text", shape.CBOR, put, "\xa1iNamespace\x7b\x7f\xff\xff\xff\xff\xff\xff\xff", "SerializationException"},
		{"cbor, absurd bytes", shape.CBOR, put, "\xa1ax\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "SerializationException"},
		{"cbor, empty structures", shape.CBOR, put, "\xa1jMetricData\x9f" + strings.Repeat("\xa0", 4_000_000) + "\xff", "SerializationException"},
		{"query, index gap", shape.Query, put, "Action=PutMetricData&Namespace=n&MetricData.member.999999999999.MetricName=m", ""},
		{"query, deep", shape.Query, put, "x" + strings.Repeat(".a", deep) + "=1", "MalformedInput"},
		{"query, many", shape.Query, put, strings.Repeat("a=&", 2_000_000), "MalformedInput"},
		{"xml, deep", shape.RestXML, distribution, strings.Repeat("<a>", deep), "MalformedInput"},
		{"xml, deep in S3", shape.RestXML, lifecycle, "<LifecycleConfiguration>" + strings.Repeat("<Rule>", deep), "MalformedXML"},
		{"xml, entities", shape.RestXML, distribution, `<!DOCTYPE a [<!ENTITY x "` + strings.Repeat("y", 1000) + `"><!ENTITY z "&x;&x;">]><DistributionConfig><Comment>&z;</Comment></DistributionConfig>`, "MalformedInput"},
		{"xml, external entity", shape.RestXML, distribution, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><DistributionConfig><Comment>&x;</Comment></DistributionConfig>`, "MalformedInput"},
	}
}

// TestHostileBodies decodes each within a bounded amount of memory. Not
// parallel: it counts what is allocated.
func TestHostileBodies(t *testing.T) {
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decode(t, c.protocol, c.op, c.body)
			runtime.ReadMemStats(&after)
			if e := awserr.As(err); c.code == "" && err != nil || c.code != "" && (e == nil || e.Code != c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 300<<20 {
				t.Errorf("allocated %d MiB for %d KiB", used>>20, len(c.body)>>10)
			}
		})
	}
}

func gzipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzipBodies(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("PutMetricData")
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Encoding", "gzip")
	for _, c := range []struct {
		name string
		body []byte
		code string
	}{
		{"plain", gzipped(t, `{"Namespace":"n"}`), ""},
		{"bomb", gzipped(t, `{"Namespace":"`+strings.Repeat("a", 40<<20)+`"}`), "RequestEntityTooLargeException"},
		{"not gzip", []byte(`{"Namespace":"n"}`), "SerializationException"},
		{"cut short", gzipped(t, `{"Namespace":"n"}`)[:20], "SerializationException"},
	} {
		in, err := wire.For(shape.JSON10).DecodeRequest(op, &wire.Request{HTTP: r, Body: c.body})
		if e := awserr.As(err); c.code != "" && (e == nil || e.Code != c.code) {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		} else if c.code == "" && (err != nil || in.Value.(*cloudwatch.PutMetricDataInput).Namespace != "n") {
			t.Errorf("%s: %v %v", c.name, in.Value, err)
		}
	}
}

// TestMaxBody refuses what inflates past the configured size.
func TestMaxBody(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("PutMetricData")
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Content-Encoding", "gzip")
	body := gzipped(t, fmt.Sprintf(`{"Namespace":"%0200d"}`, 1))
	_, err := wire.New(shape.JSON10, wire.Limits{MaxBody: 100}).DecodeRequest(op, &wire.Request{HTTP: r, Body: body})
	if e := awserr.As(err); e == nil || e.Status != 413 {
		t.Errorf("got %v, want 413", err)
	}
}
