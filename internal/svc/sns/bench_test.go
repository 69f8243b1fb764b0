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
	for _, queues := range []int{0, 1, 10} {
		b.Run(strconv.Itoa(queues)+" queues", func(b *testing.B) {
			w := newBench(b, storetest.SQLite(b))
			topic := w.topic(b, "t", nil)
			for i := range queues {
				w.subscribe(b, topic, "sqs", queueARN("q"+strconv.Itoa(i)), nil)
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
