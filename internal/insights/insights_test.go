package insights_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"nephele.dev/nephele/internal/insights"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// lines makes events a minute apart, given oldest first.
func lines(messages ...string) iter.Seq2[insights.Event, error] {
	return func(yield func(insights.Event, error) bool) {
		for i, message := range slices.Backward(messages) {
			at := start.Add(time.Duration(i) * time.Minute)
			e := insights.Event{
				Timestamp: at, Ingested: at.Add(time.Second), Message: message,
				LogStream: fmt.Sprintf("s%d", i%2), Log: "123456789012:/app", Pointer: fmt.Sprintf("p%d", i),
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// ask runs a query and shows its rows, a line each: name=value, without @ptr.
func ask(t *testing.T, query string, limit int, events iter.Seq2[insights.Event, error]) (string, insights.Statistics) {
	t.Helper()
	q, err := insights.Parse(query, start)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	rows, st, err := q.Run(t.Context(), events, insights.Options{Limit: limit})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var b strings.Builder
	for i, row := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		var parts []string
		for _, f := range row {
			if f.Name != "@ptr" {
				parts = append(parts, f.Name+"="+f.Value)
			}
		}
		b.WriteString(strings.Join(parts, " "))
	}
	return b.String(), st
}

var requests = []string{
	`{"status":200,"path":"/a","ms":12.5,"user":{"name":"ann","id":7,"tags":["x","y"]},"ok":true}`,
	`{"status":500,"path":"/b","ms":250,"user":{"name":"bob","id":8},"ok":false}`,
	`{"status":404,"path":"/a","ms":3,"user":{"name":"cy","id":10},"a.b":"dotted","foo-bar":"dash"}`,
	`plain text error: code=17, host=web-1`,
	`{"status":503,"path":"/b","ms":900,"user":{"name":"bob","id":8}}`,
	`plain text error: code=9, host=web-2`,
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, query, want string }{
		{"default", "limit 2", "@timestamp=2026-11-22 10:05:00.000 @message=plain text error: code=9, host=web-2\n@timestamp=2026-11-22 10:04:00.000 @message=" + requests[4]},
		{"fields", "fields @logStream, status, user.name | filter status >= 500", "@logStream=s0 status=503 user.name=bob\n@logStream=s1 status=500 user.name=bob"},
		{"case of words", "FIELDS status | FILTER status >= 500 AND NOT status = 500 | LIMIT 5", "status=503"},
		{"nested fields", "fields user.tags.1 as second, user.tags as all | filter ispresent(user.tags)", `second=y all=["x","y"]`},
		{"item by number", "fields user.tags[0] as t | filter ispresent(t)", "t=x"},
		{"backticks", "fields `foo-bar`, `a.b` | filter ispresent(`foo-bar`)", "foo-bar=dash a.b=dotted"},
		{"dotted key", "fields a.b | filter ispresent(a.b)", "a.b=dotted"},
		{"booleans", "fields path, ok | filter ok = true or ok = 0 | sort status", "path=/a ok=1\npath=/b ok=0"},
		{"boolean as text", "fields path | filter ok = 'false'", "path=/b"},
		{"missing is not unequal", "fields status | filter status != 200 | sort status", "status=404\nstatus=500\nstatus=503"},
		{"like text", `fields @message | filter @message like "web-1"`, "@message=" + requests[3]},
		{"like expression", `fields @message | filter @message like /(?i)ERROR: CODE=\d\b/`, "@message=" + requests[5]},
		{"tilde", `fields @message | filter @message =~ /web-[12]$/ | sort @timestamp`, "@message=" + requests[3] + "\n@message=" + requests[5]},
		{"not like", `fields status | filter path not like "/a" | sort status asc`, "status=500\nstatus=503"},
		{"in", "fields status | filter status in [404, '500'] | sort status desc", "status=500\nstatus=404"},
		{"not in", "fields status | filter status not in [404, 500] | sort status desc", "status=503\nstatus=200"},
		{"arithmetic", "fields status + 2 * 3 ^ 2 % 5 - 1 as n | filter status = 200", "n=202"},
		{"division", "fields ms / 4 as q, -ms as m | filter status = 200", "q=3.125 m=-12.5"},
		{"four decimals", "fields 1 / 3 as third | limit 1", "third=0.3333"},
		{"division by zero", "fields status, 1 / 0 as n | filter status = 200", "status=200"},
		{"text in arithmetic", "parse @message 'code=*,' as code | fields code * 2 as twice | filter ispresent(code) | sort twice", "twice=18\ntwice=34"},
		{"numeric functions", "fields abs(0-2) as a, ceil(1.2) as b, floor(1.8) as c, greatest(1,3,2) as d, least(4,2) as e, sqrt(16) as f, log(1) as g | limit 1", "a=2 b=2 c=1 d=3 e=2 f=4 g=0"},
		{"text functions", `fields concat("a", 1, "b") as a, strlen("héé") as b, toupper("x") as c, substr("hello", 1, 3) as d, replace("aXa", "X", "-") as e, trim("  q ") as f, ltrim("xxq", "x") as g, rtrim("qxx","x") as h | limit 1`, "a=a1b b=3 c=X d=ell e=a-a f=q g=q h=q"},
		{"text predicates", `fields strcontains("abc", "b") as a, isempty("") as b, isblank("  ") as c, isempty(nothing) as d | limit 1`, "a=1 b=1 c=1 d=1"},
		{"addresses", `fields isValidIp("10.0.0.1") as a, isValidIpv6("10.0.0.1") as b, isIpInSubnet("10.0.0.1", "10.0.0.0/8") as c, isIpv4InSubnet("11.0.0.1", "10.0.0.0/8") as d | limit 1`, "a=1 b=0 c=1 d=0"},
		{"coalesce", "fields coalesce(nothing, path, 'none') as p | sort @timestamp | limit 4", "p=/a\np=/b\np=/a\np=none"},
		{"times", "fields toMillis(@timestamp) as a, datefloor(@timestamp, 1h) as b, dateceil(@timestamp, 1h) as c, fromMillis(0) as d, now() as e | sort @timestamp desc | limit 1", "a=1795341900000 b=2026-11-22 10:00:00.000 c=2026-11-22 11:00:00.000 d=1970-01-01 00:00:00.000 e=1795341600"},
		{"JSON", `fields jsonParse('{"a":{"b":[1,2]}}') as j, j.a.b.1 as two, jsonStringify("q\"") as s | limit 1`, `j={"a":{"b":[1,2]}} two=2 s="q\""`},
		{"glob", "parse 'code=*, host=*' as code, host | display host, code | filter ispresent(host) | sort code", "host=web-2 code=9\nhost=web-1 code=17"},
		{"glob with text behind", "parse @message 'text *: code' as word | fields word | filter word = 'error'", "word=error\nword=error"},
		{"parse by expression", `parse @message /code=(?<code>\d+).*host=(?<h>\S+)/ | filter h = "web-1" | display h, code`, "h=web-1 code=17"},
		{"parse of a field", `parse user.name "b*" as rest | filter ispresent(rest) | display rest | limit 1`, "rest=ob"},
		{"display wins", "fields @message, status | display path | filter status = 200", "path=/a"},
		{"sort by two", "fields path, status | filter ispresent(status) | sort path desc, status", "path=/b status=500\npath=/b status=503\npath=/a status=200\npath=/a status=404"},
		{"sort: texts before numbers, numbers by size", "fields user.id as i | filter ispresent(i) | sort i desc", "i=10\ni=8\ni=8\ni=7"},
		{"count", "stats count(*)", "count(*)=6"},
		{"count of nothing", "filter path = 'none' | stats count(*) as n, sum(ms) as s", "n=0"},
		{"no groups of nothing", "filter path = 'none' | stats count(*) by path", ""},
		{"stats by", "stats count(*) as n, avg(ms) as mean, max(ms), min(ms), sum(ms) as total by path | filter ispresent(path) | sort path", "path=/a n=2 mean=7.75 max(ms)=12.5 min(ms)=3 total=15.5\npath=/b n=2 mean=575 max(ms)=900 min(ms)=250 total=1150"},
		{"stats by bin", "stats count(*) as n by bin(3m) as t | sort t", "t=2026-11-22 10:00:00.000 n=3\nt=2026-11-22 10:03:00.000 n=3"},
		{"unnamed bin", "stats count(*) by bin(1h)", "bin(1h)=2026-11-22 10:00:00.000 count(*)=6"},
		{"arithmetic of aggregates", "stats sum(ms) / count(ms) as mean, (max(ms) - min(ms)) * 2 as spread", "mean=291.375 spread=1794"},
		{"percentiles", "stats pct(ms, 50) as p50, pct(ms, 100) as p100, median(ms) as m", "p50=131.25 p100=900 m=131.25"},
		{"distinct", "stats count_distinct(path) as paths, stddev(user.id) as d", "paths=2 d=1.2583"},
		{"first and last", "stats earliest(path) as e, latest(path) as l, sortsFirst(path) as f, sortsLast(path) as s", "e=/a l=/b f=/a s=/b"},
		{"stats twice", "stats count(*) as n by path | stats max(n) as most, count(*) as groups", "most=2 groups=3"},
		{"having", "stats count(*) as n by user.name | filter n > 1 and ispresent(user.name)", "user.name=bob n=2"},
		{"dedup", "fields path, status | filter ispresent(path) | sort status | dedup path", "path=/a status=200\npath=/b status=500"},
		{"dedup keeps what is missing", "fields path | dedup path", "\npath=/b\n\npath=/a"},
		{"dedup, then limit", "fields status | sort @timestamp | dedup path | limit 1", "status=200"},
		{"comment", "# all\nfields status # the number\n| filter status = 200", "status=200"},
		{"log", "fields @log, @ingestionTime | limit 1", "@log=123456789012:/app @ingestionTime=2026-11-22 10:05:01.000"},
		{"same field twice", "fields status as s | filter s = 200 | fields s + 1 as t", "s=200 t=201"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := ask(t, tt.query, 0, lines(requests...))
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s (-want +got)\n%s", tt.query, d)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query      string
		start, end int
		want       string
	}{
		{"", 0, 0, "unexpected end of query"},
		{"fields", 6, 6, "unexpected end of query"},
		{"count()", 0, 4, "unexpected symbol found count at position 1"},
		{"fields @message | count()", 18, 22, "unexpected symbol found count at position 19"},
		{"fields @message | stats bogus(x)", 24, 28, "unknown function bogus"},
		{"fields @message filter x", 16, 21, "expecting '|'"},
		{"filter @message like /a(?=b)/", 21, 28, "invalid regular expression"},
		{"filter @message like /a", 21, 22, "unterminated regular expression"},
		{"filter a = 'x", 11, 12, "unterminated text"},
		{"parse @message 'a*b*' as one", 15, 27, "2 wildcards and 1 names"},
		{"parse @message /(a)/", 15, 19, "named groups"},
		{"limit 0", 6, 6, "between 1 and 10000"},
		{"limit 10001", 6, 10, "between 1 and 10000"},
		{"filter count(*) > 1", 7, 12, "stats command"},
		{"stats sum(sum(x))", 10, 13, "stats command"},
		{"fields abs(1, 2)", 7, 15, "wrong number of arguments"},
		{"stats count(*) by bin(5parsecs)", 22, 29, "unknown unit"},
		{"dedup a | filter b = 1", 10, 15, "only limit may follow dedup"},
		{"fields `a", 7, 8, "backtick"},
		{"filter " + strings.Repeat("(", 200) + "1", 107, 106, "nested too deeply"},
		{"filter " + strings.Repeat("-", 200) + "1", 0, 0, "nested too deeply"},
	} {
		_, err := insights.Parse(tt.query, start)
		var bad *insights.SyntaxError
		if !errors.As(err, &bad) || !strings.Contains(bad.Message, tt.want) {
			t.Errorf("%.40s: %v, want %q", tt.query, err, tt.want)
			continue
		}
		if tt.end != 0 && len(tt.query) < 100 && (bad.Start != tt.start || bad.End != tt.end) {
			t.Errorf("%s: at %d to %d, want %d to %d", tt.query, bad.Start, bad.End, tt.start, tt.end)
		}
	}
	for _, query := range []string{"pattern @message", "fields @message | diff", "SOURCE logGroups()"} {
		_, err := insights.Parse(query, start)
		if _, ok := errors.AsType[*insights.Unsupported](err); !ok {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	bytes := 0
	for _, m := range requests {
		bytes += len(m)
	}
	_, got := ask(t, "filter ispresent(path) | limit 1", 0, lines(requests...))
	if want := (insights.Statistics{RecordsMatched: 4, RecordsScanned: 6, BytesScanned: float64(bytes)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	_, got = ask(t, "filter ispresent(path) | stats count(*) by path | filter path = '/a'", 0, lines(requests...))
	if got.RecordsMatched != 4 {
		t.Errorf("%+v", got)
	}
}

// TestBest asks for few of many: the latest come, in order, whatever the order
// in which events were read.
func TestBest(t *testing.T) {
	t.Parallel()
	many := func(yield func(insights.Event, error) bool) {
		for i := range 30_000 {
			at := start.Add(time.Duration(i*7919%30_000) * time.Second)
			if !yield(insights.Event{Timestamp: at, Message: at.Format(time.RFC3339)}, nil) {
				return
			}
		}
	}
	for _, query := range []string{"fields @message", "fields @message | sort @timestamp desc | limit 3"} {
		got, _ := ask(t, query, 3, many)
		var want []string
		for i := range 3 {
			want = append(want, "@message="+start.Add(time.Duration(29_999-i)*time.Second).Format(time.RFC3339))
		}
		if got != strings.Join(want, "\n") {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	message := strings.Repeat("x", 1<<20)
	endless := func(yield func(insights.Event, error) bool) {
		for yield(insights.Event{Timestamp: start, Message: message}, nil) {
		}
	}
	q, err := insights.Parse("sort @timestamp | stats count(*)", start)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := q.Run(t.Context(), endless, insights.Options{}); !errors.Is(err, insights.ErrTooLarge) {
		t.Errorf("ended with %v", err)
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	q, err := insights.Parse("stats count(*)", start)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	failing := func(yield func(insights.Event, error) bool) {
		if yield(insights.Event{}, nil) {
			yield(insights.Event{}, broken)
		}
	}
	if _, st, err := q.Run(t.Context(), failing, insights.Options{}); !errors.Is(err, broken) || st.RecordsScanned != 1 {
		t.Errorf("%v after %+v", err, st)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := q.Run(ctx, lines("a"), insights.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"fields @timestamp, @message | sort @timestamp desc | limit 20",
		"filter a like /x/ and (b in [1,'2'] or not c) | stats count(*) as n, pct(d, 95) by bin(5m), `e-f`",
		"parse @message 'a=*, b=*' as a, b | dedup a | limit 3", "fields -a ^ b % 2 # c\n, d[0].e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := insights.Parse(query, start)
		if err != nil {
			var bad *insights.SyntaxError
			if errors.As(err, &bad) && bad.Start > len(query) {
				t.Errorf("error at %d of %d", bad.Start, len(query))
			}
			return
		}
		if _, _, err := q.Run(t.Context(), lines(requests...), insights.Options{}); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	})
}

func BenchmarkStats(b *testing.B) {
	q, err := insights.Parse("filter status >= 400 | stats count(*) as n, pct(ms, 95) by path, bin(5m)", start)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		if _, _, err := q.Run(b.Context(), lines(requests...), insights.Options{}); err != nil {
			b.Fatal(err)
		}
		n += len(requests)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	got := insights.Discover(insights.Event{
		Timestamp: start, Ingested: start, LogStream: "s", Log: "1:g", Pointer: "p",
		Message: `{"b":{"c":[true,{"d":1.50}]},"a":"x","n":null}`,
	})
	want := []insights.Field{
		{Name: "@timestamp", Value: "2026-11-22 10:00:00.000"},
		{Name: "@ingestionTime", Value: "2026-11-22 10:00:00.000"},
		{Name: "@message", Value: `{"b":{"c":[true,{"d":1.50}]},"a":"x","n":null}`},
		{Name: "@logStream", Value: "s"},
		{Name: "@log", Value: "1:g"},
		{Name: "@ptr", Value: "p"},
		{Name: "a", Value: "x"},
		{Name: "b.c.0", Value: "1"},
		{Name: "b.c.1.d", Value: "1.50"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
