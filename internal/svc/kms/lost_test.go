package kms_test

import (
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// under is the service on a database under master keys.
func under(t *testing.T, db *store.DB, masters ...string) *bench {
	t.Helper()
	ring, err := seal.ParseRing(strings.Join(masters, ","))
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), db, seal.Options{Ring: ring, AcceptLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(db, engine.Options{}) // nothing is due
	b := connect(t, db, e, s, policy.Open{})
	b.service.Flows(e)
	return b
}

// TestLostMaterial: what was encrypted under a lost master key answers so, until
// the key is found. A customer's key can be rotated meanwhile, and that of a
// service gets new material by itself.
func TestLostMaterial(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first, second := seal.NewMaster(), seal.NewMaster()
		decrypt := func(b *bench, blob []byte) error {
			_, err := b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob})
			return err
		}
		old := under(t, db, first)
		key := old.key(t)
		own, service := old.encrypt(t, key, "x", nil), old.encrypt(t, "alias/aws/s3", "x", nil)

		b := under(t, db, second)
		wantError(t, decrypt(b, own), api.ErrKMSInvalidStateException, "")
		_, err := b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x")})
		wantError(t, err, api.ErrKMSInvalidStateException, "")
		if _, err := b.RotateKeyOnDemand(t.Context(), &api.RotateKeyOnDemandInput{KeyId: idOf(key)}); err != nil {
			t.Fatal(err)
		}
		since := [][]byte{b.encrypt(t, key, "x", nil), b.encrypt(t, "alias/aws/s3", "x", nil), b.encrypt(t, "alias/aws/s3", "x", nil)}
		wantError(t, decrypt(b, service), api.ErrKMSInvalidStateException, "")

		found := under(t, db, second, first)
		for _, blob := range append(since, own, service) {
			if err := decrypt(found, blob); err != nil {
				t.Error(err)
			}
		}
	})
}
