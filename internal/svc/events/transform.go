package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/awserr"
)

// transformer is an InputTransformer: literal text and variables by turns.
//
// A variable <name> stands for a JSON value where the template has one, and for
// text where the template has a string around it: strings without their
// quotes, objects and lists with none in them. One that the event has nothing
// for is the empty string.
type transformer struct {
	parts []templatePart
}

type templatePart struct {
	literal  string
	variable string // "" for a literal
	path     path   // of a variable that is not reserved
	inString bool
}

// Reserved variables.
const (
	varRuleARN  = "aws.events.rule-arn"
	varRuleName = "aws.events.rule-name"
	varIngested = "aws.events.event.ingestion-time"
	varEvent    = "aws.events.event"      // without detail
	varFull     = "aws.events.event.json" // with it
)

// transformerOf reads an InputTransformer.
func transformerOf(target string, in *api.InputTransformer) (payload, error) {
	paths := make(map[string]path, len(in.InputPathsMap))
	for name, text := range in.InputPathsMap {
		if strings.HasPrefix(strings.ToUpper(name), "AWS") {
			return nil, invalid("InputPathsMap of target %s is not valid. Reason: keys that begin with AWS are reserved.", target)
		}
		p, err := parsePath(text)
		if err != nil {
			return nil, invalid("InputPathsMap of target %s is not valid. Reason: %s: %s.", target, text, err)
		}
		paths[name] = p
	}
	t := &transformer{parts: splitTemplate(in.InputTemplate, paths)}
	if err := t.check(target, in.InputTemplate); err != nil {
		return nil, err
	}
	return t, nil
}

// splitTemplate finds the variables of a template, and whether each stands in
// a string.
func splitTemplate(text string, paths map[string]path) []templatePart {
	var parts []templatePart
	inString, from := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case c == '<':
			name, ok := variableAt(text[i:])
			if !ok {
				continue
			}
			if i > from {
				parts = append(parts, templatePart{literal: text[from:i]})
			}
			parts = append(parts, templatePart{variable: name, path: paths[name], inString: inString})
			i += len(name) + 1
			from = i + 1
		}
	}
	if from < len(text) {
		parts = append(parts, templatePart{literal: text[from:]})
	}
	return parts
}

// variableAt is the name in <name> at the beginning of text.
func variableAt(text string) (string, bool) {
	end := strings.IndexByte(text, '>')
	if end < 2 {
		return "", false
	}
	name := text[1:end]
	other := func(c rune) bool {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		return !letter && c != '.' && c != '_' && c != '-'
	}
	return name, !strings.ContainsFunc(name, other)
}

// check refuses templates that do not come out as JSON values.
func (t *transformer) check(target, template string) *awserr.Error {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.variable == "":
			b.WriteString(p.literal)
		case !p.inString:
			b.WriteByte('0')
		}
	}
	offset, err := valuesOf(b.String())
	if err == nil {
		return nil
	}
	return invalid("Invalid InputTemplate for target %s : [Source: (String)\"%s\"; line: 1, column: %d].", target, template, offset+1)
}

// maxTransformed is what a template may make of an event, in bytes: it can name
// the whole event hundreds of times.
const maxTransformed = maxRequest

// errTransformed is for the dead-letter queue.
var errTransformed = errors.New("the transformed event is too large")

func (t *transformer) of(ev *event, r *compiledRule) (json.RawMessage, error) {
	text, err := ev.json()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, p := range t.parts {
		if p.variable == "" {
			b.WriteString(p.literal)
			continue
		}
		value, err := p.value(text, ev, r)
		if err != nil {
			return nil, err
		}
		if p.inString {
			value = unquoted(value)
		}
		if b.Len()+len(value) > maxTransformed {
			return nil, errTransformed
		}
		b.Write(value)
	}
	return b.Bytes(), nil
}

// value is what a variable stands for, as JSON.
func (p templatePart) value(text json.RawMessage, ev *event, r *compiledRule) (json.RawMessage, error) {
	switch p.variable {
	case varRuleARN:
		return encode(r.arn)
	case varRuleName:
		return encode(splitRule(r.key))
	case varIngested:
		return encode(ev.Ingested.UTC().Format(time.RFC3339))
	case varFull:
		return text, nil
	case varEvent:
		e := ev.envelope()
		e.Detail = nil
		return encode(e)
	}
	if p.path != nil {
		if found, ok := p.path.find(text); ok {
			return found, nil
		}
	}
	return json.RawMessage(`""`), nil
}

// unquoted is a value as it stands within a string.
func unquoted(value json.RawMessage) json.RawMessage {
	switch value[0] {
	case '"':
		return value[1 : len(value)-1]
	case '{', '[':
		text, err := encode(strings.ReplaceAll(string(value), `"`, ""))
		if err != nil {
			return nil
		}
		return text[1 : len(text)-1]
	}
	return value
}
