package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/nepheletest"
)

// TestWaiters goes through every matcher and every way for a wait to end. Each
// letter is an answer; the last is repeated.
func TestWaiters(t *testing.T) {
	t.Parallel()
	function := func(state string) *http.Response {
		return answer(200, `{"Configuration":{"State":"`+state+`","LastUpdateStatus":"Successful"},"State":"`+state+`"}`)
	}
	balancers := func(states ...string) *http.Response {
		body := ""
		for _, s := range states {
			body += "<member><State><Code>" + s + "</Code></State></member>"
		}
		return answer(200, "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers>"+body+"</LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>")
	}
	alarms := func(body string) *http.Response {
		return answer(200, "<DescribeAlarmsResponse><DescribeAlarmsResult>"+body+"</DescribeAlarmsResult></DescribeAlarmsResponse>")
	}
	fault := func(status int, code string) *http.Response {
		return answer(status, "<ErrorResponse><Error><Code>"+code+"</Code><Message>no</Message></Error></ErrorResponse>")
	}
	bucket := map[string]any{"Bucket": "bucket"}
	name := map[string]any{"FunctionName": "f"}
	for what, tt := range map[string]struct {
		service, waiter string
		input           any
		answers         []any
		seconds         int // that it waits
		want            string
	}{
		"status":            {"s3", "bucket_exists", bucket, []any{answer(404, ""), answer(404, ""), answer(200, "")}, 10, ""},
		"forbidden":         {"s3", "BucketExists", bucket, []any{answer(403, "")}, 0, ""},
		"gone":              {"s3", "bucket-not-exists", bucket, []any{answer(200, ""), answer(404, "")}, 5, ""},
		"unexpected status": {"s3", "ObjectNotExists", map[string]any{"Bucket": "b", "Key": "k"}, []any{answer(400, "")}, 0, "Waiter ObjectNotExists failed: An error occurred (BadRequest) when calling the HeadObject operation: Bad Request"},
		"path":              {"lambda", "FunctionActiveV2", name, []any{function("Pending"), function("Active")}, 1, ""},
		"failure":           {"lambda", "FunctionActiveV2", name, []any{function("Pending"), function("Failed")}, 1, `Waiter FunctionActiveV2 failed: Waiter encountered a terminal failure state: For expression "Configuration.State" we matched expected path: "Failed"`},
		"all":               {"elbv2", "LoadBalancerAvailable", nil, []any{balancers("provisioning", "active"), balancers("active", "active")}, 15, ""},
		"all of none":       {"elbv2", "LoadBalancerAvailable", nil, []any{balancers(), balancers("active")}, 15, "Max attempts"},
		"error retried":     {"elbv2", "LoadBalancerAvailable", nil, []any{fault(400, "LoadBalancerNotFound"), balancers("active")}, 15, ""},
		"error succeeds":    {"elbv2", "LoadBalancersDeleted", nil, []any{balancers("active"), fault(400, "LoadBalancerNotFound")}, 15, ""},
		"error":             {"elbv2", "LoadBalancerAvailable", nil, []any{fault(400, "AccessDenied")}, 0, "Waiter LoadBalancerAvailable failed: An error occurred (AccessDenied)"},
		"function":          {"cloudwatch", "AlarmExists", nil, []any{alarms(""), alarms("<MetricAlarms><member><AlarmName>a</AlarmName></member></MetricAlarms>")}, 5, ""},
		"attempts":          {"s3", "ObjectExists", map[string]any{"Bucket": "b", "Key": "k"}, []any{answer(404, "")}, 19 * 5, "Waiter ObjectExists failed: Max attempts exceeded. Previously accepted state: Matched expected HTTP status code: 404"},
		"parameters":        {"s3", "BucketExists", nil, nil, 0, "Parameter validation failed"},
		"other codes":       {"iam", "UserExists", map[string]any{"UserName": "u"}, []any{fault(404, "NoSuchEntity"), answer(200, "<GetUserResponse><GetUserResult/></GetUserResponse>")}, 1, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, start := 0, time.Now()
				s := faked(t, func(*http.Request) (*http.Response, error) {
					a := tt.answers[min(n, len(tt.answers)-1)].(*http.Response)
					n++
					return &http.Response{StatusCode: a.StatusCode, Header: a.Header, Body: a.Body}, nil
				}, client.WithRegion("us-east-1"), client.WithMaxAttempts(1))
				opts := []client.ServiceOption{}
				if tt.service == "cloudwatch" {
					opts = append(opts, client.WithProtocol("query"))
				}
				w, err := clientOf(t, s, tt.service, opts...).Waiter(tt.waiter)
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.Wait(t.Context(), tt.input)
				switch {
				case what == "all of none":
					if err != nil {
						t.Error(err)
					}
				case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
					t.Errorf("have %v, want %s", err, tt.want)
				}
				if took := time.Since(start); took != time.Duration(tt.seconds)*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestWaitOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		s := faked(t, func(*http.Request) (*http.Response, error) {
			n++
			return answer(404, ""), nil
		}, client.WithRegion("us-east-1"))
		c := clientOf(t, s, "s3")
		if _, err := c.Waiter("bucket_sings"); err == nil || err.Error() != `unknown waiter "bucket_sings", valid: BucketExists, BucketNotExists, ObjectExists, ObjectNotExists` {
			t.Error(err)
		}
		w, err := c.Waiter("bucket_exists")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Wait(t.Context(), map[string]any{"Bucket": "b"}, client.WithDelay(time.Minute), client.WithAttempts(3))
		e, ok := errors.AsType[*client.WaiterError](err)
		if !ok || e.Attempts != 3 || n != 3 || time.Since(start) != 2*time.Minute || !client.HasCode(err, "NotFound") {
			t.Errorf("%v after %d requests and %s", err, n, time.Since(start))
		}
	})
}

// TestWaitForReal waits for what another call makes meanwhile.
func TestWaitForReal(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	s3 := clientOf(t, s, "s3")
	call(t, s3, "CreateBucket", map[string]any{"Bucket": "bucket"})
	object := map[string]any{"Bucket": "bucket", "Key": "late"}
	done := make(chan error, 1)
	w, err := s3.Waiter("object_exists")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := w.Wait(t.Context(), object, client.WithDelay(10*time.Millisecond), client.WithAttempts(1000))
		done <- err
	}()
	call(t, s3, "PutObject", object)
	if err := <-done; err != nil {
		t.Error(err)
	}
	cw := clientOf(t, s, "cloudwatch")
	call(t, cw, "PutMetricAlarm", map[string]any{
		"AlarmName": "a", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
		"ComparisonOperator": "GreaterThanThreshold",
	})
	exists, err := cw.Waiter("alarm_exists")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exists.Wait(t.Context(), map[string]any{"AlarmNames": []string{"a"}}); err != nil || len(out["MetricAlarms"].([]any)) != 1 {
		t.Errorf("%v, %v", out, err)
	}
}
