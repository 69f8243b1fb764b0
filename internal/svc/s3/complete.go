package s3

import (
	"context"
	"crypto/md5" //nolint:gosec // an ETag, not a signature
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// CompleteMultipartUpload makes one object of an upload's parts. Doing it twice
// answers the same, as long as the object is still there.
func (s *Service) CompleteMultipartUpload(ctx context.Context, in *api.CompleteMultipartUploadInput) (*api.CompleteMultipartUploadOutput, error) {
	key, err := newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	if in.MultipartUpload == nil || len(in.MultipartUpload.Parts) == 0 {
		return nil, errMalformedXML()
	}
	var w *write
	err2 := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) (err error) {
		w, err = s.complete(tx, b, in, key)
		return err
	})
	if err2 != nil {
		return nil, err2
	}
	path := url.URL{Path: pathMarker + in.Bucket + pathMarker + in.Key}
	location := plane.FromContext(ctx).BaseURL + path.EscapedPath()
	out := &api.CompleteMultipartUploadOutput{
		Location: &location, Bucket: &in.Bucket, Key: &in.Key, ETag: quoted(w.ETag), VersionId: w.version(), Expiration: w.expiry,
	}
	setChecksum(out, w.Sum)
	setEncryption(out, w.Details.Encryption)
	return out, nil
}

// complete makes the object, or finds the one that it made before.
func (s *Service) complete(tx *store.Tx, b bucket, in *api.CompleteMultipartUploadInput, key *customerKey) (*write, error) {
	w := &write{
		bucket: b, cond: writeCondition{in.IfMatch, in.IfNoneMatch},
		event: createdComplete, reason: "CompleteMultipartUpload",
	}
	done, ok, err := completed(tx, in)
	if err != nil || ok {
		w.object = done
		return w, err
	}
	u, err := getUpload(tx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return nil, err
	}
	if err := key.mayContinue(u.Details.Encryption); err != nil {
		return nil, err
	}
	h, err := look(tx, b, in.Key)
	if err != nil {
		return nil, err
	}
	if err := w.cond.check(in.Key, h.current, h.exists, false); err != nil {
		return nil, err
	}
	if w.object, err = assemble(tx, u, in); err != nil {
		return nil, err
	}
	return w, s.replace(tx, b, h, w)
}

// completed returns the version that the upload became, if it is still there.
func completed(tx *store.Tx, in *api.CompleteMultipartUploadInput) (object, bool, error) {
	o, err := scanObject(tx.Row(`select `+objectColumns+` from s3_object where data = ? and bucket = ? and key = ?
		union all select `+objectColumns+` from s3_version where data = ? and data <> '' and bucket = ? and key = ?`,
		in.UploadId, in.Bucket, in.Key, in.UploadId, in.Bucket, in.Key))
	if errors.Is(err, store.ErrNotFound) {
		return object{}, false, nil
	}
	return o, err == nil && o.Parts > 0, err
}

// assemble ends the upload and returns the object that its parts make.
func assemble(tx *store.Tx, u upload, in *api.CompleteMultipartUploadInput) (object, error) {
	have, err := listParts(tx, u.ID, 0, -1)
	if err != nil {
		return object{}, err
	}
	chosen, err := choose(u, have, in.MultipartUpload.Parts)
	if err != nil {
		return object{}, err
	}
	o := object{
		Bucket: u.Bucket, Key: u.Key, Class: u.Class, Details: u.Details, Modified: tx.Now(),
		Data: u.ID, Parts: len(chosen), ETag: partsETag(chosen), Sum: u.total(chosen),
	}
	o.Details.Asked = nil
	for _, p := range chosen {
		o.Size += p.Size
	}
	if err := checkWhole(u, o, in); err != nil {
		return object{}, err
	}
	if _, err := tx.Exec(`delete from s3_upload where id = ?`, u.ID); err != nil {
		return object{}, err
	}
	return o, renumber(tx, u.ID, have, chosen)
}

