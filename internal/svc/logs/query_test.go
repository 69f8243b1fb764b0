package logs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
)

// ask starts a query over the last two hours and waits for its end.
func (b *bench) ask(t *testing.T, in api.StartQueryInput) *api.GetQueryResultsOutput {
	t.Helper()
	if in.EndTime == 0 {
		in.StartTime, in.EndTime = time.Now().Add(-2*time.Hour).Unix(), time.Now().Unix()
	}
	var id string
	b.settle(t, func(ctx context.Context) {
		id = *must[*api.StartQueryOutput](t)(b.StartQuery(ctx, &in)).QueryId
	})
	return must[*api.GetQueryResultsOutput](t)(b.GetQueryResults(t.Context(), &api.GetQueryResultsInput{QueryId: id}))
}

// shown are the rows of a result, a line each, without pointers.
func shown(out *api.GetQueryResultsOutput) string {
	var lines []string
	for _, row := range out.Results {
		var parts []string
		for _, f := range row {
			if *f.Field != "@ptr" {
				parts = append(parts, *f.Field+"="+*f.Value)
			}
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return strings.Join(lines, "\n")
}

func TestQuery(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.start(t)
		b.create(t, "g", "s")
		b.create(t, "h", "s")
		at := minuteAgo()
		b.put(t, "g", "s", events(at, `{"code":200}`, `{"code":500}`, "plain"))
		b.put(t, "h", "s", events(at, `{"code":500}`))
		g := "g"
		out := b.ask(t, api.StartQueryInput{LogGroupName: &g, QueryString: "fields code, @log, @logStream | filter code = 500"})
		if want := "code=500 @log=000000000000:g @logStream=s"; shown(out) != want || *out.Status != api.QueryStatusComplete {
			t.Errorf("%s: %s", *out.Status, shown(out))
		}
		if st := out.Statistics; *st.RecordsMatched != 1 || *st.RecordsScanned != 3 || *st.BytesScanned != 29 || *st.LogGroupsScanned != 1 {
			t.Errorf("statistics %v", cmp.Diff(nil, st))
		}
		out = b.ask(t, api.StartQueryInput{
			LogGroupIdentifiers: []string{"arn:aws:logs:us-east-1:000000000000:log-group:h", "g"},
			QueryString:         "stats count(*) as n by @log, code | sort @log, code",
		})
		want := "@log=000000000000:g n=1\n@log=000000000000:g code=200 n=1\n@log=000000000000:g code=500 n=1\n@log=000000000000:h code=500 n=1"
		if shown(out) != want {
			t.Errorf("over two groups:\n%s", shown(out))
		}
		from := at/1000 - 60
		out = b.ask(t, api.StartQueryInput{LogGroupNames: []string{"g"}, StartTime: from - 60, EndTime: from, QueryString: "fields @message"})
		if len(out.Results) != 0 || *out.Statistics.RecordsScanned != 0 {
			t.Errorf("outside of the range: %s", shown(out))
		}
	})
}

func TestQueryPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.start(t)
		b.create(t, "g", "s")
		// More than a lot of events is read at a time.
		at := minuteAgo()
		for n := range 7 {
			var messages []string
			for i := range 1_000 {
				messages = append(messages, fmt.Sprintf("%d", 1_000*n+i))
			}
			b.put(t, "g", "s", events(at+int64(n), messages...))
		}
		out := b.ask(t, api.StartQueryInput{LogGroupNames: []string{"g"}, QueryString: "stats count(*) as n, sum(@message) as s"})
		if shown(out) != "n=7000 s=24496500" {
			t.Error(shown(out))
		}
		limit := int32(5)
		id := ""
		b.settle(t, func(ctx context.Context) {
			in := &api.StartQueryInput{
				LogGroupNames: []string{"g"}, QueryString: "fields @message | sort @message", Limit: &limit,
				StartTime: 0, EndTime: time.Now().Unix(),
			}
			id = *must[*api.StartQueryOutput](t)(b.StartQuery(ctx, in)).QueryId
		})
		var got []string
		var token *string
		for {
			two := int32(2)
			out := must[*api.GetQueryResultsOutput](t)(b.GetQueryResults(t.Context(), &api.GetQueryResultsInput{QueryId: id, MaxItems: &two, NextToken: token}))
			got = append(got, shown(out))
			if token = out.NextToken; token == nil {
				break
			}
		}
		want := []string{"@message=0\n@message=1", "@message=2\n@message=3", "@message=4"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestQueryRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		g, sql := "g", api.QueryLanguage("SQL")
		for name, tt := range map[string]struct {
			in            api.StartQueryInput
			code, message string
		}{
			"query":    {api.StartQueryInput{LogGroupName: &g, QueryString: "fields a | count()"}, "MalformedQueryException", "unexpected symbol found count at position 12, expecting a command (fields, display, filter, parse, sort, limit, stats, dedup)"},
			"command":  {api.StartQueryInput{LogGroupName: &g, QueryString: "pattern @message"}, "NotImplemented", "Nephele does not implement the command pattern of logs yet."},
			"language": {api.StartQueryInput{LogGroupName: &g, QueryString: "select 1", QueryLanguage: &sql}, "NotImplemented", "Nephele does not implement the query language SQL of logs yet."},
			"group":    {api.StartQueryInput{LogGroupNames: []string{"g", "none"}, QueryString: "limit 1"}, "ResourceNotFoundException", "Log group 'none' does not exist for account ID '000000000000'"},
			"no group": {api.StartQueryInput{QueryString: "limit 1"}, "InvalidParameterException", "Log group information should be specified either in the query or in the request."},
			"two ways": {api.StartQueryInput{LogGroupName: &g, LogGroupNames: []string{"g"}, QueryString: "limit 1"}, "InvalidParameterException", "Only one of logGroupName, logGroupNames and logGroupIdentifiers may be specified."},
			"range":    {api.StartQueryInput{LogGroupName: &g, QueryString: "limit 1", StartTime: 2, EndTime: 1}, "InvalidParameterException", "End time should not be less than start time."},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := b.StartQuery(t.Context(), &tt.in)
				wantError(t, err, tt.code, tt.message)
				if name == "query" {
					e, _ := awserr.As(err).Fields["queryCompileError"].(*api.QueryCompileError)
					if e == nil || *e.Location.StartCharOffset != 11 || *e.Location.EndCharOffset != 15 {
						t.Errorf("no location: %v", e)
					}
				}
			})
		}
		_, err := b.GetQueryResults(t.Context(), &api.GetQueryResultsInput{QueryId: "none"})
		wantError(t, err, "ResourceNotFoundException", "The specified query 'none' does not exist.")
	})
}

// TestStopQuery stops a query that the engine, which is not started, has not
// begun, and then lists it.
func TestStopQuery(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		start := func() string {
			in := &api.StartQueryInput{LogGroupNames: []string{"g"}, QueryString: "limit 1", EndTime: 1}
			return *must[*api.StartQueryOutput](t)(b.StartQuery(t.Context(), in)).QueryId
		}
		first, second := start(), start()
		out := must[*api.GetQueryResultsOutput](t)(b.GetQueryResults(t.Context(), &api.GetQueryResultsInput{QueryId: first}))
		if *out.Status != api.QueryStatusScheduled {
			t.Errorf("status %s", *out.Status)
		}
		must[*api.StopQueryOutput](t)(b.StopQuery(t.Context(), &api.StopQueryInput{QueryId: first}))
		_, err := b.StopQuery(t.Context(), &api.StopQueryInput{QueryId: first})
		wantError(t, err, "InvalidParameterException", "Query '"+first+"' is already ended with status 'Cancelled' and cannot be stopped.")
		cancelled := api.QueryStatusCancelled
		list := must[*api.DescribeQueriesOutput](t)(b.DescribeQueries(t.Context(), &api.DescribeQueriesInput{Status: &cancelled}))
		if len(list.Queries) != 1 || *list.Queries[0].QueryId != first {
			t.Errorf("cancelled: %v", list.Queries)
		}
		one := int32(1)
		seen := map[string]bool{}
		in := &api.DescribeQueriesInput{MaxResults: &one}
		for {
			list := must[*api.DescribeQueriesOutput](t)(b.DescribeQueries(t.Context(), in))
			for _, q := range list.Queries {
				seen[*q.QueryId] = true
			}
			if in.NextToken = list.NextToken; in.NextToken == nil {
				break
			}
		}
		if !seen[first] || !seen[second] || len(seen) != 2 {
			t.Errorf("pages hold %v", seen)
		}
	})
}

func TestQueriesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.start(t)
		b.create(t, "g", "s")
		b.put(t, "g", "s", events(minuteAgo(), "x"))
		if out := b.ask(t, api.StartQueryInput{LogGroupNames: []string{"g"}, QueryString: "fields @message"}); len(out.Results) != 1 {
			t.Fatal(shown(out))
		}
		time.Sleep(6 * 24 * time.Hour)
		if n := b.rows(t, "logs_query_result"); n != 1 {
			t.Errorf("%d results after six days", n)
		}
		time.Sleep(25 * time.Hour)
		if n := b.rows(t, "logs_query_result"); n != 0 {
			t.Errorf("%d results after a week", n)
		}
		if list := must[*api.DescribeQueriesOutput](t)(b.DescribeQueries(t.Context(), &api.DescribeQueriesInput{})); len(list.Queries) != 0 {
			t.Error("a query is kept for ever")
		}
	})
}

