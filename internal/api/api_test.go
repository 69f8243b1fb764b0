package api_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/gen/emit"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/shape"
)

// coldEnv makes the test binary measure one cold link and exit.
const coldEnv = "NEPHELE_TEST_COLD_LINK"

func TestMain(m *testing.M) {
	if os.Getenv(coldEnv) != "" {
		start := time.Now()
		services := all.Services()
		fmt.Println(len(services), time.Since(start).Nanoseconds())
		return
	}
	os.Exit(m.Run())
}

// BenchmarkColdLink measures what linking every service costs a process that
// has just started; the figure is link-ms.
func BenchmarkColdLink(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var total, runs int64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), self)
		cmd.Env = append(os.Environ(), coldEnv+"=1")
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(err)
		}
		var services, ns int64
		if _, err := fmt.Sscan(string(out), &services, &ns); err != nil {
			b.Fatalf("%q: %v", out, err)
		}
		total += ns
		runs++
	}
	b.ReportMetric(float64(total)/float64(runs)/1e6, "link-ms")
}

// TestUpToDate regenerates everything in memory and compares.
func TestUpToDate(t *testing.T) {
	t.Parallel()
	files, err := emit.All("models")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not what the models give (%v); run: go generate ./internal/api", name, err)
		}
	}
	stale, err := emit.Stale(".", files)
	if err != nil || len(stale) > 0 {
		t.Errorf("stale generated files: %v %v", stale, err)
	}
}

// TestPatterns compiles every pattern, and wants Go's form to be anchored.
func TestPatterns(t *testing.T) {
	t.Parallel()
	n := 0
	for _, svc := range all.Services() {
		for _, s := range svc.Shapes() {
			if s.Pattern == "" {
				continue
			}
			n++
			if s.RE2 == "" {
				t.Errorf("%s %s: pattern %q is not checked", svc.Name, s.Name, s.Pattern)
			} else if _, err := regexp.Compile(s.RE2); err != nil {
				t.Errorf("%s %s: %v", svc.Name, s.Name, err)
			}
		}
	}
	if n < 400 {
		t.Errorf("only %d patterns", n)
	}
}

// TestShapesMatchTypes checks every member of every structure against the Go
// field it names, by the mapping that package shape documents.
func TestShapesMatchTypes(t *testing.T) {
	t.Parallel()
	for _, svc := range all.Services() {
		for _, s := range svc.Shapes() {
			switch s.Kind {
			case shape.Structure, shape.Union, shape.EventStream:
				checkStructure(t, svc, s)
			case shape.String:
				if len(s.Enum) > 0 && s.Type.Kind() != reflect.String {
					t.Errorf("%s %s: enum of type %v", svc.Name, s.Name, s.Type)
				}
			}
		}
	}
}

func checkStructure(t *testing.T, svc *shape.Service, s *shape.Shape) {
	t.Helper()
	if s.Type == nil || s.Type.Kind() != reflect.Struct || s.Type.NumField() != len(s.Members) {
		t.Errorf("%s %s: %d members in the type %v", svc.Name, s.Name, len(s.Members), s.Type)
		return
	}
	for _, m := range s.Members {
		f := s.Type.Field(m.Field)
		want := goType(m.Shape)
		if (!m.Required || s.Kind != shape.Structure) && !nilable(want) {
			want = reflect.PointerTo(want)
		}
		switch {
		case f.Name != m.Name && f.Name[1:] != m.Name[1:]:
			t.Errorf("%s %s: member %s is field %s", svc.Name, s.Name, m.Name, f.Name)
		case m.Shape.Kind == shape.EventStream:
			if f.Type.Kind() != reflect.Func {
				t.Errorf("%s %s.%s: %v is no iterator", svc.Name, s.Name, m.Name, f.Type)
			}
		case f.Type != want:
			t.Errorf("%s %s.%s: field type %v, want %v", svc.Name, s.Name, m.Name, f.Type, want)
		}
	}
}

func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func:
		return true
	}
	return false
}