// choose picks the parts that the request lists, and refuses the list where
// S3 does.
func choose(u upload, have []part, list []*api.CompletedPart) ([]part, error) {
	byNumber := make(map[int]part, len(have))
	for _, p := range have {
		byNumber[p.Number] = p
	}
	chosen := make([]part, 0, len(list))
	last := 0
	for _, c := range list {
		n := int(value(c.PartNumber, 0))
		if n <= last {
			return nil, badRequest("InvalidPartOrder", "The list of parts was not in ascending order. "+
				"Parts must be ordered by part number.").With("UploadId", u.ID)
		}
		last = n
		p, ok := byNumber[n]
		if !ok || strings.Trim(value(c.ETag, ""), `"`) != p.ETag || !sumAgrees(c, u, p) {
			return nil, badRequest("InvalidPart", "One or more of the specified parts could not be found.  The part may "+
				"not have been uploaded, or the specified entity tag may not match the part's entity tag.").
				With("UploadId", u.ID).With("PartNumber", n).With("ETag", strings.Trim(value(c.ETag, ""), `"`))
		}
		if u.SumType == composite && sumOfPart(c, u) == nil {
			return nil, errInvalidRequest("The upload was created using a %s checksum. The complete request must include the checksum "+
				"for each part. It was missing for part %d in the request.", lower(u.Algorithm), n)
		}
		chosen = append(chosen, p)
	}
	return chosen, checkPartSizes(chosen)
}

// checkPartSizes refuses small parts anywhere but at the end.
func checkPartSizes(chosen []part) error {
	for _, p := range chosen[:len(chosen)-1] {
		if p.Size < minPart {
			return badRequest("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
				With("ProposedSize", p.Size).With("MinSizeAllowed", minPart).With("PartNumber", p.Number).With("ETag", p.ETag)
		}
	}
	return nil
}

// sumOfPart is the checksum by the upload's algorithm that the list gives for a
// part, or nil.
func sumOfPart(c *api.CompletedPart, u upload) *string {
	sum, _ := reflect.TypeAssert[*string](reflect.ValueOf(c).Elem().FieldByName("Checksum" + u.sumAlgorithm()))
	return sum
}

// sumAgrees reports whether that checksum, if any, is the part's.
func sumAgrees(c *api.CompletedPart, u upload, p part) bool {
	sum := sumOfPart(c, u)
	return sum == nil || *sum == p.Sum
}

// checkWhole compares the object with what the request says it should be.
func checkWhole(u upload, o object, in *api.CompleteMultipartUploadInput) *awserr.Error {
	if o.Size > maxObject {
		return errTooLarge(o.Size)
	}
	if in.MpuObjectSize != nil && *in.MpuObjectSize != o.Size {
		return errInvalidRequest("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d",
			*in.MpuObjectSize, o.Size)
	}
	if in.ChecksumType != nil && u.Algorithm != "" && string(*in.ChecksumType) != u.SumType {
		return errInvalidRequest("The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", u.SumType)
	}
	f := reflect.ValueOf(in).Elem().FieldByName("Checksum" + o.Sum.Algorithm)
	if !f.IsNil() && f.Elem().String() != o.Sum.Value {
		return badRequest("BadDigest", "The %s you specified did not match the calculated checksum.", lower(o.Sum.Algorithm))
	}
	return nil
}

// partsETag is the MD5 of the parts' MD5s and their number.
func partsETag(list []part) string {
	h := md5.New() //nolint:gosec // see the import
	for _, p := range list {
		raw, _ := hex.DecodeString(p.ETag) // written by us
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(list))
}

// total is the whole's checksum: the parts' combined, or the sum of their sums.
func (u upload) total(list []part) checksum {
	c := checksum{Algorithm: u.sumAlgorithm(), Type: u.SumType}
	a := algorithms[c.Algorithm]
	if c.Type == "" {
		c.Type = fullObject
	}
	if c.Type == fullObject {
		var crc uint64
		for _, p := range list {
			raw, _ := base64.StdEncoding.DecodeString(p.Sum) // written by us
			crc = a.crc.combine(crc, a.crc.decode(raw), p.Size)
		}
		c.Value = encodeSum(a.crc.encode(crc))
		return c
	}
	h := a.new()
	for _, p := range list {
		raw, _ := base64.StdEncoding.DecodeString(p.Sum)
		h.Write(raw)
	}
	c.Value = fmt.Sprintf("%s-%d", encodeSum(h.Sum(nil)), len(list))
	return c
}

// renumber keeps the chosen parts, numbered from 1 and with their offsets, and
// gives up the others.
func renumber(tx *store.Tx, id string, have, chosen []part) error {
	kept := make(map[int]bool, len(chosen))
	for _, p := range chosen {
		kept[p.Number] = true
	}
	for _, p := range have {
		if kept[p.Number] {
			continue
		}
		if err := addGarbage(tx, p.Data, tx.Now()); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from s3_part where upload = ?`, id); err != nil {
		return err
	}
	_, err := tx.BulkInsert("s3_part", partColumns, partRows(id, chosen))
	return err
}

func partRows(id string, list []part) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		start := int64(0)
		for i, p := range list {
			if !yield([]any{id, int64(i + 1), p.Data, start, p.Size, p.ETag, store.Micros(p.Modified), p.Sum}) {
				return
			}
			start += p.Size
		}
	}
}
