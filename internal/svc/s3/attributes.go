package s3

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// attributeNames are what GetObjectAttributes may be asked for.
var attributeNames = []api.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}

// GetObjectAttributes answers chosen facts about an object.
func (s *Service) GetObjectAttributes(ctx context.Context, in *api.GetObjectAttributesInput) (*api.GetObjectAttributesOutput, error) {
	key, err := newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	limit, above, err := checkAttributes(in)
	if err != nil {
		return nil, err
	}
	out := &api.GetObjectAttributesOutput{}
	wants := func(name api.ObjectAttributes) bool { return slices.Contains(in.ObjectAttributes, name) }
	return out, s.hide(ctx, in.Bucket, s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		o, err := chosen(tx, b, in.Key, in.VersionId)
		if err != nil {
			return err
		}
		if err := key.opens(o.Details.Encryption); err != nil {
			return err
		}
		out.LastModified, out.VersionId = &o.Modified, b.shown(o)
		if wants("ETag") {
			out.ETag = &o.ETag // without quotes here, as in AWS
		}
		if wants("ObjectSize") {
			out.ObjectSize = &o.Size
		}
		if wants("StorageClass") {
			out.StorageClass = new(api.StorageClass(o.Class))
		}
		if wants("Checksum") && o.Sum.Algorithm != "" {
			out.Checksum = &api.Checksum{}
			setChecksum(out.Checksum, o.Sum)
		}
		if wants("ObjectParts") && o.Parts > 0 {
			out.ObjectParts, err = objectParts(tx, o, above, limit)
		}
		return err
	}))
}

func checkAttributes(in *api.GetObjectAttributesInput) (limit, above int, err *awserr.Error) {
	if len(in.ObjectAttributes) == 0 {
		return 0, 0, errInvalidArgument("x-amz-object-attributes", "", "Empty attribute list.")
	}
	for _, a := range in.ObjectAttributes {
		if !slices.Contains(attributeNames, a) {
			return 0, 0, errInvalidArgument("x-amz-object-attributes", string(a), "Invalid attribute name specified.")
		}
	}
	_, limit, err = listParameters(nil, in.MaxParts, "max-parts")
	return limit, int(value(in.PartNumberMarker, 0)), err
}

// objectParts lists the parts that a completed upload had. Their checksums are
// told where the object's is made of them, or the upload asked for one.
func objectParts(tx *store.Tx, o object, above, limit int) (*api.GetObjectAttributesParts, error) {
	out := &api.GetObjectAttributesParts{
		TotalPartsCount: new(int32(o.Parts)), PartNumberMarker: new(int32(above)), //nolint:gosec // at most 10,000
		MaxParts: new(int32(limit)), IsTruncated: new(false), //nolint:gosec // at most 1000
	}
	list, err := listParts(tx, o.Data, above, limit+1)
	if err != nil {
		return nil, err
	}
	if len(list) > limit {
		list, out.IsTruncated = list[:limit], new(true)
	}
	for _, p := range list {
		out.NextPartNumberMarker = new(int32(p.Number)) //nolint:gosec // as above
		if o.Sum.Type != composite && !o.Details.SumAsked {
			continue
		}
		x := &api.ObjectPart{PartNumber: new(int32(p.Number)), Size: &p.Size} //nolint:gosec // as above
		setChecksum(x, checksum{Algorithm: o.Sum.Algorithm, Value: p.Sum})
		out.Parts = append(out.Parts, x)
	}
	return out, nil
}
