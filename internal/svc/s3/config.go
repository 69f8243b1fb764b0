package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// configKind names one of a bucket's configurations. Each has at most one row
// in s3_bucket_config; none means that the bucket never had it, or no more.
type configKind string

const (
	aclConfig          configKind = "acl"
	corsConfig         configKind = "cors"
	encryptionConfig   configKind = "encryption"
	lifecycleConfig    configKind = "lifecycle"
	notificationConfig configKind = "notification"
	ownershipConfig    configKind = "ownership"
	policyConfig       configKind = "policy"
	publicAccessConfig configKind = "public-access"
	websiteConfig      configKind = "website"
)

// loadConfig reads a configuration; ok is false when there is none.
func loadConfig[T any](tx *store.Tx, bucket string, kind configKind) (doc T, ok bool, err error) {
	var raw []byte
	err = tx.Row(`select doc from s3_bucket_config where bucket = ? and kind = ?`, bucket, string(kind)).Scan(&raw)
	if errors.Is(err, store.ErrNotFound) {
		return doc, false, nil
	}
	if err != nil {
		return doc, false, err
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return doc, false, fmt.Errorf("%s of bucket %s: %w", kind, bucket, err)
	}
	return doc, true, nil
}

// hotConfigs are, as part of a bucket's own row, the configurations that every
// read or write of an object asks for: without them it would cost a query each.
type hotConfigs struct {
	Ownership    *api.OwnershipControls                 `json:"ownership,omitempty"`
	Encryption   *api.ServerSideEncryptionConfiguration `json:"encryption,omitempty"`
	Lifecycle    bool                                   `json:"lifecycle,omitempty"`    // there is one
	Notification bool                                   `json:"notification,omitempty"` // likewise
}

// set takes over a configuration, nil when it is dropped, and reports whether
// it is a hot one.
func (h *hotConfigs) set(kind configKind, raw []byte) (hot bool, err error) {
	switch kind {
	case ownershipConfig:
		h.Ownership = nil
		if raw != nil {
			err = json.Unmarshal(raw, &h.Ownership)
		}
	case encryptionConfig:
		h.Encryption = nil
		if raw != nil {
			err = json.Unmarshal(raw, &h.Encryption)
		}
	case lifecycleConfig:
		h.Lifecycle = raw != nil
	case notificationConfig:
		h.Notification = raw != nil
	default:
		return false, nil
	}
	return true, err
}

// saveConfig writes a configuration in place of the one there may be.
func saveConfig(tx *store.Tx, b bucket, kind configKind, doc any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("%s of bucket %s: %w", kind, b.Name, err)
	}
	_, err = tx.Exec(`insert into s3_bucket_config (bucket, kind, doc) values (?, ?, ?)
		on conflict (bucket, kind) do update set doc = excluded.doc`, b.Name, string(kind), string(raw))
	if err != nil {
		return err
	}
	return saveHot(tx, b, kind, raw)
}

// saveHot keeps the bucket's row true. The row is read anew: two
// configurations may be saved in one transaction.
func saveHot(tx *store.Tx, b bucket, kind configKind, raw []byte) error {
	b, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, b.Name))
	if err != nil {
		return err
	}
	if hot, err := b.hot.set(kind, raw); err != nil || !hot {
		return err
	}
	doc, err := json.Marshal(b.hot)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update s3_bucket set hot = ? where name = ?`, string(doc), b.Name)
	return err
}

func dropConfig(tx *store.Tx, b bucket, kind configKind) error {
	_, err := tx.Exec(`delete from s3_bucket_config where bucket = ? and kind = ?`, b.Name, string(kind))
	if err != nil {
		return err
	}
	return saveHot(tx, b, kind, nil)
}

// dropConfigs forgets all that was configured for a bucket that goes.
func dropConfigs(tx *store.Tx, bucket string) error {
	_, err := tx.Exec(`delete from s3_bucket_config where bucket = ?`, bucket)
	return err
}

// putConfig is the whole of a Put operation whose document is good as it is.
func (s *Service) putConfig(ctx context.Context, name string, owner *string, kind configKind, doc any) error {
	return s.updateBucket(ctx, name, owner, func(tx *store.Tx, b bucket) error {
		return saveConfig(tx, b, kind, doc)
	})
}

// deleteConfig is the whole of a Delete operation: it succeeds with and
// without a configuration, as in AWS.
func (s *Service) deleteConfig(ctx context.Context, name string, owner *string, kind configKind) error {
	return s.updateBucket(ctx, name, owner, func(tx *store.Tx, b bucket) error {
		return dropConfig(tx, b, kind)
	})
}

// readConfig is the whole of a Get operation; missing is its answer when there
// is no configuration.
func readConfig[T any](ctx context.Context, s *Service, name string, owner *string, kind configKind, missing *awserr.Error) (doc T, err error) {
	err = s.viewBucket(ctx, name, owner, func(tx *store.Tx, b bucket) error {
		have, ok, err := loadConfig[T](tx, b.Name, kind)
		if err == nil && !ok {
			err = missing.With("BucketName", b.Name)
		}
		doc = have
		return err
	})
	return doc, err
}

func notFound(code, message string) *awserr.Error {
	return awserr.New(code, http.StatusNotFound, "%s", message)
}

// ownership is who owns what is written to a bucket and whether ACLs count.
// BucketOwnerEnforced has been the default since April 2023, and ACLs do not
// count then.
func (b bucket) ownership() api.ObjectOwnership {
	if c := b.hot.Ownership; c != nil && len(c.Rules) > 0 {
		return c.Rules[0].ObjectOwnership
	}
	return ownerEnforced
}

const (
	ownerEnforced  api.ObjectOwnership = "BucketOwnerEnforced"
	ownerPreferred api.ObjectOwnership = "BucketOwnerPreferred"
	objectWriter   api.ObjectOwnership = "ObjectWriter"
)

// bucketEncryption is how a bucket encrypts what says nothing of encryption.
type bucketEncryption struct {
	Algorithm api.ServerSideEncryption // AES256, aws:kms or aws:kms:dsse
	KeyID     string                   // "" is the account's aws/s3 key
	BucketKey bool
	Blocked   []api.EncryptionType // kinds of encryption that writes may not ask for
}

// defaultEncryption is a bucket's encryption: AES256 where nothing else was
// put, as for every bucket since January 2023.
func (b bucket) defaultEncryption() bucketEncryption {
	e := bucketEncryption{Algorithm: "AES256"}
	c := b.hot.Encryption
	if c == nil || len(c.Rules) == 0 {
		return e
	}
	r := c.Rules[0]
	if d := r.ApplyServerSideEncryptionByDefault; d != nil {
		e.Algorithm, e.KeyID = d.SSEAlgorithm, value(d.KMSMasterKeyID, "")
	}
	e.BucketKey = value(r.BucketKeyEnabled, false)
	if r.BlockedEncryptionTypes != nil {
		e.Blocked = r.BlockedEncryptionTypes.EncryptionType
	}
	return e
}
