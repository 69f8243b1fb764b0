package cloudwatch

import (
	"fmt"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkEvaluate evaluates what an alarm on queries looks at: the last five
// minutes of one metric of 1,000, and of an expression over two.
func BenchmarkEvaluate(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkEvaluate(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) {
		benchmarkEvaluate(b, storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}))
	})
}

func benchmarkEvaluate(b *testing.B, db *store.DB) {
	end := time.Now().UTC().Truncate(time.Minute)
	start := end.Add(-5 * time.Minute)
	var samples []series.Sample
	for i := range 1000 {
		for m := range 5 {
			samples = append(samples, series.Sample{
				ID:   series.ID{Account: "1", Region: "r", Namespace: "Bench", Name: fmt.Sprint(i)},
				Time: start.Add(time.Duration(m) * time.Minute), Unit: "None", Values: []float64{float64(m)},
			})
		}
	}
	if err := db.UpdateAt(b.Context(), store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, samples) }); err != nil {
		b.Fatal(err)
	}
	stat := func(i int) *api.MetricStat {
		return &api.MetricStat{Period: 60, Stat: "Average", Metric: &api.Metric{Namespace: new("Bench"), MetricName: new(fmt.Sprint(i % 1000))}}
	}
	s := &Service{}
	run := func(name string, f func(tx *store.Tx, i int) (int, error)) {
		b.Run(name, func(b *testing.B) {
			i := 0
			err := db.View(b.Context(), func(tx *store.Tx) error {
				for b.Loop() {
					n, err := f(tx, i)
					if err != nil || n != 5 {
						return fmt.Errorf("%d points: %w", n, err)
					}
					i++
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
	run("query", func(tx *store.Tx, i int) (int, error) {
		out, err := s.evaluateQueries(tx, "1", "r", []*api.MetricDataQuery{{Id: "m", MetricStat: stat(i)}}, start, end)
		return len(out["m"]), err
	})
	run("expression", func(tx *store.Tx, i int) (int, error) {
		out, err := s.evaluateQueries(tx, "1", "r", []*api.MetricDataQuery{
			{Id: "a", MetricStat: stat(i), ReturnData: new(false)},
			{Id: "b", MetricStat: stat(i + 1), ReturnData: new(false)},
			{Id: "e", Expression: new("IF(a > 2, a / b * 100, 0)")},
		}, start, end)
		return len(out["e"]), err
	})
}
