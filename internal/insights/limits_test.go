package insights_test

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/insights"
)

// large makes n events of a megabyte each; they share their memory, which the
// executor cannot know.
func large(n int) iter.Seq2[insights.Event, error] {
	message := strings.Repeat("a", 1<<20)
	return func(yield func(insights.Event, error) bool) {
		for i := range n {
			if !yield(insights.Event{Timestamp: start.Add(time.Duration(i) * time.Second), Message: message, Pointer: fmt.Sprint(i)}, nil) {
				return
			}
		}
	}
}

// TestMemory: what a query may hold does not depend on how it comes to it.
func TestMemory(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1000)
	defined := make([]string, 20)
	for i := range defined {
		defined[i] = fmt.Sprintf("concat(@message, %d) as f%d", i, i)
	}
	for name, tt := range map[string]struct {
		query string
		n     int
		want  error
	}{
		"a page of few":      {"fields @message | sort @timestamp desc | limit 20", 500, nil},
		"counts":             {"stats count(*), latest(@message) as l | display strlen(l)", 500, nil},
		"rows by default":    {"fields strlen(@message)", 400, insights.ErrTooLarge},
		"a result":           {"fields @message", 100, insights.ErrTooLarge},
		"columns":            {"fields @message" + strings.Repeat(", @message", 90), 1, insights.ErrTooLarge},
		"replaced replaced":  {fmt.Sprintf("fields replace(replace(@message, 'a', '%s'), 'a', '%s')", long, long), 1, insights.ErrTooLarge},
		"joined":             {"fields concat(@message, @message, @message, @message, @message)", 1, insights.ErrTooLarge},
		"defined":            {"fields " + strings.Join(defined, ", "), 1, insights.ErrTooLarge},
		"values of groups":   {"stats latest(@message) by @ptr", 400, insights.ErrTooLarge},
		"extremes of groups": {"stats sortsLast(@message) by @ptr", 400, insights.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, err := insights.Parse(tt.query, start)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := q.Run(t.Context(), large(tt.n), insights.Options{}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestCostlyExpressions: a match cannot be broken off, so what would take hours
// is refused when the query is parsed.
func TestCostlyExpressions(t *testing.T) {
	t.Parallel()
	names := strings.TrimSuffix(strings.Repeat("a,", 1000), ",")
	for _, query := range []string{
		"filter @message like /" + strings.Repeat("(a|b){1000}", 100) + "/",
		"parse @message /(?<x>" + strings.Repeat("a{1000}", 6) + ")/",
		"parse @message '" + strings.Repeat("*", 1000) + "' as " + names,
	} {
		if _, err := insights.Parse(query, start); err == nil {
			t.Errorf("%.40s: accepted", query)
		} else if _, ok := errors.AsType[*insights.SyntaxError](err); !ok {
			t.Errorf("%.40s: %v", query, err)
		}
	}
}

// TestDiscoverManyFields: the paths of a message can take a thousand times its
// size.
func TestDiscoverManyFields(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("n", 1_000)
	message := `{"` + name + `":[` + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + `]}`
	if got := len(insights.Discover(insights.Event{Message: message})); got != insights.MaxDiscovered+6 {
		t.Errorf("%d fields", got)
	}
	message = strings.ReplaceAll(message, name, strings.Repeat(name, 10))
	if got := len(insights.Discover(insights.Event{Message: message})); got != 6 {
		t.Errorf("%d fields of long names", got)
	}
}
