package sns_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// user drives a server from outside.
type user struct {
	*nepheletest.Server
	sns *sns.Client
	sqs *sqs.Client
}

// each runs f on servers with each database.
func each(t *testing.T, f func(t *testing.T, u *user), options ...nepheletest.Option) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		o := options
		if c.URL != "" {
			o = append([]nepheletest.Option{nepheletest.WithPostgres(c.URL)}, options...)
		}
		s := nepheletest.Start(t, o...)
		f(t, &user{s, sns.NewFromConfig(s.Config), sqs.NewFromConfig(s.Config)})
	})
}

func (u *user) topic(t *testing.T, in *sns.CreateTopicInput) string {
	t.Helper()
	out, err := u.sns.CreateTopic(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.TopicArn
}

// queue makes a queue and returns its URL and ARN.
func (u *user) queue(t *testing.T, name string) (url, arn string) {
	t.Helper()
	in := &sqs.CreateQueueInput{QueueName: &name}
	if strings.HasSuffix(name, ".fifo") {
		in.Attributes = map[string]string{"FifoQueue": "true"}
	}
	out, err := u.sqs.CreateQueue(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl, "arn:aws:sqs:us-east-1:000000000000:" + name
}

func (u *user) subscribe(t *testing.T, topic, protocol, endpoint string, attributes map[string]string) string {
	t.Helper()
	out, err := u.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes, ReturnSubscriptionArn: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SubscriptionArn
}

// receive takes one message out of a queue.
func (u *user) receive(t *testing.T, url string) sqstypes.Message {
	t.Helper()
	out, err := u.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%v, %v", out, err)
	}
	_, err = u.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages[0]
}

// notification is an envelope.
type notification struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp, Token, SubscribeURL string //nolint:revive // AWS's names
	SignatureVersion, Signature, SigningCertURL, UnsubscribeURL, SequenceNumber string
	MessageAttributes                                                           map[string]struct{ Type, Value string }
}

func parse(t *testing.T, body string) *notification {
	t.Helper()
	n := &notification{}
	if err := json.Unmarshal([]byte(body), n); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return n
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b
}

// verify checks a signature as the validators of AWS's SDKs do: certificate
// from the URL in the message, members in the order of their names.
func verify(t *testing.T, n *notification) {
	t.Helper()
	status, text := get(t, n.SigningCertURL)
	block, _ := pem.Decode(text)
	if status != http.StatusOK || block == nil {
		t.Fatalf("%s: %d %s", n.SigningCertURL, status, text)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var signed bytes.Buffer
	members := [][2]string{{"Message", n.Message}, {"MessageId", n.MessageId}, {"Subject", n.Subject}, {"Timestamp", n.Timestamp}, {"TopicArn", n.TopicArn}, {"Type", n.Type}}
	if n.Type != "Notification" {
		members = [][2]string{
			{"Message", n.Message},
			{"MessageId", n.MessageId},
			{"SubscribeURL", n.SubscribeURL},
			{"Timestamp", n.Timestamp},
			{"Token", n.Token},
			{"TopicArn", n.TopicArn},
			{"Type", n.Type},
		}
	}
	for _, m := range members {
		if m[1] != "" {
			signed.WriteString(m[0] + "\n" + m[1] + "\n")
		}
	}
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	if err != nil {
		t.Fatal(err)
	}
	one, two := sha1.Sum(signed.Bytes()), sha256.Sum256(signed.Bytes())
	hash, digest := crypto.SHA1, one[:]
	if n.SignatureVersion == "2" {
		hash, digest = crypto.SHA256, two[:]
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), hash, digest, signature); err != nil {
		t.Errorf("signature of %s, version %s: %v", n.Type, n.SignatureVersion, err)
	}
}

// arrival is what an endpoint has received.
type arrival struct {
	header http.Header
	body   string
	user   string
}

// endpoint is a receiver; it demands a password if its URL has one.
func endpoint(t *testing.T, secure string) (url string, arrivals chan arrival) {
	t.Helper()
	arrivals = make(chan arrival, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		name, password, ok := r.BasicAuth()
		if secure != "" && (!ok || name+":"+password != secure) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		arrivals <- arrival{r.Header, string(body), name}
	}))
	t.Cleanup(s.Close)
	if secure == "" {
		return s.URL + "/hook", arrivals
	}
	return strings.Replace(s.URL, "://", "://"+secure+"@", 1) + "/hook", arrivals
}

