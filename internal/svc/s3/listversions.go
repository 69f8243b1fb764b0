package s3

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// versionLine is a line of a listing of versions: a version, a delete marker,
// or the common prefix of several.
type versionLine struct {
	entry
	version string
	seq     int64
	marker  bool
	latest  bool
	common  string
}

// versionPlace is where a listing of versions goes on: behind a version of a
// key, or, when seq is 0, behind all versions of the key or common prefix.
type versionPlace struct {
	key string
	seq int64
}

// ListObjectVersions answers a page of a bucket's versions and delete markers:
// by key, and the newest of a key first.
func (s *Service) ListObjectVersions(ctx context.Context, in *api.ListObjectVersionsInput) (*api.ListObjectVersionsOutput, error) {
	e, limit, err := listParameters(in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	l := listing{
		bucket: in.Bucket, prefix: value(in.Prefix, ""), delimiter: value(in.Delimiter, ""),
		after: value(in.KeyMarker, ""), limit: limit,
	}
	marker := value(in.VersionIdMarker, "")
	if marker != "" && l.after == "" {
		return nil, errInvalidArgument("version-id-marker", marker, "A version-id marker cannot be specified without a key marker.")
	}
	for _, text := range []string{l.prefix, l.delimiter, l.after} {
		if err := checkText(text); err != nil {
			return nil, err
		}
	}
	out := &api.ListObjectVersionsOutput{
		Name: &in.Bucket, Prefix: e.text(l.prefix), Delimiter: e.pointer(in.Delimiter), MaxKeys: new(int32(limit)), //nolint:gosec // at most 1000
		EncodingType: in.EncodingType, IsTruncated: new(false), KeyMarker: e.text(l.after), VersionIdMarker: &marker,
		Versions: []*api.ObjectVersion{}, DeleteMarkers: []*api.DeleteMarkerEntry{},
	}
	return out, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if limit == 0 {
			return nil
		}
		place, err := l.place(tx, marker)
		if err != nil {
			return err
		}
		lines, err := l.versions(tx, place)
		if err != nil {
			return err
		}
		if len(lines) > limit {
			lines = lines[:limit]
			out.IsTruncated = new(true)
			out.NextKeyMarker, out.NextVersionIdMarker = lines[limit-1].markers(e)
		}
		e.addVersions(out, lines, owner(b.Account))
		return nil
	})
}

// place finds the version that a page begins behind. The id tells it, but for
// the null version, which has to be looked up; when that is gone the key's
// other versions are passed over.
func (l listing) place(tx *store.Tx, marker string) (versionPlace, error) {
	if marker == "" {
		return versionPlace{key: l.after}, nil
	}
	if seq, ok := parseVersionID(marker); ok {
		return versionPlace{l.after, seq}, nil
	}
	if marker != nullVersion {
		return versionPlace{}, errInvalidArgument("version-id-marker", marker, "Invalid version id specified")
	}
	o, ok, err := findVersion(tx, l.bucket, l.after, nullVersion)
	if err != nil || !ok {
		return versionPlace{key: l.after}, err
	}
	return versionPlace{l.after, o.Seq}, nil
}

// markers are by which the next page goes on behind this line. The null
// version's place is told in an id that no version has, for the version may be
// gone by then.
func (v versionLine) markers(e encoder) (key, version *string) {
	if v.common != "" {
		return e.text(v.common), nil
	}
	if v.version != nullVersion {
		return e.text(v.key), &v.version
	}
	return e.text(v.key), new(placeID(v.seq))
}

// versions reads one more line than fits.
func (l listing) versions(tx *store.Tx, p versionPlace) ([]versionLine, error) {
	lines, err := l.restOf(tx, p)
	if err != nil || len(lines) > l.limit {
		return lines, err
	}
	from, ok := l.start()
	if !ok {
		return lines, nil
	}
	read := l.flatVersions
	if l.delimiter != "" {
		read = l.groupedVersions
	}
	more, err := read(tx, from)
	return append(lines, more...), err
}

// restOf reads the versions of the key in whose middle the page before ended.
// Any of them may have become the current one since.
func (l listing) restOf(tx *store.Tx, p versionPlace) ([]versionLine, error) {
	if p.seq == 0 || !strings.HasPrefix(p.key, l.prefix) || l.common(p.key) != "" {
		return nil, nil
	}
	return store.All(store.Query(tx, scanLine, `select `+currentColumns+` from s3_object o where o.bucket = ? and o.key = ? and o.seq < ?
		union all select * from (select `+lineColumns+` from s3_version o
			where o.bucket = ? and o.key = ? and o.seq < ? order by o.seq desc limit ?) v order by 9 desc`,
		l.bucket, p.key, p.seq, l.bucket, p.key, p.seq, l.limit+1))
}

const (
	lineColumns    = entryColumns + `, o.version, o.seq, o.marker, o.retired`
	currentColumns = entryColumns + `, o.version, o.seq, 0, 0`
)

