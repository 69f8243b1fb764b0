package secretsmanager

import (
	"errors"
	"time"

	"nephele.dev/nephele/internal/store"
)

// version is one value of a secret, encrypted.
type version struct {
	Secret   string // ARN
	ID       string
	Created  time.Time
	Accessed time.Time // the day of the last read; zero for never
	Key      string    // KMS key as the secret named it; "" is aws/secretsmanager
	Envelope envelope
}

// How many versions without labels are kept, and how long each of them is
// (PutSecretValue).
const (
	keptVersions = 100
	keptAge      = 24 * time.Hour
)

const versionColumns = "secret, id, created, accessed, kms_key, kind, wrapped, sealed"

func scanVersion(row store.Row) (v version, err error) {
	var created, accessed int64
	err = row.Scan(&v.Secret, &v.ID, &created, &accessed, &v.Key, &v.Envelope.Kind, &v.Envelope.Wrapped, &v.Envelope.Sealed)
	v.Created = store.FromMicros(created)
	if accessed != 0 {
		v.Accessed = store.FromMicros(accessed)
	}
	return v, err
}

// getVersion returns a version, or noVersion.
func getVersion(tx *store.Tx, secret, id string) (version, error) {
	v, err := scanVersion(tx.Row("select "+versionColumns+" from secretsmanager_version where secret = ? and id = ?", secret, id))
	if errors.Is(err, store.ErrNotFound) {
		return v, noVersion(id)
	}
	return v, err
}

// errTaken says that a version of the id is there already, or a secret of the
// name: somebody was quicker.
var errTaken = errors.New("taken meanwhile")

// insert adds a version, or returns errTaken.
func (v *version) insert(tx *store.Tx) error {
	v.Created = tx.Now()
	n, err := tx.Exec(`insert into secretsmanager_version (`+versionColumns+`) values (?, ?, ?, 0, ?, ?, ?, ?)
		on conflict do nothing`,
		v.Secret, v.ID, store.Micros(v.Created), v.Key, v.Envelope.Kind, v.Envelope.Wrapped, v.Envelope.Sealed)
	if err == nil && n == 0 {
		return errTaken
	}
	return err
}

// add stores a new version of r with its labels, and removes old ones.
func (s *Service) add(tx *store.Tx, r *record, v *version, stages []string) error {
	if err := v.insert(tx); err != nil {
		return err
	}
	was, err := getLabels(tx, v.Secret)
	if err != nil {
		return err
	}
	now := was.clone()
	now.stage(v.ID, stages)
	if err := now.check(); err != nil {
		return err
	}
	if err := now.put(tx, v.Secret, was); err != nil {
		return err
	}
	r.Doc.Changed = v.Created
	return prune(tx, v.Secret)
}

// prune removes versions without labels that are older than a day, and not
// among the newest.
func prune(tx *store.Tx, secret string) error {
	_, err := tx.Exec(`delete from secretsmanager_version where secret = ? and created < ?
		and id not in (select version from secretsmanager_label where secret = ?)
		and id not in (select id from secretsmanager_version where secret = ? order by created desc, id desc limit ?)`,
		secret, store.Micros(tx.Now().Add(-keptAge)), secret, secret, keptVersions)
	return err
}

// removeVersions removes all there is of a secret but its record.
func removeVersions(tx *store.Tx, secret string) error {
	if _, err := tx.Exec("delete from secretsmanager_label where secret = ?", secret); err != nil {
		return err
	}
	_, err := tx.Exec("delete from secretsmanager_version where secret = ?", secret)
	return err
}
