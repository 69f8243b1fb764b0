package s3

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// object is a version of a key: a row of s3_object when it is the current one,
// else of s3_version, where delete markers are too.
type object struct {
	Bucket, Key string
	Version     string    // "null" for what was put while versioning was not enabled
	Seq         int64     // orders the versions of a key
	Marker      bool      // a delete marker
	Retired     time.Time // since when it is not the current version; zero while it is
	Size        int64
	ETag        string // without quotes
	Modified    time.Time
	Class       string
	Sum         checksum
	Data        string // blob, or upload id when Parts > 0
	Parts       int    // 0 for an object that was uploaded whole
	Details     details
}

// details are what an object carries besides its bytes; stored as JSON.
type details struct {
	ContentType        string            `json:"type,omitempty"`
	CacheControl       string            `json:"cache,omitempty"`
	ContentDisposition string            `json:"disposition,omitempty"`
	ContentEncoding    string            `json:"encoding,omitempty"`
	ContentLanguage    string            `json:"language,omitempty"`
	Expires            *time.Time        `json:"expires,omitempty"`
	Redirect           string            `json:"redirect,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	Tags               map[string]string `json:"tags,omitempty"`
	Encryption         encryption        `json:"sse,omitzero"`
	ACL                acl               `json:"acl,omitzero"`
	SumAsked           bool              `json:"sumAsked,omitempty"` // of a multipart object: its upload named the checksum
	Asked              policy.Keys       `json:"asked,omitempty"`    // of an upload in progress: the condition keys of its beginning
}

const objectColumns = `bucket, key, version, seq, size, etag, modified, class, sum_algorithm, sum_type, sum_value, data, parts, doc`

// values are the object's columns in their order.
func (o object) values() ([]any, error) {
	doc, err := json.Marshal(o.Details)
	if err != nil {
		return nil, fmt.Errorf("document of object: %w", err)
	}
	return []any{
		o.Bucket, o.Key, o.Version, o.Seq, o.Size, o.ETag, store.Micros(o.Modified), o.Class,
		o.Sum.Algorithm, o.Sum.Type, o.Sum.Value, o.Data, o.Parts, string(doc),
	}, nil
}

func scanObject(r store.Row) (object, error) {
	return scanVersioned(r, nil)
}

// scanVersioned reads objectColumns and what further columns there are.
func scanVersioned(r store.Row, further func(*object) []any) (object, error) {
	var o object
	var modified int64
	var doc []byte
	dest := []any{
		&o.Bucket, &o.Key, &o.Version, &o.Seq, &o.Size, &o.ETag, &modified, &o.Class,
		&o.Sum.Algorithm, &o.Sum.Type, &o.Sum.Value, &o.Data, &o.Parts, &doc,
	}
	if further != nil {
		dest = append(dest, further(&o)...)
	}
	if err := r.Scan(dest...); err != nil {
		return object{}, err
	}
	o.Modified = store.FromMicros(modified)
	if err := json.Unmarshal(doc, &o.Details); err != nil {
		return object{}, fmt.Errorf("document of object %s/%s: %w", o.Bucket, o.Key, err)
	}
	return o, nil
}

// findObject returns the current object, or ok false.
func findObject(tx *store.Tx, bucket, key string) (o object, ok bool, err error) {
	o, err = scanObject(tx.Row(`select `+objectColumns+` from s3_object where bucket = ? and key = ?`, bucket, key))
	if errors.Is(err, store.ErrNotFound) {
		return object{}, false, nil
	}
	return o, err == nil, err
}

// writeObject makes o the row of its key in s3_object.
func writeObject(tx *store.Tx, o object) error {
	args, err := o.values()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into s3_object (`+objectColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (bucket, key) do update set version = excluded.version, seq = excluded.seq, size = excluded.size,
			etag = excluded.etag, modified = excluded.modified, class = excluded.class,
			sum_algorithm = excluded.sum_algorithm, sum_type = excluded.sum_type, sum_value = excluded.sum_value,
			data = excluded.data, parts = excluded.parts, doc = excluded.doc`, args...)
	return err
}

// removeObject takes o out of s3_object. Its bytes are the caller's business.
func removeObject(tx *store.Tx, o object) error {
	_, err := tx.Exec(`delete from s3_object where bucket = ? and key = ?`, o.Bucket, o.Key)
	return err
}

// dropBytes puts the blobs of an object that is no more on the garbage list; the
// bytes of small ones go at once.
func dropBytes(tx *store.Tx, o object) error {
	if o.Marker {
		return nil
	}
	if o.Parts > 0 {
		return dropParts(tx, o.Data)
	}
	if isSmall(o.Data) {
		return removeSmall(tx, o.Data)
	}
	return addGarbage(tx, o.Data, tx.Now())
}

func addGarbage(tx *store.Tx, data string, due time.Time) error {
	_, err := tx.Exec(`insert into s3_garbage (data, due) values (?, ?) on conflict do nothing`, data, store.Micros(due))
	return err
}

// dropParts deletes the parts of an upload. Readers open parts one after the
// other, so their blobs are kept for partGrace.
func dropParts(tx *store.Tx, upload string) error {
	due := store.Micros(tx.Now().Add(partGrace))
	_, err := tx.Exec(`insert into s3_garbage (data, due) select data, cast(? as bigint) from s3_part where upload = ?
		on conflict do nothing`, due, upload)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`delete from s3_part where upload = ?`, upload)
	return err
}

// bucket is a row of s3_bucket.
type bucket struct {
	Name, Account, Region string
	Created               time.Time
	Versioning            string // "" while it never had any, Enabled or Suspended
	Tags                  map[string]string
	hot                   hotConfigs
}

const bucketColumns = `name, account, region, created, versioning, tags, hot`

func scanBucket(r store.Row) (bucket, error) {
	var b bucket
	var created int64
	var tags, hot []byte
	if err := r.Scan(&b.Name, &b.Account, &b.Region, &created, &b.Versioning, &tags, &hot); err != nil {
		return bucket{}, err
	}
	b.Created = store.FromMicros(created)
	if err := json.Unmarshal(tags, &b.Tags); err != nil {
		return bucket{}, fmt.Errorf("tags of bucket %s: %w", b.Name, err)
	}
	if err := json.Unmarshal(hot, &b.hot); err != nil {
		return bucket{}, fmt.Errorf("configurations of bucket %s: %w", b.Name, err)
	}
	return b, nil
}
