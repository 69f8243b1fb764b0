package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	api "nephele.dev/nephele/internal/api/events"
)

// payload makes what a target gets of an event.
type payload interface {
	of(ev *event, r *compiledRule) (json.RawMessage, error)
}

// whole is the event itself.
type whole struct{}

func (whole) of(ev *event, _ *compiledRule) (json.RawMessage, error) { return ev.json() }

// constant is a target's Input.
type constant json.RawMessage

func (c constant) of(*event, *compiledRule) (json.RawMessage, error) { return json.RawMessage(c), nil }

// part is what a target's InputPath points to; null where there is nothing.
type part path

func (p part) of(ev *event, _ *compiledRule) (json.RawMessage, error) {
	text, err := ev.json()
	if err != nil {
		return nil, err
	}
	if found, ok := path(p).find(text); ok {
		return found, nil
	}
	return json.RawMessage("null"), nil
}

// payloadOf reads how a target transforms events. Its errors are answers.
func payloadOf(t *api.Target) (payload, error) {
	n := 0
	for _, is := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if is {
			n++
		}
	}
	if n > 1 {
		return nil, invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.Id)
	}
	switch {
	case t.Input != nil:
		if !json.Valid([]byte(*t.Input)) {
			return nil, invalid("JSON syntax error in input for target %s.", t.Id)
		}
		return constant(*t.Input), nil
	case t.InputPath != nil:
		p, err := parsePath(*t.InputPath)
		if err != nil {
			return nil, invalid("Parameter InputPath of target %s is not valid. Reason: %s.", t.Id, err)
		}
		return part(p), nil
	case t.InputTransformer != nil:
		return transformerOf(t.Id, t.InputTransformer)
	}
	return whole{}, nil
}

// valuesOf checks that a text is JSON values one after the other, and returns
// where it is not.
func valuesOf(text string) (offset int64, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	for n := 0; ; n++ {
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			if errors.Is(err, io.EOF) && n > 0 {
				return 0, nil
			}
			if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
				return syntax.Offset, err
			}
			return d.InputOffset(), fmt.Errorf("not JSON: %w", err)
		}
	}
}
