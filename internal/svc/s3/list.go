package s3

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// ListObjectsV2 answers a page of a bucket's keys.
func (s *Service) ListObjectsV2(ctx context.Context, in *api.ListObjectsV2Input) (*api.ListObjectsV2Output, error) {
	e, limit, err := listParameters(in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	l := listing{
		bucket: in.Bucket, prefix: value(in.Prefix, ""), delimiter: value(in.Delimiter, ""),
		after: value(in.StartAfter, ""), limit: limit,
	}
	if in.ContinuationToken != nil {
		if l.after, err = openToken(*in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	p, b, err2 := s.page(ctx, l, in.ExpectedBucketOwner)
	if err2 != nil {
		return nil, err2
	}
	out := &api.ListObjectsV2Output{
		Name: &in.Bucket, Prefix: e.text(l.prefix), Delimiter: e.pointer(in.Delimiter), MaxKeys: new(int32(limit)), //nolint:gosec // at most 1000
		EncodingType: in.EncodingType, IsTruncated: &p.truncated, ContinuationToken: in.ContinuationToken,
		StartAfter: e.pointer(in.StartAfter), KeyCount: new(int32(len(p.entries) + len(p.prefixes))), //nolint:gosec // likewise
		Contents: e.contents(p, b, value(in.FetchOwner, false)), CommonPrefixes: e.prefixes(p.prefixes),
	}
	if p.truncated {
		out.NextContinuationToken = new(sealToken(p.last))
	}
	return out, nil
}

// ListObjects is the first version of the same, with keys instead of tokens.
func (s *Service) ListObjects(ctx context.Context, in *api.ListObjectsInput) (*api.ListObjectsOutput, error) {
	e, limit, err := listParameters(in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	l := listing{
		bucket: in.Bucket, prefix: value(in.Prefix, ""), delimiter: value(in.Delimiter, ""),
		after: value(in.Marker, ""), limit: limit,
	}
	p, b, err2 := s.page(ctx, l, in.ExpectedBucketOwner)
	if err2 != nil {
		return nil, err2
	}
	out := &api.ListObjectsOutput{
		Name: &in.Bucket, Prefix: e.text(l.prefix), Delimiter: e.pointer(in.Delimiter), MaxKeys: new(int32(limit)), //nolint:gosec // at most 1000
		EncodingType: in.EncodingType, IsTruncated: &p.truncated, Marker: e.text(l.after),
		Contents: e.contents(p, b, true), CommonPrefixes: e.prefixes(p.prefixes),
	}
	if p.truncated && l.delimiter != "" {
		out.NextMarker = e.text(p.last) // without a delimiter it is the last key
	}
	return out, nil
}

// page reads a page of a bucket that the caller may use.
func (s *Service) page(ctx context.Context, l listing, owner *string) (p page, b bucket, err error) {
	for _, text := range []string{l.prefix, l.delimiter, l.after} {
		if err := checkText(text); err != nil {
			return page{}, bucket{}, err
		}
	}
	err = s.viewBucket(ctx, l.bucket, owner, func(tx *store.Tx, own bucket) error {
		b = own
		if l.limit == 0 {
			return nil
		}
		var err error
		p, err = l.run(tx)
		return err
	})
	return p, b, err
}

// checkText refuses what no key can hold.
func checkText(s string) *awserr.Error {
	if s == "" {
		return nil
	}
	if err := checkKey(s); err != nil && err.Code == "InvalidURI" {
		return err
	}
	return nil
}

// listParameters reads what all listings share. More than a thousand entries
// may be asked for, but are not given.
func listParameters(encoding *api.EncodingType, most *int32, name string) (encoder, int, *awserr.Error) {
	e := encoder{}
	if encoding != nil {
		if *encoding != "url" {
			return e, 0, errInvalidArgument("encoding-type", string(*encoding), "Invalid Encoding Method specified in Request")
		}
		e.url = true
	}
	n := value(most, pageLimit)
	if n < 0 {
		return e, 0, errInvalidArgument(name, "", "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return e, int(min(n, pageLimit)), nil
}

// Tokens hide the last key or common prefix of the page before.
func sealToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte("1" + last)) }

func openToken(token string) (string, *awserr.Error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 2 || raw[0] != '1' {
		return "", errInvalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(raw[1:]), nil
}

// encoder writes keys as encoding-type asks.
type encoder struct{ url bool }

// text encodes like a form, but for slashes.
func (e encoder) text(s string) *string {
	if e.url {
		s = strings.ReplaceAll(url.QueryEscape(s), "%2F", "/")
	}
	return &s
}

func (e encoder) pointer(s *string) *string {
	if s == nil {
		return nil
	}
	return e.text(*s)
}

func (e encoder) contents(p page, b bucket, withOwner bool) []*api.Object {
	list := make([]*api.Object, 0, len(p.entries))
	for i := range p.entries {
		x := &p.entries[i]
		o := &api.Object{
			Key: e.text(x.key), LastModified: &x.modified, ETag: quoted(x.etag), Size: &x.size,
			StorageClass: new(api.ObjectStorageClass(x.class)),
		}
		if x.algorithm != "" {
			o.ChecksumAlgorithm = []api.ChecksumAlgorithm{api.ChecksumAlgorithm(x.algorithm)}
			o.ChecksumType = new(api.ChecksumType(x.sumType))
		}
		if withOwner {
			o.Owner = owner(b.Account)
		}
		list = append(list, o)
	}
	return list
}

func (e encoder) prefixes(list []string) []*api.CommonPrefix {
	out := make([]*api.CommonPrefix, 0, len(list))
	for _, p := range list {
		out = append(out, &api.CommonPrefix{Prefix: e.text(p)})
	}
	return out
}

// ListBuckets answers the caller's account's buckets, of every region.
func (s *Service) ListBuckets(ctx context.Context, in *api.ListBucketsInput) (*api.ListBucketsOutput, error) {
	account := plane.FromContext(ctx).Caller.Account
	limit := int(value(in.MaxBuckets, 10_000))
	if limit < 1 || limit > 10_000 {
		return nil, errInvalidArgument("max-buckets", "", "Argument max-buckets must be an integer between 1 and 10000")
	}
	from := ""
	if in.ContinuationToken != nil {
		var err *awserr.Error
		if from, err = openToken(*in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	out := &api.ListBucketsOutput{Owner: owner(account), Prefix: in.Prefix, Buckets: []*api.Bucket{}}
	all, err := s.buckets(ctx, account, from, value(in.Prefix, ""), value(in.BucketRegion, ""), limit+1)
	if err != nil {
		return nil, err
	}
	if len(all) > limit {
		all = all[:limit]
		out.ContinuationToken = new(sealToken(all[limit-1].Name))
	}
	for _, b := range all {
		out.Buckets = append(out.Buckets, &api.Bucket{
			Name: &b.Name, CreationDate: &b.Created, BucketRegion: &b.Region, BucketArn: new(bucketARN(b.Name)),
		})
	}
	return out, nil
}

func (s *Service) buckets(ctx context.Context, account, from, prefix, region string, limit int) (all []bucket, err error) {
	q := `select ` + bucketColumns + ` from s3_bucket where account = ? and name > ?`
	args := []any{account, from}
	if prefix != "" {
		q, args = q+` and name >= ?`, append(args, prefix)
	}
	if end, ok := after(prefix); ok {
		q, args = q+` and name < ?`, append(args, end)
	}
	if region != "" {
		q, args = q+` and region = ?`, append(args, region)
	}
	args = append(args, limit)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err = store.All(store.Query(tx, scanBucket, q+` order by name limit ?`, args...))
		return err
	})
	return all, err
}
