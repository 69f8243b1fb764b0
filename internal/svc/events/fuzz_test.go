package events

import (
	"encoding/json"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// FuzzTransformer checks that a template that was accepted makes JSON values
// of every event.
func FuzzTransformer(f *testing.F) {
	f.Add(`{"a":<x>,"b":"is <x>"}`, "$.detail.a[0]", `{"a":["v\"<"]}`)
	f.Add(`"<x>"`+"\n"+`"<aws.events.rule-name>"`, "$.detail['a b'][*].c", `{"a b":[{"c":{"d":"\u0041\\"}}]}`)
	f.Add(`[<x>, <aws.events.event>, "<y>\\<x>"]`, "$", `{}`)
	f.Add(`<x>`, "$.detail.n", `{"n":-1.5e3}`)
	r := &compiledRule{key: store.Key{Account: "1", Region: "r", ID: "default/n"}, arn: "arn"}
	f.Fuzz(func(t *testing.T, template, at, detail string) {
		p, err := payloadOf(&api.Target{Id: "1", InputTransformer: &api.InputTransformer{
			InputTemplate: template, InputPathsMap: map[string]string{"x": at},
		}})
		if err != nil {
			if e := awserr.As(err); e == nil || e.Code != "ValidationException" {
				t.Fatal(err)
			}
			return
		}
		if !json.Valid([]byte(detail)) {
			return
		}
		ev := &event{ID: "id", Source: "s", DetailType: "d", Time: time.Unix(0, 0), Detail: json.RawMessage(detail)}
		out, err := p.of(ev, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := valuesOf(string(out)); err != nil {
			t.Fatalf("template %q of %s makes %q: %v", template, detail, out, err)
		}
	})
}
