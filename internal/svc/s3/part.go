package s3

import (
	"context"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// part is a row of s3_part.
type part struct {
	Number      int
	Data        string
	Size, Start int64
	ETag        string
	Modified    time.Time
	Sum         string
}

var partColumns = []string{"upload", "number", "data", "start", "size", "etag", "modified", "sum_value"}

// partRead are the columns that scanPart reads.
const partRead = `number, data, start, size, etag, modified, sum_value`

func scanPart(r store.Row) (part, error) {
	var p part
	var modified int64
	err := r.Scan(&p.Number, &p.Data, &p.Start, &p.Size, &p.ETag, &modified, &p.Sum)
	p.Modified = store.FromMicros(modified)
	return p, err
}

// listParts returns parts with numbers above the given one; limit -1 is all.
func listParts(tx *store.Tx, upload string, above, limit int) ([]part, error) {
	if limit < 0 {
		limit = maxParts + 1
	}
	return store.All(store.Query(tx, scanPart, `select `+partRead+`
		from s3_part where upload = ? and number > ? order by number limit ?`, upload, above, limit))
}

func errPartNumber(n int) *awserr.Error {
	return errInvalidArgument("partNumber", strconv.Itoa(n), "Part number must be an integer between 1 and 10000, inclusive")
}

// UploadPart stores a part, in place of the one that had its number before.
func (s *Service) UploadPart(ctx context.Context, in *api.UploadPartInput) (*api.UploadPartOutput, error) {
	c, err := readClaim(ctx, in)
	if err != nil {
		return nil, err
	}
	key, err := newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	t := target{in.Bucket, in.Key, in.UploadId, int(in.PartNumber), in.ExpectedBucketOwner}
	b := body{reader: in.Body, length: in.ContentLength, md5: in.ContentMD5, claim: c, key: key}
	u, err2 := s.checkTarget(ctx, t, b)
	if err2 != nil {
		return nil, err2
	}
	p, sum, err2 := s.storePart(ctx, u, t, b)
	if err2 != nil {
		return nil, err2
	}
	out := &api.UploadPartOutput{ETag: quoted(p.ETag)}
	setChecksum(out, checksum{Algorithm: sum.Algorithm, Value: sum.Value})
	setEncryption(out, u.Details.Encryption)
	return out, nil
}

// target is where a part goes.
type target struct {
	bucket, key, upload string
	number              int
	owner               *string
}

// storePart streams a part's bytes and commits its row. The part is kept with
// the upload's checksum; the answer has the one that the request named.
func (s *Service) storePart(ctx context.Context, u upload, t target, b body) (part, checksum, error) {
	own := b.claim
	if own.algorithm != u.sumAlgorithm() {
		b.claim = claim{}
	}
	other := newSideSum(&b, own)
	st, err := s.stream(ctx, b, u.sumAlgorithm())
	if err != nil {
		return part{}, checksum{}, err
	}
	p := part{Number: t.number, Data: st.data, Size: st.size, ETag: st.etag, Sum: st.sum.Value}
	if err := s.commitPart(ctx, t, &p, st); err != nil {
		return part{}, checksum{}, err
	}
	if other != nil {
		return p, checksum{Algorithm: own.algorithm, Value: encodeSum(other.sum.Sum(nil))}, nil
	}
	return p, st.sum, nil
}

// newSideSum sums a part by an algorithm that is not the upload's as well, for
// a client that sends one although it named none for the whole.
func newSideSum(b *body, own claim) *verifier {
	if own.algorithm == "" || own == b.claim {
		return nil
	}
	inner := b.reader
	if inner == nil {
		inner = eof{}
	}
	v := &verifier{r: inner, length: -1, algorithm: own.algorithm, want: own.value, sum: algorithms[own.algorithm].new()}
	b.reader = v
	return v
}

// checkTarget refuses a part before its bytes have come.
func (s *Service) checkTarget(ctx context.Context, t target, b body) (u upload, err error) {
	c := b.claim
	if err := checkKey(t.key); err != nil {
		return u, err
	}
	if t.number < 1 || t.number > maxParts {
		return u, errPartNumber(t.number)
	}
	err = s.viewBucket(ctx, t.bucket, t.owner, func(tx *store.Tx, _ bucket) error {
		var err error
		u, err = getUpload(tx, t.bucket, t.key, t.upload)
		return err
	})
	if err == nil && u.Algorithm != "" && c.algorithm != "" && c.algorithm != u.Algorithm {
		err = errInvalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			lower(u.Algorithm), lower(c.algorithm))
	}
	if err != nil {
		return u, err
	}
	if err := b.key.continues(u.Details.Encryption); err != nil {
		return u, err
	}
	return u, nil
}

