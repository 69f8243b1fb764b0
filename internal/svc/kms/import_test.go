package kms_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
)

// external makes a key that waits for its material.
func (b *bench) external(t testing.TB) string {
	t.Helper()
	return *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{Origin: new(api.OriginTypeExternal)})).KeyMetadata.Arn
}

// wrapped is a request to import material into a key.
func (b *bench) wrapped(t testing.TB, key string, raw []byte) *api.ImportKeyMaterialInput {
	t.Helper()
	p := must[*api.GetParametersForImportOutput](t)(b.GetParametersForImport(t.Context(), &api.GetParametersForImportInput{
		KeyId: key, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048",
	}))
	public, err := x509.ParsePKIXPublicKey(p.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &api.ImportKeyMaterialInput{
		KeyId: key, ImportToken: p.ImportToken, EncryptedKeyMaterial: sealed, ExpirationModel: new(api.ExpirationModelTypeKeyMaterialDoesNotExpire),
	}
}

// TestImport follows imported material: there, deleted, there again.
func TestImport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key, raw := b.external(t), bytes.Repeat([]byte("k"), 32)
		_, err := b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x")})
		wantError(t, err, "KMSInvalidStateException", key+" is pending import.")
		in := b.wrapped(t, key, raw)
		load := func(in *api.ImportKeyMaterialInput) error { _, err := b.ImportKeyMaterial(t.Context(), in); return err }

		other := *in
		other.KeyId = b.external(t)
		wantError(t, load(&other), "InvalidImportTokenException", "")
		damaged := *in
		damaged.EncryptedKeyMaterial = in.EncryptedKeyMaterial[1:]
		wantError(t, load(&damaged), "InvalidCiphertextException", "")
		wantError(t, load(b.wrapped(t, key, raw[1:])), "InvalidCiphertextException", "")
		dateless := *in
		dateless.ExpirationModel = nil
		wantError(t, load(&dateless), "ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")

		if err := load(in); err != nil {
			t.Fatal(err)
		}
		blob := b.encrypt(t, key, "x", nil)
		must[*api.DeleteImportedKeyMaterialOutput](t)(b.DeleteImportedKeyMaterial(t.Context(), &api.DeleteImportedKeyMaterialInput{KeyId: key}))
		_, err = b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob})
		wantError(t, err, "KMSInvalidStateException", key+" is pending import.")
		wantError(t, load(b.wrapped(t, key, bytes.Repeat([]byte("l"), 32))), "IncorrectKeyMaterialException", "")
		if err := load(b.wrapped(t, key, raw)); err != nil {
			t.Fatal(err)
		}
		if b.decrypt(t, blob, nil) != "x" {
			t.Error("not decrypted")
		}
		_, err = b.GetParametersForImport(t.Context(), &api.GetParametersForImportInput{KeyId: b.key(t), WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048"})
		wantError(t, err, "UnsupportedOperationException", "")
		_, err = b.EnableKeyRotation(t.Context(), &api.EnableKeyRotationInput{KeyId: key})
		wantError(t, err, "UnsupportedOperationException", key+" origin is EXTERNAL which is not valid for this operation.")
	})
}

// TestExpiry checks that imported material and import tokens expire.
func TestExpiry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		key, raw := b.external(t), bytes.Repeat([]byte("k"), 32)
		in := b.wrapped(t, key, raw)
		in.ExpirationModel, in.ValidTo = nil, new(time.Now().Add(12*time.Hour).UTC())
		must[*api.ImportKeyMaterialOutput](t)(b.ImportKeyMaterial(t.Context(), in))
		m := must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: key})).KeyMetadata
		if *m.ExpirationModel != api.ExpirationModelTypeKeyMaterialExpires || !m.ValidTo.Equal(*in.ValidTo) {
			t.Errorf("%v", m)
		}
		b.encrypt(t, key, "x", nil)
		wait(12*time.Hour + time.Second)
		m = must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: key})).KeyMetadata
		if *m.KeyState != api.KeyStatePendingImport || m.ValidTo != nil {
			t.Errorf("%v", m)
		}
		wait(12 * time.Hour)
		in.ExpirationModel, in.ValidTo = new(api.ExpirationModelTypeKeyMaterialDoesNotExpire), nil
		_, err := b.ImportKeyMaterial(t.Context(), in)
		wantError(t, err, "ExpiredImportTokenException", "")
	})
}
