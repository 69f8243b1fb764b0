package kms_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
)

// TestRoundTrip checks encryption under every name that a key has.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		must[*api.CreateAliasOutput](t)(b.CreateAlias(t.Context(), &api.CreateAliasInput{AliasName: "alias/mine", TargetKeyId: idOf(key)}))
		context := map[string]string{"tenant": "a", "Tenant": "b"}
		for _, name := range []string{key, idOf(key), "alias/mine", "arn:aws:kms:eu-west-1:123456789012:alias/mine"} {
			enc := must[*api.EncryptOutput](t)(b.Encrypt(t.Context(), &api.EncryptInput{KeyId: name, Plaintext: []byte("secret"), EncryptionContext: context}))
			if *enc.KeyId != key || *enc.EncryptionAlgorithm != "SYMMETRIC_DEFAULT" || bytes.Contains(enc.CiphertextBlob, []byte("secret")) {
				t.Errorf("%s: %v", name, enc)
			}
			dec := must[*api.DecryptOutput](t)(b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: enc.CiphertextBlob, EncryptionContext: context, KeyId: &name}))
			if string(dec.Plaintext) != "secret" || *dec.KeyId != key || len(*dec.KeyMaterialId) != 64 {
				t.Errorf("%s: %v", name, dec)
			}
		}
		if a, c := b.encrypt(t, key, "x", nil), b.encrypt(t, key, "x", nil); bytes.Equal(a, c) {
			t.Error("the same ciphertext twice")
		}
		long := strings.Repeat("x", 4096)
		blob := b.encrypt(t, key, long, context)
		if len(blob) > 6144 || b.decrypt(t, blob, context) != long {
			t.Errorf("4096 bytes become %d", len(blob))
		}
	})
}

// TestRefusedCiphertexts checks that only what was encrypted is decrypted, by
// the right key in the right context.
func TestRefusedCiphertexts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key, wrong := b.key(t), b.key(t)
		context := map[string]string{"a": "bc"}
		blob := b.encrypt(t, key, "secret", context)
		decrypt := func(blob []byte, context map[string]string, key *string) error {
			_, err := b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob, EncryptionContext: context, KeyId: key})
			return err
		}
		for _, c := range []map[string]string{nil, {"a": "b"}, {"ab": "c"}, {"A": "bc"}, {"a": "bc", "d": ""}} {
			wantError(t, decrypt(blob, c, nil), "InvalidCiphertextException", "")
		}
		for i := range blob {
			changed := bytes.Clone(blob)
			changed[i] ^= 0x20
			if err := decrypt(changed, context, nil); err == nil {
				t.Fatalf("byte %d changed, and still decrypted", i)
			}
		}
		wantError(t, decrypt(blob[:len(blob)-1], context, nil), "InvalidCiphertextException", "")
		wantError(t, decrypt([]byte("x"), nil, nil), "InvalidCiphertextException", "")
		wantError(t, decrypt(blob, context, &wrong), "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		elsewhere := b.as(plane.RootCaller(account, "us-east-1"))
		_, err := elsewhere.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
		wantError(t, err, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
		// the owner's key, by its ARN, from another account
		stranger := b.as(plane.RootCaller(other, region))
		dec := must[*api.DecryptOutput](t)(stranger.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob, EncryptionContext: context, KeyId: &key}))
		if string(dec.Plaintext) != "secret" {
			t.Errorf("got %q", dec.Plaintext)
		}
	})
}

