package app_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/nepheletest"
)

// Whole calls (GetCallerIdentity) over loopback on kept connections, signed
// once: by a long-lived key and by a session, whose token is opened for each.
func BenchmarkSignedCalls(b *testing.B) {
	srv := nepheletest.Start(b, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	made, err := srv.App().Sessions().Issue(session.Claims{
		Kind: policy.Root, Account: "000000000000", ARN: "arn:aws:iam::000000000000:root", ID: "000000000000",
	}, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	for name, creds := range map[string]aws.Credentials{
		"key":     {AccessKeyID: nepheletest.RootAccessKeyID, SecretAccessKey: nepheletest.RootSecretAccessKey},
		"session": {AccessKeyID: made.AccessKeyID, SecretAccessKey: string(made.SecretAccessKey), SessionToken: string(made.SessionToken)},
	} {
		b.Run(name, func(b *testing.B) {
			body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
			r := httptest.NewRequest(http.MethodPost, srv.URL+"/", http.NoBody)
			r.RequestURI = ""
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.ContentLength = int64(len(body))
			if err := v4.NewSigner().SignHTTP(b.Context(), creds, r, sigv4.BodyHash(body), "sts", "us-east-1", time.Now()); err != nil {
				b.Fatal(err)
			}
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			defer client.CloseIdleConnections()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					clone := r.Clone(b.Context())
					clone.Body = io.NopCloser(bytes.NewReader(body))
					resp, err := client.Do(clone)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					if resp.StatusCode != http.StatusOK {
						b.Error(resp.Status)
						return
					}
				}
			})
		})
	}
}
