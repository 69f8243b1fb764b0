package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/client"
)

const (
	queues    = `{"QueueUrls":["u"]}`
	throttled = `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow"}`
	refused   = `{"__type":"com.amazonaws.sqs#InvalidAddress","message":"no"}`
)

// sequence answers with one after the other, and notes when.
func sequence(start time.Time, times *[]time.Duration, answers ...any) doer {
	return func(r *http.Request) (*http.Response, error) {
		n := len(*times)
		*times = append(*times, time.Since(start))
		if n >= len(answers) {
			return nil, errors.New("nobody expects another request")
		}
		switch a := answers[n].(type) {
		case error:
			return nil, a
		case func(*http.Request) *http.Response:
			return a(r), nil
		default:
			return a.(*http.Response), nil
		}
	}
}

// TestRetries holds the pauses of calls that fail a few times, when a random
// number is always a half.
func TestRetries(t *testing.T) {
	t.Parallel()
	ok := func() *http.Response { return answer(200, queues) }
	lost := errors.New("connection reset")
	half, second := 500*time.Millisecond, time.Second
	for name, tt := range map[string]struct {
		answers []any
		want    []time.Duration // when requests are made
		code    string          // of the error in the end
		opts    []client.Option
	}{
		"at once":         {[]any{ok()}, []time.Duration{0}, "", nil},
		"status 503":      {[]any{answer(503, ""), ok()}, []time.Duration{0, half}, "", nil},
		"twice":           {[]any{answer(500, ""), answer(502, ""), ok()}, []time.Duration{0, half, half + second}, "", nil},
		"three times":     {[]any{answer(504, throttled), answer(504, throttled), answer(504, throttled)}, []time.Duration{0, half, half + second}, "RequestThrottled", nil},
		"throttled":       {[]any{answer(400, throttled), ok()}, []time.Duration{0, half}, "", nil},
		"429":             {[]any{answer(429, "{}"), ok()}, []time.Duration{0, half}, "", nil},
		"lost":            {[]any{lost, ok()}, []time.Duration{0, half}, "", nil},
		"refused":         {[]any{answer(400, refused)}, []time.Duration{0}, "InvalidAddress", nil},
		"Retry-After":     {[]any{answer(503, "", "Retry-After", "7"), ok()}, []time.Duration{0, 7 * second}, "", nil},
		"Retry-After day": {[]any{answer(503, "", "Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT"), ok()}, []time.Duration{0, 9 * second}, "", nil},
		"too long":        {[]any{answer(503, "", "Retry-After", "900"), ok()}, []time.Duration{0, 20 * second}, "", nil},
		"milliseconds":    {[]any{answer(503, "", "X-Amz-Retry-After", "1500"), ok()}, []time.Duration{0, 1500 * time.Millisecond}, "", nil},
		"one attempt":     {[]any{answer(503, throttled)}, []time.Duration{0}, "RequestThrottled", []client.Option{client.WithMaxAttempts(1)}},
		"eight": {
			[]any{lost, lost, lost, lost, lost, lost, lost, ok()},
			[]time.Duration{0, half, half + second, half + 3*second, half + 7*second, half + 15*second, half + 25*second, half + 35*second},
			"",
			[]client.Option{client.WithMaxAttempts(8)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var times []time.Duration
				s := faked(t, sequence(time.Now(), &times, tt.answers...), append([]client.Option{
					client.WithRegion("us-east-1"), client.WithRandom(func() float64 { return 0.5 }),
				}, tt.opts...)...)
				r, err := clientOf(t, s, "sqs").Do(t.Context(), "ListQueues", nil)
				if tt.code == "" && (err != nil || r.Attempts != len(tt.want) || r.Output["QueueUrls"] == nil) {
					t.Errorf("%+v, %v", r, err)
				}
				if tt.code != "" && !client.HasCode(err, tt.code) {
					t.Errorf("%v, want %s", err, tt.code)
				}
				if len(times) != len(tt.want) {
					t.Fatalf("%v, want %v", times, tt.want)
				}
				for i := range times {
					if times[i] != tt.want[i] {
						t.Errorf("%v, want %v", times, tt.want)
						break
					}
				}
			})
		})
	}
}

func TestExhausted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := faked(t, func(*http.Request) (*http.Response, error) { return answer(400, throttled), nil }, client.WithRegion("us-east-1"))
		c := clientOf(t, s, "sqs")
		_, err := c.Call(t.Context(), "ListQueues", nil)
		const want = "An error occurred (RequestThrottled) when calling the ListQueues operation (reached max retries: 2): slow"
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if !client.HasCode(err, "RequestThrottled") || client.HasCode(err, "Other") || client.HasCode(nil, "") {
			t.Error("codes are not found")
		}
	})
}

