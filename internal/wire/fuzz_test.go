package wire_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nephele.dev/nephele/internal/api/cloudfront"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// fuzzDecoder feeds bodies to the decoder of a protocol. Whatever they hold, it
// answers with an input or an *awserr.Error; an input that it accepts it can
// also write, and read again equal.
func fuzzDecoder(f *testing.F, p shape.Protocol, ops []*shape.Operation, seeds ...string) {
	f.Helper()
	for i, s := range seeds {
		f.Add(uint8(i), []byte(s))
	}
	codec := wire.New(p, wire.Limits{MaxMembers: 1 << 16})
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		op := ops[int(which)%len(ops)]
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		labels := map[string]string{}
		for _, m := range op.Input.Members {
			if m.Location == shape.URI {
				labels[m.WireName] = "label"
			}
		}
		in, err := codec.DecodeRequest(op, &wire.Request{HTTP: r, Labels: labels, Body: body})
		if err != nil {
			if awserr.As(err) == nil {
				t.Fatalf("%v is no answer", err)
			}
			return
		}
		if p == shape.Query || p == shape.EC2Query {
			in = again(t, codec, op, in, labels) // forms have no empty structures: those are gone after one round
		}
		second := again(t, codec, op, in, labels)
		if diff := cmp.Diff(in.Value, second.Value, same...); diff != "" {
			t.Errorf("%q (-first +second):\n%s", body, diff)
		}
	})
}

// again writes an input and reads it.
func again(t *testing.T, codec wire.Codec, op *shape.Operation, in wire.Input, labels map[string]string) wire.Input {
	t.Helper()
	r, err := codec.EncodeRequest(t.Context(), endpoint, op, in.Value)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Del("Content-Md5") // of the client's making
	body := readAll(t, r.Body)
	out, err := codec.DecodeRequest(op, &wire.Request{HTTP: r, Labels: labels, Body: body})
	if err != nil {
		t.Fatalf("what was written as %q is refused: %v", body, err)
	}
	return out
}

// same compares values as they are after a message: times to the millisecond,
// NaN equal to itself, unset like empty.
var same = []cmp.Option{
	cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(1000000),
	cmp.Transformer("tokens", func(p *string) string { // idempotency tokens are filled in when absent
		if p == nil || len(*p) == 36 {
			return ""
		}
		return *p
	}),
}

func operations(svc *shape.Service, names ...string) []*shape.Operation {
	var ops []*shape.Operation
	for _, n := range names {
		op := svc.Operation(n)
		if op == nil {
			panic("no operation " + n)
		}
		ops = append(ops, op)
	}
	return ops
}

func FuzzJSON(f *testing.F) {
	fuzzDecoder(f, shape.JSON11, operations(ssm.Service(), "SendCommand", "ListNodesSummary", "PutInventory", "StartExecutionPreview"),
		sendCommand, `{"Aggregators":[{"AttributeName":"a","Aggregators":[null,{}]}],"MaxResults":1e1}`,
		`{"Items":[{"Content":[{"a":"b"},{}],"CaptureTime":"x"}]}`, `{"ExecutionInputs":{"Automation":{"Parameters":{"a":["b"]}}}}`)
}

func FuzzCBOR(f *testing.F) {
	r, err := wire.For(shape.CBOR).EncodeRequest(f.Context(), endpoint, cloudwatch.Service().Operation("PutMetricData"), metrics)
	if err != nil {
		f.Fatal(err)
	}
	fuzzDecoder(f, shape.CBOR, operations(cloudwatch.Service(), "PutMetricData", "GetMetricData", "PutMetricAlarm"),
		string(readAll(f, r.Body)), "\xbfiStartTime\xc1\x1a\x65\x00\x00\x00iMaxDatapoints\x18\x64\xff", "\xa1iAlarmName\x7faaab\xff")
}

func FuzzQuery(f *testing.F) {
	ops := append(operations(cloudwatch.Service(), "PutMetricData", "PutMetricAlarm"), operations(sqs.Service(), "SendMessage", "CreateQueue")...)
	fuzzDecoder(f, shape.Query, ops,
		"Action=PutMetricData&MetricData.member.1.MetricName=a&MetricData.member.1.Values.member.1=1.5&MetricData.member.999999999.Timestamp=2026-01-01T00:00:00Z",
		"AlarmActions.member.1=a&AlarmActions.member.1.x=b&Dimensions=",
		"MessageAttribute.1.Name=a&MessageAttribute.1.Value.BinaryValue=AAA%3D&QueueUrl=q", "Attribute.1.Name=a&Attribute.1.Value=&Tag.2.Key=k")
}

