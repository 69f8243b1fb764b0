package series_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// count is the number of values that the database holds for cpu.
func count(t *testing.T, db *store.DB, now time.Duration) (n float64) {
	t.Helper()
	for _, b := range buckets(t, db, hours(0, 24*40, 24*time.Hour, now)) {
		n += b.Count
	}
	return n
}

// TestConcurrentExpiry has two expire while others put: everything is counted
// once.
func TestConcurrentExpiry(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const puts, writers = 60, 2
		now := 20 * 24 * time.Hour
		var work sync.WaitGroup
		for w := range writers {
			work.Go(func() {
				for i := range puts {
					put(t, db, value(time.Duration(i*w)*time.Hour/4, float64(i)))
				}
			})
		}
		for range 2 {
			work.Go(func() {
				for range 8 {
					if err := series.Expire(t.Context(), db, start.Add(now)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		if n := count(t, db, now); n != puts*writers {
			t.Errorf("%v values, want %d", n, puts*writers)
		}
		expire(t, db, now)
		if n := count(t, db, now); n != puts*writers || rows(t, db, "metric_head") != 0 {
			t.Errorf("after expiry: %v values, want %d, and %d head rows", n, puts*writers, rows(t, db, "metric_head"))
		}
	})
}

// crashEnv hands a database to the child that TestKill kills.
const crashEnv = "NEPHELE_SERIES_CRASH_DIR"

// TestMain runs the tests, or in the process that TestKill starts, the child.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		if err := putForever(dir); err != nil {
			fmt.Println(err)
		}
		return
	}
	m.Run()
}

// putForever puts values, says so when they are committed, and expires in
// between.
func putForever(dir string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Dir: dir})
	for i := 0; err == nil; i++ {
		sample := []series.Sample{value(time.Duration(i%2000)*time.Minute, 1)}
		err = db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, sample) })
		if err == nil {
			fmt.Println("put")
		}
		if err == nil && i%10 == 0 {
			err = series.Expire(ctx, db, start.Add(16*24*time.Hour))
		}
	}
	return err
}

// TestKill kills a process that puts and expires, again and again: what was
// acknowledged is there, once.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged, rounds := 0, 4
	for range rounds {
		acknowledged += killAfter(t, dir, 20+rand.IntN(60))
	}
	db := storetest.Open(t, store.Config{Dir: dir})
	n := int(count(t, db, 16*24*time.Hour))
	// A put may have been committed without anybody having heard of it.
	if n < acknowledged || n > acknowledged+rounds {
		t.Errorf("%d values, %d were acknowledged", n, acknowledged)
	}
}

// killAfter runs the child until it has said so many lines, and counts all.
func killAfter(t *testing.T, dir string, lines int) (said int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() != "put" {
			t.Fatalf("child says %q", s.Text())
		}
		if said++; said == lines {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // it was killed
	if said < lines {
		t.Fatalf("child ended after %d lines", said)
	}
	return said
}
