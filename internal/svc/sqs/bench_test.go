package sqs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// eachBench runs f on both databases.
func eachBench(b *testing.B, f func(b *testing.B, c store.Config)) {
	b.Run("sqlite", func(b *testing.B) { f(b, store.Config{Dir: b.TempDir()}) })
	b.Run("postgres", func(b *testing.B) { f(b, store.Config{URL: storetest.PostgresURL(b)}) })
}

const benchClients = 16

var benchBody = strings.Repeat("x", 200)

// BenchmarkPlane measures one operation after the other from 16 callers at a
// time, each with messages of 200 bytes.
func BenchmarkPlane(b *testing.B) {
	eachBench(b, func(b *testing.B, c store.Config) {
		w := newBench(b, storetest.Open(b, c))
		url := w.create(b, "q")
		rate := func(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s") }
		b.Run("Send", func(b *testing.B) {
			defer rate(b)
			b.SetParallelism(benchClients / 2)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					w.send(b, url, benchBody)
				}
			})
		})
		b.Run("ReceiveDelete", func(b *testing.B) {
			fill(b, w, url, b.N)
			b.ResetTimer()
			defer rate(b)
			b.SetParallelism(benchClients / 2)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					got := must[*api.ReceiveMessageOutput](b)(w.ReceiveMessage(b.Context(), &api.ReceiveMessageInput{QueueUrl: url}))
					w.delete(b, url, got.Messages...)
				}
			})
		})
		b.Run("Batches", func(b *testing.B) {
			defer func() { b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "messages/s") }()
			b.SetParallelism(benchClients / 2)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					w.sendTen(b, url)
					got := w.receive(b, url, 30)
					in := &api.DeleteMessageBatchInput{QueueUrl: url}
					for i, m := range got {
						in.Entries = append(in.Entries, &api.DeleteMessageBatchRequestEntry{Id: fmt.Sprint(i), ReceiptHandle: *m.ReceiptHandle})
					}
					if len(got) > 0 {
						must[*api.DeleteMessageBatchOutput](b)(w.DeleteMessageBatch(b.Context(), in))
					}
				}
			})
		})
	})
}

func (b *bench) sendTen(t testing.TB, url string) {
	in := &api.SendMessageBatchInput{QueueUrl: url}
	for i := range 10 {
		in.Entries = append(in.Entries, &api.SendMessageBatchRequestEntry{Id: fmt.Sprint(i), MessageBody: benchBody})
	}
	must[*api.SendMessageBatchOutput](t)(b.SendMessageBatch(t.Context(), in))
}

func fill(b *testing.B, w *bench, url string, n int) {
	for range (n + 9) / 10 {
		w.sendTen(b, url)
	}
}

// BenchmarkWake measures from the return of SendMessage to that of a long poll
// that waited for the message.
func BenchmarkWake(b *testing.B) {
	eachBench(b, func(b *testing.B, c store.Config) {
		w := newBench(b, storetest.Open(b, c))
		url := w.create(b, "q")
		latencies := make([]time.Duration, 0, b.N)
		for range b.N {
			got := make(chan time.Time)
			go func() {
				out := must[*api.ReceiveMessageOutput](b)(w.ReceiveMessage(b.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))}))
				at := time.Now()
				w.delete(b, url, out.Messages...)
				got <- at
			}()
			time.Sleep(5 * time.Millisecond) // let it wait
			began := time.Now()
			w.send(b, url, "x")
			latencies = append(latencies, (<-got).Sub(began))
		}
		slices.Sort(latencies)
		b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds()), "p99-µs")
	})
}

// BenchmarkSDK measures the same through HTTP with the AWS SDK, client and
// server on one machine.
func BenchmarkSDK(b *testing.B) {
	eachBench(b, func(b *testing.B, cfg store.Config) {
		opts := []nepheletest.Option{nepheletest.WithSettle(0)}
		if cfg.URL != "" {
			opts = append(opts, nepheletest.WithPostgres(cfg.URL))
		}
		c := sdk.NewFromConfig(nepheletest.Start(b, opts...).Config)
		q, err := c.CreateQueue(b.Context(), &sdk.CreateQueueInput{QueueName: aws.String("q")})
		if err != nil {
			b.Fatal(err)
		}
		each := func(name string, perCall int, f func() error) {
			b.Run(name, func(b *testing.B) {
				b.SetParallelism(benchClients / 2)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if err := f(); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(perCall*b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
		each("Send", 1, func() error {
			_, err := c.SendMessage(b.Context(), &sdk.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: &benchBody})
			return err
		})
		each("SendReceiveDelete", 1, func() error {
			if _, err := c.SendMessage(b.Context(), &sdk.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: &benchBody}); err != nil {
				return err
			}
			return consume(b, c, q.QueueUrl, 1)
		})
		each("BatchesOfTen", 10, func() error {
			in := &sdk.SendMessageBatchInput{QueueUrl: q.QueueUrl}
			for i := range 10 {
				in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &benchBody})
			}
			if _, err := c.SendMessageBatch(b.Context(), in); err != nil {
				return err
			}
			return consume(b, c, q.QueueUrl, 10)
		})
	})
}

func consume(b *testing.B, c *sdk.Client, url *string, n int32) error {
	out, err := c.ReceiveMessage(b.Context(), &sdk.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: n})
	if err != nil || len(out.Messages) == 0 {
		return err
	}
	in := &sdk.DeleteMessageBatchInput{QueueUrl: url}
	for _, m := range out.Messages {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
	}
	_, err = c.DeleteMessageBatch(b.Context(), in)
	return err
}