func await(t *testing.T, arrivals chan arrival) arrival {
	t.Helper()
	select {
	case a := <-arrivals:
		return a
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrives")
		return arrival{}
	}
}

// TestEndpoint goes through the life of an HTTP subscription.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		topic := u.topic(t, &sns.CreateTopicInput{Name: new("t"), Attributes: map[string]string{"SignatureVersion": "2"}})
		url, arrivals := endpoint(t, "me:secret")
		out, err := u.sns.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: new("http"), Endpoint: &url})
		if err != nil || *out.SubscriptionArn != "pending confirmation" {
			t.Fatalf("%v, %v", out, err)
		}
		asked := await(t, arrivals)
		n := parse(t, asked.body)
		if h := asked.header; h.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" || h.Get("x-amz-sns-message-id") != n.MessageId ||
			h.Get("x-amz-sns-topic-arn") != topic || h.Get("Content-Type") != "text/plain; charset=UTF-8" || asked.user != "me" ||
			h.Get("User-Agent") != "Amazon Simple Notification Service Agent" {
			t.Errorf("%v", h)
		}
		verify(t, n)
		u.publish(t, topic, "too early")
		if status, body := get(t, n.SubscribeURL+"x"); status != http.StatusBadRequest || !strings.Contains(string(body), "<Code>InvalidParameter</Code>") {
			t.Errorf("a wrong token: %d %s", status, body)
		}
		status, body := get(t, n.SubscribeURL)
		if status != http.StatusOK || !strings.Contains(string(body), "<ConfirmSubscriptionResult><SubscriptionArn>"+topic+":") {
			t.Fatalf("%d %s", status, body)
		}
		id := u.publish(t, topic, "hello <you> & \"me\"\n\u00fc")
		got := await(t, arrivals)
		n = parse(t, got.body)
		if n.Type != "Notification" || n.Message != "hello <you> & \"me\"\n\u00fc" || n.Subject != "subject" || n.MessageId != id || n.SignatureVersion != "2" ||
			n.MessageAttributes["n"].Type != "Number" || n.MessageAttributes["n"].Value != "1.5" || n.MessageAttributes["b"].Value != "AAEC" {
			t.Errorf("%s", got.body)
		}
		verify(t, n)
		sub := got.header.Get("x-amz-sns-subscription-arn")
		u.restored(t, sub, n.UnsubscribeURL, arrivals)
		if _, err = u.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: new("SignatureVersion"), AttributeValue: new("1")}); err != nil {
			t.Fatal(err)
		}
		u.publish(t, topic, "signed with SHA-1")
		verify(t, parse(t, await(t, arrivals).body))
		u.raw(t, topic, sub, arrivals)
	})
}

// restored ends a subscription by the link in a message and restores it by the
// link that the endpoint is sent.
func (u *user) restored(t *testing.T, sub, url string, arrivals chan arrival) {
	t.Helper()
	if status, body := get(t, url); status != http.StatusOK {
		t.Fatalf("%s: %d %s", url, status, body)
	}
	told := await(t, arrivals)
	n := parse(t, told.body)
	if n.Type != "UnsubscribeConfirmation" || told.header.Get("x-amz-sns-subscription-arn") != sub {
		t.Errorf("%v %s", told.header, told.body)
	}
	verify(t, n)
	in := &sns.GetSubscriptionAttributesInput{SubscriptionArn: &sub}
	if _, err := u.sns.GetSubscriptionAttributes(t.Context(), in); !isCode(err, "NotFound", "Subscription does not exist") {
		t.Errorf("deleted: %v", err)
	}
	if status, body := get(t, n.SubscribeURL); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if _, err := u.sns.GetSubscriptionAttributes(t.Context(), in); err != nil {
		t.Errorf("restored: %v", err)
	}
}

