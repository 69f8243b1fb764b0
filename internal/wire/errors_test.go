package wire_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/cloudfront"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

var missingKey = awserr.New("NoSuchKey", 404, "The specified key does not exist.").With("Key", "a<b")

// errorAnswers are AWS's bytes.
var errorAnswers = []struct {
	name     string
	protocol shape.Protocol
	svc      *shape.Service
	op       string
	err      *awserr.Error
	header   map[string]string
	status   int
	body     string
}{
	{
		name: "awsJson1_1, message in upper case", protocol: shape.JSON11, svc: ssm.Service(), op: "GetParameter",
		err: ssm.NewInvalidKeyId("bad <key>"), status: 400,
		header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amzn-Errortype": "InvalidKeyId", "X-Amzn-Requestid": "req-1"},
		body:   `{"__type":"InvalidKeyId","message":"bad <key>"}`,
	},
	{
		name: "awsJson1_1, not modelled", protocol: shape.JSON11, svc: kms.Service(), op: "Encrypt",
		err: awserr.New("AccessDeniedException", 400, "no"), status: 400,
		body: `{"__type":"AccessDeniedException","message":"no"}`,
	},
	{
		name: "awsJson1_0 with the former query code", protocol: shape.JSON10, svc: cloudwatch.Service(), op: "PutMetricData",
		err: cloudwatch.NewInvalidParameterValueException("bad"), status: 400,
		header: map[string]string{"X-Amzn-Query-Error": "InvalidParameterValue;Sender"},
		body:   `{"__type":"com.amazonaws.cloudwatch#InvalidParameterValueException","message":"bad"}`,
	},
	{
		name: "awsQuery", protocol: shape.Query, svc: iam.Service(), op: "GetUser",
		err: iam.NewNoSuchEntityException("The user with name x cannot be found."), status: 404,
		header: map[string]string{"Content-Type": "text/xml"},
		body: xmlHead + `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>` +
			`<Message>The user with name x cannot be found.</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
	},
	{
		name: "awsQuery, our fault", protocol: shape.Query, svc: cloudwatch.Service(), op: "PutMetricData",
		err: awserr.New("InternalFailure", 500, "oh"), status: 500,
		body: xmlHead + `<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Receiver</Type><Code>InternalFailure</Code>` +
			`<Message>oh</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
	},
	{
		name: "ec2Query", protocol: shape.EC2Query, svc: ec2.Service(), op: "DescribeInstances",
		err: awserr.New("InvalidInstanceID.NotFound", 400, "The instance ID 'i-1' does not exist"), status: 400,
		body: xmlHead + `<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>` +
			`<Message>The instance ID 'i-1' does not exist</Message></Error></Errors><RequestID>req-1</RequestID></Response>`,
	},
	{
		name: "restJson1", protocol: shape.RestJSON, svc: synthetics.Service(), op: "GetCanary",
		err: synthetics.NewConflictException("busy"), status: 409,
		header: map[string]string{"Content-Type": "application/json", "X-Amzn-Errortype": "ConflictException"},
		body:   `{"Message":"busy"}`,
	},
	{
		name: "restJson1, a member in a header", protocol: shape.RestJSON, svc: lambda.Service(), op: "Invoke",
		err: lambda.NewTooManyRequestsException("slow down").With("retryAfterSeconds", "7").With("Type", "User"), status: 429,
		header: map[string]string{"Retry-After": "7"},
		body:   `{"Type":"User","message":"slow down"}`,
	},
	{
		name: "restXml", protocol: shape.RestXML, svc: cloudfront.Service(), op: "GetDistribution",
		err: cloudfront.NewNoSuchDistribution("gone"), status: 404,
		body: xmlHead + `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>NoSuchDistribution</Code>` +
			`<Message>gone</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
	},
	{
		name: "S3", protocol: shape.RestXML, svc: s3.Service(), op: "GetObject", err: missingKey, status: 404,
		header: map[string]string{"X-Amz-Request-Id": "req-1", "Content-Type": "application/xml"},
		body: xmlHead + `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&lt;b</Key>` +
			`<RequestId>req-1</RequestId><HostId>cmVxLTE=</HostId></Error>`,
	},
	{name: "S3, HEAD", protocol: shape.RestXML, svc: s3.Service(), op: "HeadObject", err: missingKey, status: 404},
}

// TestErrorsOnTheWire holds error answers to AWS's bytes.
func TestErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, c := range errorAnswers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refuse(t, c.protocol, c.svc, c.svc.Operation(c.op), c.err)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			for k, v := range c.header {
				if got := w.Header().Get(k); got != v {
					t.Errorf("header %s: %q, want %q", k, got, v)
				}
			}
			if diff := cmp.Diff(c.body, w.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

// TestErrorsWithoutOperation answers requests that named none.
func TestErrorsWithoutOperation(t *testing.T) {
	t.Parallel()
	for _, p := range []shape.Protocol{shape.JSON10, shape.JSON11, shape.CBOR, shape.Query, shape.EC2Query, shape.RestJSON, shape.RestXML} {
		w := refuse(t, p, nil, nil, awserr.New("UnknownOperationException", http.StatusNotFound, "what?"))
		if w.Code != http.StatusNotFound || w.Body.Len() == 0 {
			t.Errorf("%s: %d %q", p, w.Code, w.Body)
		}
		op := synthetics.Service().Operation("GetCanary")
		_, err := wire.For(p).DecodeResponse(op, w.Result())
		if e := awserr.As(err); e == nil || e.Code != "UnknownOperationException" || e.Message != "what?" {
			t.Errorf("%s: read back as %v", p, err)
		}
	}
}

// TestUnreadableErrors keeps the status of answers that are not of the
// protocol, as proxies send them.
func TestUnreadableErrors(t *testing.T) {
	t.Parallel()
	op := ssm.Service().Operation("GetParameter")
	for _, p := range []shape.Protocol{shape.JSON11, shape.CBOR, shape.Query, shape.RestJSON, shape.RestXML} {
		resp := &http.Response{StatusCode: 502, Header: http.Header{}, Body: http.NoBody}
		_, err := wire.For(p).DecodeResponse(op, resp)
		if e := awserr.As(err); e == nil || e.Status != 502 || e.Fault != awserr.Server {
			t.Errorf("%s: %v", p, err)
		}
	}
}
