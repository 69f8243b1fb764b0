package kms_test

import (
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkGenerateDataKey makes data keys through the plane, with and without
// authorization by the key's policy.
func BenchmarkGenerateDataKey(b *testing.B) {
	run := func(b *testing.B, who *bench, c plane.Caller) {
		key, client := who.withPolicy(b, statement(alice, "kms:*", "")), who.as(c)
		in := &api.GenerateDataKeyInput{KeyId: key, KeySpec: new(api.DataKeySpecAes256), EncryptionContext: map[string]string{"file": "1"}}
		b.ReportAllocs()
		b.ResetTimer()
		for b.Loop() {
			must[*api.GenerateDataKeyOutput](b)(client.GenerateDataKey(b.Context(), in))
		}
	}
	b.Run("open", func(b *testing.B) { run(b, newBench(b, storetest.SQLite(b)), plane.RootCaller(account, region)) })
	b.Run("authorized", func(b *testing.B) {
		run(b, newBenchWith(b, storetest.SQLite(b), seal.NewEphemeral(), world{}), user(alice))
	})
}

// BenchmarkDecrypt opens a data key through the plane.
func BenchmarkDecrypt(b *testing.B) {
	who := newBench(b, storetest.SQLite(b))
	blob := who.encrypt(b, who.key(b), "0123456789abcdef0123456789abcdef", nil)
	in := &api.DecryptInput{CiphertextBlob: blob}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		must[*api.DecryptOutput](b)(who.Decrypt(b.Context(), in))
	}
}
