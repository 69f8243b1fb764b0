package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/jmespath/go-jmespath"

	"nephele.dev/nephele/internal/api/extras"
	"nephele.dev/nephele/internal/shape"
)

// ErrNotPageable says that the model has no way to page through an operation.
var ErrNotPageable = errors.New("operation cannot be paginated")

// PaginationError ends a listing that cannot go on.
type PaginationError struct{ Reason string }

// Error says why.
func (e *PaginationError) Error() string { return "Error during pagination: " + e.Reason }

// CanPaginate reports whether an operation, by any form of its name, can be paged
// through. An operation that does not exist cannot.
func (c *Client) CanPaginate(operation string) bool {
	op, err := findOperation(c.service, operation)
	return err == nil && c.extras.Paginators[op.Name] != nil
}

// Paginator pages through the results of an operation.
type Paginator struct {
	client  *Client
	op      *shape.Operation
	model   *extras.Paginator
	outputs []*jmespath.JMESPath // of the tokens
	results []*jmespath.JMESPath
	fixed   []*jmespath.JMESPath
	more    *jmespath.JMESPath // nil for none
}

// Paginator returns the paginator of an operation. The error is a *NameError, or
// wraps ErrNotPageable.
func (c *Client) Paginator(operation string) (*Paginator, error) {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return nil, err
	}
	m := c.extras.Paginators[op.Name]
	if m == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotPageable, op.Name)
	}
	p := &Paginator{client: c, op: op, model: m}
	var errs [4]error
	p.outputs, errs[0] = compile(m.OutputTokens)
	p.results, errs[1] = compile(m.ResultKeys)
	p.fixed, errs[2] = compile(m.NonAggregates)
	if m.MoreResults != "" {
		p.more, errs[3] = jmespath.Compile(m.MoreResults)
	}
	return p, errors.Join(errs[:]...)
}

func compile(expressions []string) ([]*jmespath.JMESPath, error) {
	list := make([]*jmespath.JMESPath, len(expressions))
	for i, text := range expressions {
		e, err := jmespath.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		list[i] = e
	}
	return list, nil
}

// ResultKeys are the paths in the output of what is listed; the first is what
// MaxItems counts.
func (p *Paginator) ResultKeys() []string { return p.model.ResultKeys }

// PagesItself reports whether an input sets a token or the size of a page, so
// that one call is meant.
func (p *Paginator) PagesItself(input map[string]any) bool {
	for _, name := range append([]string{p.model.LimitKey}, p.model.InputTokens...) {
		if _, ok := input[name]; ok {
			return true
		}
	}
	return false
}

// PageOption bounds a listing.
type PageOption func(*Pages)

// MaxItems ends the listing after n items, in the middle of a page if need be;
// Pages.ResumeToken then says where to go on.
func MaxItems(n int) PageOption { return func(p *Pages) { p.maxItems, p.bounded = n, true } }

// PageSize asks the service for pages of n items.
func PageSize(n int) PageOption { return func(p *Pages) { p.pageSize, p.sized = n, true } }

// StartingToken goes on where another listing ended: at its resume token, which
// botocore and the AWS CLI understand too, or at a token of the service itself.
func StartingToken(token string) PageOption { return func(p *Pages) { p.starting = token } }

// Pages is one listing.
type Pages struct {
	paginator *Paginator
	input     any
	starting  string
	maxItems  int
	bounded   bool
	pageSize  int
	sized     bool

	resume string
	fixed  map[string]any
}

// Paginate begins a listing; requests are made as it is iterated over.
func (p *Paginator) Paginate(input any, opts ...PageOption) *Pages {
	pages := &Pages{paginator: p, input: input}
	for _, o := range opts {
		o(pages)
	}
	return pages
}

// All iterates over the pages. An error is the last thing it yields. Each
// iteration starts afresh.
func (p *Pages) All(ctx context.Context) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		p.resume, p.fixed = "", nil
		w, err := p.walk()
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			page, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			last, err := w.advance(page)
			if !yield(page, nil) || last && err == nil {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Items iterates over the entries of the first result key, of all pages.
func (p *Pages) Items(ctx context.Context) iter.Seq2[any, error] {
	return p.each(ctx, func(page map[string]any) (any, error) { return lookup(p.paginator.results[0], page), nil })
}

// Search applies a JMESPath expression to each page and iterates over the
// entries of the lists that it gives, or over the values that are none. See the
// function Search for types.
func (p *Pages) Search(ctx context.Context, expression string) iter.Seq2[any, error] {
	return p.each(ctx, func(page map[string]any) (any, error) { return Search(expression, page) })
}

func (p *Pages) each(ctx context.Context, of func(map[string]any) (any, error)) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for page, err := range p.All(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			found, err := of(page)
			if err != nil {
				yield(nil, err)
				return
			}
			list, ok := found.([]any)
			if !ok {
				list = []any{found}
			}
			for _, item := range list {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// ResumeToken is where a listing that MaxItems ended can go on; "" when it came
// to its end. It holds after the iteration.
func (p *Pages) ResumeToken() string { return p.resume }

// BuildFullResult puts all pages into one output: lists and texts one after the
// other, numbers added up, what is the same on all pages once. NextToken is the
// resume token of a listing that MaxItems ended.
func (p *Pages) BuildFullResult(ctx context.Context) (map[string]any, error) {
	full := map[string]any{}
	for page, err := range p.All(ctx) {
		if err != nil {
			return nil, err
		}
		for i, e := range p.paginator.results {
			p.paginator.add(full, p.paginator.model.ResultKeys[i], lookup(e, full), lookup(e, page))
		}
	}
	for path, value := range p.fixed {
		if value != nil {
			assign(full, path, value)
		}
	}
	if p.resume != "" {
		full["NextToken"] = p.resume
	}
	return full, nil
}

// add puts the value of a further page behind what there is.
func (p *Paginator) add(full map[string]any, path string, have, more any) {
	switch more := more.(type) {
	case nil:
	case []any:
		list, _ := have.([]any)
		assign(full, path, append(list, more...))
	case string:
		text, _ := have.(string)
		assign(full, path, text+more)
	case int64:
		n, _ := have.(int64)
		assign(full, path, n+more)
	case float64:
		n, _ := have.(float64)
		assign(full, path, n+more)
	case map[string]any:
		if m, ok := have.(map[string]any); ok {
			maps.Copy(m, more)
			return
		}
		assign(full, path, maps.Clone(more))
	default:
		if have == nil {
			assign(full, path, more)
		}
	}
}
