package emit

import (
	"fmt"
	"strings"
)

// doc is the package comment.
func (p *pkg) doc() string {
	m := p.model.Metadata
	return fmt.Sprintf("// Package %s is the API of %s (version %s) as Go types and tables.\n//\n"+
		"// See package shape for how models map to Go.\npackage %s\n", p.name, m.ServiceFullName, m.APIVersion, p.name)
}

// types prints the structures that are not an operation's own.
func (p *pkg) types() string {
	var b strings.Builder
	for _, s := range p.shapes {
		if s.structure() && p.byKey[s.name] == s {
			p.structure(&b, s, describe(s))
		}
	}
	return p.file(b.String())
}

func describe(s *shp) string {
	what := "is a structure of the model."
	switch {
	case s.Exception:
		what = "holds the members of an error."
	case s.kind == "Union":
		what = "is a union: exactly one field is set."
	case s.kind == "EventStream":
		what = "is one event of a stream: exactly one field is set."
	}
	return s.goName + " " + what
}

// structure prints one struct; members of unions and streams are all optional.
func (p *pkg) structure(b *strings.Builder, s *shp, comment string) {
	fmt.Fprintf(b, "// %s\ntype %s struct {", comment, s.goName)
	if len(s.members) > 0 {
		b.WriteString("\n")
	}
	for _, m := range s.members {
		fmt.Fprintf(b, "%s %s", m.goName, m.fieldType(s.kind != "Structure"))
		if c := m.constraint(); c != "" {
			b.WriteString(" // " + c)
		}
		b.WriteString("\n")
	}
	b.WriteString("}\n\n")
}

// constraint says what values a member takes, in a few words.
func (m *member) constraint() string {
	var parts []string
	if m.required && nilable(m.shape.kind) {
		parts = append(parts, "required")
	}
	if r := bounds(m.shape); r != "" {
		parts = append(parts, r)
	}
	if p := m.shape.Pattern; p != "" && len(p) <= 60 && !strings.ContainsAny(p, "\n\r") {
		parts = append(parts, p)
	}
	if m.Deprecated {
		parts = append(parts, "deprecated")
	}
	return strings.Join(parts, "; ")
}

func bounds(s *shp) string {
	what := "length "
	switch s.kind {
	case "Integer", "Long", "Float", "Double":
		what = ""
	case "List", "Map":
		what = "size "
	}
	switch {
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf("%s%v to %v", what, number(*s.Min), number(*s.Max))
	case s.Min != nil:
		return fmt.Sprintf("%sfrom %v", what, number(*s.Min))
	case s.Max != nil:
		return fmt.Sprintf("%sup to %v", what, number(*s.Max))
	}
	return ""
}

// enums prints the enum types and their constants.
func (p *pkg) enums() string {
	var b strings.Builder
	for _, s := range p.shapes {
		if !s.enum() {
			continue
		}
		fmt.Fprintf(&b, "// %s is an enum of the model.\ntype %s string\n\n// The values of %s.\nconst (\n", s.goName, s.goName, s.goName)
		for _, v := range s.Enum {
			fmt.Fprintf(&b, "%s %s = %q\n", p.ids.take(s.goName+enumWord(v), "Value"), s.goName, v)
		}
		b.WriteString(")\n\n")
	}
	return p.file(b.String())
}

// operations prints the input and output structs.
func (p *pkg) operations() string {
	var b strings.Builder
	for _, op := range p.ops {
		p.structure(&b, op.in, op.in.goName+" is the input of "+op.name+".")
		p.structure(&b, op.out, op.out.goName+" is the output of "+op.name+".")
	}
	return p.file(b.String())
}

// handlers prints the struct of functions a service implements.
func (p *pkg) handlers() string {
	var b strings.Builder
	b.WriteString("// Handlers holds a function for each operation; nil ones are not implemented.\ntype Handlers struct {\n")
	for _, op := range p.ops {
		fmt.Fprintf(&b, "%s func(context.Context, *%s) (*%s, error)\n", op.name, op.in.goName, op.out.goName)
	}
	b.WriteString("}\n\n// Table returns the functions that are set, by operation.\nfunc (h Handlers) Table() map[string]shape.Handler {\n")
	b.WriteString("t := map[string]shape.Handler{}\n")
	for _, op := range p.ops {
		fmt.Fprintf(&b, "shape.Add(t, %q, h.%s)\n", op.name, op.name)
	}
	b.WriteString("return t\n}\n")
	return p.file(b.String())
}

// client prints the typed client.
func (p *pkg) client() string {
	var b strings.Builder
	b.WriteString("// Client calls the service through an Invoker: in process or over the network.\ntype Client struct{ Invoker shape.Invoker }\n\n")
	b.WriteString("// operation returns operation i of the service.\nfunc operation(i int) *shape.Operation { return Service().Operations()[i] }\n\n")
	for i, op := range p.ops {
		fmt.Fprintf(&b, "// %s calls the operation of that name.\nfunc (c Client) %s(ctx context.Context, in *%s) (*%s, error) {\n", op.name, op.name, op.in.goName, op.out.goName)
		fmt.Fprintf(&b, "return shape.Call[*%s](ctx, c.Invoker, operation(%d), in)\n}\n\n", op.out.goName, i)
	}
	return p.file(b.String())
}

// errorsFile prints the wire codes and constructors of the errors.
func (p *pkg) errorsFile() string {
	var consts, funcs strings.Builder
	for _, s := range p.shapes {
		if !s.Exception {
			continue
		}
		t := p.errorTrait(s)
		name := p.ids.take("Err"+export(s.name), "Code")
		fn := p.ids.take("New"+export(s.name), "Error")
		fmt.Fprintf(&consts, "%s = %q\n", name, t.Code)
		fmt.Fprintf(&funcs, "// %s returns the error %s with HTTP status %d.\n", fn, t.Code, t.Status)
		fmt.Fprintf(&funcs, "func %s(format string, args ...any) *awserr.Error {\nreturn awserr.New(%s, %d, format, args...)\n}\n\n", fn, name, t.Status)
	}
	if consts.Len() == 0 {
		return ""
	}
	return p.file("// The wire codes of the service's errors.\nconst (\n" + consts.String() + ")\n\n" + funcs.String())
}
