package s3_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"nephele.dev/nephele/nepheletest"
)

// The SDK's transfer manager uploads in parts and downloads by parts and by
// ranges, checking checksums on the way.
func TestTransferManager(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		ctx := t.Context()
		bucket := versionedBucket(t, c, "bucket")
		whole := pattern(17*mib+12345, 3)
		for _, algorithm := range []tmtypes.ChecksumAlgorithm{tmtypes.ChecksumAlgorithmCrc32, "CRC64NVME", tmtypes.ChecksumAlgorithmSha256} {
			key := aws.String(string(algorithm))
			m := transfermanager.New(c, func(o *transfermanager.Options) { o.PartSizeBytes, o.MultipartUploadThreshold = 5*mib, 5*mib })
			up := must(m.UploadObject(ctx, &transfermanager.UploadObjectInput{
				Bucket: bucket, Key: key, Body: bytes.NewReader(whole), ChecksumAlgorithm: algorithm,
			}))(t)
			if up.VersionID == nil {
				t.Error("no version id")
			}
			for _, by := range []tmtypes.GetObjectType{tmtypes.GetObjectParts, tmtypes.GetObjectRanges} {
				m := transfermanager.New(c, func(o *transfermanager.Options) { o.GetObjectType, o.PartSizeBytes = by, 5*mib })
				got := must(m.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: bucket, Key: key}))(t)
				body := must(io.ReadAll(got.Body))(t)
				if !bytes.Equal(body, whole) {
					t.Errorf("%s by %s: %d bytes", algorithm, by, len(body))
				}
			}
			checkParts(t, c, bucket, key)
		}
	})
}

// checkParts reads the attributes of the parts, a page of two and the rest.
func checkParts(t testing.TB, c *sdk.Client, bucket, key *string) {
	t.Helper()
	in := &sdk.GetObjectAttributesInput{
		Bucket: bucket, Key: key, MaxParts: aws.Int32(3), ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectParts},
	}
	first := must(c.GetObjectAttributes(t.Context(), in))(t).ObjectParts
	in.PartNumberMarker = first.NextPartNumberMarker
	second := must(c.GetObjectAttributes(t.Context(), in))(t).ObjectParts
	if len(first.Parts) != 3 || !*first.IsTruncated || *first.TotalPartsCount != 4 || len(second.Parts) != 1 || *second.IsTruncated {
		t.Errorf("%s: %d parts, then %d", *key, len(first.Parts), len(second.Parts))
	}
	head := must(c.HeadObject(t.Context(), &sdk.HeadObjectInput{
		Bucket: bucket, Key: key, PartNumber: aws.Int32(4), ChecksumMode: types.ChecksumModeEnabled,
	}))(t)
	if *head.PartsCount != 4 || *head.ContentLength != 2*mib+12345 {
		t.Errorf("part 4 of %s: %d bytes of %d parts", *key, *head.ContentLength, *head.PartsCount)
	}
}