// TestTokenBucket: 500 tokens last for 100 retries; after them calls are made once.
func TestTokenBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		s := faked(t, func(*http.Request) (*http.Response, error) {
			requests++
			return answer(503, ""), nil
		}, client.WithRegion("us-east-1"))
		c := clientOf(t, s, "sqs")
		for range 60 {
			_, _ = c.Call(t.Context(), "ListQueues", nil)
		}
		if requests != 60+100 {
			t.Errorf("%d requests, want 160", requests)
		}
	})
}

// TestCanceledPause ends a pause with the context.
func TestCanceledPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		s := faked(t, func(*http.Request) (*http.Response, error) { return answer(503, ""), nil },
			client.WithRegion("us-east-1"), client.WithRandom(func() float64 { return 0.9 }))
		_, err := clientOf(t, s, "sqs").Call(ctx, "ListQueues", nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestClockSkew repeats a call with the server's time, which the next call starts
// with.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		theirs := func() string { return time.Now().Add(6 * time.Hour).UTC().Format(http.TimeFormat) }
		var signed []string
		s := faked(t, func(r *http.Request) (*http.Response, error) {
			date := r.Header.Get("X-Amz-Date")
			signed = append(signed, date)
			at, err := time.Parse("20060102T150405Z", date)
			if err != nil || time.Until(at) < 5*time.Hour {
				return answer(403, `{"__type":"InvalidSignatureException","message":"expired"}`, "Date", theirs()), nil //nolint:nilerr // it is the answer
			}
			return answer(200, queues), nil
		}, client.WithRegion("us-east-1"), client.WithRandom(func() float64 { return 0 }))
		c := clientOf(t, s, "sqs")
		for range 2 {
			if _, err := c.Call(t.Context(), "ListQueues", nil); err != nil {
				t.Error(err)
			}
		}
		if len(signed) != 3 {
			t.Errorf("signed at %v", signed)
		}
	})
}

// TestWrongSecret is not taken for a wrong clock.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	requests := 0
	s := faked(t, func(*http.Request) (*http.Response, error) {
		requests++
		return answer(403, `{"__type":"InvalidSignatureException","message":"no"}`, "Date", time.Now().UTC().Format(http.TimeFormat)), nil
	}, client.WithRegion("us-east-1"))
	if _, err := clientOf(t, s, "sqs").Call(t.Context(), "ListQueues", nil); !client.HasCode(err, "InvalidSignatureException") || requests != 1 {
		t.Errorf("%v after %d requests", err, requests)
	}
}

// TestRewind sends the whole body again, with the same idempotency token, though
// the transport had read half of it.
func TestRewind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		read := func(r *http.Request) *http.Response {
			data, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(data))
			return answer(200, "{}")
		}
		cut := func(r *http.Request) *http.Response {
			_, _ = r.Body.Read(make([]byte, 5))
			_ = r.Body.Close()
			return answer(500, "")
		}
		var times []time.Duration
		s := faked(t, sequence(time.Now(), &times, cut, read), client.WithRegion("us-east-1"))
		in := map[string]any{"Bucket": "b", "Key": "k", "Body": io.MultiReader(strings.NewReader("the whole "), strings.NewReader("body"))}
		if _, err := clientOf(t, s, "s3").Call(t.Context(), "PutObject", in); err != nil {
			t.Error(err)
		}
		token := func(r *http.Request) *http.Response {
			data, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(data))
			if len(bodies) == 2 {
				return answer(500, "")
			}
			return answer(200, "{}")
		}
		times = nil
		s = faked(t, sequence(time.Now(), &times, token, token), client.WithRegion("us-east-1"))
		if _, err := clientOf(t, s, "secretsmanager").Call(t.Context(), "CreateSecret", map[string]any{"Name": "n"}); err != nil {
			t.Error(err)
		}
		if len(bodies) != 3 || bodies[0] != "the whole body" || bodies[1] != bodies[2] || !strings.Contains(bodies[1], "ClientRequestToken") {
			t.Errorf("%q", bodies)
		}
	})
}

// TestS3Errors: S3 sends errors under status 200, and says where buckets are.
func TestS3Errors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hosts []string
		s := faked(t, func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			switch len(hosts) {
			case 1:
				return answer(200, `<?xml version="1.0"?>`+"\n<Error><Code>InternalError</Code><Message>later</Message></Error>"), nil
			case 2:
				return answer(301, "<Error><Code>PermanentRedirect</Code></Error>", "X-Amz-Bucket-Region", "eu-west-1"), nil
			}
			return answer(200, `<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>`), nil
		}, client.WithRegion("us-east-1"))
		out, err := clientOf(t, s, "s3").Call(t.Context(), "CopyObject", map[string]any{"Bucket": "bucket", "Key": "k", "CopySource": "a/b"})
		want := "bucket.s3.us-east-1.amazonaws.com bucket.s3.us-east-1.amazonaws.com bucket.s3.eu-west-1.amazonaws.com"
		if err != nil || strings.Join(hosts, " ") != want || out["CopyObjectResult"] == nil {
			t.Errorf("%v, %v, %v", out, err, hosts)
		}
	})
}
