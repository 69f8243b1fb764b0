package cloudwatch

import (
	"testing"
	"time"

	"nephele.dev/nephele/internal/awserr"
)

// FuzzWidget checks that a widget which is accepted can be asked for and drawn
// without data, and that a refusal is an answer.
func FuzzWidget(f *testing.F) {
	for _, seed := range []string{
		`{"metrics":[["A","b","c","d",{"id":"m1"}],["...","e"],[".","f",".","."],[{"expression":"m1*2"}]],"width":9,"height":9}`,
		`{"annotations":{"horizontal":[{"value":1},[{"value":1},{"value":2}]],"vertical":[{"value":"2026-01-01T00:00:00Z","fill":"after"}]}}`,
		`{"start":"-P1M","end":"P1D","timezone":"-0330","view":"gauge","yAxis":{"left":{"min":5,"max":-5}}}`, `[]`, `{"metrics":[[{}]]}`,
	} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body string) {
		w, err := parseWidget(body, now)
		if err != nil {
			if awserr.As(err) == nil {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if len(w.queries()) != len(w.rows) || len(w.labels()) != len(w.rows) {
			t.Fatalf("%q: %d rows, %d queries, %d labels", body, len(w.rows), len(w.queries()), len(w.labels()))
		}
		c := w.chart()
		c.Width, c.Height = min(c.Width, 80), min(c.Height, 80)
		if _, err := c.PNG(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDashboard checks that every body is accepted or answered.
func FuzzDashboard(f *testing.F) {
	f.Add(`{"widgets":[{"type":"metric","x":0,"properties":{"metrics":[["A","b",{}],[{"expression":"x"}]],"region":"r","period":60,"legend":{"position":"right"}}}]}`)
	f.Add(`{"widgets":[{"type":"text"},1,null,{"type":"log","properties":[]}],"variables":[]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if _, err := checkDashboard(body); err != nil && awserr.As(err) == nil {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

func TestParseInstant(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"-PT3H": "2026-03-01T09:00:00Z", "PT3H": "2026-03-01T09:00:00Z", "-P1D": "2026-02-28T12:00:00Z", "-P1W": "2026-02-22T12:00:00Z",
		"-P1M": "2026-02-01T12:00:00Z", "-P1DT1H30M5S": "2026-02-28T10:29:55Z", "2026-02-01T00:00:00.000Z": "2026-02-01T00:00:00Z",
		"2026-02-01T01:00:00+01:00": "2026-02-01T00:00:00Z", "2026-02-01": "2026-02-01T00:00:00Z", "soon": "", "-3H": "", "": "",
	} {
		got, ok := parseInstant(s, now)
		if ok != (want != "") || ok && got.Format(time.RFC3339) != want {
			t.Errorf("parseInstant(%q) = %v, %v; want %s", s, got, ok, want)
		}
	}
}