func TestQueryDefinitions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		token := strings.Repeat("t", 36)
		put := func(in api.PutQueryDefinitionInput) string {
			t.Helper()
			return *must[*api.PutQueryDefinitionOutput](t)(b.PutQueryDefinition(t.Context(), &in)).QueryDefinitionId
		}
		first := put(api.PutQueryDefinitionInput{Name: "a/one", QueryString: "limit 1", LogGroupNames: []string{"g"}, ClientToken: &token})
		if again := put(api.PutQueryDefinitionInput{Name: "a/one", QueryString: "limit 1", ClientToken: &token}); again != first {
			t.Error("the client token made another definition")
		}
		put(api.PutQueryDefinitionInput{Name: "b", QueryString: "limit 2"})
		put(api.PutQueryDefinitionInput{Name: "a/two", QueryString: "limit 3", QueryDefinitionId: &first})
		prefix := "a/"
		out := must[*api.DescribeQueryDefinitionsOutput](t)(b.DescribeQueryDefinitions(t.Context(), &api.DescribeQueryDefinitionsInput{QueryDefinitionNamePrefix: &prefix}))
		if len(out.QueryDefinitions) != 1 || *out.QueryDefinitions[0].Name != "a/two" || *out.QueryDefinitions[0].QueryString != "limit 3" {
			t.Errorf("%v", out.QueryDefinitions)
		}
		_, err := b.PutQueryDefinition(t.Context(), &api.PutQueryDefinitionInput{Name: "x", QueryString: "y", QueryDefinitionId: &token})
		wantError(t, err, "ResourceNotFoundException", "The specified query definition does not exist.")
		must[*api.DeleteQueryDefinitionOutput](t)(b.DeleteQueryDefinition(t.Context(), &api.DeleteQueryDefinitionInput{QueryDefinitionId: first}))
		_, err = b.DeleteQueryDefinition(t.Context(), &api.DeleteQueryDefinitionInput{QueryDefinitionId: first})
		wantError(t, err, "ResourceNotFoundException", "The specified query definition does not exist.")
	})
}

func TestLogRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.start(t)
		b.create(t, "g", "s")
		b.put(t, "g", "s", events(minuteAgo(), `{"code":200,"user":{"name":"ann"}}`, "plain"))
		out := b.ask(t, api.StartQueryInput{LogGroupNames: []string{"g"}, QueryString: "filter code = 200"})
		var pointer string
		for _, f := range out.Results[0] {
			if *f.Field == "@ptr" {
				pointer = *f.Value
			}
		}
		rec := must[*api.GetLogRecordOutput](t)(b.GetLogRecord(t.Context(), &api.GetLogRecordInput{LogRecordPointer: pointer})).LogRecord
		if rec["code"] != "200" || rec["user.name"] != "ann" || rec["@logStream"] != "s" || rec["@ptr"] != pointer || rec["@log"] != "000000000000:g" {
			t.Errorf("%v", rec)
		}
		_, err := b.GetLogRecord(t.Context(), &api.GetLogRecordInput{LogRecordPointer: "bm9uZQ=="})
		wantError(t, err, "InvalidParameterException", "The specified log record pointer is invalid.")

		g := "g"
		fields := must[*api.GetLogGroupFieldsOutput](t)(b.GetLogGroupFields(t.Context(), &api.GetLogGroupFieldsInput{LogGroupName: &g})).LogGroupFields
		got := map[string]int32{}
		for _, f := range fields {
			got[*f.Name] = *f.Percent
		}
		want := map[string]int32{
			"@timestamp": 100, "@ingestionTime": 100, "@message": 100, "@logStream": 100, "@log": 100,
			"code": 50, "user.name": 50,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}

		must[*api.DeleteLogStreamOutput](t)(b.DeleteLogStream(t.Context(), &api.DeleteLogStreamInput{LogGroupName: g, LogStreamName: "s"}))
		_, err = b.GetLogRecord(t.Context(), &api.GetLogRecordInput{LogRecordPointer: pointer})
		wantError(t, err, "ResourceNotFoundException", "The specified log record does not exist.")
		if out := b.ask(t, api.StartQueryInput{LogGroupNames: []string{"g"}, QueryString: "limit 1"}); len(out.Results) != 0 {
			t.Errorf("events of a deleted stream: %s", shown(out))
		}
	})
}
