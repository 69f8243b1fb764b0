package sts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/plane"
)

// link is what a session of a chain has, as the IAM User Guide says it
// ("Chaining roles with session tags").
type link struct {
	tags       map[string]string // by keys in lower case
	transitive []string          // in lower case, sorted
	source     string
}

// next is what the next session has, or the code of the refusal.
func (l link) next(in *api.AssumeRoleInput) (link, string) {
	out := link{tags: map[string]string{}, source: l.source}
	for _, tag := range in.Tags {
		key := strings.ToLower(tag.Key)
		if _, twice := out.tags[key]; twice {
			return l, "InvalidParameterValue"
		}
		out.tags[key] = tag.Value
	}
	for _, key := range in.TransitiveTagKeys {
		if _, ok := out.tags[strings.ToLower(key)]; !ok {
			return l, "InvalidParameterValue"
		}
		out.transitive = append(out.transitive, strings.ToLower(key))
	}
	for _, key := range l.transitive {
		if _, ok := out.tags[key]; ok {
			return l, "InvalidParameterValue"
		}
		out.tags[key] = l.tags[key]
		out.transitive = append(out.transitive, key)
	}
	if in.SourceIdentity != nil {
		if l.source != "" && l.source != *in.SourceIdentity {
			return l, "ValidationError"
		}
		out.source = *in.SourceIdentity
	}
	slices.Sort(out.transitive)
	out.transitive = slices.Compact(out.transitive)
	return out, ""
}

// TestChains assumes a role again and again, with whatever tags.
func TestChains(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	arn := w.role(t, here, "r", trust(every, aws(here), ""), admin)
	key := rapid.SampledFrom([]string{"a", "A", "b", "B", "c"})
	rapid.Check(t, func(rt *rapid.T) {
		caller, model := alice, link{}
		rt.Repeat(map[string]func(*rapid.T){"assume": func(rt *rapid.T) {
			in := &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me"}
			for _, k := range rapid.SliceOfN(key, 0, 3).Draw(rt, "tags") {
				in.Tags = append(in.Tags, &api.Tag{Key: k, Value: rapid.StringMatching(`[xyz]`).Draw(rt, "value")})
			}
			in.TransitiveTagKeys = rapid.SliceOfN(key, 0, 1).Draw(rt, "transitive")
			if name := rapid.SampledFrom([]string{"", "", "alice", "bob"}).Draw(rt, "source"); name != "" {
				in.SourceIdentity = &name
			}
			want, refusal := model.next(in)
			out, err := w.as(caller).AssumeRole(t.Context(), in)
			if got := codeOf(err); got != refusal {
				rt.Fatalf("answered %v, want %q", err, refusal)
			}
			if err != nil {
				return
			}
			caller, model = w.bearer(t, out.Credentials), want
			if diff := cmp.Diff(want, linkOf(caller), cmp.AllowUnexported(link{})); diff != "" {
				rt.Fatalf("-model +session\n%s", diff)
			}
		}})
	})
}

func linkOf(c plane.Caller) link {
	l := link{tags: map[string]string{}, source: c.Session.SourceIdentity}
	for k, v := range c.Tags {
		l.tags[strings.ToLower(k)] = v
	}
	for _, k := range c.Session.Transitive {
		l.transitive = append(l.transitive, strings.ToLower(k))
	}
	slices.Sort(l.transitive)
	return l
}
