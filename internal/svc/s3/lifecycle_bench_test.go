package s3_test

import (
	"fmt"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
)

// BenchmarkNight carries out the lifecycle of a bucket with a million objects,
// none of which has come of age, and of as many of which 10,000 have.
func BenchmarkNight(b *testing.B) {
	eachWorld(b, func(b *testing.B, w *world) {
		w.bucket(b, "million")
		keys := make([]string, 0, 1_000_000)
		for i := range 1_000_000 {
			keys = append(keys, fmt.Sprintf("k%07d", i))
		}
		insertKeys(b, w, "million", keys)
		setAge := func(where string, age time.Duration) {
			err := w.db.Update(b.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`update s3_object set modified = ? where bucket = 'million' `+where, store.Micros(tx.Now().Add(-age)))
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		setAge("", time.Hour)
		w.lifecycle(b, "million", rule("all", "", days(10)))
		night := func() {
			err := w.db.Update(b.Context(), func(tx *store.Tx) error {
				return w.engine.Put(tx, "s3.lifecycle", "million", tx.Now(), nil)
			})
			if err != nil {
				b.Fatal(err)
			}
			w.untilNight(b, "million")
		}
		b.Run("nothing", func(b *testing.B) {
			for b.Loop() {
				night()
			}
		})
		b.Run("10000", func(b *testing.B) {
			for i := range b.N {
				b.StopTimer()
				setAge(fmt.Sprintf("and key >= 'k%07d' and key < 'k%07d'", i*10_000, (i+1)*10_000), 12*dayLong)
				b.StartTimer()
				night()
			}
		})
	})
}
