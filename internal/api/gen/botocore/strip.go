package botocore

import "nephele.dev/nephele/internal/api/gen/model"

// What an import leaves out: prose, and traits that describe how client
// libraries choose endpoints or how older ones typed a member.
var (
	metadataNoise  = []string{"uid", "protocol", "signatureVersion", "auth", "checksumFormat", "globalEndpoint"}
	operationNoise = []string{
		"name", "documentation", "documentationUrl", "deprecatedMessage", "deprecatedSince",
		"staticContextParams", "operationContextParams",
	}
	shapeNoise  = []string{"documentation", "deprecatedMessage", "deprecatedSince", "box", "synthetic", "xmlOrder"}
	memberNoise = []string{"documentation", "deprecatedMessage", "deprecatedSince", "box", "contextParam"}
)

// strip returns o without the given keys.
func strip(o model.Object, keys []string) model.Object {
	out := append(model.Object{}, o...)
	for _, k := range keys {
		out.Delete(k)
	}
	return out
}

func operations(o model.Object) model.Object {
	out := o.Sorted()
	for i, f := range out {
		op := strip(f.Value.(model.Object), operationNoise)
		for _, k := range []string{"input", "output"} {
			if ref := op.Object(k); ref != nil {
				op.Set(k, strip(ref, memberNoise))
			}
		}
		if list, ok := op.Get("errors").([]any); ok {
			op.Set("errors", refs(list))
		}
		out[i].Value = op
	}
	return out
}

func refs(list []any) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = strip(e.(model.Object), memberNoise)
	}
	return out
}

func shapes(o model.Object) model.Object {
	out := o.Sorted()
	for i, f := range out {
		s := strip(f.Value.(model.Object), shapeNoise)
		for _, k := range []string{"member", "key", "value"} {
			if ref := s.Object(k); ref != nil {
				s.Set(k, strip(ref, memberNoise))
			}
		}
		if m := s.Object("members"); m != nil {
			s.Set("members", members(m))
		}
		out[i].Value = s
	}
	return out
}

// members strips each member's traits. Member names are data, never traits: a
// member may well be called "documentation".
func members(o model.Object) model.Object {
	out := append(model.Object{}, o...)
	for i, f := range out {
		out[i].Value = strip(f.Value.(model.Object), memberNoise)
	}
	return out
}

// undescribed removes the descriptions of waiters.
func undescribed(o model.Object) model.Object {
	for i, f := range o {
		w := f.Value.(model.Object)
		w.Delete("description")
		o[i].Value = w
	}
	return o
}
