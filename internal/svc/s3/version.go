package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// States of a bucket's versioning. A bucket that was enabled once can only be
// suspended.
const (
	enabled   = "Enabled"
	suspended = "Suspended"
)

// idBytes is the length of a version id before encoding: its sequence number
// in eight bytes, so that a listing finds its place by the id alone, and noise.
const idBytes = 24

var idEncoding = base64.RawURLEncoding

func newVersionID(seq int64) string {
	var raw [idBytes]byte
	binary.BigEndian.PutUint64(raw[:], uint64(seq)) //nolint:gosec // the same bits
	_, _ = rand.Read(raw[8:])                       // never fails
	return idEncoding.EncodeToString(raw[:])
}

// placeID has the form of a version id with the sequence number and is none.
func placeID(seq int64) string {
	var raw [idBytes]byte
	binary.BigEndian.PutUint64(raw[:], uint64(seq)) //nolint:gosec // as above
	return idEncoding.EncodeToString(raw[:])
}

// parseVersionID returns the sequence number of an id that we could have made.
func parseVersionID(id string) (seq int64, ok bool) {
	raw, err := idEncoding.DecodeString(id)
	if err != nil || len(raw) != idBytes {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(raw)), true //nolint:gosec // as above
}

// checkVersion refuses ids that no version can have.
func checkVersion(id *string) *awserr.Error {
	if id == nil || *id == nullVersion {
		return nil
	}
	if _, ok := parseVersionID(*id); !ok {
		return errInvalidArgument("versionId", *id, "Invalid version id specified")
	}
	return nil
}

func errNoSuchVersion(key, id string) *awserr.Error {
	return awserr.New("NoSuchVersion", http.StatusNotFound, "The specified version does not exist.").
		With("Key", key).With("VersionId", id)
}

const versionColumns = objectColumns + `, marker, retired`

func scanVersion(r store.Row) (object, error) {
	var marker, retired int64
	o, err := scanVersioned(r, func(*object) []any { return []any{&marker, &retired} })
	o.Marker = marker != 0
	if retired != 0 {
		o.Retired = store.FromMicros(retired)
	}
	return o, err
}

// newestOld returns the newest version of a key in s3_version.
func newestOld(tx *store.Tx, bucket, key string) (o object, ok bool, err error) {
	o, err = scanVersion(tx.Row(`select `+versionColumns+` from s3_version
		where bucket = ? and key = ? order by seq desc limit 1`, bucket, key))
	if errors.Is(err, store.ErrNotFound) {
		return object{}, false, nil
	}
	return o, err == nil, err
}

// findOld returns the version of s3_version with an id.
func findOld(tx *store.Tx, bucket, key, id string) (o object, ok bool, err error) {
	if id == nullVersion {
		o, err = scanVersion(tx.Row(`select `+versionColumns+` from s3_version
			where bucket = ? and key = ? and version = 'null'`, bucket, key))
	} else {
		seq, _ := parseVersionID(id)
		o, err = scanVersion(tx.Row(`select `+versionColumns+` from s3_version
			where bucket = ? and key = ? and seq = ? and version = ?`, bucket, key, seq, id))
	}
	if errors.Is(err, store.ErrNotFound) {
		return object{}, false, nil
	}
	return o, err == nil, err
}

// findVersion returns a version of a key, current or not, or ok false.
func findVersion(tx *store.Tx, bucket, key, id string) (o object, ok bool, err error) {
	o, ok, err = findObject(tx, bucket, key)
	if err != nil || ok && o.Version == id {
		return o, ok, err
	}
	return findOld(tx, bucket, key, id)
}

