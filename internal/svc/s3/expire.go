package s3

import (
	"errors"

	"nephele.dev/nephele/internal/store"
)

// What lifecycle rules do to versions and uploads. Each function looks again
// whether what the rule chose is still there and still what it was, so that a
// batch may be chosen in one transaction and carried out in others; done tells
// whether anything was changed. An event is told for each.

// reasonLifecycle is the cause of these events.
const reasonLifecycle = "Lifecycle Expiration"

// expireCurrent expires the current object of a key, as long as it is the
// version with the given sequence number: for good in a bucket that never had
// versions, else by a delete marker.
func (s *Service) expireCurrent(tx *store.Tx, b bucket, key string, seq int64) (done bool, err error) {
	h, err := look(tx, b, key)
	if err != nil || !h.exists || h.current.Seq != seq {
		return false, err
	}
	r, err := h.deleteCurrent(tx, b, key)
	if err != nil {
		return false, err
	}
	name := expiredDelete
	if r.made {
		name = expiredMarker
	}
	return true, s.removed(tx, b, name, reasonLifecycle, r.object)
}

// expireVersion deletes a row of s3_version for good: a noncurrent version, or
// a delete marker that is the last that its key has.
func (s *Service) expireVersion(tx *store.Tx, b bucket, key string, seq int64) (done bool, err error) {
	o, err := scanVersion(tx.Row(`select `+versionColumns+` from s3_version
		where bucket = ? and key = ? and seq = ?`, b.Name, key, seq))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := deleteVersion(tx, o); err != nil {
		return false, err
	}
	return true, s.removed(tx, b, expiredDelete, reasonLifecycle, o)
}

// abortUpload ends an upload in progress and gives up its parts.
func (s *Service) abortUpload(tx *store.Tx, id string) (done bool, err error) {
	n, err := tx.Exec(`delete from s3_upload where id = ?`, id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, dropParts(tx, id)
}

// removed tells that a version is gone, or hidden by a delete marker. Neither
// has a size or an entity tag in events.
func (s *Service) removed(tx *store.Tx, b bucket, name, reason string, o object) error {
	o.Size, o.ETag = 0, ""
	return s.changed(tx, newEvent(tx, b, name, reason, o))
}
