package secretsmanager

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store/storetest"
)

// naive is a secret as the API reference describes it: each version has a list
// of labels.
type naive struct {
	values map[string]string   // by version
	labels map[string][]string // by version
}

// at is where a label is, "" for nowhere.
func (n *naive) at(label string) string {
	for id, all := range n.labels {
		if slices.Contains(all, label) {
			return id
		}
	}
	return ""
}

func (n *naive) take(label string) {
	for id := range n.labels {
		n.labels[id] = slices.DeleteFunc(n.labels[id], func(l string) bool { return l == label })
	}
}

func (n *naive) give(label, id string) {
	was := n.at(label)
	n.take(label)
	n.labels[id] = append(n.labels[id], label)
	if label == "AWSCURRENT" && was != "" && was != id {
		n.take("AWSPREVIOUS")
		n.labels[was] = append(n.labels[was], "AWSPREVIOUS")
	}
}

// add says what becomes of a new version, and what is answered.
func (n *naive) add(id, value string, stages []string, repeatable bool) string {
	if was, ok := n.values[id]; ok {
		if was == value && repeatable {
			return ""
		}
		return api.ErrResourceExistsException
	}
	n.values[id] = value
	for _, l := range stages {
		if l != "AWSCURRENT" {
			n.give(l, id)
		}
	}
	if len(stages) == 0 || slices.Contains(stages, "AWSCURRENT") || n.at("AWSCURRENT") == "" {
		n.give("AWSCURRENT", id)
	}
	return ""
}

// move says what becomes of UpdateSecretVersionStage.
func (n *naive) move(label, from, to string) string {
	for _, id := range []string{from, to} {
		if _, ok := n.values[id]; id != "" && !ok {
			return api.ErrResourceNotFoundException
		}
	}
	at := n.at(label)
	switch {
	case from == "" && to == "", from != "" && from != at, from == "" && at != "" && at != to, to == "" && label == "AWSCURRENT":
		return api.ErrInvalidParameterException
	case to == "":
		n.take(label)
	default:
		n.give(label, to)
	}
	return ""
}

// shown is the labels of each version that has any.
func (n *naive) shown() map[string][]string {
	all := map[string][]string{}
	for id, labels := range n.labels {
		if len(labels) > 0 {
			all[id] = slices.Sorted(slices.Values(labels))
		}
	}
	return all
}

// machine drives the service and the model side by side.
type machine struct {
	*bench
	*naive
	secret string
}

func (m *machine) check(t *rapid.T, err error, want string) {
	code := ""
	if e := awserr.As(err); e != nil {
		code = e.Code
	} else if err != nil {
		t.Fatal(err)
	}
	if code != want {
		t.Fatalf("answered %q (%v), want %q", code, err, want)
	}
}

var (
	versions = rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	names    = rapid.SampledFrom([]string{"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING", "X", "Y"})
	values   = rapid.SampledFrom([]string{"one", "two"})
)

func (m *machine) put(t *rapid.T) {
	id, value := *token(versions.Draw(t, "version")), values.Draw(t, "value")
	stages := rapid.SliceOfNDistinct(names, 0, 3, rapid.ID[string]).Draw(t, "stages")
	if len(stages) == 0 {
		stages = nil
	}
	_, err := m.client.PutSecretValue(t.Context(), &api.PutSecretValueInput{
		SecretId: m.secret, ClientRequestToken: &id, SecretString: &value, VersionStages: stages,
	})
	m.check(t, err, m.add(id, value, stages, true))
}

func (m *machine) update(t *rapid.T) {
	id, value := *token(versions.Draw(t, "version")), values.Draw(t, "value")
	key := "alias/" + rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key")
	_, err := m.client.UpdateSecret(t.Context(), &api.UpdateSecretInput{
		SecretId: m.secret, ClientRequestToken: &id, SecretString: &value, KmsKeyId: &key,
	})
	m.check(t, err, m.add(id, value, nil, false))
}

func (m *machine) restage(t *rapid.T) {
	in := &api.UpdateSecretVersionStageInput{SecretId: m.secret, VersionStage: names.Draw(t, "label")}
	maybe := rapid.Ptr(versions, true)
	if from := maybe.Draw(t, "from"); from != nil {
		in.RemoveFromVersionId = token(*from)
	}
	if to := maybe.Draw(t, "to"); to != nil {
		in.MoveToVersionId = token(*to)
	}
	_, err := m.client.UpdateSecretVersionStage(t.Context(), in)
	m.check(t, err, m.move(in.VersionStage, deref(in.RemoveFromVersionId), deref(in.MoveToVersionId)))
}

// same compares all that can be seen.
func (m *machine) same(t *rapid.T) {
	out, err := m.client.DescribeSecret(t.Context(), &api.DescribeSecretInput{SecretId: m.secret})
	if err != nil {
		t.Fatal(err)
	}
	got := out.VersionIdsToStages
	if got == nil {
		got = map[string][]string{}
	}
	if d := cmp.Diff(m.shown(), got); d != "" {
		t.Fatal(d)
	}
	list, err := m.client.ListSecretVersionIds(t.Context(), &api.ListSecretVersionIdsInput{SecretId: m.secret, IncludeDeprecated: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, v := range list.Versions {
		ids = append(ids, *v.VersionId)
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(m.values)), slices.Sorted(slices.Values(ids))); d != "" {
		t.Fatal(d)
	}
	for id, value := range m.values {
		v, err := m.client.GetSecretValue(t.Context(), &api.GetSecretValueInput{SecretId: m.secret, VersionId: &id})
		if err != nil || *v.SecretString != value {
			t.Fatalf("version %s: %v, %v", id, v, err)
		}
	}
}

// TestStages: whatever is put, updated and moved, labels are where the
// reference says, and values are what they were.
func TestStages(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &machine{b, &naive{values: map[string]string{}, labels: map[string][]string{}}, fmt.Sprint("s", n)}
		if _, err := b.client.CreateSecret(t.Context(), &api.CreateSecretInput{Name: m.secret}); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){"": m.same, "put": m.put, "update": m.update, "restage": m.restage})
	})
}
