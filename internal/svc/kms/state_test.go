package kms_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/store/storetest"
)

// inBubble runs f where time passes only when everybody waits.
func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newBench(t, storetest.SQLite(t))) })
}

// wait lets time pass in a bubble.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

const day = 24 * time.Hour

// operations are calls to one key, by name, for tables of states.
func (b *bench) operations(t *testing.T, key string, blob []byte) map[string]func() error {
	t.Helper()
	ctx := t.Context()
	return map[string]func() error{
		"Encrypt": func() error {
			_, err := b.Encrypt(ctx, &api.EncryptInput{KeyId: key, Plaintext: []byte("x")})
			return err
		},
		"Decrypt": func() error { _, err := b.Decrypt(ctx, &api.DecryptInput{CiphertextBlob: blob}); return err },
		"GenerateDataKey": func() error {
			_, err := b.GenerateDataKey(ctx, &api.GenerateDataKeyInput{KeyId: key, NumberOfBytes: new(int32(1))})
			return err
		},
		"DescribeKey": func() error { _, err := b.DescribeKey(ctx, &api.DescribeKeyInput{KeyId: key}); return err },
		"CreateAlias": func() error {
			_, err := b.CreateAlias(ctx, &api.CreateAliasInput{AliasName: "alias/x", TargetKeyId: key})
			if err == nil {
				_, err = b.DeleteAlias(ctx, &api.DeleteAliasInput{AliasName: "alias/x"})
			}
			return err
		},
		"CreateGrant": func() error {
			_, err := b.CreateGrant(ctx, &api.CreateGrantInput{KeyId: key, GranteePrincipal: "arn:aws:iam::123456789012:user/u", Operations: []api.GrantOperation{api.GrantOperationDecrypt}})
			return err
		},
		"EnableKeyRotation": func() error {
			_, err := b.EnableKeyRotation(ctx, &api.EnableKeyRotationInput{KeyId: key})
			return err
		},
		"RotateKeyOnDemand": func() error {
			_, err := b.RotateKeyOnDemand(ctx, &api.RotateKeyOnDemandInput{KeyId: key})
			return err
		},
		"GetKeyPolicy": func() error { _, err := b.GetKeyPolicy(ctx, &api.GetKeyPolicyInput{KeyId: key}); return err },
		"TagResource": func() error {
			_, err := b.TagResource(ctx, &api.TagResourceInput{KeyId: key, Tags: []*api.Tag{{TagKey: "a"}}})
			return err
		},
		"UpdateKeyDescription": func() error {
			_, err := b.UpdateKeyDescription(ctx, &api.UpdateKeyDescriptionInput{KeyId: key, Description: "d"})
			return err
		},
		"CancelKeyDeletion": func() error {
			_, err := b.CancelKeyDeletion(ctx, &api.CancelKeyDeletionInput{KeyId: key})
			return err
		},
	}
}

// TestStates checks the developer guide's table of key states.
func TestStates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		const disabled, pending = "DisabledException", "KMSInvalidStateException"
		for state, codes := range map[string]map[string]string{
			"enabled": {"CancelKeyDeletion": pending},
			"disabled": {
				"Encrypt": disabled, "Decrypt": disabled, "GenerateDataKey": disabled, "CreateGrant": disabled,
				"EnableKeyRotation": disabled, "RotateKeyOnDemand": disabled, "CancelKeyDeletion": pending,
			},
			"pending": {
				"Encrypt": pending, "Decrypt": pending, "GenerateDataKey": pending, "CreateAlias": pending, "CreateGrant": pending,
				"EnableKeyRotation": pending, "RotateKeyOnDemand": pending, "TagResource": pending, "UpdateKeyDescription": pending,
			},
		} {
			for op := range b.operations(t, "", nil) {
				key := b.key(t)
				blob := b.encrypt(t, key, "x", nil)
				message := ""
				switch state {
				case "disabled":
					must[*api.DisableKeyOutput](t)(b.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: key}))
					message = key + " is disabled."
				case "pending":
					must[*api.ScheduleKeyDeletionOutput](t)(b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: key}))
					message = key + " is pending deletion."
				}
				if op == "CancelKeyDeletion" {
					message = key + " is not pending deletion."
				}
				err := b.operations(t, key, blob)[op]()
				if want := codes[op]; want != "" {
					wantError(t, err, want, message)
				} else if err != nil {
					t.Errorf("%s of a key that is %s: %v", op, state, err)
				}
			}
		}
	})
}

