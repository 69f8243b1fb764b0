package multicheck

import (
	"context"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/multicheck/jsonpath"
)

// extract sets the variables of a step's extractors. One that finds nothing
// fails the step: steps after it would work with something else.
func (r *run) extract(ctx context.Context, s *step, found observation, res *StepResult) error {
	body := &document{bytes: found.body()}
	if o, ok := found.(interface{ document() *document }); ok {
		body = o.document()
	}
	for _, e := range s.extractors {
		v, err := r.extractOne(ctx, e, body)
		if err == nil && len(v) > maxExtracted {
			err = fmt.Errorf("the value is longer than %d bytes", maxExtracted)
		}
		if err != nil {
			return fmt.Errorf("extractor %s: %w", e.name, err)
		}
		r.extracted[e.name] = v
		clear(r.values)
		res.Extracted = append(res.Extracted, e.name)
	}
	return nil
}

// extractOne takes a value by its path, or all of the body, and of that what
// the regular expression matches.
func (r *run) extractOne(ctx context.Context, e extractor, body *document) (string, error) {
	value := string(body.bytes)
	if e.pathText != nil {
		values, err := r.find(ctx, body, *e.pathText, e.path)
		if err != nil {
			return "", err
		}
		if len(values) == 0 {
			return "", errors.New("the body has no value at its path")
		}
		value = written(values[0])
	}
	if e.regex == nil {
		return value, nil
	}
	re := e.pattern
	if re == nil {
		s, err := r.text(ctx, *e.regex)
		if err == nil {
			re, err = pattern(s)
		}
		if err != nil {
			return "", err
		}
	}
	group, err := r.number(ctx, e.group, 0)
	if err != nil {
		return "", err
	}
	m, err := re.find(ctx, value)
	if err != nil {
		return "", err
	}
	if m == nil || int(group) >= len(m) {
		return "", errors.New("the regular expression does not match")
	}
	return m[int(group)], nil
}

// document is a body that is read as JSON once, if it is.
type document struct {
	bytes  []byte
	read   bool
	value  any
	err    error
	visits int // by all paths so far
}

func (d *document) json() (any, error) {
	if !d.read {
		d.value, d.err = readJSON(d.bytes)
		d.read = true
	}
	return d.value, d.err
}

// find returns the values at a path. path is nil when its text has references.
func (r *run) find(ctx context.Context, d *document, t text, path *jsonpath.Path) ([]any, error) {
	root, err := d.json()
	if err != nil {
		return nil, err
	}
	if path == nil {
		s, err := r.text(ctx, t)
		if err == nil {
			path, err = jsonpath.Parse(s)
		}
		if err != nil {
			return nil, err
		}
	}
	found, visits, err := path.FindWithin(root, jsonpath.MaxVisits-d.visits)
	d.visits += visits
	return found, err
}
