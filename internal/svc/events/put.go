package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxRequest is the size of the entries of a PutEvents, in bytes.
const maxRequest = 1 << 20

// maxNesting is how deep a detail may be nested.
const maxNesting = 1000

// PutEvents matches events with the rules of their buses and has them
// delivered. The entries that are refused are reported, one by one; the others
// are accepted together, in one transaction. An event on a bus that does not
// exist is accepted, and matched by nothing, as on AWS.
func (s *Service) PutEvents(ctx context.Context, in *api.PutEventsInput) (*api.PutEventsOutput, error) {
	if in.EndpointId != nil {
		return nil, notImplemented("global endpoints")
	}
	if sizeOf(in.Entries) > maxRequest {
		return nil, invalid("Total size of the entries in the request is over the limit.")
	}
	call, token := plane.FromContext(ctx), plane.Token(ctx)
	out := &api.PutEventsOutput{FailedEntryCount: new(int32)}
	var accepted []arrival
	for i, entry := range in.Entries {
		a, refused := arrivalOf(call, entry)
		if refused != nil {
			*out.FailedEntryCount++
			out.Entries = append(out.Entries, &api.PutEventsResultEntry{ErrorCode: &refused.Code, ErrorMessage: &refused.Message})
			continue
		}
		if token != "" {
			a.event.ID = derivedID(token, i)
		}
		accepted = append(accepted, a)
		out.Entries = append(out.Entries, &api.PutEventsResultEntry{EventId: &a.event.ID})
	}
	if heard, err := s.heard(ctx, accepted); err != nil {
		return nil, err
	} else if !heard {
		return out, nil
	}
	err := s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		if token != "" {
			if first, err := store.Once(tx, "events/"+token); err != nil || !first {
				return err
			}
		}
		for _, a := range accepted {
			if err := s.match(tx, a.bus, a.event, a.doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// heard reports whether a rule matches one of the entries: most events of
// services are matched by none, and then there is nothing to write.
func (s *Service) heard(ctx context.Context, accepted []arrival) (heard bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, a := range accepted {
			rules, err := s.rulesOf(tx, a.bus)
			if err != nil {
				return err
			}
			for _, r := range rules {
				if r.pattern != nil && r.pattern.Match(a.doc) {
					heard = true
					return nil
				}
			}
		}
		return nil
	})
	return heard, err
}

// sizeOf counts entries as AWS does.
func sizeOf(entries []*api.PutEventsRequestEntry) int {
	n := 0
	for _, e := range entries {
		if e.Time != nil {
			n += 14
		}
		for _, s := range []*string{e.Source, e.DetailType, e.Detail} {
			if s != nil {
				n += len(*s)
			}
		}
		for _, r := range e.Resources {
			n += len(r)
		}
	}
	return n
}

// arrival is an entry that was accepted.
type arrival struct {
	bus   store.Key
	event *event
	doc   any
}

// arrivalOf checks an entry.
func arrivalOf(call *plane.Call, e *api.PutEventsRequestEntry) (arrival, *awserr.Error) {
	for _, required := range []struct {
		name  string
		value *string
	}{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if required.value == nil || *required.value == "" {
			return arrival{}, refuse("InvalidArgument", "Parameter "+required.name+" is not valid. Reason: "+required.name+" is a required argument.")
		}
	}
	if len(*e.DetailType) > 128 {
		return arrival{}, refuse("InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType exceeds the limit of 128 characters.")
	}
	if strings.HasPrefix(*e.Source, "aws.") && !mayBeAWS(call.Caller) {
		return arrival{}, refuse("NotAuthorizedForSourceException", "Not authorized for the source.")
	}
	b, err := busKey(call, e.EventBusName)
	if err != nil {
		return arrival{}, refuse("InvalidArgument", awserr.As(err).Message)
	}
	var detail bytes.Buffer
	if err := compact(&detail, *e.Detail); err != nil {
		return arrival{}, refuse("MalformedDetail", "Detail is malformed.")
	}
	ev := &event{
		ID: newID(), DetailType: *e.DetailType, Source: *e.Source, Account: call.Caller.Account, Region: call.Caller.Region,
		Time: call.Time, Ingested: call.Time, Resources: e.Resources, Detail: detail.Bytes(), Trace: e.TraceHeader,
	}
	if e.Time != nil {
		ev.Time = *e.Time
	}
	doc, err := ev.doc()
	if err != nil {
		return arrival{}, refuse("MalformedDetail", "Detail is malformed.")
	}
	return arrival{b, ev, doc}, nil
}

// mayBeAWS reports whether a caller may name a source of AWS: a service, but not
// this one, which puts events where a rule has PutEvents for its target.
func mayBeAWS(c plane.Caller) bool { return c.Kind == plane.Service && c.ID != principal }

func refuse(code, message string) *awserr.Error { return awserr.New(code, 400, "%s", message) }

// compact writes a JSON object without its spaces.
func compact(b *bytes.Buffer, text string) error {
	if trimmed := strings.TrimLeft(text, " \t\r\n"); trimmed == "" || trimmed[0] != '{' {
		return errors.New("not an object")
	}
	if nesting(text) > maxNesting {
		return errors.New("nested too deep")
	}
	return json.Compact(b, []byte(text))
}

// nesting is how deep a JSON text is nested.
func nesting(text string) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// match delivers an event to the targets of the rules of a bus that match it.
func (s *Service) match(tx *store.Tx, b store.Key, ev *event, doc any) error {
	rules, err := s.rulesOf(tx, b)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.pattern == nil || !r.pattern.Match(doc) {
			continue
		}
		if err := s.dispatch(tx, ev, r); err != nil {
			return err
		}
	}
	return nil
}
