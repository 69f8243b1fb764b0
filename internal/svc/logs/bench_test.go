package logs_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// BenchmarkIngest puts batches of 1,000 lines of 120 bytes from 8 clients, each
// with a stream of its own, through HTTP with the AWS SDK in the same process,
// into groups without and with metric filters.
func BenchmarkIngest(b *testing.B) {
	const lines = 1000
	for _, database := range []string{"sqlite", "postgres"} {
		for _, filters := range []int{0, 2} {
			b.Run(fmt.Sprintf("%s/filters=%d", database, filters), func(b *testing.B) {
				opts := []nepheletest.Option{nepheletest.WithSettle(0)}
				if database == "postgres" {
					opts = append(opts, nepheletest.WithConfig(func(c *config.Config) { c.Database = storetest.PostgresURL(b) }))
				}
				s := newServer(b, opts...)
				s.create(b, "g")
				for i := range filters {
					_, err := s.logs.PutMetricFilter(b.Context(), &sdk.PutMetricFilterInput{
						LogGroupName: new("g"), FilterName: new(fmt.Sprint(i)), FilterPattern: new(`[level, ..., ms > 5]`),
						MetricTransformations: []types.MetricTransformation{{MetricName: new("M"), MetricNamespace: new("N"), MetricValue: new("$ms")}},
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				var streams atomic.Int64
				b.SetParallelism(4)
				used := cpuTime(b)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					stream := fmt.Sprint("s", streams.Add(1))
					if _, err := s.logs.CreateLogStream(b.Context(), &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: &stream}); err != nil {
						b.Error(err)
						return
					}
					for pb.Next() {
						s.put(b, "g", stream, time.Now(), batch(lines)...)
					}
				})
				b.ReportMetric(float64(b.N*lines)/b.Elapsed().Seconds(), "lines/s")
				b.ReportMetric(float64((cpuTime(b)-used).Nanoseconds())/float64(b.N*lines), "cpu-ns/line")
			})
		}
	}
}

// cpuTime is what this process has used of all processors, clients included;
// PostgreSQL is another process.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// batch is n lines of 120 bytes.
func batch(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("INFO request %08d %s %d", i, strings.Repeat("abcdefgh", 11), i%10)
	}
	return out
}
