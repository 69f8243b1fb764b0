package kms_test

import (
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// hasten has what is due of a key done, and waits for it.
func (b *bench) hasten(t *testing.T, key string) {
	t.Helper()
	ctx, wait := b.engine.Track(t.Context())
	if err := b.service.Hasten(ctx, key); err != nil {
		t.Fatal(err)
	}
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestFlows checks rotation and destruction on both databases.
func TestFlows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		b.alias(t, "alias/a", key)
		must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{
			KeyId: key, GranteePrincipal: bob, RetiringPrincipal: new(carol), Operations: []api.GrantOperation{"Decrypt"},
		}))
		must[*api.EnableKeyRotationOutput](t)(b.EnableKeyRotation(t.Context(), &api.EnableKeyRotationInput{KeyId: key}))
		b.hasten(t, key)
		b.wantRotations(t, key, "AUTOMATIC ")
		must[*api.ScheduleKeyDeletionOutput](t)(b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: key}))
		b.hasten(t, key)
		_, err := b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: key})
		wantError(t, err, "NotFoundException", "Key '"+key+"' does not exist")
		if left := b.aliases(t, nil); len(left) != 0 {
			t.Errorf("aliases left: %v", left)
		}
		left := must[*api.ListRetirableGrantsOutput](t)(b.ListRetirableGrants(t.Context(), &api.ListRetirableGrantsInput{RetiringPrincipal: carol})).Grants
		if len(left) != 0 || len(b.keys(t)) != 0 {
			t.Errorf("grants left: %v", left)
		}
	})
}

// TestReplicas checks that a change in one server is soon heeded by another.
func TestReplicas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		if b.db.Dialect() == store.SQLite {
			return // one process at a time
		}
		other := connect(t, b.db, b.engine, b.sealer, policy.Open{})
		key := b.key(t)
		other.encrypt(t, key, "x", nil) // is in its memory now
		must[*api.DisableKeyOutput](t)(b.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: key}))
		for begun := time.Now(); ; {
			_, err := other.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x")})
			if err != nil {
				wantError(t, err, "DisabledException", key+" is disabled.")
				return
			}
			if time.Since(begun) > enginetest.Patience {
				t.Fatal("still encrypts")
			}
		}
	})
}
