package sns

import (
	"context"
	"strconv"
	"testing"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkPublish publishes from several goroutines to topics with a number of
// queues; an operation is a publication, not its deliveries.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name       string
		queues     int
		attributes map[string]string
	}{
		{"no queues", 0, nil},
		{"1 queue", 1, nil},
		{"1 raw queue", 1, map[string]string{"RawMessageDelivery": "true"}},
		{"10 queues", 10, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newBench(b, storetest.SQLite(b))
			topic := w.topic(b, "t", nil)
			for i := range c.queues {
				w.subscribe(b, topic, "sqs", queueARN("q"+strconv.Itoa(i)), c.attributes)
			}
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := w.client.Publish(context.Background(), &api.PublishInput{TopicArn: &topic, Message: "hello"}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
