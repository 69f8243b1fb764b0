package series_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// start is at a boundary of every window of the ladder's first rungs.
var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

var cpu = series.ID{
	Account: "000000000000", Region: "us-east-1", Namespace: "Test", Name: "CPU",
	Dimensions: []series.Dimension{{Name: "Host", Value: "a"}},
}

func put(t *testing.T, db *store.DB, samples ...series.Sample) {
	t.Helper()
	err := db.UpdateAt(t.Context(), store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, samples) })
	if err != nil {
		t.Fatal(err)
	}
}

func value(at time.Duration, v float64) series.Sample {
	return series.Sample{ID: cpu, Time: start.Add(at), Unit: "Percent", Values: []float64{v}}
}

func buckets(t *testing.T, db *store.DB, q series.Query) (found []series.Bucket) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		found, err = series.Buckets(tx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// hours asks for the given hours after start, as seen at now after start.
func hours(from, to int, period, now time.Duration) series.Query {
	return series.Query{
		ID: cpu, From: start.Add(time.Duration(from) * time.Hour), To: start.Add(time.Duration(to) * time.Hour),
		Period: period, Now: start.Add(now),
	}
}

func expire(t *testing.T, db *store.DB, now time.Duration) {
	t.Helper()
	if err := series.Expire(t.Context(), db, start.Add(now)); err != nil {
		t.Fatal(err)
	}
}

var ignoreDist = cmpopts.IgnoreFields(series.Summary{}, "Dist")

func bucket(at time.Duration, unit string, count, sum, low, high float64) series.Bucket {
	return series.Bucket{Time: start.Add(at), Unit: unit, Summary: series.Summary{Count: count, Sum: sum, Min: low, Max: high}}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		second := value(90*time.Second, 7)
		other := value(time.Minute, 100)
		other.Unit = "Count"
		elsewhere := value(time.Minute, 1e6)
		elsewhere.ID.Dimensions = nil
		array := series.Sample{ID: cpu, Time: start.Add(3 * time.Minute), Unit: "Percent", Values: []float64{1, 2}, Counts: []float64{3, 0.5}}
		set := series.Sample{ID: cpu, Time: start.Add(4 * time.Minute), Unit: "Percent", Set: &series.StatisticSet{Count: 9, Sum: 90, Min: 1, Max: 50}}
		put(t, db, value(time.Minute, 5), second, other, elsewhere)
		put(t, db, value(time.Minute, 1), array, set)
		for name, tt := range map[string]struct {
			q    series.Query
			want []series.Bucket
		}{
			"minutes": {hours(0, 1, time.Minute, time.Hour), []series.Bucket{
				bucket(time.Minute, "Count", 1, 100, 100, 100),
				bucket(time.Minute, "Percent", 3, 13, 1, 7),
				bucket(3*time.Minute, "Percent", 3.5, 4, 1, 2),
				bucket(4*time.Minute, "Percent", 9, 90, 1, 50),
			}},
			"one unit, five minutes": {
				series.Query{ID: cpu, From: start, To: start.Add(time.Hour), Period: 5 * time.Minute, Unit: "Percent", Now: start},
				[]series.Bucket{bucket(0, "Percent", 15.5, 107, 1, 50)},
			},
			"counted from the start": {
				series.Query{ID: cpu, From: start.Add(2 * time.Minute), To: start.Add(4 * time.Minute), Period: 5 * time.Minute, Now: start},
				[]series.Bucket{bucket(2*time.Minute, "Percent", 3.5, 4, 1, 2)},
			},
			"minutes cannot be had in seconds": {hours(0, 1, 10*time.Second, time.Hour), []series.Bucket{}},
			"nothing there":                    {hours(1, 2, time.Minute, time.Hour), []series.Bucket{}},
		} {
			if diff := cmp.Diff(tt.want, buckets(t, db, tt.q), ignoreDist); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// TestLadder follows data of two resolutions from the head to its end.
func TestLadder(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 120 {
			s := value(time.Duration(i)*time.Second, float64(i))
			s.Resolution = time.Second
			put(t, db, s)
		}
		total := bucket(0, "Percent", 120, 119*120/2, 0, 119)
		for _, tt := range []struct {
			age    time.Duration
			period time.Duration
			want   int // buckets
		}{
			{time.Hour, time.Second, 120},
			{2 * time.Hour, time.Second, 120},
			{2 * time.Hour, time.Minute, 2},
			{3*time.Hour + time.Hour, time.Second, 0},
			{3*time.Hour + time.Hour, time.Minute, 2},
			{14 * day, time.Minute, 2},
			{16 * day, time.Minute, 0},
			{16 * day, 5 * time.Minute, 1},
			{64 * day, 5 * time.Minute, 0},
			{64 * day, time.Hour, 1},
			{454 * day, time.Hour, 1},
			{456 * day, time.Hour, 0},
		} {
			for _, when := range []string{"before", "after"} {
				got := buckets(t, db, hours(0, 1, tt.period, tt.age))
				if len(got) != tt.want {
					t.Errorf("%v old, in %v, %s expiry: %d buckets, want %d", tt.age, tt.period, when, len(got), tt.want)
				}
				if tt.want == 1 {
					if diff := cmp.Diff(total, got[0], ignoreDist); diff != "" {
						t.Errorf("%v old: %s", tt.age, diff)
					}
					if p, ok := got[0].Percentile(50); !ok || p != 59 {
						t.Errorf("%v old: median %v, %v, want 59", tt.age, p, ok)
					}
				}
				expire(t, db, tt.age)
			}
		}
		expire(t, db, 480*day)
		for _, table := range []string{"metric_head", "metric_chunk"} {
			if n := rows(t, db, table); n != 0 {
				t.Errorf("%s has %d rows left after all", table, n)
			}
		}
	})
}

func rows(t *testing.T, db *store.DB, table string) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Row("select count(*) from " + table).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLateData has samples arrive for times that were folded long ago.
func TestLateData(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 4 {
			put(t, db, value(0, float64(i)))
			expire(t, db, time.Duration(i+1)*24*7*time.Hour)
		}
		got := buckets(t, db, hours(0, 1, time.Hour, 28*24*time.Hour))
		if diff := cmp.Diff([]series.Bucket{bucket(0, "Percent", 4, 6, 0, 3)}, got, ignoreDist); diff != "" {
			t.Error(diff)
		}
		if n := rows(t, db, "metric_head"); n != 0 {
			t.Errorf("%d rows left in the head", n)
		}
	})
}

