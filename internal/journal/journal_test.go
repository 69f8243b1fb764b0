package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

func event(seconds int, body string) journal.Event {
	return journal.Event{Time: at(seconds), Body: []byte(body)}
}

func appendTo(t *testing.T, db *store.DB, log, stream string, events ...journal.Event) {
	t.Helper()
	err := db.UpdateAt(t.Context(), store.ReadCommitted, func(tx *store.Tx) error {
		return journal.Append(tx, log, stream, events)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scan returns the first limit events; 0 means all.
func scan(t *testing.T, db *store.DB, q journal.Query, limit int) (events []journal.Event) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		events = nil
		for e, err := range journal.Scan(tx, q) {
			if err != nil {
				return err
			}
			events = append(events, e)
			if len(events) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func bodies(events []journal.Event) string {
	var b []string
	for _, e := range events {
		b = append(b, string(e.Body))
	}
	return strings.Join(b, " ")
}

func TestScanOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		appendTo(t, db, "l", "s", event(10, "c"), event(5, "a"), event(10, "d"))
		appendTo(t, db, "l", "s", event(10, "e"), event(7, "b"), event(7200, "g"))
		appendTo(t, db, "l", "r", event(11, "f"))
		appendTo(t, db, "other", "s", event(10, "x"))
		for _, tt := range []struct {
			name string
			q    journal.Query
			want string
		}{
			{"all", journal.Query{}, "a b c d e f g"},
			{"backward", journal.Query{Backward: true}, "g f e d c b a"},
			{"one stream", journal.Query{Streams: []string{"s"}}, "a b c d e g"},
			{"two streams", journal.Query{Streams: []string{"s", "r"}}, "a b c d e f g"},
			{"unknown stream", journal.Query{Streams: []string{"none"}}, ""},
			{"no streams", journal.Query{Streams: []string{}}, ""},
			{"range is half open", journal.Query{From: at(7), To: at(11)}, "b c d e"},
			{"range backward", journal.Query{From: at(7), To: at(11), Backward: true}, "e d c b"},
			{"empty range", journal.Query{From: at(11), To: at(7)}, ""},
		} {
			tt.q.Log = "l"
			if got := bodies(scan(t, db, tt.q, 0)); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}

func TestEventFields(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		before := time.Now().Add(-time.Minute)
		appendTo(t, db, "l", "s", journal.Event{Time: at(1).Add(123456789), Body: []byte("x\x00y")}, event(2, ""))
		got := scan(t, db, journal.Query{Log: "l"}, 0)
		if len(got) != 2 || got[0].Ingested.Before(before) || got[0].Stream != "s" || string(got[0].Body) != "x\x00y" {
			t.Fatalf("events = %+v", got)
		}
		if want := at(1).Add(123456000); !got[0].Time.Equal(want) {
			t.Errorf("time = %v, want %v", got[0].Time, want)
		}
		c, err := journal.ParseCursor(got[0].Cursor.String())
		if err != nil || c != got[0].Cursor {
			t.Errorf("cursor %v reads back as %v, %v", got[0].Cursor, c, err)
		}
	})
}

// TestPaging reads page by page, in both directions, while more is appended
// behind the cursor.
func TestPaging(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var want []string
		for i := range 25 {
			body := fmt.Sprint(i)
			want = append(want, body)
			appendTo(t, db, "l", "s", event(i/4*1800, body)) // four share a time
		}
		for _, backward := range []bool{false, true} {
			q := journal.Query{Log: "l", Backward: backward}
			var got []string
			for {
				page := scan(t, db, q, 3)
				if len(page) == 0 {
					break
				}
				got = append(got, strings.Fields(bodies(page))...)
				q.After = &page[len(page)-1].Cursor
			}
			if backward {
				slices.Reverse(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("backward=%v: %s", backward, diff)
			}
		}
		// What comes late with an old time is not seen behind a newer cursor.
		page := scan(t, db, journal.Query{Log: "l", Backward: true}, 1)
		appendTo(t, db, "l", "s", event(0, "late"), event(999_999, "next"))
		if got := bodies(scan(t, db, journal.Query{Log: "l", After: &page[0].Cursor}, 0)); got != "next" {
			t.Errorf("after the end: %q", got)
		}
	})
}

// TestLargeBatch crosses the limits of a segment in events and bytes.
func TestLargeBatch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var batch []journal.Event
		for i := range 5000 {
			batch = append(batch, event(i/100, fmt.Sprint(i)))
		}
		big := strings.Repeat("big", 100_000)
		batch = append(batch, event(100, big), event(101, big))
		appendTo(t, db, "l", "s", batch...)
		got := scan(t, db, journal.Query{Log: "l"}, 0)
		if len(got) != len(batch) {
			t.Fatalf("%d events, want %d", len(got), len(batch))
		}
		for i := range got {
			if string(got[i].Body) != string(batch[i].Body) {
				t.Fatalf("event %d is %.20q, want %.20q", i, got[i].Body, batch[i].Body)
			}
		}
	})
}

func TestRollback(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		no := errors.New("no")
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(journal.Append(tx, "l", "s", []journal.Event{event(1, "x")}), no)
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		if got := scan(t, db, journal.Query{Log: "l"}, 0); len(got) != 0 {
			t.Errorf("rolled back, yet there: %v", got)
		}
	})
}

