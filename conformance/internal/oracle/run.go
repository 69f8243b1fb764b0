package oracle

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// Options adapt a run to a service.
type Options struct {
	// Unions are pointers to the variant types of the SDK's unions; reflection
	// cannot find the types that implement an interface.
	Unions []any
	// Drop names input members that the SDK sets or interprets by itself.
	Drop []string
	// Skip gives the operations that cannot be compared, with the reason.
	Skip map[string]string
	// Protocol is what this SDK speaks; "" means the first that the service does.
	Protocol shape.Protocol
	// Suffix follows an operation's name in that of the client's method.
	Suffix string
	// Fault reads code and message of an error of another SDK than v2.
	Fault func(error) (code, message string, ok bool)
}

// Transport is the HTTP client of a configuration for SDKs that want a
// transport.
func Transport(c aws.Config) http.RoundTripper { return c.HTTPClient.(*run) }

// RoundTrip implements http.RoundTripper.
func (r *run) RoundTrip(req *http.Request) (*http.Response, error) { return r.Do(req) }

// Run compares every operation of svc. newClient makes the SDK's client from a
// configuration whose HTTP client is ours.
func Run(t *testing.T, svc *shape.Service, newClient func(aws.Config) any, o Options) {
	t.Parallel()
	if o.Protocol == "" {
		o.Protocol = svc.Protocols[0]
	}
	r := &run{t: t, svc: svc, options: o, router: wire.NewRouter([]*shape.Service{svc}), drift: map[string]bool{}}
	r.mirror = &mirror{variants: map[string]reflect.Type{}, note: r.note}
	for _, u := range o.Unions {
		r.mirror.variants[reflect.TypeOf(u).Elem().Name()] = reflect.TypeOf(u).Elem()
	}
	r.client = reflect.ValueOf(newClient(aws.Config{
		Region:                     "us-east-1",
		BaseEndpoint:               aws.String("http://127.0.0.1"),
		HTTPClient:                 r,
		Credentials:                aws.CredentialsProviderFunc(credentials),
		Retryer:                    func() aws.Retryer { return aws.NopRetryer{} },
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}))
	for _, op := range svc.Operations() {
		r.operation(op)
	}
	r.report()
}

type run struct {
	t       *testing.T
	svc     *shape.Service
	options Options
	router  *wire.Router
	mirror  *mirror
	client  reflect.Value
	answer  func(req *http.Request, body []byte) *http.Response
	drift   map[string]bool

	operations, errors int
}

func (r *run) note(format string, args ...any) { r.drift[fmt.Sprintf(format, args...)] = true }

func (r *run) report() {
	r.t.Logf("%s: %d operations and %d errors equal", r.svc.Name, r.operations, r.errors)
	notes := []string{}
	for n := range r.drift {
		notes = append(notes, n)
	}
	slices.Sort(notes)
	for _, n := range notes {
		r.t.Logf("drift: %s %s", r.svc.Name, n)
	}
}

// Do is the SDK's HTTP client.
func (r *run) Do(req *http.Request) (*http.Response, error) {
	body := []byte{}
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = b
	}
	resp := r.answer(req, body)
	resp.Request = req
	return resp, nil
}

func (r *run) operation(op *shape.Operation) {
	if why := r.options.Skip[op.Name]; why != "" {
		r.note("operation %s skipped: %s", op.Name, why)
		return
	}
	if streamsEvents(op) {
		r.note("operation %s skipped: event stream", op.Name)
		return
	}
	method := r.client.MethodByName(op.Name + r.options.Suffix)
	if !method.IsValid() {
		r.note("operation %s is not in the SDK", op.Name)
		return
	}
	r.operations++
	r.t.Run(op.Name, func(t *testing.T) {
		r.exchange(t, op, method, false)
		r.exchange(t, op, method, true)
	})
	r.t.Run(op.Name+"/errors", func(t *testing.T) {
		for _, s := range op.Errors {
			r.fault(t, op, method, s)
		}
	})
}

func streamsEvents(op *shape.Operation) bool {
	for _, m := range slices.Concat(op.Input.Members, op.Output.Members) {
		if m.Shape.Kind == shape.EventStream {
			return true
		}
	}
	return false
}

// exchange makes one call and compares both directions.
func (r *run) exchange(t *testing.T, op *shape.Operation, method reflect.Value, edge bool) {
	t.Helper()
	in := (&maker{drop: r.dropped}).document(op, op.Input)
	theirs := reflect.New(method.Type().In(1).Elem())
	r.mirror.setStruct(op.Input, theirs.Elem(), in)

	want := (&maker{edge: edge}).document(op, op.Output)
	r.mirror.without(op.Output, method.Type().Out(0), want)
	ours := reflect.New(op.Output.Type)
	if err := setOurs(op.Output, ours.Elem(), want); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	asked := false
	r.answer = func(req *http.Request, body []byte) *http.Response {
		asked = true
		var codec wire.Codec
		got, codec = r.read(t, op, req, body)
		w := httptest.NewRecorder()
		if err := codec.EncodeResponse(w, op, ours.Interface(), "request-id"); err != nil {
			t.Error(err)
		}
		return w.Result()
	}
	out, err := call(t, method, theirs)
	if err != nil || !asked {
		t.Fatalf("%s (asked %v): %v", op.Name, asked, err)
	}
	compare(t, "request", in, got, r.options.Drop)
	compare(t, "response", want, r.mirror.getStruct(op.Output, out.Elem()), nil)
}

func (r *run) dropped(m *shape.Member) bool { return slices.Contains(r.options.Drop, m.Name) }

func call(t *testing.T, method, in reflect.Value) (reflect.Value, error) {
	t.Helper()
	results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
	err, _ := reflect.TypeAssert[error](results[1])
	return results[0], err
}

// read routes and decodes what the SDK sent.
func (r *run) read(t *testing.T, op *shape.Operation, req *http.Request, body []byte) (map[string]any, wire.Codec) {
	t.Helper()
	codec := wire.For(r.options.Protocol)
	server := httptest.NewRequestWithContext(t.Context(), req.Method, req.URL.RequestURI(), bytes.NewReader(body))
	server.Header, server.Host = req.Header, req.URL.Host
	m, err := r.router.Match(server, scope(req), func() ([]byte, error) { return body, nil })
	if err != nil || m.Operation != op || m.Protocol != r.options.Protocol {
		t.Errorf("%s %s was routed to %v in %s: %v", req.Method, req.URL, m.Operation, m.Protocol, err)
		return nil, codec
	}
	codec = wire.For(m.Protocol)
	in, err := codec.DecodeRequest(op, &wire.Request{
		HTTP: server, Labels: m.Labels, Form: m.Form, Body: body, Stream: bytes.NewReader(body),
	})
	if err != nil {
		t.Errorf("decode: %v\n%s", err, body)
		return nil, codec
	}
	return getOurs(op.Input, reflect.ValueOf(in.Value).Elem()), codec
}

// scope is the service of a request's credential scope.
func scope(req *http.Request) string {
	_, rest, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(rest, "/"); len(parts) > 4 {
		return parts[3]
	}
	return ""
}

func compare(t *testing.T, what string, want, got map[string]any, drop []string) {
	t.Helper()
	for _, name := range drop {
		delete(got, name)
	}
	if diff := cmp.Diff(comparable(want), comparable(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
