package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store/storetest"
)

const (
	textAccount = "000000000000"
	textMarker  = "\uE000"
)

// textValues are values of members by their names, so that calls come as far as
// they can. Structures are JSON.
var textValues = map[string]string{
	"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "ResourceArn": "arn:aws:sns:us-east-1:000000000000:t", "QueueUrl": "http://sqs.internal/000000000000/q",
	"events.ResourceARN": "arn:aws:events:us-east-1:000000000000:rule/r", "cloudwatch.ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a",
	"sns.Name": "t", "events.Name": "r", "Rule": "r", "QueueName": "q", "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:000000000000:q",
	"logGroupName": "g", "logStreamName": "s", "logGroupIdentifier": "g", "logs.resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:g",
	"Bucket": "bucket", "Key": "key", "CopySource": "/bucket/key", "AlarmName": "a", "DashboardName": "d", "DashboardBody": `{"widgets":[]}`,
	"MetricName": "m", "Namespace": "n", "Stat": "Sum", "StateReason": "r", "AlarmRule": `ALARM("a")`, "ComparisonOperator": "GreaterThanThreshold",
	"Statistic": "Sum", "Period": "60", "EvaluationPeriods": "1", "Threshold": "1", "EventPattern": `{"source":["x"]}`, "Arn": "arn:aws:sqs:us-east-1:000000000000:q",
	"Event":  `{"id":"1","account":"1","source":"x","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail-type":"x","detail":{}}`,
	"Source": "x", "DetailType": "x", "Detail": "{}", "queryString": "fields @message", "filterName": "f", "filterPattern": "x", "metricName": "m",
	"metricNamespace": "n", "metricValue": "1", "policyName": "p", "policyDocument": "{}", "Policy": "{}", "MetricWidget": `{"metrics":[["n","m"]]}`,
	"DataType": "String", "SubscriptionArn": "arn:aws:sns:us-east-1:000000000000:t:x", "Label": "l", "AWSAccountId": "000000000000", "ActionName": "Publish",
	"MetricDataQueries.Id": "m1", "Expression": "TIME_SERIES(1)", "arn": "arn:aws:logs:us-east-1:000000000000:log-group:g", "UploadId": "u",
	"StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-01T01:00:00Z",
}

// textInput makes an input of an operation: what is required, and the marker in
// one text of it, by its number.
type textInput struct {
	service   string
	n, target int
}

func (g *textInput) value(name string, s *shape.Shape, depth int) any {
	known, ok := textValues[g.service+"."+name]
	if !ok {
		known, ok = textValues[name]
	}
	switch s.Kind {
	case shape.String:
		switch g.n++; {
		case g.n == g.target:
			return textMarker
		case ok:
			return known
		case len(s.Enum) > 0:
			return s.Enum[0]
		}
		return "x"
	case shape.Structure, shape.Union:
		return g.structure(s, depth)
	case shape.List:
		return []any{g.value(name, s.Elem.Shape, depth+1)}
	case shape.Map:
		key := g.value("", s.Key.Shape, depth+1)
		return map[string]any{key.(string): g.value("", s.Value.Shape, depth+1)}
	case shape.Boolean:
		return false
	case shape.Integer, shape.Long, shape.Float, shape.Double:
		if ok {
			return json.RawMessage(known)
		}
		return max(1, deref(s.Min))
	case shape.Timestamp:
		if ok {
			return known
		}
		return time.Now().UTC().Format(time.RFC3339)
	}
	return []byte("x")
}