var (
	scalarTypes = map[shape.Kind]reflect.Type{
		shape.String: reflect.TypeFor[string](), shape.Boolean: reflect.TypeFor[bool](),
		shape.Integer: reflect.TypeFor[int32](), shape.Long: reflect.TypeFor[int64](),
		shape.Float: reflect.TypeFor[float32](), shape.Double: reflect.TypeFor[float64](),
		shape.Timestamp: reflect.TypeFor[time.Time](), shape.Blob: reflect.TypeFor[[]byte](),
	}
	readerType = reflect.TypeFor[io.Reader]()
)

// goType is the type of a list element or a required member of shape s.
func goType(s *shape.Shape) reflect.Type {
	switch {
	case s.Kind == shape.Structure || s.Kind == shape.Union:
		return reflect.PointerTo(s.Type)
	case s.Kind == shape.List:
		return reflect.SliceOf(goType(s.Elem.Shape))
	case s.Kind == shape.Map:
		return reflect.MapOf(reflect.TypeFor[string](), goType(s.Value.Shape))
	case s.Kind == shape.EventStream:
		return reflect.TypeFor[func()]()
	case s.Kind == shape.String && len(s.Enum) > 0:
		return s.Type
	case s.Kind == shape.Blob && s.Streaming:
		return readerType
	}
	return scalarTypes[s.Kind]
}

// TestLinked walks the graph from every operation: nothing may be missing, and
// every operation must be found under its name and lead back to its service.
func TestLinked(t *testing.T) {
	t.Parallel()
	ops := 0
	for _, svc := range all.Services() {
		if len(svc.Protocols) == 0 || svc.SigningName == "" || svc.ID == "" || svc.APIVersion == "" {
			t.Errorf("%s lacks metadata: %+v", svc.Name, svc)
		}
		seen := map[*shape.Shape]bool{}
		for _, op := range svc.Operations() {
			ops++
			if op.Service != svc || svc.Operation(op.Name) != op || op.Method == "" || op.Path == "" {
				t.Errorf("%s %s is not linked well", svc.Name, op.Name)
			}
			walk(t, svc, op.Input, seen)
			walk(t, svc, op.Output, seen)
			for _, e := range op.Errors {
				if e.Error == nil || svc.Error(e.Error.Code) == nil || svc.Error(e.Name) == nil {
					t.Errorf("%s %s: error %s is not linked well", svc.Name, op.Name, e.Name)
				}
				walk(t, svc, e, seen)
			}
		}
		for _, s := range svc.Shapes() {
			if s.Error != nil {
				walk(t, svc, s, seen)
			}
		}
		if len(seen) != len(svc.Shapes()) {
			t.Errorf("%s: %d shapes are reached of %d", svc.Name, len(seen), len(svc.Shapes()))
		}
	}
	if ops < 2100 {
		t.Errorf("only %d operations", ops)
	}
}

func walk(t *testing.T, svc *shape.Service, s *shape.Shape, seen map[*shape.Shape]bool) {
	t.Helper()
	if seen[s] {
		return
	}
	seen[s] = true
	if s.Payload != "" && s.Member(s.Payload) == nil {
		t.Errorf("%s %s: there is no payload member %s", svc.Name, s.Name, s.Payload)
	}
	next := append([]*shape.Member{}, s.Members...)
	switch s.Kind {
	case shape.List:
		next = append(next, s.Elem)
	case shape.Map:
		next = append(next, s.Key, s.Value)
	}
	for _, m := range next {
		if m == nil || m.Shape == nil || m.WireName == "" {
			t.Errorf("%s %s: member %+v is not linked well", svc.Name, s.Name, m)
			continue
		}
		walk(t, svc, m.Shape, seen)
	}
}

// TestNoInitialization runs this binary once more with the runtime tracing
// package initialization: no generated package may appear, because the compiler
// lays their tables out in the binary.
func TestNoInitialization(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !strings.Contains(string(out), "init runtime @") {
		t.Fatalf("no trace: %s", out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "init nephele.dev/nephele/internal/api/") && !strings.Contains(line, "/api/gen/") {
			t.Errorf("initialization code: %s", line)
		}
	}
}

func TestServiceLinksOnce(t *testing.T) {
	t.Parallel()
	if first, second := ssm.Service(), ssm.Service(); first != second {
		t.Error("two calls gave two services")
	}
}
