package s3_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/s3"
)

const (
	topicARN = "arn:aws:sns:us-east-1:000000000000:topic"
	queueARN = "arn:aws:sqs:us-east-1:000000000000:queue"
)

func filter(prefix, suffix string) *api.NotificationConfigurationFilter {
	name := func(n string) *api.FilterRuleName { return new(api.FilterRuleName(n)) }
	return &api.NotificationConfigurationFilter{Key: &api.S3KeyFilter{FilterRules: []*api.FilterRule{
		{Name: name("Prefix"), Value: &prefix}, {Name: name("Suffix"), Value: &suffix},
	}}}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		put := func(c *api.NotificationConfiguration) error {
			_, err := w.PutBucketNotificationConfiguration(ctx, &api.PutBucketNotificationConfigurationInput{Bucket: "bucket", NotificationConfiguration: c})
			return err
		}
		config := &api.NotificationConfiguration{
			TopicConfigurations:      []*api.TopicConfiguration{{TopicArn: topicARN, Events: []api.Event{"s3:ObjectCreated:*"}, Filter: filter("in/", ".txt")}},
			QueueConfigurations:      []*api.QueueConfiguration{{Id: new("q"), QueueArn: queueARN, Events: []api.Event{"s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"}}},
			EventBridgeConfiguration: &api.EventBridgeConfiguration{},
		}
		if err := put(config); err != nil {
			t.Fatal(err)
		}
		tests := w.told.take(t, 2)
		if got := tests["queue"][0].body["Event"]; got != "s3:TestEvent" || len(tests["topic"]) != 1 {
			t.Fatalf("test events: %v", tests)
		}

		w.put(t, "bucket", "in/a b+é.txt", "hello")
		got := w.told.take(t, 2)
		record := got["topic"][0].body["Records"].([]any)[0].(map[string]any)
		entity := record["s3"].(map[string]any)
		object := entity["object"].(map[string]any)
		if object["key"] != "in/a+b%2B%C3%A9.txt" || object["size"] != float64(5) || object["eTag"] != "5d41402abc4b2a76b9719d911017c592" ||
			record["eventName"] != "ObjectCreated:Put" || record["eventVersion"] != "2.1" || record["awsRegion"] != "us-east-1" || object["sequencer"] == "" {
			t.Errorf("record %v", record)
		}
		detail := got["bus"][0]
		if detail.kind != "Object Created" || detail.body["reason"] != "PutObject" ||
			detail.body["object"].(map[string]any)["key"] != "in/a b+é.txt" || detail.body["requester"] != account {
			t.Errorf("detail %v", detail)
		}

		w.put(t, "bucket", "out/a.txt", "hello") // matches no filter
		if got := w.told.take(t, 1); got["bus"][0].kind != "Object Created" {
			t.Errorf("told %v", got)
		}
		must(w.PutObjectTagging(ctx, &api.PutObjectTaggingInput{Bucket: "bucket", Key: "out/a.txt", Tagging: &api.Tagging{TagSet: []*api.Tag{{Key: "k", Value: "v"}}}}))(t)
		must(w.DeleteObjectTagging(ctx, &api.DeleteObjectTaggingInput{Bucket: "bucket", Key: "out/a.txt"}))(t)
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "out/a.txt"}))(t)
		got = w.told.take(t, 6)
		var names, kinds []string
		for _, m := range got["queue"] {
			names = append(names, m.body["Records"].([]any)[0].(map[string]any)["eventName"].(string))
		}
		for _, m := range got["bus"] {
			kinds = append(kinds, m.kind)
		}
		slices.Sort(names)
		slices.Sort(kinds)
		if d := cmp.Diff(names, []string{"ObjectRemoved:Delete", "ObjectTagging:Delete", "ObjectTagging:Put"}); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(kinds, []string{"Object Deleted", "Object Tags Added", "Object Tags Deleted"}); d != "" {
			t.Error(d)
		}

		have := must(w.GetBucketNotificationConfiguration(ctx, &api.GetBucketNotificationConfigurationInput{Bucket: "bucket"}))(t)
		if have.EventBridgeConfiguration == nil || *have.QueueConfigurations[0].Id != "q" || *have.TopicConfigurations[0].Id == "" ||
			!cmp.Equal(have.TopicConfigurations[0].Filter, filter("in/", ".txt")) {
			t.Errorf("configuration %v", have)
		}
		if err := put(&api.NotificationConfiguration{}); err != nil {
			t.Fatal(err)
		}
		w.put(t, "bucket", "in/c.txt", "silent")
		if have := must(w.GetBucketNotificationConfiguration(ctx, &api.GetBucketNotificationConfigurationInput{Bucket: "bucket"}))(t); have.TopicConfigurations != nil {
			t.Errorf("configuration %v", have)
		}
	})
}

func TestNotificationRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		queue := func(arn string, f *api.NotificationConfigurationFilter, events ...api.Event) *api.QueueConfiguration {
			return &api.QueueConfiguration{QueueArn: arn, Events: events, Filter: f}
		}
		queues := func(q ...*api.QueueConfiguration) *api.NotificationConfiguration {
			return &api.NotificationConfiguration{QueueConfigurations: q}
		}
		all := api.Event("s3:ObjectCreated:*")
		for _, c := range []struct {
			name, code string
			status     int
			text       string
			config     *api.NotificationConfiguration
		}{
			{"no body", "MalformedXML", 400, "", nil},
			{"no such queue", "InvalidArgument", 400, "Unable to validate the following destination configurations", queues(queue("arn:aws:sqs:us-east-1:000000000000:other", nil, all))},
			{"a fifo", "InvalidArgument", 400, "Unable to validate", queues(queue(queueARN+".fifo", nil, all))},
			{"elsewhere", "InvalidArgument", 400, "region is not valid", queues(queue("arn:aws:sqs:eu-west-1:000000000000:queue", nil, all))},
			{"no arn", "InvalidArgument", 400, "could not be parsed", queues(queue("queue", nil, all))},
			{"no events", "MalformedXML", 400, "", queues(queue(queueARN, nil))},
			{"unknown event", "InvalidArgument", 400, "is not supported", queues(queue(queueARN, nil, "s3:Nothing"))},
			{"overlap", "InvalidArgument", 400, "Configurations overlap", queues(queue(queueARN, nil, all), queue(queueARN, filter("a", ""), "s3:ObjectCreated:Put"))},
			{"bad filter", "InvalidArgument", 400, "either prefix or suffix", queues(queue(queueARN, &api.NotificationConfigurationFilter{
				Key: &api.S3KeyFilter{FilterRules: []*api.FilterRule{{Name: new(api.FilterRuleName("middle")), Value: new("x")}}},
			}, all))},
			{"lambda", "NotImplemented", 501, "Lambda", &api.NotificationConfiguration{
				LambdaFunctionConfigurations: []*api.LambdaFunctionConfiguration{{LambdaFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f", Events: []api.Event{all}}},
			}},
		} {
			_, err := w.PutBucketNotificationConfiguration(t.Context(), &api.PutBucketNotificationConfigurationInput{Bucket: "bucket", NotificationConfiguration: c.config})
			if e := refused(t, c.code, c.status, err); !strings.Contains(e.Message, c.text) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		apart := queues(queue(queueARN, filter("a", "x"), all), queue(queueARN, filter("a", "y"), all), queue(queueARN, filter("b", ""), all))
		if _, err := w.PutBucketNotificationConfiguration(t.Context(), &api.PutBucketNotificationConfigurationInput{Bucket: "bucket", NotificationConfiguration: apart}); err != nil {
			t.Errorf("rules that do not overlap: %v", err)
		}
	})
}
