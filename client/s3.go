package client

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// listings are the operations whose answers hold keys, which may have characters
// that XML does not.
var listings = []string{"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"}

// adaptS3 does for S3 what its clients are expected to do with an input: keys of
// customers are sent as base64 with their MD5, sources of copies URL-encoded, and
// listings asked for with keys encoded.
func (k *call) adaptS3(given map[string]any) {
	for _, prefix := range []string{"", "CopySource"} {
		key, ok := given[prefix+"SSECustomerKey"].(string)
		if _, has := given[prefix+"SSECustomerKeyMD5"]; ok && !has {
			sum := md5.Sum([]byte(key))
			given[prefix+"SSECustomerKey"] = base64.StdEncoding.EncodeToString([]byte(key))
			given[prefix+"SSECustomerKeyMD5"] = base64.StdEncoding.EncodeToString(sum[:])
		}
	}
	switch source := given["CopySource"].(type) {
	case string:
		path, version, found := strings.Cut(source, "?versionId=")
		given["CopySource"] = copySource(path, version, found)
	case map[string]any:
		bucket, _ := source["Bucket"].(string)
		key, _ := source["Key"].(string)
		version, found := source["VersionId"].(string)
		if bucket != "" && key != "" {
			given["CopySource"] = copySource(bucket+"/"+key, version, found)
		}
	}
	if _, has := given["EncodingType"]; !has && slices.Contains(listings, k.op.Name) {
		given["EncodingType"], k.decode = "url", true
	}
}

func copySource(path, version string, versioned bool) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}
	s := strings.Join(segments, "/")
	if versioned {
		s += "?versionId=" + url.QueryEscape(version)
	}
	return s
}

// decodeKeys undoes the encoding that adaptS3 asked for.
func decodeKeys(out map[string]any) {
	if out["EncodingType"] != "url" {
		return
	}
	delete(out, "EncodingType")
	for _, name := range []string{
		"Delimiter", "Marker", "NextMarker", "Prefix", "StartAfter", "KeyMarker", "NextKeyMarker",
	} {
		decodeKey(out, name)
	}
	for _, list := range []string{"Contents", "Versions", "DeleteMarkers", "Uploads", "CommonPrefixes"} {
		items, _ := out[list].([]any)
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				decodeKey(m, "Key")
				decodeKey(m, "Prefix")
			}
		}
	}
}

func decodeKey(m map[string]any, name string) {
	if s, ok := m[name].(string); ok {
		if plain, err := url.QueryUnescape(s); err == nil {
			m[name] = plain
		}
	}
}

// address puts a bucket into the host's name where the session and the name
// allow it.
func (k *call) address(r *http.Request, t target) error {
	if k.client.service.Name != "s3" {
		return nil
	}
	bucket := k.text("Bucket")
	if strings.HasPrefix(bucket, "arn:") {
		return &ParamError{Operation: k.op.Name, Problems: []string{"Invalid bucket: ARNs of access points and outposts are not supported"}}
	}
	byPath := !t.aws
	if k.client.session.pathStyle != nil {
		byPath = *k.client.session.pathStyle
	}
	if byPath || !hostBucket(bucket) {
		return nil
	}
	prefix := strings.TrimSuffix(t.url.EscapedPath(), "/")
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix+"/"+bucket)
	if !ok {
		return nil // the operation does not name it in the path
	}
	if rest == "" {
		rest = "/"
	}
	raw := prefix + rest
	path, err := url.PathUnescape(raw)
	if err != nil {
		return err
	}
	r.URL.Path, r.URL.RawPath = path, raw
	r.URL.Host = bucket + "." + r.URL.Host
	r.Host = r.URL.Host
	return nil
}

// hostBucket reports whether a bucket can be a label of a host name that
// certificates for *.s3.amazonaws.com cover: no dots.
func hostBucket(name string) bool {
	return len(name) >= 3 && validLabel(name) && name == strings.ToLower(name)
}

// elsewhere is the region that S3 says a bucket is in, when that is why a call
// failed.
func (k *call) elsewhere(err error) (region string, ok bool) {
	e, isError := errors.AsType[*Error](err)
	if !isError || k.moved || k.client.service.Name != "s3" {
		return "", false
	}
	switch e.Status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		region = e.Header.Get("X-Amz-Bucket-Region")
	}
	return region, region != "" && region != k.region && validLabel(region)
}
