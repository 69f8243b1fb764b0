package sts

import (
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/tagrule"
)

// request is what is asked of a session, whichever operation opens it.
type request struct {
	session    string  // RoleSessionName; "" for a federated user
	external   *string // ExternalId
	tags       map[string]string
	transitive []string // keys of tags that go along in a chain
	source     string   // SourceIdentity
}

// readTags reads the tags of an input.
func readTags(in []*api.Tag) (map[string]string, error) {
	tags, keys := make(map[string]string, len(in)), make([]string, len(in))
	for i, t := range in {
		tags[t.Key], keys[i] = t.Value, t.Key
	}
	if err := checkTagKeys(keys); err != nil {
		return nil, err
	}
	return tags, nil
}

// checkTagKeys refuses reserved keys, and ones that are there twice: those that
// differ in case alone are the same.
func checkTagKeys(keys []string) error {
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		folded := strings.ToLower(key)
		if seen[folded] {
			return invalidValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if tagrule.Reserved(key) {
			return invalidValue("aws: prefixed tag key names are not allowed for external use.")
		}
		seen[folded] = true
	}
	return nil
}

// tagKeys are the keys of the tags, in order.
func (r *request) tagKeys() []string { return slices.Sorted(maps.Keys(r.tags)) }

// tag returns the key under which a tag is there, whatever its spelling.
func (r *request) tag(key string) (string, bool) {
	for k := range r.tags {
		if strings.EqualFold(k, key) {
			return k, true
		}
	}
	return "", false
}

// check holds the request against the session of the caller, nil for none.
func (r *request) check(caller *policy.Session) error {
	for i, key := range r.transitive {
		own, ok := r.tag(key)
		if !ok {
			return invalidValue("The specified transitive tag key must be included in the requested tags.")
		}
		r.transitive[i] = own
	}
	if caller == nil {
		return nil
	}
	for _, key := range caller.Transitive {
		if _, ok := r.tag(key); ok {
			return invalidValue("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	if r.source != "" && caller.SourceIdentity != "" && r.source != caller.SourceIdentity {
		return invalid("The source identity is already set for this assume role session")
	}
	return nil
}

// inherit takes over what the session of the caller hands on, nil for none.
// What is there already stays: check has refused that, or will.
func (r *request) inherit(caller *policy.Session) {
	if caller == nil {
		return
	}
	if r.source == "" {
		r.source = caller.SourceIdentity
	}
	for _, key := range caller.Transitive {
		if _, ok := r.tag(key); ok {
			continue
		}
		if r.tags == nil {
			r.tags = map[string]string{}
		}
		r.tags[key] = caller.Tags[key]
	}
}
