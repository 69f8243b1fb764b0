package insights

import (
	"regexp"
	"strings"
	"time"
)

// MaxQuery is the length of a query in characters that AWS accepts.
const MaxQuery = 10_000

// MaxRows is how many rows a query returns at most, and by default.
const MaxRows = 10_000

// Query is a parsed query. It is safe for concurrent use.
type Query struct {
	stages  []stage
	columns []column // what is shown, in order; nil is the default
	limit   int      // what the query itself says; 0 is nothing
	grouped bool     // the rows are not events
}

// column is a field of the result.
type column struct{ name string }

// parser builds a Query.
type parser struct {
	scanner
	now     time.Time
	query   *Query
	shown   []column
	display []column
	stats   *stats // being parsed: aggregates are allowed
	inside  bool   // an aggregate's arguments
	deduped bool
}

// Parse understands a query, whose now() is the given time. The error is a
// *SyntaxError or an *Unsupported.
func Parse(text string, now time.Time) (q *Query, err error) {
	p := &parser{scanner: scanner{text: strings.ToValidUTF8(text, "\uFFFD")}, now: now, query: &Query{}}
	defer func() {
		switch f := recover().(type) {
		case nil:
		case failure:
			q, err = nil, f.err
		default:
			panic(f)
		}
	}()
	if p.end() {
		p.unexpected("a command")
	}
	for {
		p.command()
		if p.end() {
			return p.finish(), nil
		}
		if !p.sign("|") {
			p.unexpected("'|'")
		}
	}
}

// commands by their name.
var commands = map[string]func(*parser){
	"fields":  (*parser).fieldsCommand,
	"display": (*parser).displayCommand,
	"filter":  (*parser).filterCommand,
	"parse":   (*parser).parseCommand,
	"sort":    (*parser).sortCommand,
	"order":   (*parser).sortCommand,
	"limit":   (*parser).limitCommand,
	"head":    (*parser).limitCommand,
	"stats":   (*parser).statsCommand,
	"dedup":   (*parser).dedupCommand,
}

// missingCommands are those that the language has besides.
var missingCommands = map[string]bool{
	"pattern": true, "diff": true, "anomaly": true, "unnest": true, "lookup": true, "join": true, "source": true,
	"unmask": true, "filterindex": true, "search": true, "tail": true, "union": true, "subquery": true,
}

func (p *parser) command() {
	p.space()
	start := p.pos
	word := p.peek()
	if missingCommands[word] {
		panic(failure{&Unsupported{What: "the command " + word}})
	}
	f := commands[word]
	if f == nil {
		p.unexpected("a command (fields, display, filter, parse, sort, limit, stats, dedup)")
	}
	p.name()
	if p.deduped && word != "limit" && word != "head" {
		p.fail(start, "only limit may follow dedup, not %s", word)
	}
	f(p)
}

func (p *parser) finish() *Query {
	p.query.columns = p.shown
	if p.display != nil {
		p.query.columns = p.display
	}
	return p.query
}

func (p *parser) add(s stage) { p.query.stages = append(p.query.stages, s) }

// named parses "expression [as name]" and returns the name it shows under: that,
// or the expression as it was written.
func (p *parser) named() (e expr, name string) {
	p.space()
	start := p.pos
	e = p.expression()
	name = strings.TrimSpace(p.text[start:p.pos])
	if f, ok := e.(fieldRef); ok {
		name = f.name
	}
	if p.word("as") {
		if name = p.field(); name == "" {
			p.unexpected("a name")
		}
	}
	return e, name
}

// defines reports whether a column is more than a field by its own name.
func defines(e expr, name string) bool {
	f, ok := e.(fieldRef)
	return !ok || f.name != name
}

func (p *parser) fieldsCommand() {
	for {
		e, name := p.named()
		if defines(e, name) {
			p.add(assign{name, e})
		}
		p.shown = append(p.shown, column{name})
		if !p.sign(",") {
			return
		}
	}
}

func (p *parser) displayCommand() {
	p.display = nil
	for {
		e, name := p.named()
		if defines(e, name) {
			p.add(assign{name, e})
		}
		p.display = append(p.display, column{name})
		if !p.sign(",") {
			return
		}
	}
}

func (p *parser) filterCommand() { p.add(filter{p.expression()}) }

func (p *parser) parseCommand() {
	var source expr = fieldRef{"@message"}
	p.space()
	if c := p.text[min(p.pos, len(p.text)-1)]; c != '"' && c != '\'' && c != '/' {
		source = p.primary()
	}
	p.space()
	start := p.pos
	if text, ok := p.slashed(); ok {
		re := p.regexp(start, text)
		names := re.SubexpNames()
		if strings.Join(names, "") == "" {
			p.fail(start, "a regular expression of parse needs named groups")
		}
		p.add(extract{source, re, names})
		return
	}
	text, ok := p.quoted()
	if !ok {
		p.unexpected("a glob in quotes or a regular expression between slashes")
	}
	names := []string{""}
	if !p.word("as") {
		p.unexpected("as")
	}
	for {
		name := p.field()
		if name == "" {
			p.unexpected("a name")
		}
		names = append(names, name)
		if !p.sign(",") {
			break
		}
	}
	if stars := strings.Count(text, "*"); stars != len(names)-1 {
		p.fail(start, "parse has %d wildcards and %d names", stars, len(names)-1)
	}
	p.add(extract{source, p.regexp(start, glob(text)), names})
}

// glob is a pattern of parse as a regular expression: a star takes as little as
// it can, and the rest where nothing follows it.
func glob(pattern string) string {
	parts := strings.Split(pattern, "*")
	var b strings.Builder
	b.WriteString("(?s)")
	for i, part := range parts {
		switch {
		case i == 0:
		case i == len(parts)-1 && part == "":
			b.WriteString("(.*)")
		default:
			b.WriteString("(.*?)")
		}
		b.WriteString(regexp.QuoteMeta(part))
	}
	return b.String()
}

func (p *parser) sortCommand() {
	p.word("by")
	var by []key
	for {
		k := key{e: p.expression()}
		switch {
		case p.word("desc"):
			k.desc = true
		default:
			p.word("asc")
		}
		by = append(by, k)
		if !p.sign(",") {
			break
		}
	}
	p.add(order{by: by})
}

func (p *parser) limitCommand() {
	p.space()
	start := p.pos
	n, ok := p.numeral()
	if !ok {
		p.unexpected("a number")
	}
	if n.num < 1 || n.num > MaxRows || n.num != float64(int(n.num)) {
		p.fail(start, "limit must be between 1 and %d", MaxRows)
	}
	p.query.limit = int(n.num)
	p.add(limit{int(n.num)})
}

func (p *parser) dedupCommand() {
	var by []string
	for {
		name := p.field()
		if name == "" {
			p.unexpected("a field")
		}
		by = append(by, name)
		if !p.sign(",") {
			break
		}
	}
	p.add(dedup{by})
	p.deduped = true
}
