package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// crashVariable holds the database of a child that writes until it is killed.
const crashVariable = "NEPHELE_TEST_CRASH"

// crashChild writes things from several goroutines and prints the ID of each
// once its Update has returned.
func crashChild() {
	c := store.Config{Dir: os.Getenv(crashVariable)}
	if strings.HasPrefix(c.Dir, "postgres:") {
		c = store.Config{URL: c.Dir}
	}
	db, err := store.Open(context.Background(), c)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var printing sync.Mutex
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					if err := put(tx, id); err != nil {
						return err
					}
					return put(tx, id+"/twin")
				})
				printing.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(id)
				}
				printing.Unlock()
			}
		}()
	}
	select {}
}

// TestKilledProcessLosesNothing kills a writing process with SIGKILL, several
// times, and finds every write that was acknowledged, and none by half.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var acknowledged []string
		for round := range 3 {
			acknowledged = append(acknowledged, writeAndKill(t, c, 100*(round+1))...)
		}
		db := storetest.Open(t, c)
		view(t, db, func(tx *store.Tx) error {
			for _, id := range acknowledged {
				if _, err := things.Get(tx, key(id)); err != nil {
					t.Errorf("%s was acknowledged: %v", id, err)
				}
			}
			var halves int
			err := tx.Row(`select count(*) from resource a where not exists (select 1 from resource b
				where b.id = a.id || '/twin' or a.id = b.id || '/twin')`).Scan(&halves)
			if halves != 0 {
				t.Errorf("%d transactions are there by half", halves)
			}
			return err
		})
	})
}

// writeAndKill lets a child write and kills it after it has acknowledged so
// many; it returns all that it acknowledged.
func writeAndKill(t *testing.T, c store.Config, after int) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVariable+"="+c.Dir+c.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error") {
			t.Error(lines.Text())
		}
		ids = append(ids, lines.Text())
		if len(ids) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(ids); n > 0 && !wholeID(ids[n-1]) {
		ids = ids[:n-1] // cut off in the middle of the line
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	if len(ids) < after {
		t.Fatalf("the child acknowledged %d writes, want %d", len(ids), after)
	}
	return ids
}

// wholeID reports whether id is not the beginning of one; the goroutine's next
// line would continue the number.
func wholeID(id string) bool { return strings.Count(id, "-") == 2 && !strings.HasSuffix(id, "-") }
