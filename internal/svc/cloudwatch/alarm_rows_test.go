package cloudwatch_test

import (
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
)

// count is how many rows a table has.
func count(t *testing.T, h *house, table string) int {
	return number(t, h, "select count(*) from "+table)
}

// versions grows with every write of an alarm.
func versions(t *testing.T, h *house) int { return number(t, h, "select sum(version) from alarm") }

func number(t *testing.T, h *house, query string) (n int) {
	t.Helper()
	err := h.db.View(t.Context(), func(tx *store.Tx) error { return tx.Row(query).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// age makes the history older.
func age(t *testing.T, h *house, by time.Duration) {
	t.Helper()
	err := h.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("update alarm_history set time = time - ?", by.Microseconds())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
