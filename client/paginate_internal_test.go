package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// A bookshelf stands in for a service's wire: it serves prepared pages, and
// notes what it is asked.
type bookshelf struct {
	wire.Codec

	pages   []map[string]any
	asked   []map[string]any // inputs
	tokenOf func(map[string]any) int
}

// EncodeRequest implements wire.Codec.
func (b *bookshelf) EncodeRequest(ctx context.Context, u *url.URL, op *shape.Operation, in any) (*http.Request, error) {
	b.asked = append(b.asked, outputMembers(op.Input, reflect.ValueOf(in).Elem()))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), http.NoBody)
	if err == nil {
		r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
	}
	return r, err
}

// DecodeResponse implements wire.Codec: the page that the last input asks for.
func (b *bookshelf) DecodeResponse(op *shape.Operation, _ *http.Response) (any, error) {
	v := reflect.New(op.Output.Type)
	(&builder{}).members(op.Output, v.Elem(), b.pages[b.tokenOf(b.asked[len(b.asked)-1])], "")
	return v.Interface(), nil
}

type fakeDoer struct{}

// Do implements Doer.
func (fakeDoer) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
}

// shelve makes a listing of the paginator's operation: pages with the given
// numbers of items.
func shelve(t *testing.T, p *Paginator, sizes ...int) *bookshelf {
	t.Helper()
	m := p.model
	kind := p.op.Input.Member(m.InputTokens[0]).Shape.Kind
	token := func(page int, name string) any {
		if page == 0 {
			return nil
		}
		if kind == shape.Integer || kind == shape.Long {
			return page
		}
		return name + strconv.Itoa(page)
	}
	b := &bookshelf{tokenOf: func(in map[string]any) int {
		switch v := in[m.InputTokens[0]].(type) {
		case int64:
			return int(v)
		case string:
			n, err := strconv.Atoi(strings.TrimPrefix(v, m.InputTokens[0]))
			if err != nil {
				t.Errorf("asked for token %q", v)
			}
			return n
		}
		return 0
	}}
	item := 0
	for i, n := range sizes {
		page := map[string]any{}
		items := []any{}
		for range n {
			items = append(items, example(elementOf(p.op.Output, m.ResultKeys[0]), item))
			item++
		}
		assign(page, m.ResultKeys[0], items)
		if i+1 < len(sizes) {
			for j, expression := range m.OutputTokens {
				path, _, _ := strings.Cut(expression, " ||")
				assign(page, path, token(i+1, m.InputTokens[j]))
			}
		}
		if m.MoreResults != "" {
			assign(page, m.MoreResults, i+1 < len(sizes))
		}
		b.pages = append(b.pages, page)
	}
	return b
}

// elementOf is the shape of the entries of the list that a path leads to.
func elementOf(s *shape.Shape, path string) *shape.Shape {
	for name := range strings.SplitSeq(path, ".") {
		s = s.Member(name).Shape
	}
	return s.Elem.Shape
}

// example is a value that can be told from those of other numbers.
func example(s *shape.Shape, n int) any {
	switch s.Kind {
	case shape.String:
		return fmt.Sprint("item ", n)
	case shape.Integer, shape.Long:
		return n
	case shape.Map:
		return map[string]any{fmt.Sprint("item ", n): example(s.Value.Shape, n)}
	case shape.List:
		return []any{example(s.Elem.Shape, n)}
	case shape.Structure:
		for _, m := range s.Members {
			if m.Shape.Kind == shape.String && len(m.Shape.Enum) == 0 {
				return map[string]any{m.Name: fmt.Sprint("item ", n)}
			}
		}
		for _, m := range s.Members {
			if m.Shape.Kind == shape.Structure {
				return map[string]any{m.Name: example(m.Shape, n)}
			}
		}
	}
	return map[string]any{}
}

// texts are items in a form to compare.
func texts(items any) []string {
	list, _ := items.([]any)
	out := []string{}
	for _, v := range list {
		raw, _ := json.Marshal(v)
		out = append(out, string(raw))
	}
	return out
}

