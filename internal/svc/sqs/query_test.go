package sqs_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"nephele.dev/nephele/nepheletest"
)

// TestQueryProtocol speaks as clients did before the service had JSON: forms,
// sent to the queue's own URL without naming it, answered with XML.
func TestQueryProtocol(t *testing.T) {
	t.Parallel()
	base := nepheletest.Start(t).URL
	call := func(path string, params ...string) (int, string) {
		t.Helper()
		form := url.Values{"Version": {"2012-11-05"}}
		for i := 0; i < len(params); i += 2 {
			form.Set(params[i], params[i+1])
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	varying := regexp.MustCompile(`<(RequestId|MessageId|ReceiptHandle)>([^<]*)</`)
	var handle string
	for _, tt := range []struct {
		path   string
		params []string
		status int
		want   string
	}{
		{
			"/",
			[]string{"Action", "CreateQueue", "QueueName", "q", "Attribute.1.Name", "VisibilityTimeout", "Attribute.1.Value", "77", "Tag.1.Key", "k", "Tag.1.Value", "v"},
			200,
			"<CreateQueueResult><QueueUrl>" + base + "/000000000000/q</QueueUrl></CreateQueueResult>",
		},
		{
			"/000000000000/q",
			[]string{"Action", "GetQueueAttributes", "AttributeName.1", "VisibilityTimeout"},
			200,
			"<GetQueueAttributesResult><Attribute><Name>VisibilityTimeout</Name><Value>77</Value></Attribute></GetQueueAttributesResult>",
		},
		{
			"/000000000000/q",
			[]string{
				"Action", "SendMessage", "MessageBody", "a<b", "MessageAttribute.1.Name", "n",
				"MessageAttribute.1.Value.DataType", "Number", "MessageAttribute.1.Value.StringValue", "1",
			},
			200,
			"<SendMessageResult><MD5OfMessageBody>1a382af93ed4b8a29ebd8e859a0168d7</MD5OfMessageBody><MD5OfMessageAttributes>MD5</MD5OfMessageAttributes><MessageId>*</MessageId></SendMessageResult>",
		},
		{
			"/000000000000/q",
			[]string{"Action", "ReceiveMessage", "MaxNumberOfMessages", "10", "AttributeName.1", "ApproximateReceiveCount", "MessageAttributeName.1", "All"},
			200,
			"<ReceiveMessageResult><Message><MessageId>*</MessageId><ReceiptHandle>*</ReceiptHandle><MD5OfBody>1a382af93ed4b8a29ebd8e859a0168d7</MD5OfBody><Body>a&lt;b</Body>" +
				"<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute><MD5OfMessageAttributes>MD5</MD5OfMessageAttributes>" +
				"<MessageAttribute><Name>n</Name><Value><StringValue>1</StringValue><DataType>Number</DataType></Value></MessageAttribute></Message></ReceiveMessageResult>",
		},
		{
			"/000000000000/q",
			[]string{"Action", "DeleteMessageBatch", "DeleteMessageBatchRequestEntry.1.Id", "x", "DeleteMessageBatchRequestEntry.1.ReceiptHandle", "HANDLE"},
			200,
			"<DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Id>x</Id></DeleteMessageBatchResultEntry></DeleteMessageBatchResult>",
		},
		{"/000000000000/q", []string{"Action", "ReceiveMessage"}, 200, "<ReceiveMessageResult></ReceiveMessageResult>"},
		{
			"/000000000000/none",
			[]string{"Action", "SendMessage", "MessageBody", "x"},
			400,
			"<Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message></Error>",
		},
		{
			"/",
			[]string{"Action", "CreateQueue", "QueueName", "q", "Attribute.1.Name", "VisibilityTimeout", "Attribute.1.Value", "78"},
			400,
			"<Error><Type>Sender</Type><Code>QueueAlreadyExists</Code><Message>A queue already exists with the same name and a different value for attribute VisibilityTimeout</Message></Error>",
		},
		{"/000000000000/q", []string{"Action", "DeleteQueue"}, 200, ""},
		{"/", []string{"Action", "ListQueues"}, 200, "<ListQueuesResult></ListQueuesResult>"},
	} {
		for i, p := range tt.params {
			if p == "HANDLE" {
				tt.params[i] = handle
			}
		}
		status, body := call(tt.path, tt.params...)
		if m := regexp.MustCompile("<ReceiptHandle>([^<]*)<").FindStringSubmatch(body); m != nil {
			handle = m[1]
		}
		body = varying.ReplaceAllString(body, "<$1>*</")
		body = regexp.MustCompile("(<MD5OfMessageAttributes>)[0-9a-f]{32}<").ReplaceAllString(body, "${1}MD5<")
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%v: %d\n%s\nwant %s", tt.params, status, body, tt.want)
		}
	}
}
