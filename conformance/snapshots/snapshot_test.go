package snapshots

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/conformance/internal/modules"
	"nephele.dev/nephele/conformance/internal/tree"
	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// A snapshot is a message as the SDK writes it to a file: a request line or
// status, headers, body.
type snapshot struct {
	name   string // of the operation or error
	first  string
	header http.Header
	body   []byte
}

func readSnapshot(t *testing.T, path string) snapshot {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	s := snapshot{name: name, first: string(first), header: http.Header{}}
	rest = bytes.TrimPrefix(rest, []byte("\n"))
	for {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		rest = after
		if len(line) == 0 || !found {
			break
		}
		k, v, _ := strings.Cut(string(line), ": ")
		s.header.Add(k, v)
	}
	s.body = rest
	return s
}

// files lists the snapshots of a service that end in suffix.
func files(t *testing.T, svc *shape.Service, folder, suffix string) []string {
	t.Helper()
	dir := modules.Dir(t, modules.Path+modules.Services[svc.Name])
	found, err := filepath.Glob(filepath.Join(dir, folder, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var router = wire.NewRouter(all.Services())

// protocolOf is the protocol that the SDK speaks to a service.
func protocolOf(svc *shape.Service) shape.Protocol { return svc.Protocols[0] }

// parse reads a body by its protocol. What is no document is a leaf.
func parse(p shape.Protocol, b []byte, request bool) any {
	f := tree.XML
	switch {
	case p == shape.CBOR:
		f = tree.CBOR
	case p == shape.JSON10, p == shape.JSON11, p == shape.RestJSON:
		f = tree.JSON
	case request && (p == shape.Query || p == shape.EC2Query):
		f = tree.Form
	}
	v, err := f(b)
	if err != nil {
		return string(b)
	}
	return v
}

// A report collects what a service's snapshots show.
type report struct {
	passed, drifted int
	drift           []string
}

func (r *report) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(r.drift, s) {
		r.drift = append(r.drift, s)
	}
}

func (r *report) log(t *testing.T, svc *shape.Service) {
	t.Helper()
	t.Logf("%s: %d equal, %d equal but for members that our model lacks", svc.Name, r.passed, r.drifted)
	slices.Sort(r.drift)
	for _, d := range r.drift {
		t.Logf("drift: %s %s", svc.Name, d)
	}
}

// compare checks that got is want but for drift, and reports whether there was
// any. names tells what the operation's model knows.
func (r *report) compare(t *testing.T, op string, want, got any, names known) bool {
	t.Helper()
	w, g := tree.Leaves(want), tree.Leaves(got)
	drifted := false
	for path, v := range w {
		have, ok := g[path]
		switch unknown := names(path); {
		case ok && (have == v || sameNumber(have, v)):
		case unknown != "":
			drifted = true
			r.note("%s: %s", op, unknown)
		case !ok && v == "{}":
		default:
			t.Errorf("%s is %q, want %q", strings.Join(tree.Names(path), "/"), have, v)
		}
	}
	for path, v := range g {
		if _, ok := w[path]; !ok && v != "{}" && (v != "" || !cutShort(strings.Join(tree.Names(path), "."))) {
			t.Errorf("%s is %q, want nothing", strings.Join(tree.Names(path), "/"), v)
		}
	}
	return drifted
}

func sameNumber(a, b string) bool {
	var x, y float64
	if _, err := fmt.Sscan(a, &x); err != nil {
		return false
	}
	if _, err := fmt.Sscan(b, &y); err != nil {
		return false
	}
	return x == y
}

// known returns the first part of a leaf's path that the model does not know,
// or "".
type known func(path string) string

// namesOf knows every name that messages of a shape may hold, anywhere. In
// forms, parts of a path are joined by dots.
func namesOf(s *shape.Shape) known {
	names := map[string]bool{
		"Action": true, "Version": true, "entry": true, "key": true, "value": true, "member": true, "key0": true,
	}
	addNames(names, s, map[*shape.Shape]bool{})
	return func(path string) string {
		for _, part := range tree.Names(path) {
			for name := range strings.SplitSeq(part, ".") {
				if name != "" && !strings.ContainsRune("@#0123456789", rune(name[0])) && !names[name] {
					return name
				}
			}
		}
		return ""
	}
}

// bodyNames knows the members of a document at their place, for the protocols
// whose documents and forms can be followed along a shape; for XML it is
// fallback.
func bodyNames(p shape.Protocol, s *shape.Shape, fallback known) known {
	switch p {
	case shape.RestXML:
		return fallback
	case shape.Query, shape.EC2Query:
		return func(path string) string { return formStep(s, strings.Split(tree.Names(path)[0], ".")) }
	}
	if m := s.Member(s.Payload); m != nil {
		s = m.Shape
	}
	return func(path string) string {
		at := s
		for _, part := range tree.Names(path) {
			if at = step(at, part); at == nil {
				return part
			}
		}
		return ""
	}
}

// step is the shape of a part of s, or nil.
func step(s *shape.Shape, part string) *shape.Shape {
	switch s.Kind {
	case shape.List:
		return s.Elem.Shape
	case shape.Map:
		return s.Value.Shape
	}
	for _, m := range s.Members {
		if m.Location == shape.Body && (m.Name == part || m.WireName == part) {
			return m.Shape
		}
	}
	return nil
}

// formStep follows the parts of a parameter's name and returns the first that
// s does not have.
func formStep(s *shape.Shape, parts []string) string {
	if len(parts) == 0 || len(parts) == 1 && (parts[0] == "Action" || parts[0] == "Version") {
		return ""
	}
	switch s.Kind {
	case shape.List, shape.Map:
		for len(parts) > 0 && (parts[0] == "member" || parts[0] == "entry" || s.Elem != nil && parts[0] == s.Elem.WireName) {
			parts = parts[1:]
		}
		if len(parts) < 2 {
			return ""
		}
		if s.Kind == shape.List {
			return formStep(s.Elem.Shape, parts[1:])
		}
		if len(parts) == 2 {
			return ""
		}
		return formStep(s.Value.Shape, parts[2:])
	}
	for _, m := range s.Members {
		if m.QueryName == parts[0] || m.WireName == parts[0] ||
			m.Shape.Kind == shape.List && m.Shape.Flattened && m.Shape.Elem.WireName == parts[0] {
			return formStep(m.Shape, parts[1:])
		}
	}
	return parts[0]
}

func addNames(names map[string]bool, s *shape.Shape, seen map[*shape.Shape]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	names[s.Name], names[s.XMLName] = true, true
	members := slices.Clone(s.Members)
	for _, m := range []*shape.Member{s.Elem, s.Key, s.Value} {
		if m != nil {
			members = append(members, m)
		}
	}
	for _, m := range members {
		names[m.Name], names[m.WireName], names[m.QueryName] = true, true, true
		names[http.CanonicalHeaderKey(m.WireName)] = true
		addNames(names, m.Shape, seen)
	}
}
