package kms_test

import (
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestUsages checks that keys do only what they are for.
func TestUsages(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	symmetric := b.key(t)
	mac := *must[*api.CreateKeyOutput](t)(b.CreateKey(ctx, &api.CreateKeyInput{KeySpec: new(api.KeySpecHmac256), KeyUsage: new(api.KeyUsageTypeGenerateVerifyMac)})).KeyMetadata.Arn
	sign, _ := b.pair(t, api.KeySpecEccNistP256, api.KeyUsageTypeSignVerify)
	for _, tt := range []struct {
		call          func() error
		code, message string
	}{
		{func() error {
			return second(b.GenerateMac(ctx, &api.GenerateMacInput{KeyId: symmetric, MacAlgorithm: "HMAC_SHA_256", Message: []byte("m")}))
		}, "InvalidKeyUsageException", symmetric + " key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac."},
		{func() error {
			return second(b.GenerateMac(ctx, &api.GenerateMacInput{KeyId: mac, MacAlgorithm: "HMAC_SHA_512", Message: []byte("m")}))
		}, "InvalidKeyUsageException", "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."},
		{func() error {
			return second(b.Sign(ctx, &api.SignInput{KeyId: mac, SigningAlgorithm: "ECDSA_SHA_256", Message: []byte("m")}))
		}, "InvalidKeyUsageException", mac + " key usage is GENERATE_VERIFY_MAC which is not valid for Sign."},
		{func() error {
			return second(b.Verify(ctx, &api.VerifyInput{KeyId: symmetric, SigningAlgorithm: "ECDSA_SHA_256", Message: []byte("m"), Signature: []byte("s")}))
		}, "InvalidKeyUsageException", symmetric + " key usage is ENCRYPT_DECRYPT which is not valid for Verify."},
		{
			func() error { return second(b.Encrypt(ctx, &api.EncryptInput{KeyId: sign, Plaintext: []byte("x")})) },
			"InvalidKeyUsageException", sign + " key usage is SIGN_VERIFY which is not valid for Encrypt.",
		},
		{func() error { return second(b.GetPublicKey(ctx, &api.GetPublicKeyInput{KeyId: symmetric})) }, "UnsupportedOperationException", ""},
		{func() error { return second(b.GenerateRandom(ctx, &api.GenerateRandomInput{})) }, "ValidationException", "NumberOfBytes is required."},
		{func() error {
			return second(b.Encrypt(ctx, &api.EncryptInput{KeyId: symmetric, Plaintext: []byte("x"), EncryptionContext: map[string]string{"k": string(make([]byte, 8192))}}))
		}, "ValidationException", "The encryption context is longer than 8192 bytes."},
		{func() error { return second(b.GetKeyLastUsage(ctx, &api.GetKeyLastUsageInput{KeyId: symmetric})) }, "NotImplemented", ""},
	} {
		wantError(t, tt.call(), tt.code, tt.message)
	}
}

// TestDryRun checks that a dry run tells what would happen, and does not.
func TestDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx, dry := t.Context(), new(true)
	key := b.key(t)
	blob := b.encrypt(t, key, "x", nil)
	calls := map[string]func() error{
		"Encrypt": func() error {
			return second(b.Encrypt(ctx, &api.EncryptInput{KeyId: key, Plaintext: []byte("x"), DryRun: dry}))
		},
		"Decrypt": func() error { return second(b.Decrypt(ctx, &api.DecryptInput{CiphertextBlob: blob, DryRun: dry})) },
		"ReEncrypt": func() error {
			return second(b.ReEncrypt(ctx, &api.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key, DryRun: dry}))
		},
		"GenerateDataKey": func() error {
			return second(b.GenerateDataKey(ctx, &api.GenerateDataKeyInput{KeyId: key, NumberOfBytes: new(int32(1)), DryRun: dry}))
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			wantError(t, call(), "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
		})
	}
	must[*api.DisableKeyOutput](t)(b.DisableKey(ctx, &api.DisableKeyInput{KeyId: key}))
	for name, call := range calls {
		t.Run(name+" of a disabled key", func(t *testing.T) { wantError(t, call(), "DisabledException", "") })
	}
	random := must[*api.GenerateRandomOutput](t)(b.GenerateRandom(ctx, &api.GenerateRandomInput{NumberOfBytes: new(int32(1024))})).Plaintext
	if len(random) != 1024 || string(random) == string(make([]byte, 1024)) {
		t.Errorf("%d bytes", len(random))
	}
}
