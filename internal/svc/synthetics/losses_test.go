package synthetics

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// However many ticks are lost, there is at most one line a second, and every one
// of them is in some line.
func TestLossesAreToldTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		var l losses
		lose := func(canary string, ticks int, running bool) {
			l.note(ref{Name: canary}, time.Now(), ticks, running)
			l.tell(log)
		}
		lose("one", 1, true)
		lose("two", 2, false)
		lose("three", 3, true)
		time.Sleep(lossPause)
		l.tell(log)
		l.tell(log) // nothing is left
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines:\n%s", len(lines), out.String())
		}
		for i, want := range []string{"canary=one ", "times=2 ticks=5 stillRunning=1 first=two"} {
			if !strings.Contains(lines[i], want) {
				t.Errorf("line %d lacks %q: %s", i, want, lines[i])
			}
		}
	})
}
