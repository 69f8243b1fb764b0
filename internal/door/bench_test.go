package door_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/sigv4"
)

// Calls through the door without a network: a small JSON call, with its
// signature demanded or not.
func BenchmarkCall(b *testing.B) {
	for mode, change := range map[string]func(*door.Options){"off": nil, "on": withAuth} {
		b.Run("auth="+mode, func(b *testing.B) {
			h := open(b, func(o *door.Options) {
				if change != nil {
					change(o)
				}
				o.Observe = nil
				o.Logger = quiet
			})
			body := []byte(`{"Name":"/a/parameter"}`)
			r, err := http.NewRequest("POST", "http://localhost/", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
			r.Header.Set("Content-Type", jsonType)
			r.ContentLength = int64(len(body))
			creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
			if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, sigv4.BodyHash(body), "ssm", "us-east-1", time.Now()); err != nil {
				b.Fatal(err)
			}
			r.RemoteAddr = "127.0.0.1:1"
			b.ReportAllocs()
			for b.Loop() {
				clone := *r
				clone.Header = r.Header.Clone()
				clone.Body = io.NopCloser(bytes.NewReader(body))
				w := &memoryWriter{header: http.Header{}}
				h.door.ServeHTTP(w, &clone)
				if w.status != http.StatusOK {
					b.Fatal(w.body.String())
				}
			}
		})
	}
}