func FuzzEC2Query(f *testing.F) {
	fuzzDecoder(f, shape.EC2Query, operations(ec2.Service(), "DescribeInstances", "RunInstances"),
		"Action=DescribeInstances&Filter.1.Name=a&Filter.1.Value.2=b&MaxResults=5", "BlockDeviceMapping.1.Ebs.VolumeSize=8&TagSpecification.1.Tag.1.Key=k")
}

func FuzzRestJSON(f *testing.F) {
	fuzzDecoder(f, shape.RestJSON, operations(synthetics.Service(), "CreateCanary", "UpdateCanary"),
		`{"Name":"a","Code":{"ZipFile":"UEsDBA==","Handler":"h"},"Schedule":{"Expression":"rate(5 minutes)"},"Tags":{"a":"b"}}`,
		`{"RunConfig":{"EnvironmentVariables":{"a":""},"TimeoutInSeconds":60}}`)
}

func FuzzRestXML(f *testing.F) {
	ops := append(operations(s3.Service(), "PutBucketLifecycleConfiguration", "PutBucketAcl", "DeleteObjects"),
		operations(cloudfront.Service(), "CreateDistribution")...)
	fuzzDecoder(f, shape.RestXML, ops,
		`<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix/></Filter><Status>Enabled</Status><Expiration><Date>2026-01-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>`,
		`<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee></Grant></AccessControlList></AccessControlPolicy>`,
		`<Delete><Object><Key>a&amp;b</Key></Object><Object><Key><![CDATA[c]]></Key></Object><Quiet>true</Quiet></Delete>`,
		`<DistributionConfig xmlns="x"><Aliases><Quantity>1</Quantity><Items><CNAME>a</CNAME></Items></Aliases></DistributionConfig>`)
}

// FuzzResponses feeds bodies to the client's side of every protocol.
func FuzzResponses(f *testing.F) {
	f.Add(uint8(0), uint16(200), []byte(`{"Command":{"RequestedDateTime":1.5}}`))
	f.Add(uint8(1), uint16(400), []byte("\xa2f__typeaxgmessagead"))
	f.Add(uint8(2), uint16(404), []byte(`<ErrorResponse><Error><Code>a</Code><Message>b</Message></Error></ErrorResponse>`))
	f.Add(uint8(5), uint16(200), []byte(`<SendCommandResponse><Command><Status>x</Status></Command></SendCommandResponse>`))
	op := ssm.Service().Operation("SendCommand")
	protocols := []shape.Protocol{shape.JSON11, shape.CBOR, shape.Query, shape.EC2Query, shape.RestJSON, shape.RestXML}
	f.Fuzz(func(t *testing.T, which uint8, status uint16, body []byte) {
		resp := &http.Response{StatusCode: int(status), Header: http.Header{}, Body: (*stream2)(bytes.NewReader(body))}
		out, err := wire.For(protocols[int(which)%len(protocols)]).DecodeResponse(op, resp)
		if (err == nil) != (out != nil && reflect.TypeOf(out).Kind() == reflect.Pointer) {
			t.Errorf("%v with %v", out, err)
		}
	})
}

// stream2 is a reader that can be closed.
type stream2 bytes.Reader

func (s *stream2) Read(b []byte) (int, error) { return (*bytes.Reader)(s).Read(b) }
func (s *stream2) Close() error               { return nil }

func FuzzRouter(f *testing.F) {
	f.Add("GET", "/b/k?tagging", "", "", "", "s3", "")
	f.Add("POST", "/", "AmazonSSM.SendCommand", "", "application/x-amz-json-1.1", "ssm", "")
	f.Add("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "", "rpc-v2-cbor", "", "monitoring", "")
	f.Add("POST", "/", "", "", "application/x-www-form-urlencoded", "", "Action=GetCallerIdentity&Version=2011-06-15")
	f.Add("GET", "/2014-11-06/distribution/%2F/config", "", "", "", "cloudfront", "")
	f.Fuzz(func(t *testing.T, method, target, amzTarget, smithy, contentType, signing, body string) {
		r, err := http.NewRequest(method, "http://test"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("X-Amz-Target", amzTarget)
		r.Header.Set("Smithy-Protocol", smithy)
		r.Header.Set("Content-Type", contentType)
		m, err := router.Match(r, signing, func() ([]byte, error) { return []byte(body), nil })
		switch {
		case err == nil && (m.Operation == nil || m.Service == nil || m.Protocol == "" || m.Operation.Service != m.Service):
			t.Errorf("%+v without an error", m)
		case err != nil && awserr.As(err) == nil:
			t.Errorf("%v is no answer", err)
		case err != nil && m.Operation != nil:
			t.Errorf("%v with operation %s", err, m.Operation.Name)
		}
	})
}
