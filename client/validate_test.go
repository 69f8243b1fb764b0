package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/client"
)

// TestParamErrors holds the words for each kind of problem. Nothing is sent.
func TestParamErrors(t *testing.T) {
	t.Parallel()
	s := faked(t, func(*http.Request) (*http.Response, error) {
		t.Error("a request is sent")
		return nil, errors.New("none")
	}, client.WithRegion("us-east-1"))
	for name, tt := range map[string]struct {
		service, operation string
		input              any
		want               []string
	}{
		"missing": {"sns", "CreateTopic", nil, []string{`Missing required parameter in input: "Name"`}},
		"unknown": {"sns", "CreateTopic", map[string]any{"Name": "n", "name": "m", "X": 1}, []string{
			`Unknown parameter in input: "X", must be one of: Name, Attributes, Tags, DataProtectionPolicy`,
			`Unknown parameter in input: "name", must be one of: Name, Attributes, Tags, DataProtectionPolicy`,
		}},
		"inside": {"sns", "CreateTopic", map[string]any{"Name": "n", "Tags": []any{map[string]any{"Key": "k"}, map[string]any{"Value": 1, "Key": ""}}}, []string{
			`Missing required parameter in Tags[0]: "Value"`,
			`Invalid length for parameter Tags[1].Key, value: 0, valid min length: 1`,
			`Invalid type for parameter Tags[1].Value, value: 1, type: number, valid types: string`,
		}},
		"types": {"synthetics", "CreateCanary", map[string]any{
			"Name": 7, "Code": "zip", "Schedule": map[string]any{"Expression": true}, "Tags": []string{"a"},
			"ResourcesToReplicateTags": "x", "RunConfig": map[string]any{"TimeoutInSeconds": 1.5, "ActiveTracing": "yes"},
			"ExecutionRoleArn": nil, "ArtifactS3Location": "s3://b", "RuntimeVersion": "v",
		}, []string{
			`Invalid type for parameter Name, value: 7, type: number, valid types: string`,
			`Invalid type for parameter Code, value: zip, type: string, valid types: map`,
			`Invalid type for parameter ExecutionRoleArn, value: <nil>, type: null, valid types: string`,
			`Invalid type for parameter Schedule.Expression, value: true, type: boolean, valid types: string`,
			`Invalid type for parameter RunConfig.TimeoutInSeconds, value: 1.5, type: number, valid types: integer`,
			`Invalid type for parameter RunConfig.ActiveTracing, value: yes, type: string, valid types: boolean`,
			`Invalid type for parameter ResourcesToReplicateTags, value: x, type: string, valid types: list`,
			`Invalid type for parameter Tags, value: [a], type: list, valid types: map`,
		}},
		"range": {"synthetics", "DescribeCanaries", map[string]any{"MaxResults": 0}, []string{
			`Invalid value for parameter MaxResults, value: 0, valid min value: 1`,
		}},
		"overflow": {"synthetics", "DescribeCanaries", map[string]any{"MaxResults": 1 << 40}, []string{
			`Invalid type for parameter MaxResults, value: 1099511627776, type: number, valid types: integer`,
		}},
		"time": {"cloudwatch", "PutMetricData", map[string]any{"Namespace": "n", "MetricData": []any{map[string]any{"MetricName": "m", "Timestamp": "soon", "Value": "1"}}}, []string{
			`Invalid type for parameter MetricData[0].Timestamp, value: soon, type: string, valid types: time, timestamp-string, seconds since 1970`,
			`Invalid type for parameter MetricData[0].Value, value: 1, type: string, valid types: number`,
		}},
		"path": {"s3", "GetObject", map[string]any{"Bucket": "", "Key": ""}, []string{
			`Invalid length for parameter Bucket, value: 0, valid min length: 1`,
			`Invalid length for parameter Key, value: 0, valid min length: 1`,
		}},
		"map key": {"sqs", "SendMessage", map[string]any{"QueueUrl": "u", "MessageBody": "b", "MessageAttributes": map[string]any{"a": map[string]any{}}}, []string{
			`Missing required parameter in MessageAttributes.a: "DataType"`,
		}},
		"stream": {"s3", "PutObject", map[string]any{"Bucket": "b", "Key": "k", "Body": 7}, []string{
			`Invalid type for parameter Body, value: 7, type: number, valid types: blob, string, stream`,
		}},
		"union": {"cloudwatch", "PutMetricStream", map[string]any{}, nil},
		"not JSON": {"sns", "CreateTopic", json.RawMessage(`{"Name": `), []string{
			`Invalid JSON received: unexpected EOF`,
		}},
		"two documents": {"sns", "CreateTopic", json.RawMessage(`{"Name": "a"} {}`), []string{
			`Invalid JSON received: there is text after the object`,
		}},
		"no base64": {"lambda", "PublishLayerVersion", json.RawMessage(`{"LayerName": "l", "Content": {"ZipFile": "???"}}`), []string{
			`Invalid type for parameter Content.ZipFile, value: ???, type: string, valid types: blob, string, stream`,
		}},
		"no map": {"sns", "CreateTopic", 5, []string{"Invalid type for parameter input, type: int, valid types: map, JSON, struct"}},
	} {
		_, err := clientOf(t, s, tt.service).Call(t.Context(), tt.operation, tt.input)
		e, ok := errors.AsType[*client.ParamError](err)
		if !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if tt.want != nil && !slices.Equal(e.Problems, tt.want) {
			t.Errorf("%s:\nhave %s\nwant %s", name, strings.Join(e.Problems, "\n     "), strings.Join(tt.want, "\n     "))
		}
	}
}

