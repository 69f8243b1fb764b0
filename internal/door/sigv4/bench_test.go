package sigv4_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"nephele.dev/nephele/internal/door/sigv4"
)

// A JSON call with 2 KB of body, as the door verifies it: parse, body hash,
// remembered key, signature.
func BenchmarkVerify(b *testing.B) {
	r, body := jsonCall(b)
	var keys sigv4.Keys
	b.ReportAllocs()
	for b.Loop() {
		s, err := sigv4.Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(r, keys.Get(s.AccessKeyID, secret, s.Scope), sigv4.BodyHash(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// The same on all cores, which share the remembered keys.
func BenchmarkVerifyParallel(b *testing.B) {
	r, body := jsonCall(b)
	var keys sigv4.Keys
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s, err := sigv4.Parse(r)
			if err == nil {
				err = s.Verify(r, keys.Get(s.AccessKeyID, secret, s.Scope), sigv4.BodyHash(body))
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// jsonCall is a signed call with 2 KB of body.
func jsonCall(b *testing.B) (*http.Request, []byte) {
	body := bytes.Repeat([]byte("x"), 2048)
	r := request(b, "POST", "https://ssm.us-east-1.amazonaws.com/", body)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	return receive(b, sign(b, r, body, signOptions{service: "ssm", token: "token"})), body
}

func BenchmarkVerifyPresigned(b *testing.B) {
	r := request(b, "GET", "https://bucket.s3.us-east-1.amazonaws.com/a/key%20with%20spaces", nil)
	r = receive(b, sign(b, r, nil, signOptions{service: "s3", presign: true}))
	var keys sigv4.Keys
	b.ReportAllocs()
	for b.Loop() {
		s, err := sigv4.Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(r, keys.Get(s.AccessKeyID, secret, s.Scope), ""); err != nil {
			b.Fatal(err)
		}
	}
}

// Signed chunks of 64 KiB: framing and one SHA-256 of everything.
func BenchmarkSignedChunks(b *testing.B) {
	u := upload{mode: sigv4.StreamingSigned}
	for range 64 {
		u.chunks = append(u.chunks, bytes.Repeat([]byte("x"), 64<<10))
	}
	r := u.request(b)
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		b.Fatal(err)
	}
	s, err := sigv4.Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	key := sigv4.SigningKey(secret, s.Scope)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		r.Body = io.NopCloser(bytes.NewReader(raw))
		body, err := sigv4.NewBody(r, s, key)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			b.Fatal(err)
		}
	}
}
