package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// A restTree holds the URI templates of a REST service as a trie over path
// segments, one for each method.
type restTree struct {
	roots   map[string]*restNode
	exact   bool   // S3: empty segments and trailing slashes are part of keys
	version string // the first segment of every template, if it is an API version
}

// A restNode is a position in a path.
type restNode struct {
	literal map[string]*restNode
	label   *restNode
	ops     []*restOp // templates that end here
	greedy  []*restOp // templates whose last label takes the rest of the path
}

// A restOp is an operation and what distinguishes it from others on its path.
type restOp struct {
	op       *shape.Operation
	labels   []string    // names of the path's labels, in order
	literals [][2]string // query parameters of the template
	query    []string    // required query parameters
	headers  []string    // required headers
}

// newRestTree compiles the templates of svc.
func newRestTree(svc *shape.Service) *restTree {
	t := &restTree{roots: map[string]*restNode{}, exact: isS3(svc)}
	for i, op := range svc.Operations() {
		if op.Path == "" {
			continue
		}
		first := t.add(op)
		switch {
		case i == 0 && isVersion(first):
			t.version = first
		case first != t.version:
			t.version = ""
		}
	}
	return t
}

// isVersion reports whether a path segment is a date such as 2020-05-31.
func isVersion(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && i != 7 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// add files an operation under its template and returns the first segment.
func (t *restTree) add(op *shape.Operation) string {
	path, query, _ := strings.Cut(op.Path, "?")
	o := newRestOp(op, query)
	n := t.roots[op.Method]
	if n == nil {
		n = &restNode{}
		t.roots[op.Method] = n
	}
	segments := t.split(path)
	for _, seg := range segments {
		name, isLabel := strings.CutPrefix(seg, "{")
		if !isLabel {
			n = n.child(seg)
			continue
		}
		name = strings.TrimSuffix(name, "}")
		name, greedy := strings.CutSuffix(name, "+")
		o.labels = append(o.labels, name)
		if greedy {
			n.greedy = append(n.greedy, o)
			return segments[0]
		}
		if n.label == nil {
			n.label = &restNode{}
		}
		n = n.label
	}
	n.ops = append(n.ops, o)
	if len(segments) == 0 {
		return ""
	}
	return segments[0]
}

// newRestOp notes what tells op from others: the literals of its template but
// for x-id, which only names the operation again, and its required members.
func newRestOp(op *shape.Operation, query string) *restOp {
	o := &restOp{op: op}
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if k != "" && k != "x-id" {
			o.literals = append(o.literals, [2]string{k, v})
		}
	}
	for _, m := range op.Input.Members {
		switch {
		case !m.Required:
		case m.Location == shape.QueryString:
			o.query = append(o.query, m.WireName)
		case m.Location == shape.Header:
			o.headers = append(o.headers, http.CanonicalHeaderKey(m.WireName))
		}
	}
	return o
}

// child returns the node below n for a literal segment, making it if need be.
func (n *restNode) child(seg string) *restNode {
	if n.literal == nil {
		n.literal = map[string]*restNode{}
	}
	c := n.literal[seg]
	if c == nil {
		c = &restNode{}
		n.literal[seg] = c
	}
	return c
}

// split cuts an escaped path at its slashes. But for S3, empty segments at the
// end do not count.
func (t *restTree) split(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if !t.exact {
		path = strings.TrimRight(path, "/")
	}
	if path == "" {
		return nil
	}
	segments := strings.Split(path, "/")
	if t.exact && len(segments) == 2 && segments[1] == "" {
		return segments[:1] // "/bucket/" is the bucket
	}
	return segments
}

// maxSegments bounds the backtracking of a match. S3 keys are longer, but
// there the greedy label takes over at the second segment.
const maxSegments = 1024

// match finds the operation for a request and the values of its path labels.
func (t *restTree) match(r *http.Request) (*shape.Operation, map[string]string) {
	root := t.roots[r.Method]
	segments := t.split(r.URL.EscapedPath())
	if root == nil || len(segments) > maxSegments && !t.exact {
		return nil, nil
	}
	if t.version != "" && len(segments) > 0 && isVersion(segments[0]) {
		segments[0] = t.version
	}
	q := &lazyQuery{raw: r.URL.RawQuery}
	m := matcher{r: r, q: q, segments: segments}
	o, values := m.walk(root, 0, nil)
	if o == nil {
		return nil, nil
	}
	labels := make(map[string]string, len(values))
	for i, v := range values {
		s, err := url.PathUnescape(v)
		if err != nil {
			return nil, nil
		}
		labels[o.labels[i]] = s
	}
	return o.op, labels
}

// A lazyQuery parses a query string when somebody asks.
type lazyQuery struct {
	raw    string
	values url.Values
}

// get returns the parameters; a query that cannot be parsed has none.
func (q *lazyQuery) get() url.Values {
	if q.values == nil {
		q.values = url.Values{}
		if v, err := ParseForm(q.raw, Limits{MaxMembers: 10000}); err == nil {
			q.values = v
		}
	}
	return q.values
}

// A matcher walks a trie along a path.
type matcher struct {
	r        *http.Request
	q        *lazyQuery
	segments []string
}

// walk prefers literal segments to labels and labels to greedy ones, so that
// the most specific template wins.
func (m *matcher) walk(n *restNode, i int, values []string) (*restOp, []string) {
	if i == len(m.segments) {
		if o := m.choose(n.ops); o != nil {
			return o, values
		}
		return nil, nil
	}
	seg := m.segments[i]
	if c := n.literal[literalOf(seg)]; c != nil {
		if o, v := m.walk(c, i+1, values); o != nil {
			return o, v
		}
	}
	if n.label != nil && seg != "" {
		if o, v := m.walk(n.label, i+1, append(slices.Clip(values), seg)); o != nil {
			return o, v
		}
	}
	if o := m.choose(n.greedy); o != nil {
		return o, append(slices.Clip(values), strings.Join(m.segments[i:], "/"))
	}
	return nil, nil
}

// literalOf unescapes a segment for comparison with a template.
func literalOf(seg string) string {
	if strings.IndexByte(seg, '%') < 0 {
		return seg
	}
	if s, err := url.PathUnescape(seg); err == nil {
		return s
	}
	return seg
}

// choose picks among operations that share a path the one that asks for most
// of what the request has.
func (m *matcher) choose(ops []*restOp) *restOp {
	if len(ops) == 1 && len(ops[0].literals) == 0 {
		return ops[0]
	}
	var best *restOp
	score := -1
	for _, o := range ops {
		if n := m.score(o); n > score {
			best, score = o, n
		}
	}
	return best
}

// score is -1 for an operation whose query literals are not in the request.
// Literals count most, then required members that are present; an operation
// that lacks a required one comes behind those that lack none.
func (m *matcher) score(o *restOp) int {
	q := m.q.get()
	for _, l := range o.literals {
		v, ok := q[l[0]]
		if !ok || l[1] != "" && v[0] != l[1] {
			return -1
		}
	}
	n := 1000 * len(o.literals)
	if len(q) > 0 && q.Get("x-id") == o.op.Name {
		n += 500
	}
	n += 100 + m.present(o)
	if o.op.Deprecated {
		n -= 5
	}
	return n
}

// present scores the required query and header members of o.
func (m *matcher) present(o *restOp) int {
	n := 0
	for _, name := range o.query {
		if _, ok := m.q.get()[name]; !ok {
			return -50
		}
		n += 10
	}
	for _, name := range o.headers {
		if _, ok := m.r.Header[name]; !ok {
			return -50
		}
		n += 10
	}
	return n
}
