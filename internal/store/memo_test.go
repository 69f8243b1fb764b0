package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var further = store.NewCollection[thing]("test.further")

// memory remembers the name and the tags of things, and counts what it reads.
type memory struct {
	*store.Memo[string]
	reads int
}

func newMemory(db *store.DB) *memory {
	return &memory{Memo: store.NewMemo[string](db, things, further)}
}

func (m *memory) read(ctx context.Context, k store.Key) (string, error) {
	return m.Get(ctx, k, func(tx *store.Tx) (string, error) {
		m.reads++
		r, err := things.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return "none", nil
		}
		if err != nil {
			return "", err
		}
		tags, err := things.Tags(tx, k)
		return fmt.Sprint(r.Doc.Name, tags), err
	})
}

// TestMemoIsExact after every kind of change, in the process that makes it.
func TestMemoIsExact(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMemory(db)
		want := func(what string) {
			t.Helper()
			for range 2 {
				if got, err := m.read(t.Context(), key("a")); got != what || err != nil {
					t.Errorf("%q, %v; want %q", got, err, what)
				}
			}
		}
		want("none")
		create(t, db, "a")
		want("amap[]")
		update(t, db, func(tx *store.Tx) error { return things.SetTags(tx, key("a"), map[string]string{"k": "v", "l": "w"}) })
		want("amap[k:v l:w]")
		update(t, db, func(tx *store.Tx) error { return things.RemoveTags(tx, key("a"), []string{"l"}) })
		want("amap[k:v]")
		update(t, db, func(tx *store.Tx) error { return things.ReplaceTags(tx, key("a"), nil) })
		want("amap[]")
		update(t, db, func(tx *store.Tx) error {
			r, err := things.Get(tx, key("a"))
			r.Doc.Name = "b"
			return errors.Join(err, things.Put(tx, &r))
		})
		want("bmap[]")
		update(t, db, func(tx *store.Tx) error { return things.Delete(tx, key("a")) })
		want("none")
		create(t, db, "a")
		want("amap[]")
		if err := db.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		want("none")
	})
}

// TestMemoReads what has changed alone: once, unless a further collection did.
func TestMemoReads(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	m := newMemory(db)
	all := func(want int) {
		t.Helper()
		m.reads = 0
		for range 3 {
			for _, id := range []string{"a", "b", "c"} {
				if _, err := m.read(t.Context(), key(id)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if m.reads != want {
			t.Errorf("%d reads, want %d", m.reads, want)
		}
	}
	all(3)
	create(t, db, "a")
	all(1)
	update(t, db, func(tx *store.Tx) error {
		_, err := further.Create(tx, key("x"), thing{})
		return err
	})
	all(3)
	rolledBack := errors.New("no")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(things.Delete(tx, key("a")), rolledBack)
	})
	if !errors.Is(err, rolledBack) {
		t.Fatal(err)
	}
	all(0)
}

// TestMemoKeepsNothingOld that was read while it changed.
func TestMemoKeepsNothingOld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		m := newMemory(db)
		got, err := m.Get(t.Context(), key("a"), func(tx *store.Tx) (string, error) {
			if _, err := things.Get(tx, key("a")); !errors.Is(err, store.ErrNotFound) {
				return "", err
			}
			made := make(chan error)
			go func() {
				made <- db.Update(t.Context(), func(tx *store.Tx) error {
					_, err := things.Create(tx, key("a"), thing{Name: "a"})
					return err
				})
			}()
			return "none", <-made
		})
		if got != "none" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := m.read(t.Context(), key("a")); got != "amap[]" || err != nil {
			t.Errorf("after the change: %q, %v", got, err)
		}
	})
}

// TestMemoErrors are not remembered.
func TestMemoErrors(t *testing.T) {
	t.Parallel()
	m := newMemory(storetest.SQLite(t))
	broken := errors.New("broken")
	if _, err := m.Get(t.Context(), key("a"), func(*store.Tx) (string, error) { return "x", broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if got, err := m.read(t.Context(), key("a")); got != "none" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestMemoIsBounded however many resources are asked for.
func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(storetest.SQLite(t))
	if _, err := m.read(t.Context(), key("first")); err != nil {
		t.Fatal(err)
	}
	for n := range 2 * store.MemoSize {
		if _, err := m.Get(t.Context(), key(fmt.Sprint(n)), func(*store.Tx) (string, error) { return "", nil }); err != nil {
			t.Fatal(err)
		}
	}
	before := m.reads
	if _, err := m.read(t.Context(), key("first")); err != nil || m.reads != before+1 {
		t.Errorf("%d reads, %v: it was still remembered", m.reads-before, err)
	}
}

// TestMemoOfAnotherProcess is a second behind at most.
func TestMemoOfAnotherProcess(t *testing.T) {
	t.Parallel()
	c := store.Config{URL: storetest.PostgresURL(t)}
	here, there := storetest.Open(t, c), storetest.Open(t, c)
	m := newMemory(there)
	if got, err := m.read(t.Context(), key("a")); got != "none" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	create(t, here, "a")
	changed := time.Now()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for range look.C {
		began := time.Now()
		got, err := m.read(t.Context(), key("a"))
		if err != nil {
			t.Fatal(err)
		}
		if got == "amap[]" {
			return
		}
		if late := began.Sub(changed); late > store.MemoFor {
			t.Fatalf("%q, %v after the change", got, late)
		}
	}
}