func TestStats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		appendTo(t, db, "l", "s", event(10, "12345"), event(5, "1"))
		appendTo(t, db, "l", "s", event(7, "123"))
		appendTo(t, db, "l", "r", event(99999, "12"))
		view := func() (stats map[string]journal.Stats, size int64) {
			t.Helper()
			err := db.View(t.Context(), func(tx *store.Tx) (err error) {
				stats, err = journal.Streams(tx, "l", nil)
				if err != nil {
					return err
				}
				size, err = journal.Bytes(tx, "l")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return stats, size
		}
		stats, size := view()
		s := stats["s"]
		if size != 11 || s.Events != 3 || s.Bytes != 9 || !s.First.Equal(at(5)) || !s.Last.Equal(at(10)) || s.Ingested.IsZero() {
			t.Errorf("size %d, stats %+v", size, s)
		}
		expire(t, db, "l", at(8000))
		stats, size = view()
		if size != 2 || stats["s"].Events != 0 || stats["s"].Bytes != 0 || stats["r"].Events != 1 {
			t.Errorf("after expiry: size %d, stats %+v", size, stats)
		}
		update(t, db, func(tx *store.Tx) error { _, err := journal.PurgeStream(tx, "l", "r"); return err })
		stats, _ = view()
		if _, there := stats["r"]; there || len(scan(t, db, journal.Query{Log: "l"}, 0)) != 0 {
			t.Errorf("deleted stream is there: %+v", stats)
		}
	})
}

func update(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func expire(t *testing.T, db *store.DB, log string, before time.Time) {
	t.Helper()
	for more := true; more; {
		update(t, db, func(tx *store.Tx) (err error) {
			more, err = journal.Expire(tx, log, before)
			return err
		})
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 700 { // more segments than one call deletes
			appendTo(t, db, "l", "s", event(i, "old"))
		}
		appendTo(t, db, "l", "s", event(3700, "keep"), event(5000, "keep"))
		appendTo(t, db, "other", "s", event(0, "keep"))
		expire(t, db, "l", at(4000))
		// 3700 shares a segment with 5000 and may stay, the older hours may not.
		if got := bodies(scan(t, db, journal.Query{Log: "l"}, 0)); got != "keep keep" {
			t.Errorf("left: %.60q", got)
		}
		if got := bodies(scan(t, db, journal.Query{Log: "other"}, 0)); got != "keep" {
			t.Errorf("other log: %q", got)
		}
		for i := range 600 { // more segments than one step deletes
			appendTo(t, db, "l", "s", event(i, "old"))
		}
		for more := true; more; {
			update(t, db, func(tx *store.Tx) (err error) {
				more, err = journal.Purge(tx, "l")
				return err
			})
		}
		if got := scan(t, db, journal.Query{Log: "l"}, 0); len(got) != 0 {
			t.Errorf("purged log has %d events", len(got))
		}
	})
}

// TestAgainstModel compares random appends and reads with a sorted slice.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		type known struct {
			seconds, n int
			stream     string
		}
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			log := fmt.Sprint("log", round)
			var model []known
			n := 0
			for range rapid.IntRange(1, 8).Draw(rt, "calls") {
				stream := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "stream")
				var batch []journal.Event
				for _, s := range rapid.SliceOfN(rapid.IntRange(0, 3*3600), 1, 12).Draw(rt, "times") {
					s = s / 600 * 600 // many equal times
					n++
					batch = append(batch, event(s, fmt.Sprint(n)))
					model = append(model, known{s, n, stream})
				}
				appendTo(t, db, log, stream, batch...)
			}
			slices.SortStableFunc(model, func(a, b known) int { return a.seconds - b.seconds })
			from, to := rapid.IntRange(0, 4*3600).Draw(rt, "from"), rapid.IntRange(0, 4*3600).Draw(rt, "to")
			backward := rapid.Bool().Draw(rt, "backward")
			streams := rapid.SampledFrom([][]string{nil, {"a"}, {"b", "c"}}).Draw(rt, "streams")
			var want []string
			for _, k := range model {
				if k.seconds >= from && k.seconds < to && (streams == nil || slices.Contains(streams, k.stream)) {
					want = append(want, fmt.Sprint(k.n))
				}
			}
			if backward {
				slices.Reverse(want)
			}
			q := journal.Query{Log: log, From: at(from), To: at(to), Backward: backward, Streams: streams}
			page := rapid.IntRange(1, 20).Draw(rt, "page")
			var got []string
			for {
				events := scan(t, db, q, page)
				if len(events) == 0 {
					break
				}
				got = append(got, strings.Fields(bodies(events))...)
				q.After = &events[len(events)-1].Cursor
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatal(diff)
			}
		})
	})
}

func TestParseCursorRefuses(t *testing.T) {
	t.Parallel()
	good := journal.Cursor{Time: 1, Seq: 2, Index: 3}.String()
	for _, s := range []string{"", "1", good[1:], good + "0", "-" + good[1:], strings.Repeat("9", 56), strings.Repeat("x", 56)} {
		if c, err := journal.ParseCursor(s); !errors.Is(err, journal.ErrCursor) {
			t.Errorf("ParseCursor(%q) = %v, %v", s, c, err)
		}
	}
}