// TestReEncrypt checks that a ciphertext moves to another key and context.
func TestReEncrypt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		from, to := b.key(t), b.key(t)
		blob := b.encrypt(t, from, "secret", map[string]string{"a": "1"})
		out := must[*api.ReEncryptOutput](t)(b.ReEncrypt(t.Context(), &api.ReEncryptInput{
			CiphertextBlob: blob, SourceEncryptionContext: map[string]string{"a": "1"}, DestinationKeyId: to,
			DestinationEncryptionContext: map[string]string{"b": "2"},
		}))
		if *out.SourceKeyId != from || *out.KeyId != to || *out.SourceKeyMaterialId == *out.DestinationKeyMaterialId {
			t.Errorf("%v", out)
		}
		if got := b.decrypt(t, out.CiphertextBlob, map[string]string{"b": "2"}); got != "secret" {
			t.Errorf("got %q", got)
		}
		_, err := b.ReEncrypt(t.Context(), &api.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: to})
		wantError(t, err, "InvalidCiphertextException", "")
	})
}

// TestDataKeys checks the lengths of data keys, and that they can be had again.
func TestDataKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		context := map[string]string{"for": "file"}
		for _, tt := range []struct {
			in   api.GenerateDataKeyInput
			want int
		}{
			{api.GenerateDataKeyInput{KeySpec: new(api.DataKeySpecAes128)}, 16},
			{api.GenerateDataKeyInput{KeySpec: new(api.DataKeySpecAes256)}, 32},
			{api.GenerateDataKeyInput{NumberOfBytes: new(int32(1024))}, 1024},
		} {
			tt.in.KeyId, tt.in.EncryptionContext = key, context
			out := must[*api.GenerateDataKeyOutput](t)(b.GenerateDataKey(t.Context(), &tt.in))
			if len(out.Plaintext) != tt.want || *out.KeyId != key || b.decrypt(t, out.CiphertextBlob, context) != string(out.Plaintext) {
				t.Errorf("%v: %v", tt.in, out)
			}
			hidden := must[*api.GenerateDataKeyWithoutPlaintextOutput](t)(b.GenerateDataKeyWithoutPlaintext(t.Context(), &api.GenerateDataKeyWithoutPlaintextInput{
				KeyId: key, KeySpec: tt.in.KeySpec, NumberOfBytes: tt.in.NumberOfBytes,
			}))
			if len(b.decrypt(t, hidden.CiphertextBlob, nil)) != tt.want {
				t.Errorf("%v: %v", tt.in, hidden)
			}
		}
		for _, in := range []api.GenerateDataKeyInput{{}, {KeySpec: new(api.DataKeySpecAes128), NumberOfBytes: new(int32(16))}} {
			in.KeyId = key
			_, err := b.GenerateDataKey(t.Context(), &in)
			wantError(t, err, "ValidationException", "Please specify either number of bytes or key spec.")
		}
	})
}

// TestMac checks HMACs against RFC 4231's construction by another route: they
// verify, differ by key, and only for their message and algorithm.
func TestMac(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for spec, size := range map[api.KeySpec]int{"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64} {
			made := must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{KeySpec: &spec, KeyUsage: new(api.KeyUsageTypeGenerateVerifyMac)})).KeyMetadata
			a := api.MacAlgorithmSpec("HMAC_SHA_" + spec[5:])
			if d := cmp.Diff([]api.MacAlgorithmSpec{a}, made.MacAlgorithms); d != "" {
				t.Error(d)
			}
			mac := must[*api.GenerateMacOutput](t)(b.GenerateMac(t.Context(), &api.GenerateMacInput{KeyId: *made.Arn, MacAlgorithm: a, Message: []byte("m")})).Mac
			if len(mac) != size {
				t.Errorf("%s: %d bytes", spec, len(mac))
			}
			verify := func(message string, mac []byte, a api.MacAlgorithmSpec) error {
				_, err := b.VerifyMac(t.Context(), &api.VerifyMacInput{KeyId: *made.Arn, MacAlgorithm: a, Message: []byte(message), Mac: mac})
				return err
			}
			if err := verify("m", mac, a); err != nil {
				t.Error(err)
			}
			wantError(t, verify("n", mac, a), "KMSInvalidMacException", "")
			wantError(t, verify("m", mac[:10], a), "KMSInvalidMacException", "")
		}
	})
}
