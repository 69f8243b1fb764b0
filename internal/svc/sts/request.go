package sts

import (
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/policy"
)

// request is what is asked of a session, whichever operation opens it.
type request struct {
	session    string  // RoleSessionName; "" for a federated user
	external   *string // ExternalId
	tags       map[string]string
	transitive []string // keys of tags that go along in a chain
	source     string   // SourceIdentity
}

// maxTags is how many tags a call may pass.
const maxTags = 50

// readTags reads the tags of an input. Keys that differ in case alone are the
// same.
func readTags(in []*api.Tag) (map[string]string, error) {
	tags, seen := make(map[string]string, len(in)), make(map[string]bool, len(in))
	for _, t := range in {
		folded := strings.ToLower(t.Key)
		if seen[folded] {
			return nil, invalidValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if strings.HasPrefix(folded, "aws:") {
			return nil, invalidValue("aws: prefixed tag key names are not allowed for external use.")
		}
		seen[folded] = true
		tags[t.Key] = t.Value
	}
	return tags, nil
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