// raw switches to raw delivery with a content type of the subscriber's.
func (u *user) raw(t *testing.T, topic, sub string, arrivals chan arrival) {
	t.Helper()
	for name, value := range map[string]string{
		"RawMessageDelivery": "true", "DeliveryPolicy": `{"requestPolicy":{"headerContentType":"application/json"}}`,
	} {
		_, err := u.sns.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: &sub, AttributeName: &name, AttributeValue: &value})
		if err != nil {
			t.Fatal(err)
		}
	}
	u.publish(t, topic, `{"a":1}`)
	got := await(t, arrivals)
	if got.body != `{"a":1}` || got.header.Get("x-amz-sns-rawdelivery") != "true" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %s", got.header, got.body)
	}
}

// publish publishes text with a subject and attributes.
func (u *user) publish(t *testing.T, topic, text string) (id string) {
	t.Helper()
	out, err := u.sns.Publish(t.Context(), &sns.PublishInput{
		TopicArn: &topic, Message: &text, Subject: new("subject"), MessageAttributes: map[string]types.MessageAttributeValue{
			"n": {DataType: new("Number"), StringValue: new("1.5")},
			"b": {DataType: new("Binary"), BinaryValue: []byte{0, 1, 2}},
			"s": {DataType: new("String.Array"), StringValue: new(`["x", 3, null]`)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.MessageId
}

// TestQueues: with and without an envelope, by protocol, filtered, in a batch.
func TestQueues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		topic := u.topic(t, &sns.CreateTopicInput{Name: new("t")})
		whole, wholeARN := u.queue(t, "whole")
		raw, rawARN := u.queue(t, "raw")
		picky, pickyARN := u.queue(t, "picky")
		u.subscribe(t, topic, "sqs", wholeARN, nil)
		u.subscribe(t, topic, "sqs", rawARN, map[string]string{"RawMessageDelivery": "true"})
		u.subscribe(t, topic, "sqs", pickyARN, map[string]string{"FilterPolicy": `{"n":[{"numeric":[">",2]}]}`})
		id := u.publish(t, topic, "hello")
		n := parse(t, *u.receive(t, whole).Body)
		if n.MessageId != id || n.Message != "hello" {
			t.Errorf("%+v", n)
		}
		verify(t, n)
		m := u.receive(t, raw)
		if *m.Body != "hello" || *m.MessageAttributes["n"].StringValue != "1.5" || string(m.MessageAttributes["b"].BinaryValue) != "\x00\x01\x02" ||
			*m.MessageAttributes["s"].DataType != "String.Array" {
			t.Errorf("%+v", m)
		}
		batch, err := u.sns.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: &topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
			{Id: new("good"), Message: new(`{"default":"d","sqs":"q"}`), MessageStructure: new("json"), MessageAttributes: map[string]types.MessageAttributeValue{
				"n": {DataType: new("Number"), StringValue: new("3")},
			}},
			{Id: new("bad"), Message: new(`{"sqs":"q"}`), MessageStructure: new("json")},
		}})
		if err != nil || len(batch.Successful) != 1 || len(batch.Failed) != 1 || *batch.Failed[0].Id != "bad" || *batch.Failed[0].Code != "InvalidParameter" || !batch.Failed[0].SenderFault {
			t.Fatalf("%+v, %v", batch, err)
		}
		if n := parse(t, *u.receive(t, picky).Body); n.MessageId != *batch.Successful[0].MessageId || n.Message != "q" {
			t.Errorf("%+v", n)
		}
		if m := u.receive(t, raw); *m.Body != "q" {
			t.Errorf("%s", *m.Body)
		}
	})
}

