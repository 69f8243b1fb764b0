package validate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/validate"
	"nephele.dev/nephele/internal/wire"
)

// Whatever the wire can bring, validation answers in bounded words, and its
// words for the log hold what it says to the caller and no value.
func FuzzDecoded(f *testing.F) {
	ops := []*shape.Operation{
		synthetics.Service().Operation("CreateCanary"), synthetics.Service().Operation("UpdateCanary"),
		ssm.Service().Operation("SendCommand"), ssm.Service().Operation("PutParameter"),
		logs.Service().Operation("PutLogEvents"), cloudwatch.Service().Operation("PutMetricData"),
		lambda.Service().Operation("CreateFunction"),
	}
	for i, s := range []string{
		`{"Name":"NO","RunConfig":{"EnvironmentVariables":{"a b":"hush"}},"Tags":{"":null}}`,
		`{"Schedule":{},"VpcConfig":{"SubnetIds":[null,""]}}`,
		`{"Targets":[{"Key":""}],"Parameters":{"k":["v"]}}`,
		`{"Name":"` + strings.Repeat("x", 5000) + `","Value":"hush","Type":"x"}`,
		`{"logEvents":[{"timestamp":-1}]}`,
		`{"MetricData":[{"StorageResolution":0,"Dimensions":[{}]}]}`,
		`{"Environment":{"Variables":{"1":"hush"}}}`,
	} {
		f.Add(uint8(i), []byte(s))
	}
	codec := wire.New(shape.RestJSON, wire.Limits{MaxMembers: 1 << 16})
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		op := ops[int(which)%len(ops)]
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		in, err := codec.DecodeRequest(op, &wire.Request{HTTP: r, Labels: map[string]string{"name": "label"}, Body: body})
		if err != nil {
			return
		}
		err = validate.Decoded(op, in.Value, in.Missing)
		if err == nil {
			return
		}
		e := awserr.As(err)
		if e == nil || e.Status != http.StatusBadRequest || len(e.Message) > 1<<20 {
			t.Fatalf("%v is no answer, or too long a one", err)
		}
		log := validate.ForLog(op, in.Value, in.Missing, true)
		if said, _, _ := strings.Cut(e.Message, " detected: "); !strings.HasPrefix(log, said) {
			t.Errorf("%q is logged as %q", e.Message, log)
		}
		if strings.Contains(log, "Value '") {
			t.Errorf("a value is logged: %q", log)
		}
	})
}
