package wire_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// TestStrictJSON refuses what is no JSON, and values of the wrong type in the
// words of AWS.
func TestStrictJSON(t *testing.T) {
	t.Parallel()
	op := ssm.Service().Operation("SendCommand")
	for body, want := range map[string]string{
		`{"DocumentName":"a",}`:               "Unexpected character '}' at position 20 of the JSON input",
		`{"DocumentName":"a"} x`:              "Unexpected character 'x' at position 21 of the JSON input",
		`{"DocumentName":"a"`:                 "Unexpected end of JSON input",
		`{'DocumentName':"a"}`:                `Unexpected character '\'' at position 1 of the JSON input`,
		"{\"DocumentName\":\"a\nb\"}":         `Unexpected character '\n' at position 18 of the JSON input`,
		"{\"DocumentName\":\"\xff\"}":         "Invalid UTF-8 in JSON string",
		`{"DocumentName":"\q"}`:               `Unexpected character '\\' at position 17 of the JSON input`,
		`{"TimeoutSeconds":01}`:               "Unexpected character '1' at position 19 of the JSON input",
		`{"TimeoutSeconds":nul}`:              "Unexpected character 'n' at position 18 of the JSON input",
		`[]`:                                  "Start of list found where not expected",
		`{"DocumentName":1}`:                  "NUMBER_VALUE can not be converted to a String",
		`{"DocumentName":true}`:               "TRUE_VALUE can not be converted to a String",
		`{"DocumentName":{}}`:                 "Start of structure or map found where not expected.",
		`{"DocumentName":[]}`:                 "Start of list found where not expected",
		`{"TimeoutSeconds":"1"}`:              "STRING_VALUE can not be converted to an Integer",
		`{"TimeoutSeconds":1.5}`:              "NUMBER_VALUE 1.5 can not be converted to an Integer",
		`{"TimeoutSeconds":2147483648}`:       "NUMBER_VALUE 2147483648 can not be converted to an Integer",
		`{"InstanceIds":"i-1"}`:               "STRING_VALUE can not be converted to a List",
		`{"Parameters":[]}`:                   "Start of list found where not expected",
		`{"CloudWatchOutputConfig":"x"}`:      "STRING_VALUE can not be converted to a Structure",
		`{"Parameters":{"commands":["a",1]}}`: "NUMBER_VALUE can not be converted to a String",
	} {
		_, err := decode(t, shape.JSON11, op, body)
		if e := awserr.As(err); e == nil || e.Code != "SerializationException" || e.Message != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestLaxJSON(t *testing.T) {
	t.Parallel()
	op := ssm.Service().Operation("SendCommand")
	in, err := decode(t, shape.JSON11, op, " {\"DocumentName\" : \"\\u00e9\\ud83d\\ude42\\ud800x\\/\" ,\r\n\t\"TimeoutSeconds\":6e1,\"TimeoutSeconds\":60.0, \"InstanceIds\":[] } ")
	if err != nil {
		t.Fatal(err)
	}
	want := &ssm.SendCommandInput{DocumentName: "é🙂\uFFFDx/", TimeoutSeconds: new(int32(60)), InstanceIds: []string{}}
	if diff := cmp.Diff(want, in.Value); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

var metrics = &cloudwatch.PutMetricDataInput{
	Namespace: "a <b> & é",
	MetricData: []*cloudwatch.MetricDatum{
		{
			MetricName: "m", Timestamp: new(moment), Value: new(-1.5e-9), StorageResolution: new(int32(1)),
			Unit: new(cloudwatch.StandardUnit("Seconds")), Dimensions: []*cloudwatch.Dimension{{Name: "x", Value: ""}},
		},
		{MetricName: "n", Values: []float64{1, math.Inf(1), 1e300}, Counts: []float64{1, 2, 3}},
	},
	StrictEntityValidation: new(false),
}

// TestOneOperationInEveryProtocol sends the same input three ways, as clients
// of CloudWatch do.
func TestOneOperationInEveryProtocol(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("PutMetricData")
	if diff := cmp.Diff([]shape.Protocol{shape.CBOR, shape.JSON10, shape.Query}, op.Service.Protocols); diff != "" {
		t.Errorf("protocols (-want +got):\n%s", diff)
	}
	for _, p := range op.Service.Protocols {
		r, err := wire.For(p).EncodeRequest(t.Context(), endpoint, op, metrics)
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, r.Body)
		m, err := router.Match(r, "monitoring", func() ([]byte, error) { return body, nil })
		if err != nil || m.Protocol != p || m.Operation != op {
			t.Fatalf("%s was routed to %v in %s: %v", p, m.Operation, m.Protocol, err)
		}
		in, err := wire.For(p).DecodeRequest(op, &wire.Request{HTTP: r, Form: m.Form, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(metrics, in.Value); diff != "" || len(in.Missing) > 0 {
			t.Errorf("%s (-want +got):\n%s%v", p, diff, in.Missing)
		}
	}
}

// TestCBORAgainstLibrary compares our reader and writer with fxamacker's.
func TestCBORAgainstLibrary(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("PutMetricData")
	r, err := wire.For(shape.CBOR).EncodeRequest(t.Context(), endpoint, op, metrics)
	if err != nil {
		t.Fatal(err)
	}
	var loose map[string]any
	if err := cbor.Unmarshal(readAll(t, r.Body), &loose); err != nil {
		t.Fatal(err)
	}
	if loose["Namespace"] != metrics.Namespace || len(loose["MetricData"].([]any)) != 2 {
		t.Errorf("the library reads %v", loose)
	}
	for name, o := range map[string]cbor.EncOptions{
		"preferred": cbor.PreferredUnsortedEncOptions(), // half floats where exact
		"canonical": cbor.CanonicalEncOptions(),
		"float16":   {ShortestFloat: cbor.ShortestFloat16, Time: cbor.TimeUnixMicro, TimeTag: cbor.EncTagRequired},
	} {
		mode, err := o.EncMode()
		if err != nil {
			t.Fatal(err)
		}
		b, err := mode.Marshal(loose)
		if err != nil {
			t.Fatal(err)
		}
		in, err := decode(t, shape.CBOR, op, string(b))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		near := cmpopts.EquateApproxTime(time.Second) // canonical times are whole seconds
		if diff := cmp.Diff(metrics, in.Value, near); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestIndefiniteCBOR joins chunks and ends containers at their breaks.
func TestIndefiniteCBOR(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("PutMetricData")
	in, err := decode(t, shape.CBOR, op, "\xbf\x7fdNameespace\xff\x7f\x62ab\x62de\xff"+"\x66Ignore\x9f\xf6\x5fA\x00\xff\xc0\x61x\xf9\x7e\x00\xff\xff")
	if err != nil {
		t.Fatal(err)
	}
	if got := in.Value.(*cloudwatch.PutMetricDataInput).Namespace; got != "abde" {
		t.Errorf("namespace %q", got)
	}
}

func TestSQSQuery(t *testing.T) {
	t.Parallel()
	send := sqs.Service().Operation("SendMessage")
	r := httptest.NewRequest("POST", "http://localhost:4566/000000000000/q", nil)
	in, err := wire.For(shape.Query).DecodeRequest(send, &wire.Request{HTTP: r, Body: []byte(
		"Action=SendMessage&MessageBody=hi&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=b")})
	if err != nil {
		t.Fatal(err)
	}
	want := &sqs.SendMessageInput{
		QueueUrl: "http://localhost:4566/000000000000/q", MessageBody: "hi",
		MessageAttributes: map[string]*sqs.MessageAttributeValue{"a": {DataType: "String", StringValue: new("b")}},
	}
	if diff := cmp.Diff(want, in.Value); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	w := respond(t, shape.Query, sqs.Service().Operation("GetQueueAttributes"), &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"VisibilityTimeout": "30"}})
	body := xmlHead + `<GetQueueAttributesResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><GetQueueAttributesResult>` +
		`<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute></GetQueueAttributesResult>` +
		`<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetQueueAttributesResponse>`
	if diff := cmp.Diff(body, w.Body.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	e := refuse(t, shape.JSON10, sqs.Service(), send, sqs.NewQueueDoesNotExist("no queue"))
	if got := e.Header().Get("X-Amzn-Query-Error"); got != "AWS.SimpleQueueService.NonExistentQueue;Sender" {
		t.Errorf("x-amzn-query-error %q", got)
	}
}

// TestS3Forms holds the answers that S3 shapes in its own way.
func TestS3Forms(t *testing.T) {
	t.Parallel()
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	for _, c := range []struct {
		op   string
		out  any
		want string
	}{
		{"GetBucketLocation", &s3.GetBucketLocationOutput{LocationConstraint: new(s3.BucketLocationConstraint("eu-west-1"))}, `<LocationConstraint` + ns + `>eu-west-1</LocationConstraint>`},
		{"GetBucketLocation", nil, `<LocationConstraint` + ns + `></LocationConstraint>`},
		{"ListBuckets", &s3.ListBucketsOutput{Buckets: []*s3.Bucket{{Name: new("b"), CreationDate: new(moment.Truncate(time.Second))}}}, `<ListAllMyBucketsResult` + ns + `><Buckets><Bucket><Name>b</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`},
		{"ListObjectsV2", &s3.ListObjectsV2Output{Contents: []*s3.Object{{Key: new("a\r&b")}, {Key: new("c")}}}, `<ListBucketResult` + ns + `><Contents><Key>a&#xD;&amp;b</Key></Contents><Contents><Key>c</Key></Contents></ListBucketResult>`},
		{"CopyObject", &s3.CopyObjectOutput{CopyObjectResult: &s3.CopyObjectResult{ETag: new(`"e"`)}}, `<CopyObjectResult` + ns + `><ETag>&quot;e&quot;</ETag></CopyObjectResult>`},
	} {
		w := respond(t, shape.RestXML, s3.Service().Operation(c.op), c.out)
		if diff := cmp.Diff(xmlHead+c.want, w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.op, diff)
		}
	}
	w := respond(t, shape.RestXML, s3.Service().Operation("HeadObject"), &s3.HeadObjectOutput{
		ContentLength: new(int64(42)), LastModified: new(moment), Metadata: map[string]string{"my-key": "v\r\nX: y"},
	})
	if w.Body.Len() > 0 || w.Header().Get("Content-Length") != "42" || w.Header()["x-amz-meta-my-key"][0] != "v  X: y" || //nolint:staticcheck // S3 keeps the case
		w.Header().Get("Last-Modified") != "Fri, 02 Jan 2026 03:04:05 GMT" {
		t.Errorf("HeadObject: %q %v", w.Body, w.Header())
	}
}

// A stream notes whether it was closed, and fails at its end if told so.
type stream struct {
	io.Reader
	err    error
	closed bool
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if errors.Is(err, io.EOF) && s.err != nil {
		err = s.err
	}
	return n, err
}

func (s *stream) Close() error { s.closed = true; return nil }

func TestStreams(t *testing.T) {
	t.Parallel()
	get, put := s3.Service().Operation("GetObject"), s3.Service().Operation("PutObject")
	if !wire.StreamsRequest(put) || wire.StreamsRequest(get) || !wire.StreamsResponse(get) {
		t.Error("what streams is not told right")
	}
	body := &stream{Reader: strings.NewReader("abc")}
	w := respond(t, shape.RestXML, get, &s3.GetObjectOutput{Body: body, ContentType: new("text/x")})
	if w.Body.String() != "abc" || !body.closed || w.Header().Get("Content-Type") != "text/x" {
		t.Errorf("%q, closed %v, %v", w.Body, body.closed, w.Header())
	}
	broken := &stream{Reader: strings.NewReader("a"), err: errors.New("disk")}
	err := wire.For(shape.RestXML).EncodeResponse(httptest.NewRecorder(), get, &s3.GetObjectOutput{Body: broken}, "")
	if err == nil || !broken.closed {
		t.Errorf("a broken stream gave %v, closed %v", err, broken.closed)
	}
	in, err := wire.For(shape.RestXML).DecodeRequest(put, &wire.Request{
		HTTP: httptest.NewRequest("PUT", "/b/k", nil), Labels: map[string]string{"Bucket": "b", "Key": "k"}, Stream: strings.NewReader("xyz"),
	})
	if err != nil || string(readAll(t, in.Value.(*s3.PutObjectInput).Body)) != "xyz" {
		t.Errorf("%v %v", in, err)
	}
}

// TestPayloadBlob keeps bytes as they are.
func TestPayloadBlob(t *testing.T) {
	t.Parallel()
	w := respond(t, shape.RestJSON, lambda.Service().Operation("Invoke"), &lambda.InvokeOutput{StatusCode: new(int32(202)), Payload: []byte("\x00{}")})
	if w.Code != http.StatusAccepted || w.Body.String() != "\x00{}" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestEmptyAndAbsent writes an empty list and leaves out a nil one.
func TestEmptyAndAbsent(t *testing.T) {
	t.Parallel()
	op := ssm.Service().Operation("DescribeParameters")
	for out, want := range map[*ssm.DescribeParametersOutput]string{
		{}: `{}`, {Parameters: []*ssm.ParameterMetadata{}}: `{"Parameters":[]}`,
	} {
		if got := respond(t, shape.JSON11, op, out).Body.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTimes reads every spelling of a time that clients use.
func TestTimes(t *testing.T) {
	t.Parallel()
	op := cloudwatch.Service().Operation("GetMetricStatistics")
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, s := range []string{
		"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05",
		"20260102T030405Z", "1767323045", "1.767323045E9", "Fri, 02 Jan 2026 03:04:05 GMT",
	} {
		in, err := decode(t, shape.Query, op, "StartTime="+strings.ReplaceAll(s, "+", "%2B"))
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := in.Value.(*cloudwatch.GetMetricStatisticsInput).StartTime; !got.Equal(want) {
			t.Errorf("%s is read as %v", s, got)
		}
	}
	for _, s := range []string{"tomorrow", "1e30", "-1e30", "NaN", "99999-01-01T00:00:00Z"} {
		if _, err := decode(t, shape.Query, op, "StartTime="+s); err == nil {
			t.Errorf("%s is read as a time", s)
		}
	}
}

// TestWrongOutput refuses a value of another operation instead of writing it.
func TestWrongOutput(t *testing.T) {
	t.Parallel()
	err := wire.For(shape.JSON11).EncodeResponse(httptest.NewRecorder(), ssm.Service().Operation("GetParameter"), &ssm.SendCommandOutput{}, "")
	if err == nil {
		t.Error("a SendCommandOutput was written as the answer to GetParameter")
	}
}

// TestJSONStrings compares what we write with encoding/json's reader.
func TestJSONStrings(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for r := range rune(0x3000) {
		all.WriteRune(r)
	}
	for _, s := range []string{all.String(), "", "\U0001F642\u2028", "a\xffb\xc3"} {
		r, err := wire.For(shape.JSON11).EncodeRequest(t.Context(), endpoint, ssm.Service().Operation("GetParameter"), &ssm.GetParameterInput{Name: s})
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Name string }
		if err := json.Unmarshal(readAll(t, r.Body), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); !reflect.DeepEqual(got.Name, want) {
			t.Errorf("%.20q is read as %.20q", s, got.Name)
		}
	}
}