// TestDeadLetters: a queue that is gone is an error of the client.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		topic := u.topic(t, &sns.CreateTopicInput{Name: new("t")})
		dead, deadARN := u.queue(t, "dead")
		u.subscribe(t, topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:gone", map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn": "` + deadARN + `"}`, "RawMessageDelivery": "true",
		})
		u.publish(t, topic, "lost")
		m := u.receive(t, dead)
		if *m.Body != "lost" || *m.MessageAttributes["n"].StringValue != "1.5" || !strings.HasSuffix(*m.MessageAttributes["ErrorCode"].StringValue, "QueueDoesNotExist") ||
			m.MessageAttributes["ErrorMessage"].StringValue == nil || m.MessageAttributes["RequestID"].StringValue == nil {
			t.Errorf("%s %+v", *m.Body, m.MessageAttributes)
		}
	})
}

// TestOrder publishes to groups at the same time: each arrives in its order,
// with growing numbers.
func TestOrder(t *testing.T) {
	t.Parallel()
	const groups, each1 = 3, 8
	each(t, func(t *testing.T, u *user) {
		topic := u.topic(t, &sns.CreateTopicInput{Name: new("t.fifo"), Attributes: map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}})
		url, arn := u.queue(t, "q.fifo")
		u.subscribe(t, topic, "sqs", arn, nil)
		done := make(chan error, groups)
		for g := range groups {
			go func() {
				var err error
				for i := range each1 {
					for range 2 { // the second is a duplicate
						_, e := u.sns.Publish(context.WithoutCancel(t.Context()), &sns.PublishInput{
							TopicArn: &topic, Message: new(strconv.Itoa(g) + "/" + strconv.Itoa(i)), MessageGroupId: new(strconv.Itoa(g)),
						})
						if e != nil {
							err = e
						}
					}
				}
				done <- err
			}()
		}
		for range groups {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		next, last := map[string]int{}, map[string]string{}
		for range groups * each1 {
			m := u.receive(t, url)
			n := parse(t, *m.Body)
			group, number, _ := strings.Cut(n.Message, "/")
			if number != strconv.Itoa(next[group]) || n.SequenceNumber <= last[group] || len(n.SequenceNumber) != 20 || n.Signature != "" || m.Attributes["MessageGroupId"] != group {
				t.Errorf("%s comes as number %d of its group, sequence %s after %s", n.Message, next[group], n.SequenceNumber, last[group])
			}
			next[group], last[group] = next[group]+1, n.SequenceNumber
		}
	})
}

// TestMail confirms a subscription by the link in the outbox and reads a
// notification there.
func TestMail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		topic := u.topic(t, &sns.CreateTopicInput{Name: new("t"), Attributes: map[string]string{"DisplayName": "Ops"}})
		u.subscribe(t, topic, "email", "a@example.com", nil)
		u.subscribe(t, topic, "email-json", "b@example.com", nil)
		for _, m := range u.mails(t, 2) {
			if m.Subject != "AWS Notification - Subscription Confirmation" || m.From != "Ops <no-reply@sns.amazonaws.com>" {
				t.Errorf("%+v", m)
			}
			_, link, _ := strings.Cut(m.Body, u.URL)
			link, _, _ = strings.Cut(link, "\n")
			link, _, _ = strings.Cut(link, `"`)
			if status, body := get(t, u.URL+link); status != http.StatusOK {
				t.Fatalf("%s: %d %s", link, status, body)
			}
		}
		u.publish(t, topic, "text")
		out, err := u.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: new(`{"default":"d","email":"e"}`), MessageStructure: new("json")})
		if err != nil {
			t.Fatal(err)
		}
		byAddress := map[string][]outbox.Mail{}
		for _, m := range u.mails(t, 6)[2:] {
			byAddress[m.To] = append(byAddress[m.To], m)
		}
		plain, asJSON := byAddress["a@example.com"], byAddress["b@example.com"]
		if len(plain) != 2 || plain[0].Subject != "subject" || !strings.HasPrefix(plain[0].Body, "text\n\n--\n") || plain[1].Subject != "AWS Notification Message" ||
			!strings.HasPrefix(plain[1].Body, "e\n") || !strings.Contains(plain[1].Body, u.URL+"/?Action=Unsubscribe&SubscriptionArn="+topic) {
			t.Errorf("%+v", plain)
		}
		if len(asJSON) != 2 || parse(t, asJSON[1].Body).MessageId != *out.MessageId || parse(t, asJSON[1].Body).Message != "d" {
			t.Errorf("%+v", asJSON)
		}
	})
}

