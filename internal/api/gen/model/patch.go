package model

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Patch applies the operations of an overlay (RFC 6902: add, remove, replace,
// test; besides op, path and value each may hold a "why") to a model in order.
// A step that does not apply is an error that names it: a model bump that makes
// a correction obsolete must not go unnoticed.
func Patch(doc Object, overlay []any) (Object, error) {
	var root any = doc
	for i, s := range overlay {
		step, ok := s.(Object)
		if !ok {
			return nil, fmt.Errorf("overlay step %d is not an object", i)
		}
		op, _ := step.Get("op").(string)
		path, _ := step.Get("path").(string)
		next, err := apply(root, op, pointer(path), step.Get("value"))
		if err != nil {
			return nil, fmt.Errorf("overlay step %d (%s %s): %w", i, op, path, err)
		}
		root = next
	}
	o, ok := root.(Object)
	if !ok {
		return nil, fmt.Errorf("the overlay replaced the model by a %T", root)
	}
	return o, nil
}

// pointer splits a JSON pointer (RFC 6901) into its unescaped parts.
func pointer(p string) []string {
	if p == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, s := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	return parts
}

// apply returns v with one operation done at path.
func apply(v any, op string, path []string, value any) (any, error) {
	if len(path) == 0 {
		return applyHere(v, op, value)
	}
	switch v := v.(type) {
	case Object:
		return applyObject(v, op, path, value)
	case []any:
		return applyArray(v, op, path, value)
	}
	return nil, fmt.Errorf("there is nothing below a %T at %q", v, path[0])
}

func applyHere(v any, op string, value any) (any, error) {
	switch op {
	case "add", "replace":
		return value, nil
	case "test":
		if !reflect.DeepEqual(v, value) {
			return nil, fmt.Errorf("it is %s, not %s", compact(v), compact(value))
		}
		return v, nil
	}
	return nil, fmt.Errorf("operation %q is unknown or not possible here", op)
}

func applyObject(o Object, op string, path []string, value any) (any, error) {
	key, last := path[0], len(path) == 1
	found := slices.ContainsFunc(o, func(f Field) bool { return f.Key == key })
	out := slices.Clone(o)
	switch {
	case !found && (!last || op != "add"):
		return nil, fmt.Errorf("there is no %q", key)
	case last && op == "remove":
		out.Delete(key)
		return out, nil
	}
	v, err := apply(o.Get(key), op, path[1:], value)
	if err != nil {
		return nil, err
	}
	out.Set(key, v)
	return out, nil
}

func applyArray(a []any, op string, path []string, value any) (any, error) {
	last := len(path) == 1
	if last && op == "add" && path[0] == "-" {
		return append(slices.Clone(a), value), nil
	}
	i, err := strconv.Atoi(path[0])
	if err != nil || i < 0 || i > len(a) || (i == len(a) && (!last || op != "add")) {
		return nil, fmt.Errorf("there is no element %q in an array of %d", path[0], len(a))
	}
	switch {
	case last && op == "add":
		return slices.Insert(slices.Clone(a), i, value), nil
	case last && op == "remove":
		return slices.Delete(slices.Clone(a), i, i+1), nil
	}
	v, err := apply(a[i], op, path[1:], value)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(a)
	out[i] = v
	return out, nil
}