func deref(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

func (g *textInput) structure(s *shape.Shape, depth int) any {
	out := map[string]any{}
	if depth > 5 {
		return out
	}
	for _, m := range s.Members {
		if m.Shape.Streaming || m.Shape.Kind == shape.EventStream {
			continue
		}
		before := g.n
		v := g.value(m.Name, m.Shape, depth+1)
		if m.Required || before < g.target && g.target <= g.n {
			out[s.Type.Field(m.Field).Name] = v
		}
	}
	return out
}

// mark puts text where the marker stands.
func mark(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			mark(v.Elem(), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			mark(field, text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			mark(v.Index(i), text)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(k))
			mark(value, text)
			v.SetMapIndex(k, reflect.Value{})
			v.SetMapIndex(reflect.ValueOf(strings.ReplaceAll(k.String(), textMarker, text)).Convert(k.Type()), value)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(strings.ReplaceAll(v.String(), textMarker, text))
		}
	}
}

func (g textInput) of(t *testing.T, op *shape.Operation, text string) any {
	t.Helper()
	b, err := json.Marshal(g.structure(op.Input, 0))
	if err != nil {
		t.Fatal(err)
	}
	in := reflect.New(op.Input.Type)
	if err := json.Unmarshal(b, in.Interface()); err != nil {
		t.Fatalf("%s: %s: %v", op.Name, b, err)
	}
	mark(in, text)
	return in.Interface()
}

// furnish makes what the calls are about. What is there already stays.
func furnish(t *testing.T, a *app.App, root plane.Caller) {
	t.Helper()
	for _, one := range []struct{ service, operation, input string }{
		{"s3", "CreateBucket", `{"Bucket":"bucket"}`},
		{"s3", "PutObject", `{"Bucket":"bucket","Key":"key"}`},
		{"sns", "CreateTopic", `{"Name":"t"}`},
		{"sqs", "CreateQueue", `{"QueueName":"q"}`},
		{"logs", "CreateLogGroup", `{"LogGroupName":"g"}`},
		{"logs", "CreateLogStream", `{"LogGroupName":"g","LogStreamName":"s"}`},
		{"events", "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"x\"]}"}`},
		{"cloudwatch", "PutMetricAlarm", `{"AlarmName":"a","MetricName":"m","Namespace":"n","Statistic":"Sum","Period":60,"EvaluationPeriods":1,"Threshold":1,"ComparisonOperator":"GreaterThanThreshold"}`},
	} {
		for _, s := range all.Services() {
			if s.Name != one.service {
				continue
			}
			op := s.Operation(one.operation)
			in := reflect.New(op.Input.Type).Interface()
			if err := json.Unmarshal([]byte(one.input), in); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Plane().Invoke(t.Context(), root, op, in); err != nil && awserr.As(err).Status != 409 && !strings.Contains(awserr.As(err).Code, "Exists") {
				t.Fatalf("%s: %v", one.operation, err)
			}
		}
	}
}

// TestTextThatPostgresCannotHold puts NUL, and bytes that are no UTF-8, into
// every text of every operation: none is an internal failure.
func TestTextThatPostgresCannotHold(t *testing.T) {
	t.Parallel()
	cfg, _ := quiet(t)
	cfg.Database = storetest.PostgresURL(t)
	a, err := app.New(t.Context(), cfg, app.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.WithoutCancel(t.Context())) //nolint:errcheck // the test is over
	root := plane.RootCaller(textAccount, config.Default().Region)
	root.AccessKeyID = "test"
	for _, s := range all.Services() {
		for _, op := range s.Operations() {
			if !a.Plane().Implements(op) || op.Name == "StartLiveTail" {
				continue
			}
			whole := textInput{service: s.Name, target: -1}
			whole.structure(op.Input, 0)
			furnish(t, a, root)
			for n := range whole.n {
				for _, text := range []string{"x\x00y", "x\xffy"} {
					in := textInput{service: s.Name, target: n + 1}.of(t, op, text)
					_, err := a.Plane().Invoke(t.Context(), root, op, in)
					if e := awserr.As(err); err != nil && (e == nil || e.Status >= 500 && e.Status != 501) {
						t.Errorf("%s %s, text %d as %q: %v", s.Name, op.Name, n+1, text, errors.Unwrap(e))
					}
				}
			}
		}
	}
}