// required fills the input's required members, which the bookshelf ignores.
func required(s *shape.Shape) map[string]any {
	in := map[string]any{}
	for _, m := range s.Members {
		if m.Required {
			in[m.Name] = filled(m.Shape)
		}
	}
	return in
}

func filled(s *shape.Shape) any {
	switch s.Kind {
	case shape.Structure:
		return required(s)
	case shape.Union:
		return map[string]any{s.Members[0].Name: filled(s.Members[0].Shape)}
	case shape.List:
		return []any{filled(s.Elem.Shape)}
	case shape.Map:
		return map[string]any{"key": filled(s.Value.Shape)}
	case shape.Boolean:
		return true
	case shape.Integer, shape.Long, shape.Float, shape.Double, shape.Timestamp:
		if s.Min != nil {
			return *s.Min
		}
		return 100
	}
	return strings.Repeat("x", 40)
}

// TestEveryPaginator pages over a listing with each paginator of every service,
// and holds what botocore documents: each page is asked for with the tokens of
// the one before and the size asked for, items come once and in order, MaxItems
// cuts, and a listing goes on where the last one ended.
func TestEveryPaginator(t *testing.T) {
	t.Parallel()
	s, err := NewSession(t.Context(), WithEndpoint("http://127.0.0.1:1"), WithAnonymous(), WithHTTPClient(fakeDoer{}), WithEnvironment(func(string) string { return "" }))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, svc := range services() {
		c, err := s.Client(svc.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range c.Paginators() {
			n++
			p, err := c.Paginator(name)
			if err != nil {
				t.Fatal(err)
			}
			checkPaginator(t, p)
		}
	}
	if n < 390 {
		t.Errorf("only %d paginators", n)
	}
}

func checkPaginator(t *testing.T, p *Paginator) {
	t.Helper()
	what := p.op.Service.Name + ":" + p.op.Name
	sizes := []int{3, 0, 2, 4}
	b := shelve(t, p, sizes...)
	p.client.codec = b
	all := []string{}
	for _, page := range b.pages {
		all = append(all, texts(lookup(p.results[0], normal(p.op, page)))...)
	}
	in := required(p.op.Input)
	for _, name := range p.model.InputTokens {
		delete(in, name)
	}
	var opts []PageOption
	if p.model.LimitKey != "" {
		opts = append(opts, PageSize(pageSize(p)))
	}
	full, err := p.Paginate(in, opts...).BuildFullResult(t.Context())
	if have := texts(lookup(p.results[0], full)); err != nil || !slices.Equal(have, all) || len(all) != 9 || full["NextToken"] != nil {
		t.Errorf("%s: have %v, %v\nwant %v", what, have, err, all)
		return
	}
	checkAsked(t, p, b, len(sizes))
	for _, most := range []int{1, 2, 4, 9, 10} {
		have, rounds, token := []string{}, 0, ""
		for again := true; again && rounds < 20; rounds++ {
			pages := p.Paginate(in, MaxItems(most), StartingToken(token))
			part, err := pages.BuildFullResult(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			got := texts(lookup(p.results[0], part))
			if len(got) > most {
				t.Errorf("%s: %d items, asked for %d", what, len(got), most)
			}
			have = append(have, got...)
			token = pages.ResumeToken()
			again = token != ""
		}
		if !slices.Equal(have, all) {
			t.Errorf("%s by %d: have %v\nwant %v", what, most, have, all)
			return
		}
	}
}

// pageSize is one that the paginator's operation takes.
func pageSize(p *Paginator) int {
	if least := p.op.Input.Member(p.model.LimitKey).Shape.Min; least != nil {
		return max(50, int(*least))
	}
	return 50
}

// normal is a page as it comes out of the codec.
func normal(op *shape.Operation, page map[string]any) map[string]any {
	v := reflect.New(op.Output.Type)
	(&builder{}).members(op.Output, v.Elem(), page, "")
	return newOutput(op, v.Interface())
}

// checkAsked holds the inputs of a whole listing.
func checkAsked(t *testing.T, p *Paginator, b *bookshelf, want int) {
	t.Helper()
	what := p.op.Service.Name + ":" + p.op.Name
	if len(b.asked) != want {
		t.Errorf("%s: %d requests, want %d", what, len(b.asked), want)
		return
	}
	for i, in := range b.asked {
		for j, name := range p.model.InputTokens {
			token := in[name]
			if s, ok := token.(string); ok && i == 0 && s == "" {
				token = nil // a required member that the server does not heed
			}
			var sent any
			if i > 0 {
				path, _, _ := strings.Cut(p.model.OutputTokens[j], " ||")
				e, _ := compile([]string{path})
				sent = lookup(e[0], normal(p.op, b.pages[i-1]))
			}
			if !reflect.DeepEqual(token, sent) {
				t.Errorf("%s: request %d has %s %v, want %v", what, i, name, token, sent)
			}
		}
		if limit := p.model.LimitKey; limit != "" && fmt.Sprint(in[limit]) != strconv.Itoa(pageSize(p)) {
			t.Errorf("%s: request %d asks for pages of %v", what, i, in[limit])
		}
	}
}

// TestRepeatedToken ends a listing that would go on for ever.
func TestRepeatedToken(t *testing.T) {
	t.Parallel()
	s, err := NewSession(t.Context(), WithEndpoint("http://127.0.0.1:1"), WithAnonymous(), WithHTTPClient(fakeDoer{}))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Client("sns")
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Paginator("ListTopics")
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]any{"Topics": []any{map[string]any{"TopicArn": "a"}}, "NextToken": "again"}
	b := &bookshelf{pages: []map[string]any{page}, tokenOf: func(map[string]any) int { return 0 }}
	c.codec = b
	_, err = p.Paginate(nil).BuildFullResult(t.Context())
	if _, ok := err.(*PaginationError); !ok || !strings.Contains(err.Error(), "The same next token was received twice: map[NextToken:again]") || len(b.asked) != 2 { //nolint:errorlint // it is returned bare
		t.Errorf("%v after %d requests", err, len(b.asked))
	}
	if _, err := p.Paginate(nil, PageSize(3)).BuildFullResult(t.Context()); err == nil || !strings.Contains(err.Error(), "PageSize parameter is not supported") {
		t.Error(err)
	}
}

// TestTokens reads the tokens of botocore and of services.
func TestTokens(t *testing.T) {
	t.Parallel()
	names := []string{"KeyMarker", "VersionIdMarker"}
	for text, want := range map[string]struct {
		tokens map[string]any
		listed int
	}{
		// base64 of {"KeyMarker": "k", "VersionIdMarker": null, "boto_truncate_amount": 4}
		"eyJLZXlNYXJrZXIiOiAiayIsICJWZXJzaW9uSWRNYXJrZXIiOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiA0fQ==": {map[string]any{"KeyMarker": "k", "VersionIdMarker": nil}, 4},
		"its own":  {map[string]any{"KeyMarker": "its own", "VersionIdMarker": nil}, 0},
		"bnVsbA==": {map[string]any{"KeyMarker": "bnVsbA==", "VersionIdMarker": nil}, 0},
	} {
		tokens, listed, err := parseToken(text, names)
		if err != nil || !maps.Equal(tokens, want.tokens) || listed != want.listed {
			t.Errorf("%s: %v, %d, %v", text, tokens, listed, err)
		}
	}
	token := formatToken(map[string]any{"PartNumberMarker": int64(12345678901)}, 3)
	tokens, listed, err := parseToken(token, []string{"PartNumberMarker"})
	if err != nil || listed != 3 || tokens["PartNumberMarker"] != json.Number("12345678901") {
		t.Errorf("%v, %d, %v", tokens, listed, err)
	}
	if _, _, err := parseToken(formatToken(map[string]any{"boto_truncate_amount": -1}, 0), names); err == nil {
		t.Error("a negative amount is taken")
	}
}
