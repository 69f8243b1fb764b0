package wire_test

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/rum"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// TestMissing collects what is required and absent, wherever it is.
func TestMissing(t *testing.T) {
	t.Parallel()
	put := cloudwatch.Service().Operation("PutMetricData")
	for _, c := range []struct {
		name     string
		protocol shape.Protocol
		op       *shape.Operation
		body     string
		want     []string
	}{
		{"top level", shape.JSON11, ssm.Service().Operation("SendCommand"), `{}`, []string{"documentName"}},
		{"empty body", shape.JSON11, ssm.Service().Operation("SendCommand"), ``, []string{"documentName"}},
		{"null is absent", shape.JSON11, ssm.Service().Operation("SendCommand"), `{"DocumentName":null}`, []string{"documentName"}},
		{"unknown members do not count", shape.JSON11, ssm.Service().Operation("SendCommand"), `{"documentName":"x","Zzz":[1,{"a":null}]}`, []string{"documentName"}},
		{"in a list", shape.JSON11, ssm.Service().Operation("AddTagsToResource"), `{"ResourceType":"Document","ResourceId":"x","Tags":[{"Key":"a","Value":"b"},{"Value":"c"}]}`, []string{"tags.2.member.key"}},
		{"null in a list", shape.JSON11, ssm.Service().Operation("DeleteParameters"), `{"Names":["a",null]}`, []string{"names.2.member"}},
		{"nested", shape.RestJSON, synthetics.Service().Operation("CreateCanary"), `{"Name":"a","Code":{},"ExecutionRoleArn":"r","Schedule":{},"RuntimeVersion":"v"}`, []string{"artifactS3Location", "schedule.expression"}},
		{"query", shape.Query, put, `Action=PutMetricData&MetricData.member.1.Value=1&MetricData.member.7.MetricName=b&MetricData.member.7.Dimensions.member.1.Name=x`, []string{"metricData.1.member.metricName", "metricData.2.member.dimensions.1.member.value", "namespace"}},
		{"cbor", shape.CBOR, put, "\xa1jMetricData\x81\xa0", []string{"metricData.1.member.metricName", "namespace"}},
		{"ec2", shape.EC2Query, ec2.Service().Operation("TerminateInstances"), `Action=TerminateInstances`, []string{"instanceIds"}},
		{"rum", shape.RestJSON, rum.Service().Operation("PutRumEvents"), `{"BatchId":"b","AppMonitorDetails":{},"UserDetails":{},"RumEvents":[{"id":"1","timestamp":1,"details":"{}"}]}`, []string{"id", "rumEvents.1.member.type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in, err := decode(t, c.protocol, c.op, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, in.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMissingPayload reports a structure that is the whole body, and what it
// lacks.
func TestMissingPayload(t *testing.T) {
	t.Parallel()
	op := s3.Service().Operation("PutBucketTagging")
	for body, want := range map[string][]string{
		"":           {"tagging"},
		"<Tagging/>": {"tagging.tagSet"},
		"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>": {"tagging.tagSet.1.member.value"},
	} {
		in, err := wire.For(shape.RestXML).DecodeRequest(op, &wire.Request{
			HTTP: httptest.NewRequest("PUT", "/b?tagging", nil), Labels: map[string]string{"Bucket": "b"}, Body: []byte(body),
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, in.Missing); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}
