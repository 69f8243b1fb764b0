package oracle

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
}

// fault answers a call with a modelled error and compares what the SDK makes
// of it.
func (r *run) fault(t *testing.T, op *shape.Operation, method reflect.Value, s *shape.Shape) {
	t.Helper()
	in := (&maker{drop: r.dropped}).document(op, op.Input)
	theirs := reflect.New(method.Type().In(1).Elem())
	r.mirror.setStruct(op.Input, theirs.Elem(), in)

	want := (&maker{}).document(op, s)
	sent := r.ourError(t, s, want)
	r.answer = func(*http.Request, []byte) *http.Response {
		w := httptest.NewRecorder()
		if err := wire.For(r.options.Protocol).EncodeError(w, r.svc, op, sent, "request-id"); err != nil {
			t.Error(err)
		}
		return w.Result()
	}
	_, err := call(t, method, theirs)
	code, message, ok := r.seen(err)
	if !ok {
		t.Errorf("%s: the SDK sees no API error: %v", s.Name, err)
		return
	}
	if op.Method == http.MethodHead {
		return // nothing but the status reaches the client
	}
	if code != s.Error.Code && code != s.Error.QueryCode && code != s.Name {
		t.Errorf("%s: the SDK sees code %s", s.Name, code)
	}
	if hasMessage(s) && message != sent.Message {
		t.Errorf("%s: the SDK sees message %q", s.Name, message)
	}
	r.errors++
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return // an SDK without types for errors
	}
	v := reflect.Indirect(reflect.ValueOf(api))
	if !strings.EqualFold(v.Type().Name(), s.Name) {
		r.note("error %s is not in the SDK's %s", s.Name, op.Name)
		return
	}
	r.mirror.without(s, v.Type(), want)
	compare(t, s.Name, want, r.mirror.getStruct(s, v), nil)
}

// seen is the code and message that the SDK found in an answer.
func (r *run) seen(err error) (code, message string, ok bool) {
	if r.options.Fault != nil {
		return r.options.Fault(err)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return "", "", false
	}
	return api.ErrorCode(), api.ErrorMessage(), true
}

// hasMessage reports whether the model gives an error a message; the SDK reads
// none where it does not.
func hasMessage(s *shape.Shape) bool {
	return s.Member("message") != nil || s.Member("Message") != nil
}

// ourError is the error that a handler would return.
func (r *run) ourError(t *testing.T, s *shape.Shape, tree map[string]any) *awserr.Error {
	t.Helper()
	v := reflect.New(s.Type).Elem()
	if err := setOurs(s, v, tree); err != nil {
		t.Fatal(err)
	}
	e := awserr.New(s.Error.Code, s.Error.Status, "a message <&> é")
	for _, m := range s.Members {
		if m.Name == "message" || m.Name == "Message" {
			tree[m.Name] = e.Message
		} else if f := v.Field(m.Field); !f.IsZero() {
			e = e.With(m.Name, f.Interface())
		}
	}
	return e
}
