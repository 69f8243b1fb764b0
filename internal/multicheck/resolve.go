package multicheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// text resolves the references of a text.
func (r *run) text(ctx context.Context, t text) (string, error) {
	return t.expand(func(p part) (string, error) {
		if p.secret != "" {
			return r.secret(ctx, p)
		}
		if v, ok := r.extracted[p.name]; ok {
			return v, nil
		}
		if v, ok := r.values[p.name]; ok {
			return v, nil
		}
		if t, ok := r.plan.variables[p.name]; ok {
			v, err := r.text(ctx, t) // Parse has refused circles
			if err == nil {
				r.values[p.name] = v
			}
			return v, err
		}
		return "", fmt.Errorf("${%s} has no value: the step that extracts it failed", p.name)
	})
}

// optional resolves a text that may be absent; it is empty then.
func (r *run) optional(ctx context.Context, t *text) (string, error) {
	if t == nil {
		return "", nil
	}
	return r.text(ctx, *t)
}

// number resolves a number; absent it is def.
func (r *run) number(ctx context.Context, n number, def float64) (float64, error) {
	if !n.set {
		return def, nil
	}
	s, err := r.text(ctx, n.text)
	if err != nil {
		return 0, err
	}
	return n.check(s)
}

// flag resolves a truth value; absent it is def.
func (r *run) flag(ctx context.Context, f flag, def bool) (bool, error) {
	if !f.set {
		return def, nil
	}
	s, err := r.text(ctx, f.text)
	if err != nil {
		return false, err
	}
	return checkFlag(s)
}

// secret returns a secret, or a member of one that is a JSON object, and
// remembers not to tell it.
func (r *run) secret(ctx context.Context, p part) (string, error) {
	value, ok := r.secrets[p.secret]
	if !ok {
		if r.deps.Secret == nil {
			return "", fmt.Errorf("the secret %s cannot be fetched: this run has no access to secrets", p.secret)
		}
		var err error
		if value, err = r.deps.Secret(ctx, p.secret); err != nil {
			return "", fmt.Errorf("the secret %s cannot be fetched: %w", p.secret, err)
		}
		r.secrets[p.secret] = value
	}
	if p.key != "" {
		var err error
		if value, err = member(value, p); err != nil {
			return "", err
		}
	}
	r.redactor.add(value)
	return value, nil
}

// member returns a member of a secret. Errors do not quote the secret.
func member(value string, p part) (string, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &object) != nil {
		return "", fmt.Errorf("the secret %s is not a JSON object, so it has no key %s", p.secret, p.key)
	}
	raw, ok := object[p.key]
	if !ok {
		return "", fmt.Errorf("the secret %s has no key %s", p.secret, p.key)
	}
	v, err := readJSON(raw)
	if err != nil {
		return "", errors.New("the secret " + p.secret + " cannot be read")
	}
	return written(v), nil
}