// mails are all in the outbox, which must be n.
func (u *user) mails(t *testing.T, n int) []outbox.Mail {
	t.Helper()
	var list struct{ Mails []outbox.Mail }
	if _, body := get(t, u.URL+"/_nephele/outbox"); json.Unmarshal(body, &list) != nil || len(list.Mails) != n {
		t.Fatalf("want %d mails: %s", n, body)
	}
	for i := range list.Mails {
		if _, body := get(t, u.URL+"/_nephele/outbox/"+strconv.FormatInt(list.Mails[i].ID, 10)); json.Unmarshal(body, &list.Mails[i]) != nil {
			t.Fatalf("%s", body)
		}
	}
	return list.Mails
}

// TestAuthenticated: with signatures demanded, links still work, unless the
// subscription was confirmed so that they do not, and the outbox is closed.
func TestAuthenticated(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	u := &user{s, sns.NewFromConfig(s.Config), sqs.NewFromConfig(s.Config)}
	topic := u.topic(t, &sns.CreateTopicInput{Name: new("t")})
	url, arn := u.queue(t, "q")
	u.subscribe(t, topic, "sqs", arn, nil)
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",` +
		`"Resource":"` + arn + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}}`
	if _, err := u.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{"Policy": policy},
	}); err != nil {
		t.Fatal(err)
	}
	n := parse(t, func() string { u.publish(t, topic, "x"); return *u.receive(t, url).Body }())
	verify(t, n)
	if status, body := get(t, u.URL+"/_nephele/outbox"); status != http.StatusForbidden {
		t.Errorf("outbox: %d %s", status, body)
	}
	if status, body := get(t, u.URL+"/?Action=ListTopics"); status != http.StatusForbidden {
		t.Errorf("ListTopics: %d %s", status, body)
	}
	if status, body := get(t, n.UnsubscribeURL); status != http.StatusOK {
		t.Errorf("unsubscribe: %d %s", status, body)
	}
	guarded := u.guarded(t, topic)
	if status, body := get(t, u.URL+"/?Action=Unsubscribe&SubscriptionArn="+guarded); status != http.StatusForbidden || !strings.Contains(string(body), "<Code>AuthorizationError</Code>") {
		t.Errorf("unsubscribe a guarded one: %d %s", status, body)
	}
	if _, err := u.sns.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: &guarded}); err != nil {
		t.Errorf("unsubscribe a guarded one, signed: %v", err)
	}
}

// guarded makes a subscription that was confirmed with AuthenticateOnUnsubscribe.
func (u *user) guarded(t *testing.T, topic string) string {
	t.Helper()
	u.subscribe(t, topic, "email", "a@example.com", nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.URL+app.OutboxPath+"/1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	app.SignAdmin(req, nepheletest.RootAccessKeyID, nepheletest.RootSecretAccessKey, time.Now())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var m outbox.Mail
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	_, token, _ := strings.Cut(m.Body, "Token=")
	token, _, _ = strings.Cut(token, "\n")
	anonymously := u.URL + "/?Action=ConfirmSubscription&AuthenticateOnUnsubscribe=true&TopicArn=" + topic + "&Token=" + token
	if status, body := get(t, anonymously); status != http.StatusForbidden {
		t.Errorf("guarded by somebody unknown: %d %s", status, body)
	}
	out, err := u.sns.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{
		TopicArn: &topic, Token: &token, AuthenticateOnUnsubscribe: new("true"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SubscriptionArn
}

// TestForbiddenEndpoint: a server that demands signatures does not call its own
// machine.
func TestForbiddenEndpoint(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithConfig(func(c *config.Config) { c.LogLevel = "error" }))
	u := &user{s, sns.NewFromConfig(s.Config), sqs.NewFromConfig(s.Config)}
	topic := u.topic(t, &sns.CreateTopicInput{Name: new("t")})
	url, arrivals := endpoint(t, "")
	u.subscribe(t, topic, "http", url, nil) // comes back when the delivery rests
	u.subscribe(t, topic, "http", "http://169.254.169.254/latest/meta-data", nil)
	if n := len(arrivals); n != 0 {
		t.Errorf("%d requests arrive", n)
	}
}

func isCode(err error, code, message string) bool {
	return err != nil && strings.Contains(err.Error(), "api error "+code+": "+message) || err != nil && strings.HasSuffix(err.Error(), code+": "+message)
}