// TestDeletion checks that a key is destroyed when its waiting period ends, and
// what was encrypted under it is lost.
func TestDeletion(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		key, kept := b.key(t), b.key(t)
		b.alias(t, "alias/a", key)
		blob := b.encrypt(t, key, "x", nil)
		for _, n := range []int32{6, 31} {
			_, err := b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: &n})
			wantError(t, err, "ValidationException", "")
		}
		out := must[*api.ScheduleKeyDeletionOutput](t)(b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: new(int32(7))}))
		if left := time.Until(*out.DeletionDate); left != 7*day || *out.KeyState != api.KeyStatePendingDeletion || *out.KeyId != key {
			t.Errorf("%v %v", left, out)
		}
		must[*api.ScheduleKeyDeletionOutput](t)(b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: kept}))
		wait(7*day - time.Minute)
		if m := must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: "alias/a"})).KeyMetadata; *m.KeyState != api.KeyStatePendingDeletion {
			t.Errorf("%v", m)
		}
		must[*api.CancelKeyDeletionOutput](t)(b.CancelKeyDeletion(t.Context(), &api.CancelKeyDeletionInput{KeyId: kept}))
		wait(2 * time.Minute)
		_, err := b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: key})
		wantError(t, err, "NotFoundException", "Key '"+key+"' does not exist")
		_, err = b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: "alias/a"})
		wantError(t, err, "NotFoundException", "")
		_, err = b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob})
		wantError(t, err, "AccessDeniedException", "")
		wait(24 * day)
		if m := must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: kept})).KeyMetadata; *m.KeyState != api.KeyStateDisabled {
			t.Errorf("a key whose deletion was cancelled: %v", m)
		}
	})
}

// TestRotation checks automatic rotation: when it happens, and that old
// ciphertexts stay readable.
func TestRotation(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		blobs := [][]byte{b.encrypt(t, key, "x", nil)}
		must[*api.EnableKeyRotationOutput](t)(b.EnableKeyRotation(t.Context(), &api.EnableKeyRotationInput{KeyId: key, RotationPeriodInDays: new(int32(90))}))
		begun := time.Now()
		for i := 1; i <= 3; i++ {
			s := must[*api.GetKeyRotationStatusOutput](t)(b.GetKeyRotationStatus(t.Context(), &api.GetKeyRotationStatusInput{KeyId: key}))
			if !s.NextRotationDate.Equal(begun.Add(time.Duration(i) * 90 * day).UTC()) {
				t.Errorf("rotation %d at %v", i, s.NextRotationDate)
			}
			wait(time.Until(*s.NextRotationDate) + time.Second)
			blobs = append(blobs, b.encrypt(t, key, "x", nil))
			b.wantRotations(t, key, strings.Repeat("AUTOMATIC ", i))
		}
		materials := map[string]bool{}
		for _, blob := range blobs {
			out := must[*api.DecryptOutput](t)(b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob}))
			materials[*out.KeyMaterialId] = true
		}
		if len(materials) != len(blobs) {
			t.Errorf("%d materials for %d ciphertexts", len(materials), len(blobs))
		}
		// a disabled key is not rotated, and catches up when it is enabled
		must[*api.DisableKeyOutput](t)(b.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: key}))
		wait(100 * day)
		b.wantRotations(t, key, strings.Repeat("AUTOMATIC ", 3))
		must[*api.EnableKeyOutput](t)(b.EnableKey(t.Context(), &api.EnableKeyInput{KeyId: key}))
		wait(time.Second)
		b.wantRotations(t, key, strings.Repeat("AUTOMATIC ", 4))
		must[*api.DisableKeyRotationOutput](t)(b.DisableKeyRotation(t.Context(), &api.DisableKeyRotationInput{KeyId: key}))
		wait(100 * day)
		b.wantRotations(t, key, strings.Repeat("AUTOMATIC ", 4))
	})
}

// wantRotations checks the causes of a key's rotations.
func (b *bench) wantRotations(t testing.TB, key, want string) {
	t.Helper()
	var got strings.Builder
	in := &api.ListKeyRotationsInput{KeyId: key, Limit: new(int32(2))}
	for {
		out := must[*api.ListKeyRotationsOutput](t)(b.ListKeyRotations(t.Context(), in))
		for _, r := range out.Rotations {
			got.WriteString(string(*r.RotationType) + " ")
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			break
		}
	}
	if got.String() != want {
		t.Errorf("rotations %q, want %q", got.String(), want)
	}
}

// TestRotationOnDemand checks its limit, and that the schedule stays.
func TestRotationOnDemand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		first := b.encrypt(t, key, "x", nil)
		for range 25 {
			must[*api.RotateKeyOnDemandOutput](t)(b.RotateKeyOnDemand(t.Context(), &api.RotateKeyOnDemandInput{KeyId: key}))
		}
		_, err := b.RotateKeyOnDemand(t.Context(), &api.RotateKeyOnDemandInput{KeyId: key})
		wantError(t, err, "LimitExceededException", "")
		b.wantRotations(t, key, strings.Repeat("ON_DEMAND ", 25))
		all := must[*api.ListKeyRotationsOutput](t)(b.ListKeyRotations(t.Context(), &api.ListKeyRotationsInput{KeyId: key, IncludeKeyMaterial: new(api.IncludeKeyMaterialAllKeyMaterial)})).Rotations
		if len(all) != 26 || *all[25].KeyMaterialState != api.KeyMaterialStateCurrent || *all[0].KeyMaterialState != api.KeyMaterialStateNonCurrent || all[0].RotationType != nil {
			t.Errorf("%d materials", len(all))
		}
		if b.decrypt(t, first, nil) != "x" {
			t.Error("not decrypted")
		}
		hmac := *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{KeySpec: new(api.KeySpecHmac256), KeyUsage: new(api.KeyUsageTypeGenerateVerifyMac)})).KeyMetadata.Arn
		_, err = b.EnableKeyRotation(t.Context(), &api.EnableKeyRotationInput{KeyId: hmac})
		wantError(t, err, "UnsupportedOperationException", "")
	})
}