// writeOld adds a row to s3_version.
func writeOld(tx *store.Tx, o object) error {
	args, err := o.values()
	if err != nil {
		return err
	}
	marker, retired := 0, int64(0)
	if o.Marker {
		marker = 1
	}
	if !o.Retired.IsZero() {
		retired = store.Micros(o.Retired)
	}
	_, err = tx.Exec(`insert into s3_version (`+versionColumns+`)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(args, marker, retired)...)
	return err
}

func removeOld(tx *store.Tx, o object) error {
	_, err := tx.Exec(`delete from s3_version where bucket = ? and key = ? and seq = ?`, o.Bucket, o.Key, o.Seq)
	return err
}

// setRetired says since when a version is not the current one; the zero time
// makes it so again.
func setRetired(tx *store.Tx, o object, at time.Time) error {
	us := int64(0)
	if !at.IsZero() {
		us = store.Micros(at)
	}
	_, err := tx.Exec(`update s3_version set retired = ? where bucket = ? and key = ? and seq = ?`, us, o.Bucket, o.Key, o.Seq)
	return err
}

// history is what a key has when a change to it begins.
type history struct {
	current object // if exists: the object; else, if marked, the delete marker on top
	exists  bool
	marked  bool
}

// look reads the history of a key: one row, and a second one only where there
// may be versions behind.
func look(tx *store.Tx, b bucket, key string) (h history, err error) {
	h.current, h.exists, err = findObject(tx, b.Name, key)
	if err != nil || h.exists || b.Versioning == "" {
		return h, err
	}
	h.current, h.marked, err = newestOld(tx, b.Name, key)
	return h, err
}

// next returns the sequence number of the version that is added now.
func (h history) next(tx *store.Tx) int64 {
	return max(store.Micros(tx.Now()), h.current.Seq+1)
}

// add makes o, an object or a delete marker, the current version of its key. It
// sets its version, sequence and, for an object, nothing else.
func (h history) add(tx *store.Tx, b bucket, o *object) error {
	o.Seq, o.Version = h.next(tx), nullVersion
	if b.Versioning == enabled {
		o.Version = newVersionID(o.Seq)
	}
	if err := h.makeRoom(tx, b, *o); err != nil {
		return err
	}
	if o.Marker {
		return writeOld(tx, *o)
	}
	return writeObject(tx, *o)
}

// makeRoom retires what was current, or gives it up where o is to take its
// place: the null version is there once.
func (h history) makeRoom(tx *store.Tx, b bucket, o object) error {
	switch {
	case h.exists && h.current.Version == nullVersion && o.Version == nullVersion:
		if o.Marker {
			if err := removeObject(tx, h.current); err != nil {
				return err
			}
		}
		return dropBytes(tx, h.current)
	case h.exists:
		old := h.current
		old.Retired = tx.Now()
		if o.Marker { // an object is written over it
			if err := removeObject(tx, old); err != nil {
				return err
			}
		}
		if err := writeOld(tx, old); err != nil {
			return err
		}
	case h.marked:
		if err := setRetired(tx, h.current, tx.Now()); err != nil {
			return err
		}
	}
	if b.Versioning != suspended {
		return nil
	}
	null, ok, err := findOld(tx, b.Name, o.Key, nullVersion)
	if err != nil || !ok {
		return err
	}
	return errors.Join(removeOld(tx, null), dropBytes(tx, null))
}

// removal is what a deletion did, for its answer and its event.
type removal struct {
	object         // what was deleted, or the marker that was made
	made      bool // a delete marker was made
	permanent bool // something is gone for good
}

// deleteCurrent deletes a key: for good in a bucket that never had versions,
// else by a delete marker, whether there is an object or not.
func (h history) deleteCurrent(tx *store.Tx, b bucket, key string) (removal, error) {
	if b.Versioning != "" {
		m := object{Bucket: b.Name, Key: key, Marker: true, Modified: tx.Now(), Class: liveClasses[0]}
		err := h.add(tx, b, &m)
		return removal{object: m, made: true}, err
	}
	if !h.exists {
		return removal{}, nil
	}
	if err := removeObject(tx, h.current); err != nil {
		return removal{}, err
	}
	return removal{object: h.current, permanent: true}, dropBytes(tx, h.current)
}

// deleteVersion deletes a version for good. When it was the current one, the
// next below it takes its place.
func deleteVersion(tx *store.Tx, o object) error {
	current := o.Retired.IsZero()
	remove := removeOld
	if current && !o.Marker {
		remove = removeObject
	}
	if err := remove(tx, o); err != nil {
		return err
	}
	if err := dropBytes(tx, o); err != nil || !current {
		return err
	}
	below, ok, err := newestOld(tx, o.Bucket, o.Key)
	switch {
	case err != nil || !ok:
		return err
	case below.Marker:
		return setRetired(tx, below, time.Time{})
	}
	if err := removeOld(tx, below); err != nil {
		return err
	}
	below.Retired = time.Time{}
	return writeObject(tx, below)
}

// rewrite writes a version whose details have changed.
func rewrite(tx *store.Tx, o object) error {
	if o.Retired.IsZero() {
		return writeObject(tx, o)
	}
	args, err := o.values()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update s3_version set doc = ? where bucket = ? and key = ? and seq = ?`,
		args[len(args)-1], o.Bucket, o.Key, o.Seq)
	if err != nil {
		return fmt.Errorf("rewrite version: %w", err)
	}
	return nil
}
