package client

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"nephele.dev/nephele/internal/shape"
)

// A walk is one iteration.
type walk struct {
	pages    *Pages
	input    map[string]any
	json     bool
	tokens   map[string]any // of the page that is fetched next
	previous map[string]any
	skip     int // items of the first page that were listed before
	seen     int
	first    bool
}

func (p *Pages) walk() (*walk, error) {
	given, err := parseInput(p.paginator.op, p.input)
	if err != nil {
		return nil, err
	}
	w := &walk{pages: p, input: maps.Clone(given.entries), json: given.json, tokens: map[string]any{}, first: true}
	for _, name := range p.paginator.model.InputTokens {
		w.tokens[name] = nil
	}
	if p.starting != "" {
		if w.tokens, w.skip, err = parseToken(p.starting, p.paginator.model.InputTokens); err != nil {
			return nil, err
		}
		w.inject()
	}
	return w, w.size()
}

// size puts the size of pages into the input.
func (w *walk) size() error {
	p := w.pages
	if !p.sized {
		return nil
	}
	limit := p.paginator.model.LimitKey
	if limit == "" {
		return &PaginationError{"PageSize parameter is not supported for the pagination interface for this operation."}
	}
	w.input[limit] = p.pageSize
	if m := p.paginator.op.Input.Member(limit); m != nil && m.Shape.Kind == shape.String {
		w.input[limit] = strconv.Itoa(p.pageSize)
	}
	return nil
}

// inject puts the tokens into the input.
func (w *walk) inject() {
	for name, token := range w.tokens {
		if token == nil || token == "None" {
			delete(w.input, name)
			continue
		}
		w.input[name] = token
	}
}

// next fetches a page.
func (w *walk) next(ctx context.Context) (map[string]any, error) {
	c := w.pages.paginator.client
	k, err := c.prepareParams(w.pages.paginator.op, params{entries: w.input, json: w.json})
	if err != nil {
		return nil, err
	}
	defer k.close()
	resp, err := k.run(ctx)
	if err != nil {
		return nil, err
	}
	return resp.Output, nil
}

// advance cuts a page to what was asked for and moves on to the next one. It
// reports whether there is none.
func (w *walk) advance(page map[string]any) (last bool, err error) {
	p := w.pages
	if w.first {
		w.begin(page)
		w.first = false
	} else {
		w.skip = 0
	}
	primary := p.paginator.model.ResultKeys[0]
	n := size(lookup(p.paginator.results[0], page))
	if over := w.seen + n - p.maxItems; p.bounded && over > 0 {
		assign(page, primary, head(lookup(p.paginator.results[0], page), n-over))
		p.resume = formatToken(w.tokens, n-over+w.skip)
		return true, nil
	}
	w.seen += n
	if w.tokens = p.paginator.tokens(page); w.tokens == nil {
		return true, nil
	}
	if p.bounded && w.seen == p.maxItems {
		p.resume = formatToken(w.tokens, 0)
		return true, nil
	}
	if w.previous != nil && reflect.DeepEqual(w.previous, w.tokens) {
		return true, &PaginationError{fmt.Sprintf("The same next token was received twice: %v", w.tokens)}
	}
	w.inject()
	w.previous = w.tokens
	return false, nil
}

// begin treats the first page: it notes what all pages share, and leaves out
// what an earlier listing has had of it.
func (w *walk) begin(page map[string]any) {
	p := w.pages
	if p.starting != "" {
		for i, e := range p.paginator.results {
			v := lookup(e, page)
			if i == 0 {
				v = tail(v, w.skip)
			} else {
				v = emptied(v)
			}
			assign(page, p.paginator.model.ResultKeys[i], v)
		}
	}
	p.fixed = map[string]any{}
	for i, e := range p.paginator.fixed {
		p.fixed[p.paginator.model.NonAggregates[i]] = lookup(e, page)
	}
}

// tokens are those of the next page, or nil after the last.
func (p *Paginator) tokens(page map[string]any) map[string]any {
	if p.more != nil {
		if more := lookup(p.more, page); more == nil || more == false || more == "" {
			return nil
		}
	}
	next, any := make(map[string]any, len(p.outputs)), false
	for i, e := range p.outputs {
		token := lookup(e, page)
		if token == "" || token == int64(0) || token == false {
			token = nil
		}
		next[p.model.InputTokens[i]] = token
		any = any || token != nil
	}
	if !any {
		return nil
	}
	return next
}

// size is how many items a value of a result key has.
func size(v any) int {
	switch v := v.(type) {
	case []any:
		return len(v)
	case string:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

func head(v any, n int) any {
	switch v := v.(type) {
	case []any:
		return v[:n]
	case string:
		return v[:n]
	}
	return v
}

func tail(v any, n int) any {
	switch v := v.(type) {
	case []any:
		return v[min(n, len(v)):]
	case string:
		return v[min(n, len(v)):]
	}
	return nil
}

// emptied is what a further result key has on a page that was listed in part
// before: it was listed whole then. Numbers stay.
func emptied(v any) any {
	switch v.(type) {
	case []any:
		return []any{}
	case string:
		return ""
	case int64, float64:
		return v
	}
	return nil
}