// commitPart writes the part's row unless the upload has ended meanwhile.
func (s *Service) commitPart(ctx context.Context, t target, p *part, st stored) error {
	if st.overdue() {
		s.discard(ctx, st)
		return errTimeout()
	}
	err := s.updateBucket(ctx, t.bucket, t.owner, func(tx *store.Tx, _ bucket) error {
		if _, err := getUpload(tx, t.bucket, t.key, t.upload); err != nil {
			return err
		}
		p.Modified = tx.Now()
		_, err := tx.Exec(`insert into s3_garbage (data, due) select data, cast(? as bigint) from s3_part where upload = ? and number = ?
			on conflict do nothing`, store.Micros(p.Modified), t.upload, t.number)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into s3_part (upload, number, data, start, size, etag, modified, sum_value)
			values (?, ?, ?, 0, ?, ?, ?, ?)
			on conflict (upload, number) do update set data = excluded.data, size = excluded.size,
				etag = excluded.etag, modified = excluded.modified, sum_value = excluded.sum_value`,
			t.upload, t.number, p.Data, p.Size, p.ETag, store.Micros(p.Modified), p.Sum)
		return err
	})
	if awserr.As(err) != nil {
		s.discard(ctx, st)
	}
	return err
}

// ListParts answers a page of an upload's parts.
func (s *Service) ListParts(ctx context.Context, in *api.ListPartsInput) (*api.ListPartsOutput, error) {
	key, err := newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	_, limit, err := listParameters(nil, in.MaxParts, "max-parts")
	if err != nil {
		return nil, err
	}
	above := value(in.PartNumberMarker, 0)
	out := &api.ListPartsOutput{
		Bucket: &in.Bucket, Key: &in.Key, UploadId: &in.UploadId, PartNumberMarker: &above,
		MaxParts: new(int32(limit)), IsTruncated: new(false), Parts: []*api.Part{}, //nolint:gosec // at most 1000
	}
	return out, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		u, err := getUpload(tx, in.Bucket, in.Key, in.UploadId)
		if err != nil {
			return err
		}
		if err := key.mayContinue(u.Details.Encryption); err != nil {
			return err
		}
		out.Owner, out.Initiator = owner(b.Account), &api.Initiator{ID: &u.Initiator}
		out.StorageClass = new(api.StorageClass(u.Class))
		if u.Algorithm != "" {
			out.ChecksumAlgorithm = new(api.ChecksumAlgorithm(u.Algorithm))
			out.ChecksumType = new(api.ChecksumType(u.SumType))
		}
		list, err := listParts(tx, u.ID, int(above), limit+1)
		if err != nil {
			return err
		}
		if len(list) > limit {
			list, out.IsTruncated = list[:limit], new(true)
		}
		for _, p := range list {
			out.Parts = append(out.Parts, p.listed(u))
			out.NextPartNumberMarker = new(int32(p.Number)) //nolint:gosec // at most 10,000
		}
		return nil
	})
}

func (p part) listed(u upload) *api.Part {
	out := &api.Part{
		PartNumber: new(int32(p.Number)), LastModified: &p.Modified, ETag: quoted(p.ETag), Size: &p.Size, //nolint:gosec // as above
	}
	if u.Algorithm != "" {
		setChecksum(out, checksum{Algorithm: u.Algorithm, Value: p.Sum})
	}
	return out
}

func lower(s string) string { return strings.ToLower(s) }