// TestInputForms sends the same request for every form of the same input.
func TestInputForms(t *testing.T) {
	t.Parallel()
	s, requests := recording(t, client.WithRegion("us-east-1"))
	cw := clientOf(t, s, "cloudwatch", client.WithProtocol("query"))
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	type name string
	type dimension struct{ Name, Value string }
	type datum struct {
		MetricName *name
		Timestamp  *time.Time
		Value      float32
		Dimensions []dimension
		Unit       *string
	}
	metric := name("m")
	for what, in := range map[string]any{
		"map": map[string]any{"Namespace": "n", "MetricData": []any{map[string]any{
			"MetricName": "m", "Timestamp": at, "Value": 2, "Dimensions": []map[string]string{{"Name": "a", "Value": "b"}},
		}}},
		"JSON": json.RawMessage(`{"Namespace": "n", "MetricData": [{"MetricName": "m", "Timestamp": 1714979289, "Value": 2.0, "Dimensions": [{"Name": "a", "Value": "b"}]}]}`),
		"text of a time": map[string]any{"Namespace": "n", "MetricData": []any{map[string]any{
			"MetricName": "m", "Timestamp": "2024-05-06T09:08:09+02:00", "Value": json.Number("2"), "Dimensions": [1]dimension{{"a", "b"}},
		}}},
		"struct": &struct {
			Namespace  string
			MetricData []datum
			Other      *int
		}{"n", []datum{{&metric, &at, 2, []dimension{{"a", "b"}}, nil}}, nil},
	} {
		// The answer is empty, which is beside the point.
		if _, err := cw.Call(t.Context(), "put_metric_data", in); err != nil && !strings.Contains(err.Error(), "unexpected end of XML") {
			t.Errorf("%s: %v", what, err)
		}
	}
	first := ""
	for _, r := range *requests {
		b, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		text := new(strings.Builder)
		buf := make([]byte, 4096)
		n, _ := b.Read(buf)
		text.Write(buf[:n])
		if first == "" {
			first = text.String()
		}
		if text.String() != first || !strings.Contains(first, "Timestamp=2024-05-06T07%3A08%3A09Z") {
			t.Errorf("have %s\nwant %s", text, first)
		}
	}
	if len(*requests) != 4 {
		t.Errorf("%d requests", len(*requests))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s, _ := recording(t)
	for name, want := range map[string]string{
		"s3": "s3", "s3api": "s3", "CloudWatch": "cloudwatch", "monitoring": "cloudwatch", "CloudWatch Logs": "logs", "cloudwatch-logs": "logs",
		"eventbridge": "events", "cognito-identity": "cognitoidentity", "elasticloadbalancing": "elb", "elb-v2": "elbv2",
		"Elastic Load Balancing v2": "elbv2", "secrets-manager": "secretsmanager", "simple storage service": "s3",
	} {
		if c, err := s.Client(name); err != nil || c.Service() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	_, err := s.Client("s4")
	if e, ok := errors.AsType[*client.NameError](err); !ok || e.Kind != "service" || len(e.Valid) != len(client.Services()) {
		t.Errorf("%v", err)
	}
	ssm := clientOf(t, s, "ssm")
	for _, name := range []string{"SendCommand", "send_command", "send-command", "sendcommand"} {
		if op, err := ssm.OperationName(name); err != nil || op != "SendCommand" {
			t.Errorf("%s: %s, %v", name, op, err)
		}
	}
	if _, err := ssm.Call(t.Context(), "SingCommand", nil); err == nil || !strings.HasPrefix(err.Error(), `unknown operation "SingCommand"`) {
		t.Error(err)
	}
	if _, err := s.Client("sqs", client.WithProtocol("rest-xml")); err == nil || err.Error() != `unknown protocol "rest-xml", valid: json, query` {
		t.Error(err)
	}
	if _, err := s.Client("sqs", client.AtEndpoint("nowhere")); err == nil {
		t.Error("a client at no URL is made")
	}
}

// TestSkeletons makes the skeleton of every operation, and finds nothing unknown
// and nothing of the wrong type in it.
func TestSkeletons(t *testing.T) {
	t.Parallel()
	s, _ := recording(t, client.WithEndpoint("http://127.0.0.1:1"), client.WithMaxAttempts(1))
	n := 0
	for _, name := range client.Services() {
		c := clientOf(t, s, name)
		for _, op := range c.Operations() {
			n++
			text, err := c.Skeleton(op)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Presign(t.Context(), op, json.RawMessage(text), client.Method("GET"))
			e, ok := errors.AsType[*client.ParamError](err)
			if !ok {
				continue
			}
			for _, p := range e.Problems {
				if strings.HasPrefix(p, "Unknown") || strings.HasPrefix(p, "Invalid type") {
					t.Errorf("%s:%s: %s", name, op, p)
				}
			}
		}
	}
	if n < 2000 {
		t.Errorf("only %d operations", n)
	}
}

// TestParams reads parameters as a command line has them.
func TestParams(t *testing.T) {
	t.Parallel()
	s, _ := recording(t)
	for _, tt := range []struct {
		service, operation, raw string
		params                  []string
		want                    string
	}{
		{"sns", "CreateTopic", `{"Name": "n"}`, []string{"name=m"}, `{"Name":"m"}`},
		{"sns", "CreateTopic", ``, []string{"Tags=Key=a,Value=b,c", "Tags=Key=d,Value=e=f"}, `{"Tags":[{"Key":"a","Value":"b,c"},{"Key":"d","Value":"e=f"}]}`},
		{"sns", "CreateTopic", ``, []string{`Tags=[{"Key":"a","Value":"b"}]`, "Tags.1.Key=d", "Tags[1].Value=e"}, `{"Tags":[{"Key":"a","Value":"b"},{"Key":"d","Value":"e"}]}`},
		{"sns", "CreateTopic", ``, []string{"Attributes.Display.Name=x", "Attributes=FifoTopic=true"}, `{"Attributes":{"FifoTopic":"true"}}`},
		{
			"synthetics", "CreateCanary", ``,
			[]string{"schedule.expression=rate(5 minutes)", "RunConfig.TimeoutInSeconds=60", "RunConfig.ActiveTracing=True", "Code.ZipFile=abc"},
			`{"Code":{"ZipFile":"YWJj"},"RunConfig":{"ActiveTracing":true,"TimeoutInSeconds":60},"Schedule":{"Expression":"rate(5 minutes)"}}`,
		},
		{"synthetics", "CreateCanary", `{"Code": {"ZipFile": "YWJj"}}`, nil, `{"Code":{"ZipFile":"YWJj"}}`},
		{"cloudwatch", "DescribeAlarms", ``, []string{"AlarmNames=a,b", "AlarmNames=c", "MaxRecords=x", "Nope=1"}, `{"AlarmNames":["a","b","c"],"MaxRecords":"x","Nope":"1"}`},
	} {
		var list []client.Param
		for _, p := range tt.params {
			path, value, _ := strings.Cut(p, "=")
			list = append(list, client.Param{Path: path, Value: value})
		}
		in, err := clientOf(t, s, tt.service).Params(tt.operation, json.RawMessage(tt.raw), list...)
		have, _ := json.Marshal(in)
		if err != nil || string(have) != tt.want {
			t.Errorf("%v: have %s, %v\nwant %s", tt.params, have, err, tt.want)
		}
	}
	for _, bad := range []string{"Tags.2.Key=a", "Tags.x.Key=a", "Tags=[", "Tags=[] x", "Tags=plain", "Name.inner=1"} {
		path, value, _ := strings.Cut(bad, "=")
		if in, err := clientOf(t, s, "sns").Params("CreateTopic", nil, client.Param{Path: path, Value: value}); err == nil {
			t.Errorf("%s gives %v", bad, in)
		}
	}
}
