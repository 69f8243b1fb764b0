package sns

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// world has a topic of each kind, a subscription, and a call for each case.
type world struct {
	*bench
	topic, fifo, sub string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{bench: newBench(t, storetest.SQLite(t))}
	w.topic = w.bench.topic(t, "t", map[string]string{"DisplayName": "d"})
	w.fifo = w.bench.topic(t, "t.fifo", map[string]string{"FifoTopic": "true"})
	w.sub = w.subscribe(t, w.topic, "sqs", queueARN("q"), nil)
	return w
}

// refusal is an answer: "code status: message".
func refusal(err error) string {
	e := awserr.As(err)
	if e == nil {
		return "no answer"
	}
	return strings.TrimSpace(e.Code + ": " + e.Message)
}

func attr(dataType, value string) map[string]*api.MessageAttributeValue {
	return map[string]*api.MessageAttributeValue{"a": {DataType: dataType, StringValue: &value}}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	create := func(in api.CreateTopicInput) func() error {
		return func() error { _, err := w.client.CreateTopic(ctx, &in); return err }
	}
	setTopic := func(topic, name, value string) func() error {
		return func() error {
			_, err := w.client.SetTopicAttributes(ctx, &api.SetTopicAttributesInput{TopicArn: topic, AttributeName: name, AttributeValue: &value})
			return err
		}
	}
	subscribe := func(topic, protocol, endpoint string, attributes map[string]string) func() error {
		return func() error {
			_, err := w.client.Subscribe(ctx, &api.SubscribeInput{TopicArn: topic, Protocol: protocol, Endpoint: &endpoint, Attributes: attributes})
			return err
		}
	}
	setSub := func(name, value string) func() error {
		return func() error {
			_, err := w.client.SetSubscriptionAttributes(ctx, &api.SetSubscriptionAttributesInput{SubscriptionArn: w.sub, AttributeName: name, AttributeValue: &value})
			return err
		}
	}
	publish := func(in api.PublishInput) func() error {
		return func() error {
			if in.TopicArn == nil && in.TargetArn == nil && in.PhoneNumber == nil {
				in.TopicArn = &w.topic
			}
			_, err := w.client.Publish(ctx, &in)
			return err
		}
	}
	batch := func(entries ...*api.PublishBatchRequestEntry) func() error {
		return func() error {
			_, err := w.client.PublishBatch(ctx, &api.PublishBatchInput{TopicArn: w.topic, PublishBatchRequestEntries: append([]*api.PublishBatchRequestEntry{}, entries...)})
			return err
		}
	}
	entry := func(id, text string) *api.PublishBatchRequestEntry {
		return &api.PublishBatchRequestEntry{Id: id, Message: text}
	}
	missing := w.topic + "x"
	before := w.dump(t)
	for name, tt := range map[string]struct {
		call func() error
		want string
	}{
		"name":                 {create(api.CreateTopicInput{Name: "a b"}), "InvalidParameter: Invalid parameter: Topic Name"},
		"long name":            {create(api.CreateTopicInput{Name: strings.Repeat("x", 257)}), "InvalidParameter: Invalid parameter: Topic Name"},
		"fifo by name alone":   {create(api.CreateTopicInput{Name: "x.fifo"}), "InvalidParameter: Invalid parameter: Topic Name"},
		"fifo by attribute":    {create(api.CreateTopicInput{Name: "x", Attributes: map[string]string{"FifoTopic": "true"}}), "InvalidParameter: Invalid parameter: Fifo Topic names must end with .fifo"},
		"unknown attribute":    {create(api.CreateTopicInput{Name: "x", Attributes: map[string]string{"Colour": "red"}}), "InvalidParameter: Invalid parameter: AttributeName"},
		"dedup of standard":    {create(api.CreateTopicInput{Name: "x", Attributes: map[string]string{"ContentBasedDeduplication": "true"}}), "InvalidParameter: Invalid parameter: Content-based deduplication can only be set for FIFO topics"},
		"other attributes":     {create(api.CreateTopicInput{Name: "t", Attributes: map[string]string{"DisplayName": "e"}}), "InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes"},
		"other tags":           {create(api.CreateTopicInput{Name: "t", Tags: []*api.Tag{{Key: "a", Value: "b"}}}), "InvalidParameter: Invalid parameter: Tags Reason: Topic already exists with different tags"},
		"tag twice":            {create(api.CreateTopicInput{Name: "x", Tags: []*api.Tag{{Key: "a"}, {Key: "a"}}}), "InvalidParameter: Invalid parameter: Duplicated keys are not allowed."},
		"archive":              {setTopic(w.fifo, "ArchivePolicy", `{"MessageRetentionPeriod":1}`), "NotImplemented: "},
		"feedback":             {setTopic(w.topic, "HTTPFailureFeedbackRoleArn", "arn:aws:iam::123456789012:role/r"), "NotImplemented: "},
		"tracing":              {setTopic(w.topic, "TracingConfig", "Active"), "NotImplemented: "},
		"signature version":    {setTopic(w.topic, "SignatureVersion", "3"), "InvalidParameter: Invalid parameter: SignatureVersion"},
		"policy":               {setTopic(w.topic, "Policy", "no"), "InvalidParameter: Invalid parameter: Policy Error: null"},
		"retries":              {setTopic(w.topic, "DeliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}`), "InvalidParameter: Invalid parameter: DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100"},
		"retries overflow":     {setTopic(w.topic, "DeliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"numNoDelayRetries":9223372036854775807,"numMinDelayRetries":9223372036854775807}}}`), "InvalidParameter: Invalid parameter: DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries must be greater than or equal to the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries"},
		"retries too long":     {setTopic(w.topic, "DeliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"numRetries":100,"minDelayTarget":100,"maxDelayTarget":100}}}`), "InvalidParameter: Invalid parameter: DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries: the delays"},
		"delivery policy":      {setTopic(w.topic, "DeliveryPolicy", `{"https":{}}`), "InvalidParameter: Invalid parameter: DeliveryPolicy: Unexpected JSON member: https"},
		"no topic":             {setTopic(missing, "DisplayName", "x"), "NotFound: Topic does not exist"},
		"no ARN":               {setTopic("t", "DisplayName", "x"), "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		"another region":       {setTopic("arn:aws:sns:us-east-1:123456789012:t", "DisplayName", "x"), "InvalidParameter: Invalid parameter: TopicArn"},
		"protocol":             {subscribe(w.topic, "pigeon", "x", nil), "InvalidParameter: Invalid parameter: Amazon SNS does not support this protocol string: pigeon"},
		"lambda":               {subscribe(w.topic, "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:f", nil), "NotImplemented: "},
		"sms":                  {subscribe(w.topic, "sms", "+15555550100", nil), "NotImplemented: "},
		"queue URL":            {subscribe(w.topic, "sqs", "http://localhost/123456789012/q", nil), "InvalidParameter: Invalid parameter: SQS endpoint ARN"},
		"fifo queue":           {subscribe(w.topic, "sqs", queueARN("q.fifo"), nil), "InvalidParameter: Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"},
		"http to fifo":         {subscribe(w.fifo, "http", "http://x.test/", nil), "InvalidParameter: Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"},
		"scheme":               {subscribe(w.topic, "https", "http://x.test/", nil), "InvalidParameter: Invalid parameter: Endpoint must match the specified protocol"},
		"mail address":         {subscribe(w.topic, "email", "nobody", nil), "InvalidParameter: Invalid parameter: Email address"},
		"subscribe to nothing": {subscribe(missing, "sqs", queueARN("q"), nil), "NotFound: Topic does not exist"},
		"raw mail":             {subscribe(w.topic, "email", "a@example.com", map[string]string{"RawMessageDelivery": "true"}), "InvalidParameter: Invalid parameter: Attributes Reason: RawMessageDelivery: Delivery protocol [email]"},
		"subscribed otherwise": {subscribe(w.topic, "sqs", queueARN("q"), map[string]string{"RawMessageDelivery": "true"}), "InvalidParameter: Invalid parameter: Attributes Reason: Subscription already exists with different attributes"},
		"filter policy":        {setSub("FilterPolicy", `{"a":"b"}`), "InvalidParameter: Invalid parameter: FilterPolicy: "},
		"filter keys":          {setSub("FilterPolicy", `{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}`), "InvalidParameter: Invalid parameter: FilterPolicy: "},
		"filter scope":         {setSub("FilterPolicyScope", "Everything"), "InvalidParameter: Invalid parameter: FilterPolicyScope: Invalid value [Everything]. Please use either MessageBody or MessageAttributes"},
		"redrive policy":       {setSub("RedrivePolicy", "x"), "InvalidParameter: Invalid parameter: RedrivePolicy: failed to parse JSON."},
		"redrive target":       {setSub("RedrivePolicy", `{"deadLetterTargetArn":"q"}`), "InvalidParameter: Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"},
		"delivery to a queue":  {setSub("DeliveryPolicy", phases), "InvalidParameter: Invalid parameter: DeliveryPolicy: Delivery protocol [sqs]"},
		"replay":               {setSub("ReplayPolicy", "{}"), "NotImplemented: "},
		"attribute":            {setSub("Colour", "red"), "InvalidParameter: Invalid parameter: AttributeName"},
		"nowhere":              {publish(api.PublishInput{TargetArn: new("x"), Message: "m"}), "InvalidParameter: Invalid parameter: TargetArn Reason: An ARN must have at least 6 elements, not 1"},
		"phone":                {publish(api.PublishInput{PhoneNumber: new("+15555550100"), Message: "m"}), "NotImplemented: "},
		"publish to nothing":   {publish(api.PublishInput{TopicArn: &missing, Message: "m"}), "NotFound: Topic does not exist"},
		"empty":                {publish(api.PublishInput{}), "InvalidParameter: Invalid parameter: Empty message"},
		"too long":             {publish(api.PublishInput{Message: strings.Repeat("x", maxMessage-5), MessageAttributes: attr("String", "vw")}), "InvalidParameter: Invalid parameter: Message too long"},
		"subject":              {publish(api.PublishInput{Message: "m", Subject: new("a\nb")}), "InvalidParameter: Invalid parameter: Subject"},
		"long subject":         {publish(api.PublishInput{Message: "m", Subject: new(strings.Repeat("x", 101))}), "InvalidParameter: Invalid parameter: Subject"},
		"structure":            {publish(api.PublishInput{Message: "m", MessageStructure: new("json")}), "InvalidParameter: Invalid parameter: Message Structure - JSON message body failed to parse"},
		"no default":           {publish(api.PublishInput{Message: `{"sqs":"m"}`, MessageStructure: new("json")}), "InvalidParameter: Invalid parameter: Message Structure - No default entry in JSON message body"},
		"attribute type":       {publish(api.PublishInput{Message: "m", MessageAttributes: attr("Colour", "red")}), "ParameterValueInvalid: The message attribute 'a' has an invalid message attribute type"},
		"attribute value":      {publish(api.PublishInput{Message: "m", MessageAttributes: attr("String", "")}), "ParameterValueInvalid: The message attribute 'a' must contain non-empty message attribute value"},
		"attribute field":      {publish(api.PublishInput{Message: "m", MessageAttributes: attr("Binary", "x")}), "ParameterValueInvalid: The message attribute 'a' with type 'Binary' must use field 'Binary'."},
		"attribute number":     {publish(api.PublishInput{Message: "m", MessageAttributes: attr("Number", "x")}), "ParameterValueInvalid: Could not cast message attribute 'a' value to number."},
		"dedup id of standard": {publish(api.PublishInput{Message: "m", MessageDeduplicationId: new("x")}), "InvalidParameter: Invalid parameter: MessageDeduplicationId Reason: "},
		"no group":             {publish(api.PublishInput{TopicArn: &w.fifo, Message: "m"}), "InvalidParameter: Invalid parameter: The MessageGroupId parameter is required for FIFO topics"},
		"no dedup id":          {publish(api.PublishInput{TopicArn: &w.fifo, Message: "m", MessageGroupId: new("g")}), "InvalidParameter: Invalid parameter: The topic should either have ContentBasedDeduplication enabled"},
		"empty batch":          {batch(), "EmptyBatchRequest: The batch request doesn't contain any entries."},
		"same ids":             {batch(entry("a", "m"), entry("a", "m")), "BatchEntryIdsNotDistinct: Two or more batch entries in the request have the same Id."},
		"bad id":               {batch(entry("a b", "m")), "InvalidBatchEntryId: The Id of a batch entry"},
		"long batch":           {batch(entry("a", strings.Repeat("x", maxMessage)), entry("b", "y")), "BatchRequestTooLong: The length of all the messages put together is more than the limit."},
		"large batch":          {batch(slicesOf(11, entry)...), "TooManyEntriesInBatchRequest: The batch request contains more entries than permissible."},
	} {
		if got := refusal(tt.call()); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if d := cmp.Diff(before, w.dump(t)); d != "" {
		t.Errorf("something has changed: %s", d)
	}
}

func slicesOf(n int, entry func(id, text string) *api.PublishBatchRequestEntry) (out []*api.PublishBatchRequestEntry) {
	for i := range n {
		out = append(out, entry(string(rune('a'+i)), "m"))
	}
	return out
}

// dump is everything that the service has written.
func (w *world) dump(t *testing.T) (rows []string) {
	t.Helper()
	err := w.db.View(t.Context(), func(tx *store.Tx) (err error) {
		rows, err = store.All(store.Query(tx, store.Scan1[string], `select id || doc from resource where kind = 'sns.topic'
			union all select id || state || doc from sns_subscription union all select id || doc from sns_delivery
			union all select kind || key from work union all select message from sns_dedup order by 1`))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	add := func(label string, accounts, actions []string) error {
		_, err := w.client.AddPermission(t.Context(), &api.AddPermissionInput{TopicArn: w.topic, Label: label, AWSAccountId: accounts, ActionName: actions})
		return err
	}
	remove := func(label string) error {
		_, err := w.client.RemovePermission(t.Context(), &api.RemovePermissionInput{TopicArn: w.topic, Label: label})
		return err
	}
	policy := func() string {
		out, err := w.client.GetTopicAttributes(t.Context(), &api.GetTopicAttributesInput{TopicArn: w.topic})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes["Policy"]
	}
	before := policy()
	if err := add("one", []string{"111111111111"}, []string{"Publish"}); err != nil {
		t.Fatal(err)
	}
	if err := add("two", []string{"111111111111", "222222222222"}, []string{"Publish", "Subscribe"}); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSuffix(before, "]}") +
		`,{"Sid":"one","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SNS:Publish","Resource":"` + w.topic + `"},` +
		`{"Sid":"two","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::222222222222:root"]},` +
		`"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"` + w.topic + `"}]}`
	if d := cmp.Diff(decoded(t, want), decoded(t, policy())); d != "" {
		t.Error(d)
	}
	if got := refusal(add("one", []string{"111111111111"}, []string{"Publish"})); got != "InvalidParameter: Invalid parameter: Statement already exists" {
		t.Error(got)
	}
	if got := refusal(add("three", []string{"111111111111"}, []string{"Fly"})); got != "InvalidParameter: Invalid parameter: Policy statement action out of service scope!" {
		t.Error(got)
	}
	if err := remove("one"); err != nil {
		t.Fatal(err)
	}
	if err := remove("two"); err != nil {
		t.Fatal(err)
	}
	if got := refusal(remove("two")); got != "InvalidParameter: Invalid parameter: Statement not found" {
		t.Error(got)
	}
	if d := cmp.Diff(decoded(t, before), decoded(t, policy())); d != "" {
		t.Error(d)
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