func scanLine(r store.Row) (versionLine, error) {
	var v versionLine
	var modified, marker, retired int64
	err := r.Scan(&v.key, &v.etag, &v.class, &v.size, &modified, &v.algorithm, &v.sumType, &v.version, &v.seq, &marker, &retired)
	v.modified, v.marker, v.latest = store.FromMicros(modified), marker != 0, retired == 0
	return v, err
}

// flatVersions reads from both tables along their indexes, and merges.
func (l listing) flatVersions(tx *store.Tx, from string) ([]versionLine, error) {
	below, end := l.bound()
	args := slices.Concat([]any{l.bucket, from}, end, []any{l.limit + 1})
	current, err := store.All(store.Query(tx, scanLine, `select `+currentColumns+` from s3_object o
		where o.bucket = ? and o.key >= ?`+below+` order by o.key limit ?`, args...))
	if err != nil {
		return nil, err
	}
	old, err := store.All(store.Query(tx, scanLine, `select `+lineColumns+` from s3_version o
		where o.bucket = ? and o.key >= ?`+below+` order by o.key, o.seq desc limit ?`, args...))
	return mergeVersions(current, old), err
}

// mergeVersions puts each key's current object before its other versions.
func mergeVersions(current, old []versionLine) []versionLine {
	all := make([]versionLine, 0, len(current)+len(old))
	for len(current) > 0 && len(old) > 0 {
		if current[0].key <= old[0].key {
			all, current = append(all, current[0]), current[1:]
		} else {
			all, old = append(all, old[0]), old[1:]
		}
	}
	return append(append(all, current...), old...)
}

// groupedVersions hops over the keys of both tables. Of a key outside of any
// common prefix all versions are lines, as far as they fit.
func (l listing) groupedVersions(tx *store.Tx, from string) ([]versionLine, error) {
	hop, args, err := l.hop(tx, from, "s3_object", "s3_version")
	if err != nil {
		return nil, err
	}
	keys, err := store.All(store.Query(tx, store.Scan1[string], hop+` select h.key from hop h where h.key is not null order by h.n`, args...))
	if err != nil {
		return nil, err
	}
	versions, err := l.versionsOf(tx, keys)
	if err != nil {
		return nil, err
	}
	lines := make([]versionLine, 0, len(keys))
	for _, key := range keys {
		if c := l.common(key); c != "" {
			lines = append(lines, versionLine{common: c})
			continue
		}
		lines = append(lines, versions[key]...)
	}
	return lines[:min(len(lines), l.limit+1)], nil
}

// versionsOf reads the versions of those keys that are not in a common prefix.
// Neighbours among them have no other key between them, so that a run of them
// is a range.
func (l listing) versionsOf(tx *store.Tx, keys []string) (map[string][]versionLine, error) {
	versions := map[string][]versionLine{}
	left := l.limit + 1
	for len(keys) > 0 && left > 0 {
		n := 0
		for n < len(keys) && l.common(keys[n]) == "" {
			n++
		}
		if n == 0 {
			keys, left = keys[1:], left-1
			continue
		}
		found, err := l.versionRange(tx, keys[0], keys[n-1], left)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			versions[v.key] = append(versions[v.key], v)
		}
		keys, left = keys[n:], left-len(found)
	}
	return versions, nil
}

// versionRange reads versions of the keys from one to another.
func (l listing) versionRange(tx *store.Tx, first, last string, limit int) ([]versionLine, error) {
	args := []any{l.bucket, first, last, limit}
	current, err := store.All(store.Query(tx, scanLine, `select `+currentColumns+` from s3_object o
		where o.bucket = ? and o.key >= ? and o.key <= ? order by o.key limit ?`, args...))
	if err != nil {
		return nil, err
	}
	old, err := store.All(store.Query(tx, scanLine, `select `+lineColumns+` from s3_version o
		where o.bucket = ? and o.key >= ? and o.key <= ? order by o.key, o.seq desc limit ?`, args...))
	return mergeVersions(current, old), err
}

// addVersions adds lines to an answer.
func (e encoder) addVersions(out *api.ListObjectVersionsOutput, lines []versionLine, own *api.Owner) {
	for i := range lines {
		v := &lines[i]
		switch {
		case v.common != "":
			out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: e.text(v.common)})
		case v.marker:
			out.DeleteMarkers = append(out.DeleteMarkers, &api.DeleteMarkerEntry{
				Key: e.text(v.key), VersionId: &v.version, IsLatest: &v.latest, LastModified: &v.modified, Owner: own,
			})
		default:
			x := &api.ObjectVersion{
				Key: e.text(v.key), VersionId: &v.version, IsLatest: &v.latest, LastModified: &v.modified, Owner: own,
				ETag: quoted(v.etag), Size: &v.size, StorageClass: new(api.ObjectVersionStorageClass(v.class)),
			}
			if v.algorithm != "" {
				x.ChecksumAlgorithm = []api.ChecksumAlgorithm{api.ChecksumAlgorithm(v.algorithm)}
				x.ChecksumType = new(api.ChecksumType(v.sumType))
			}
			out.Versions = append(out.Versions, x)
		}
	}
}
