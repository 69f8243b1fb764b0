package client_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/nepheletest"
)

// TestPaging pages through what services really hold.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	call(t, clientOf(t, s, "s3"), "CreateBucket", map[string]any{"Bucket": "bucket"})
	for _, tt := range []struct {
		service, make, name, list string
		fixed, input              map[string]any
		query                     string
	}{
		{"s3", "PutObject", "Key", "ListObjectsV2", map[string]any{"Bucket": "bucket"}, map[string]any{"Bucket": "bucket"}, "Contents[].Key"},
		{"s3", "PutObject", "Key", "ListObjects", map[string]any{"Bucket": "bucket"}, map[string]any{"Bucket": "bucket"}, "Contents[].Key"},
		{"sqs", "CreateQueue", "QueueName", "ListQueues", nil, nil, "QueueUrls[?contains(@, 'item')]"},
		{"logs", "CreateLogGroup", "logGroupName", "DescribeLogGroups", nil, nil, "logGroups[].logGroupName"},
		{"cloudwatch", "PutMetricAlarm", "AlarmName", "DescribeAlarms", map[string]any{
			"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
			"ComparisonOperator": "GreaterThanThreshold",
		}, nil, "MetricAlarms[].AlarmName"},
		{"iam", "CreateUser", "UserName", "ListUsers", nil, nil, "Users[].UserName"},
	} {
		c := clientOf(t, s, tt.service)
		var want []string
		for i := range 5 {
			in := map[string]any{tt.name: fmt.Sprint("item", i)}
			maps.Copy(in, tt.fixed)
			call(t, c, tt.make, in)
			want = append(want, fmt.Sprint("item", i))
		}
		p, err := c.Paginator(tt.list)
		if err != nil {
			t.Fatal(err)
		}
		pages := 0
		for _, err := range p.Paginate(tt.input, client.PageSize(2)).All(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", tt.service, err)
			}
			pages++
		}
		var have []string
		for v, err := range p.Paginate(tt.input, client.PageSize(2)).Search(t.Context(), tt.query) {
			if err != nil {
				t.Fatalf("%s: %v", tt.service, err)
			}
			have = append(have, v.(string)[len(v.(string))-5:])
		}
		if pages != 3 || !slices.Equal(have, want) {
			t.Errorf("%s: %v on %d pages, want %v on 3", tt.service, have, pages, want)
		}
		checkResume(t, p, tt.input)
	}
}

// checkResume lists three items, and the other two from where that ended.
func checkResume(t *testing.T, p *client.Paginator, input any) {
	t.Helper()
	var counts []int
	token := ""
	for range 3 {
		pages := p.Paginate(input, client.PageSize(2), client.MaxItems(3), client.StartingToken(token))
		n := 0
		for _, err := range pages.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		counts = append(counts, n)
		if token = pages.ResumeToken(); token == "" {
			break
		}
	}
	if !slices.Equal(counts, []int{3, 2}) {
		t.Errorf("%v: %v, want 3 and 2", p.ResultKeys(), counts)
	}
}

func TestCanPaginate(t *testing.T) {
	t.Parallel()
	s, _ := recording(t)
	for name, want := range map[string]bool{"ListTopics": true, "list_topics": true, "list-topics": true, "Publish": false, "Sing": false} {
		if have := clientOf(t, s, "sns").CanPaginate(name); have != want {
			t.Errorf("%s: %v", name, have)
		}
	}
	if _, err := clientOf(t, s, "sns").Paginator("Publish"); !errors.Is(err, client.ErrNotPageable) {
		t.Error(err)
	}
	p, err := clientOf(t, s, "s3").Paginator("ListObjectsV2")
	if err != nil || !p.PagesItself(map[string]any{"MaxKeys": 1}) || p.PagesItself(map[string]any{"Prefix": "p"}) {
		t.Errorf("%v", err)
	}
}
