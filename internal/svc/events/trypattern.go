package events

import (
	"context"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/events"
)

// TestEventPattern reports whether a pattern matches an event.
func (s *Service) TestEventPattern(_ context.Context, in *api.TestEventPatternInput) (*api.TestEventPatternOutput, error) {
	p, err := parsePattern(in.EventPattern)
	if err != nil {
		return nil, err
	}
	doc, err := decode([]byte(in.Event))
	fields, ok := doc.(map[string]any)
	if err != nil || !ok {
		return nil, invalid("Parameter Event is not valid.")
	}
	var missing []string
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, ok := fields[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, invalid("Parameter Event is not valid. Reason: field(s) %s must be specified.", strings.Join(missing, ", "))
	}
	if text, ok := fields["time"].(string); !ok || notTime(text) {
		return nil, invalid("Parameter Event is not valid. Reason: time is not in the format of RFC 3339.")
	}
	return &api.TestEventPatternOutput{Result: new(p.Match(doc))}, nil
}

func notTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err != nil
}
