package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/policy"
)

// The types of policy that a simulation's matched statements name. AWS sends
// these words, not those of its model's enumeration.
const (
	sourceIdentity api.PolicySourceType = "IAM Policy"
	sourceBoundary api.PolicySourceType = "IAM Permissions Boundary Policy"
	sourceResource api.PolicySourceType = "Resource Policy"
)

// trial is a policy under simulation: whole, as it decides, and statement by
// statement, to tell which of them had a part in the decision.
type trial struct {
	id    string // as results name it: "PolicyInputList.1"
	kind  api.PolicySourceType
	text  string
	whole *policy.Document
	parts []part
}

// part is one statement as a policy of its own.
type part struct {
	doc        *policy.Document
	denies     bool
	start, end api.Position
}

// newTrial parses a policy and its statements.
func newTrial(id string, kind api.PolicySourceType, text string) (*trial, error) {
	use := policy.Identity
	if kind == sourceResource {
		use = policy.ResourceUse
	}
	whole, err := policy.Parse(text, use)
	if err != nil {
		return nil, err
	}
	t := &trial{id: id, kind: kind, text: text, whole: whole}
	version, spans, err := statementSpans(text)
	if err != nil {
		return nil, fmt.Errorf("split policy %s: %w", id, err)
	}
	for _, s := range spans {
		doc, err := policy.Parse(`{"Version":"`+version+`","Statement":`+string(s.raw)+`}`, use)
		if err != nil {
			return nil, fmt.Errorf("split policy %s: %w", id, err)
		}
		t.parts = append(t.parts, part{doc: doc, denies: s.denies(), start: positionOf(text, s.start), end: positionOf(text, s.end)})
	}
	return t, nil
}

// wholes are policies as they decide together.
func wholes(trials []*trial) []*policy.Document {
	docs := make([]*policy.Document, len(trials))
	for i, t := range trials {
		docs[i] = t.whole
	}
	return docs
}

// span is a statement's place in its policy: offsets in bytes.
type span struct {
	raw        json.RawMessage
	start, end int
}

func (s span) denies() bool {
	var statement struct{ Effect string }
	return json.Unmarshal(s.raw, &statement) == nil && statement.Effect == "Deny"
}

// statementSpans finds the statements of a policy that has been parsed, and the
// version of its language.
//
// AWS counts the start of a statement behind the bracket or comma before it, and
// that of one which is in no list behind its own brace.
func statementSpans(text string) (version string, spans []span, err error) {
	version = "2008-10-17"
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil {
		return "", nil, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return "", nil, err
		}
		switch key {
		case "Version":
			err = json.Unmarshal(raw, &version)
		case "Statement":
			spans, err = spansIn(raw, int(d.InputOffset())-len(raw))
		}
		if err != nil {
			return "", nil, err
		}
	}
	return version, spans, nil
}

// spansIn finds the statements in the value of Statement, which begins at base.
func spansIn(raw json.RawMessage, base int) ([]span, error) {
	if len(raw) == 0 {
		return nil, errors.New("no statement")
	}
	if raw[0] != '[' {
		return []span{{raw: raw, start: base + 1, end: base + len(raw)}}, nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var spans []span
	for start := int(d.InputOffset()); d.More(); {
		var s span
		if err := d.Decode(&s.raw); err != nil {
			return nil, err
		}
		end := int(d.InputOffset())
		s.start, s.end = base+start, base+end
		spans = append(spans, s)
		start = end + strings.IndexByte(string(raw[end:]), ',') + 1
	}
	return spans, nil
}

// positionOf is the line and column of the character at an offset, both from one.
func positionOf(text string, offset int) api.Position {
	before := text[:offset]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return api.Position{Line: new(int32(line)), Column: new(int32(column))}
}

// statement is a part as results name it.
func (t *trial) statement(p *part) *api.Statement {
	return &api.Statement{SourcePolicyId: &t.id, SourcePolicyType: &t.kind, StartPosition: &p.start, EndPosition: &p.end}
}