// TestAgainstModel compares random puts, expiries and queries with sums over a
// slice.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			id := cpu
			id.Name = fmt.Sprint("m", round)
			now := start
			var model []series.Sample
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				var batch []series.Sample
				for range rapid.IntRange(1, 10).Draw(rt, "samples") {
					age := time.Duration(rapid.IntRange(0, 14*24*60).Draw(rt, "age")) * time.Minute
					batch = append(batch, series.Sample{
						ID: id, Time: now.Add(-age), Unit: rapid.SampledFrom([]string{"Count", "None"}).Draw(rt, "unit"),
						Values: []float64{float64(rapid.IntRange(-5, 50).Draw(rt, "value"))},
					})
				}
				put(t, db, batch...)
				model = append(model, batch...)
				now = now.Add(time.Duration(rapid.IntRange(0, 100*60).Draw(rt, "pause")) * time.Minute)
				if err := series.Expire(t.Context(), db, now); err != nil {
					rt.Fatal(err)
				}
			}
			q := series.Query{
				ID: id, From: start.Add(-14 * 24 * time.Hour), To: now.Add(time.Hour), Now: now,
				Period: rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour}).Draw(rt, "period"),
			}
			if diff := cmp.Diff(naive(model, q), buckets(t, db, q), ignoreDist); diff != "" {
				rt.Fatal(diff)
			}
		})
	})
}

