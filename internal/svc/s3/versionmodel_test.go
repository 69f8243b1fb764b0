package s3_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// modelVersion is a version as the naive model of a bucket has it.
type modelVersion struct {
	id, body string
	marker   bool
}

// modelBucket keeps all versions of each key, the newest first.
type modelBucket struct {
	versioning string
	keys       map[string][]modelVersion
}

// add puts a version on top; a null version replaces the one there is.
func (m *modelBucket) add(key string, v modelVersion) {
	list := m.keys[key]
	if v.id == "null" {
		list = slices.DeleteFunc(slices.Clone(list), func(o modelVersion) bool { return o.id == "null" })
	}
	m.keys[key] = append([]modelVersion{v}, list...)
}

func (m *modelBucket) remove(key, id string) {
	list := slices.DeleteFunc(slices.Clone(m.keys[key]), func(o modelVersion) bool { return o.id == id })
	m.keys[key] = list
	if len(list) == 0 {
		delete(m.keys, key)
	}
}

func (m *modelBucket) find(key, id string) (modelVersion, bool) {
	for _, v := range m.keys[key] {
		if v.id == id {
			return v, true
		}
	}
	return modelVersion{}, false
}

// lines are what a listing of versions should have.
func (m *modelBucket) lines(prefix, delimiter string) (want []string) {
	var keys []string
	for k := range m.keys {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			line := k[:len(prefix)+i+len(delimiter)] + "*"
			if len(want) == 0 || want[len(want)-1] != line {
				want = append(want, line)
			}
			continue
		}
		for i, v := range m.keys[k] {
			want = append(want, fmt.Sprintf("%s %s marker=%v latest=%v", k, v.id, v.marker, i == 0))
		}
	}
	return want
}

// machine drives a bucket and its model with the same steps.
type machine struct {
	*world
	bucket string
	model  modelBucket
	n      int
}

var modelKeys = rapid.SampledFrom([]string{"a", "a/1", "a/2", "b", "b/", "é", "é/x"})

func (m *machine) put(t *rapid.T) {
	key := modelKeys.Draw(t, "key")
	m.n++
	body := fmt.Sprint("body ", m.n)
	out, err := m.PutObject(t.Context(), &api.PutObjectInput{Bucket: m.bucket, Key: key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	if (out.VersionId != nil) != (m.model.versioning == "Enabled") {
		t.Fatalf("a version id in a bucket that is %q", m.model.versioning)
	}
	m.model.add(key, modelVersion{id: text(out.VersionId, "null"), body: body})
}

func (m *machine) delete(t *rapid.T) {
	key := modelKeys.Draw(t, "key")
	out, err := m.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: m.bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if m.model.versioning == "" {
		m.model.remove(key, "null")
		return
	}
	if out.DeleteMarker == nil || (*out.VersionId == "null") != (m.model.versioning == "Suspended") {
		t.Fatalf("deleted %+v in a bucket that is %s", out, m.model.versioning)
	}
	m.model.add(key, modelVersion{id: *out.VersionId, marker: true})
}

func (m *machine) deleteVersion(t *rapid.T) {
	key := modelKeys.Draw(t, "key")
	id := m.anyVersion(t, key)
	v, _ := m.model.find(key, id)
	out, err := m.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: m.bucket, Key: key, VersionId: &id})
	if err != nil || (out.DeleteMarker != nil) != v.marker || *out.VersionId != id {
		t.Fatalf("delete version %s: %+v, %v", id, out, err)
	}
	m.model.remove(key, id)
}

// anyVersion is one of a key's versions, or the null one.
func (m *machine) anyVersion(t *rapid.T, key string) string {
	ids := []string{"null"}
	for _, v := range m.model.keys[key] {
		ids = append(ids, v.id)
	}
	return rapid.SampledFrom(ids).Draw(t, "version")
}

