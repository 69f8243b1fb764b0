package client_test

import (
	"net/http"
	"testing"

	"nephele.dev/nephele/client"
)

// BenchmarkCall is what a call costs beside the network: validation, encoding,
// signature, decoding.
func BenchmarkCall(b *testing.B) {
	s, err := client.NewSession(b.Context(), client.WithEnvironment(environment()), client.WithEndpoint("http://127.0.0.1:1"),
		client.WithStaticCredentials("AKIAIOSFODNN7EXAMPLE", "secret", ""),
		client.WithHTTPClient(doer(func(*http.Request) (*http.Response, error) {
			return answer(200, `{"MessageId":"m","MD5OfMessageBody":"d"}`), nil
		})))
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.Client("sqs")
	if err != nil {
		b.Fatal(err)
	}
	in := map[string]any{"QueueUrl": "http://127.0.0.1:1/0/q", "MessageBody": "hello", "DelaySeconds": 1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Call(b.Context(), "SendMessage", in); err != nil {
			b.Fatal(err)
		}
	}
}