// naive adds up samples of one value the plain way.
func naive(samples []series.Sample, q series.Query) []series.Bucket {
	out := []series.Bucket{}
	for at := q.From; at.Before(q.To); at = at.Add(q.Period) {
		for _, unit := range []string{"Count", "None"} {
			b := series.Bucket{Time: at, Unit: unit, Summary: series.Summary{Min: math.Inf(1), Max: math.Inf(-1)}}
			for _, s := range samples {
				minute := s.Time.Truncate(time.Minute)
				if s.Unit == unit && !minute.Before(at) && minute.Before(at.Add(q.Period)) && minute.Before(q.To) {
					b.Count++
					b.Sum += s.Values[0]
					b.Min, b.Max = min(b.Min, s.Values[0]), max(b.Max, s.Values[0])
				}
			}
			if b.Count > 0 {
				out = append(out, b)
			}
		}
	}
	return out
}

func TestList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dims := func(pairs ...string) (d []series.Dimension) {
			for i := 0; i < len(pairs); i += 2 {
				d = append(d, series.Dimension{Name: pairs[i], Value: pairs[i+1]})
			}
			return d
		}
		id := func(namespace, name string, d []series.Dimension) series.ID {
			return series.ID{Account: "000000000000", Region: "us-east-1", Namespace: namespace, Name: name, Dimensions: d}
		}
		all := []series.ID{
			id("A", "m", nil),
			id("A", "m", dims("Host", "h%")),
			id("A", "m", dims("Host", "h1", "Zone", "z")),
			id("A", "n", dims("host", "h1")),
			id("B", "m", nil),
		}
		for _, one := range all {
			put(t, db, series.Sample{ID: one, Time: start, Values: []float64{1}})
		}
		elsewhere := all[0]
		elsewhere.Region = "eu-west-1"
		put(t, db, series.Sample{ID: elsewhere, Time: start, Values: []float64{1}})
		reversed := id("A", "m", dims("Zone", "z", "Host", "h1"))
		put(t, db, series.Sample{ID: reversed, Time: start, Values: []float64{1}}) // the same as all[2]
		h1, zone := "h1", "z"
		for name, tt := range map[string]struct {
			f    series.Filter
			want []series.ID
		}{
			"all":             {series.Filter{}, all},
			"namespace":       {series.Filter{Namespace: "A"}, all[:4]},
			"name":            {series.Filter{Name: "m"}, []series.ID{all[0], all[1], all[2], all[4]}},
			"dimension":       {series.Filter{Dimensions: []series.DimensionFilter{{Name: "Host"}}}, all[1:3]},
			"dimension value": {series.Filter{Dimensions: []series.DimensionFilter{{Name: "Host", Value: &h1}}}, all[2:3]},
			"two dimensions":  {series.Filter{Dimensions: []series.DimensionFilter{{Name: "Zone", Value: &zone}, {Name: "Host", Value: &h1}}}, all[2:3]},
			"page":            {series.Filter{Limit: 2}, all[:2]},
			"next page":       {series.Filter{Limit: 2, After: &all[1]}, all[2:4]},
			"seen":            {series.Filter{SeenSince: time.Now().Add(-time.Hour)}, all},
			"not seen":        {series.Filter{SeenSince: time.Now().Add(time.Hour)}, nil},
		} {
			tt.f.Account, tt.f.Region = "000000000000", "us-east-1"
			var got []series.ID
			err := db.View(t.Context(), func(tx *store.Tx) (err error) {
				got, err = series.List(tx, tt.f)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// TestForget checks that series without data leave the list in the end.
func TestForget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		put(t, db, value(0, 1))
		if n := rows(t, db, "metric_series"); n != 1 {
			t.Fatalf("%d series", n)
		}
		if err := series.Expire(t.Context(), db, time.Now().Add(500*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, db, "metric_series"); n != 0 {
			t.Errorf("%d series left", n)
		}
	})
}
