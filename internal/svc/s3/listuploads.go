package s3

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// ListMultipartUploads answers a page of a bucket's uploads in progress: by key,
// and of a key those that began first.
func (s *Service) ListMultipartUploads(ctx context.Context, in *api.ListMultipartUploadsInput) (*api.ListMultipartUploadsOutput, error) {
	e, limit, err := listParameters(in.EncodingType, in.MaxUploads, "max-uploads")
	if err != nil {
		return nil, err
	}
	l := listing{
		bucket: in.Bucket, prefix: value(in.Prefix, ""), delimiter: value(in.Delimiter, ""),
		after: value(in.KeyMarker, ""), limit: limit,
	}
	for _, text := range []string{l.prefix, l.delimiter, l.after} {
		if err := checkText(text); err != nil {
			return nil, err
		}
	}
	idMarker := value(in.UploadIdMarker, "")
	out := &api.ListMultipartUploadsOutput{
		Bucket: &in.Bucket, KeyMarker: e.text(l.after), UploadIdMarker: &idMarker, Prefix: e.pointer(in.Prefix),
		Delimiter: e.pointer(in.Delimiter), EncodingType: in.EncodingType, MaxUploads: new(int32(limit)), //nolint:gosec // at most 1000
		IsTruncated: new(false),
	}
	return out, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		lines, err := l.uploads(tx, idMarker)
		if err != nil || limit == 0 {
			return err
		}
		if len(lines) > limit {
			lines = lines[:limit]
			out.IsTruncated = new(true)
			out.NextKeyMarker, out.NextUploadIdMarker = lines[limit-1].markers(e)
		}
		for _, u := range lines {
			if u.common != "" {
				out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: e.text(u.common)})
				continue
			}
			out.Uploads = append(out.Uploads, u.listed(e, b.Account))
		}
		return nil
	})
}

// uploadLine is a line of a listing of uploads: an upload, or the common prefix
// of several.
type uploadLine struct {
	upload
	common string
}

func (u uploadLine) markers(e encoder) (key, id *string) {
	if u.common != "" {
		return e.text(u.common), nil
	}
	return e.text(u.Key), &u.ID
}

func (u upload) listed(e encoder, account string) *api.MultipartUpload {
	m := &api.MultipartUpload{
		UploadId: &u.ID, Key: e.text(u.Key), Initiated: &u.Initiated, StorageClass: new(api.StorageClass(u.Class)),
		Owner: owner(account), Initiator: &api.Initiator{ID: &u.Initiator},
	}
	if u.Algorithm != "" {
		m.ChecksumAlgorithm = new(api.ChecksumAlgorithm(u.Algorithm))
		m.ChecksumType = new(api.ChecksumType(u.SumType))
	}
	return m
}

// uploads reads one more line than fits: first what is left of the marker's
// key, whose ids sort behind the marker's, then the keys behind it.
func (l listing) uploads(tx *store.Tx, idMarker string) ([]uploadLine, error) {
	var lines []uploadLine
	if idMarker != "" && strings.HasPrefix(l.after, l.prefix) && l.common(l.after) == "" {
		rest, err := l.uploadRange(tx, `u.key = ? and u.id > ?`, []any{l.after, idMarker}, l.limit+1)
		if err != nil || len(rest) > l.limit {
			return rest, err
		}
		lines = rest
	}
	from, ok := l.start()
	if !ok {
		return lines, nil
	}
	read := l.flatUploads
	if l.delimiter != "" {
		read = l.groupedUploads
	}
	more, err := read(tx, from)
	return append(lines, more...), err
}

// uploadRange reads uploads under a condition on key and id.
func (l listing) uploadRange(tx *store.Tx, condition string, args []any, limit int) ([]uploadLine, error) {
	scan := func(r store.Row) (uploadLine, error) {
		u, err := scanUpload(r)
		return uploadLine{upload: u}, err
	}
	return store.All(store.Query(tx, scan, `select `+uploadColumns+` from s3_upload u
		where u.bucket = ? and `+condition+` order by u.key, u.id limit ?`, slices.Concat([]any{l.bucket}, args, []any{limit})...))
}

func (l listing) flatUploads(tx *store.Tx, from string) ([]uploadLine, error) {
	if end, ok := after(l.prefix); ok {
		return l.uploadRange(tx, `u.key >= ? and u.key < ?`, []any{from, end}, l.limit+1)
	}
	return l.uploadRange(tx, `u.key >= ?`, []any{from}, l.limit+1)
}

// groupedUploads hops over keys as listings of objects do. Of a key outside of
// any common prefix all uploads are lines.
func (l listing) groupedUploads(tx *store.Tx, from string) ([]uploadLine, error) {
	hop, args, err := l.hop(tx, from, "s3_upload")
	if err != nil {
		return nil, err
	}
	keys, err := store.All(store.Query(tx, store.Scan1[string], hop+` select h.key from hop h where h.key is not null order by h.n`, args...))
	if err != nil {
		return nil, err
	}
	var lines []uploadLine
	for len(keys) > 0 && len(lines) <= l.limit {
		if c := l.common(keys[0]); c != "" {
			lines, keys = append(lines, uploadLine{common: c}), keys[1:]
			continue
		}
		n := 0
		for n < len(keys) && l.common(keys[n]) == "" {
			n++
		}
		run, err := l.uploadRange(tx, `u.key >= ? and u.key <= ?`, []any{keys[0], keys[n-1]}, l.limit+1-len(lines))
		if err != nil {
			return nil, err
		}
		lines, keys = append(lines, run...), keys[n:]
	}
	return lines, nil
}