func (m *machine) setVersioning(t *rapid.T) {
	status := rapid.SampledFrom([]string{"Enabled", "Suspended"}).Draw(t, "status")
	_, err := m.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{
		Bucket: m.bucket, VersioningConfiguration: &api.VersioningConfiguration{Status: new(api.BucketVersioningStatus(status))},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.model.versioning = status
}

func (m *machine) copyVersion(t *rapid.T) {
	from, to := modelKeys.Draw(t, "from"), modelKeys.Draw(t, "to")
	id := m.anyVersion(t, from)
	v, ok := m.model.find(from, id)
	out, err := m.CopyObject(t.Context(), &api.CopyObjectInput{
		Bucket: m.bucket, Key: to, CopySource: m.bucket + "/" + from + "?versionId=" + id,
	})
	switch {
	case !ok:
		wantError(t, err, "NoSuchVersion")
	case v.marker:
		wantError(t, err, "InvalidRequest")
	case err != nil:
		t.Fatal(err)
	default:
		m.model.add(to, modelVersion{id: text(out.VersionId, "null"), body: v.body})
	}
}

// check lists everything and reads a key back, after some of the steps.
func (m *machine) check(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "look") > 0 {
		return
	}
	prefix := rapid.SampledFrom([]string{"", "a", "a/", "b/"}).Draw(t, "prefix")
	delimiter := rapid.SampledFrom([]string{"", "/"}).Draw(t, "delimiter")
	size := rapid.Int32Range(1, 5).Draw(t, "size")
	got := m.pages(t, prefix, delimiter, size)
	if diff := cmp.Diff(m.model.lines(prefix, delimiter), got); diff != "" {
		t.Fatalf("prefix %q, delimiter %q, pages of %d (-want +got)\n%s", prefix, delimiter, size, diff)
	}
	key := modelKeys.Draw(t, "read")
	list := m.model.keys[key]
	for _, v := range list {
		m.read(t, key, &v.id, v, true)
	}
	if len(list) == 0 {
		list = []modelVersion{{}}
	}
	m.read(t, key, nil, list[0], len(m.model.keys[key]) > 0)
}

// read compares an object with what it should be.
func (m *machine) read(t *rapid.T, key string, id *string, want modelVersion, exists bool) {
	out, err := m.GetObject(t.Context(), &api.GetObjectInput{Bucket: m.bucket, Key: key, VersionId: id})
	switch {
	case !exists || want.marker && id == nil:
		wantError(t, err, "NoSuchKey")
		if e := awserr.As(err); (e.Header.Get("x-amz-delete-marker") == "true") != want.marker {
			t.Fatalf("%s: header %v", key, e.Header)
		}
	case want.marker:
		wantError(t, err, "MethodNotAllowed")
	case err != nil:
		t.Fatalf("%s %s: %v", key, want.id, err)
	default:
		if body := readAll(t, out.Body); body != want.body {
			t.Fatalf("%s %s reads %q, want %q", key, want.id, body, want.body)
		}
		if m.model.versioning != "" && text(out.VersionId, "") != want.id {
			t.Fatalf("%s has version %v, want %s", key, out.VersionId, want.id)
		}
	}
}

// pages lists all versions.
func (m *machine) pages(t *rapid.T, prefix, delimiter string, size int32) (all []string) {
	in := &api.ListObjectVersionsInput{Bucket: m.bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size}
	for {
		out, err := m.ListObjectVersions(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		lines := versionLines(out, m.model)
		if len(lines) > int(size) || len(lines) == 0 && *out.IsTruncated {
			t.Fatalf("a page of %d lines", len(lines))
		}
		all = append(all, lines...)
		if !*out.IsTruncated {
			return all
		}
		in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	}
}

// versionLines puts the lists of a page together again, in the model's order.
func versionLines(out *api.ListObjectVersionsOutput, m modelBucket) []string {
	type line struct {
		key  string
		rank int
		text string
	}
	var lines []line
	add := func(key, id string, marker, latest bool) {
		rank := slices.IndexFunc(m.keys[key], func(v modelVersion) bool { return v.id == id })
		lines = append(lines, line{key, rank, fmt.Sprintf("%s %s marker=%v latest=%v", key, id, marker, latest)})
	}
	for _, v := range out.Versions {
		add(*v.Key, *v.VersionId, false, *v.IsLatest)
	}
	for _, v := range out.DeleteMarkers {
		add(*v.Key, *v.VersionId, true, *v.IsLatest)
	}
	for _, p := range out.CommonPrefixes {
		lines = append(lines, line{*p.Prefix, 0, *p.Prefix + "*"})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return a.rank - b.rank
	})
	all := make([]string, 0, len(lines))
	for _, l := range lines {
		all = append(all, l.text)
	}
	return all
}

// TestVersionsProperty holds a bucket against the naive model, whatever the
// order of puts, deletions and changes of its versioning.
func TestVersionsProperty(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			m := &machine{world: w, bucket: fmt.Sprintf("bucket-%d", n), model: modelBucket{keys: map[string][]modelVersion{}}}
			n++
			w.bucket(t, m.bucket)
			rt.Repeat(map[string]func(*rapid.T){
				"put": m.put, "put again": m.put, "delete": m.delete, "delete version": m.deleteVersion,
				"versioning": m.setVersioning, "copy": m.copyVersion, "": m.check,
			})
		})
	})
}

func text(p *string, d string) string {
	if p == nil {
		return d
	}
	return *p
}

func wantError(t *rapid.T, err error, code string) {
	if !awserr.Is(err, code) {
		t.Fatalf("error %v, want %s", err, code)
	}
}

func readAll(t *rapid.T, r io.Reader) string {
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
