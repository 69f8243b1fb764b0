package kms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/store/storetest"
)

func (b *bench) pair(t testing.TB, spec api.KeySpec, usage api.KeyUsageType) (arn string, public any) {
	t.Helper()
	arn = *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{KeySpec: &spec, KeyUsage: &usage})).KeyMetadata.Arn
	out := must[*api.GetPublicKeyOutput](t)(b.GetPublicKey(t.Context(), &api.GetPublicKeyInput{KeyId: arn}))
	public, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return arn, public
}

// TestSign checks every algorithm with the public key outside of the service.
func TestSign(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	message := []byte("message")
	for spec, algorithms := range map[api.KeySpec][]api.SigningAlgorithmSpec{
		"RSA_2048": {
			"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
			"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		},
		"ECC_NIST_P256": {"ECDSA_SHA_256"}, "ECC_NIST_P384": {"ECDSA_SHA_384"}, "ECC_NIST_P521": {"ECDSA_SHA_512"},
		"ECC_NIST_EDWARDS25519": {"ED25519_SHA_512", "ED25519_PH_SHA_512"},
	} {
		key, public := b.pair(t, spec, api.KeyUsageTypeSignVerify)
		for _, a := range algorithms {
			in := &api.SignInput{KeyId: key, Message: message, SigningAlgorithm: a}
			digest512 := sha512.Sum512(message)
			if a == api.SigningAlgorithmSpecEd25519PhSha512 {
				in.Message, in.MessageType = digest512[:], new(api.MessageTypeDigest)
			}
			signature := must[*api.SignOutput](t)(b.Sign(t.Context(), in)).Signature
			if !verifies(public, a, message, signature) {
				t.Errorf("%s: the signature does not verify outside", a)
			}
			verify := func(message, signature []byte, kind *api.MessageType) error {
				_, err := b.Verify(t.Context(), &api.VerifyInput{KeyId: key, Message: message, MessageType: kind, Signature: signature, SigningAlgorithm: a})
				return err
			}
			if err := verify(in.Message, signature, in.MessageType); err != nil {
				t.Errorf("%s: %v", a, err)
			}
			wantError(t, verify(in.Message, signature[1:], in.MessageType), "KMSInvalidSignatureException", "")
			if a != "ED25519_SHA_512" {
				wantError(t, verify([]byte("x"), signature, new(api.MessageTypeDigest)), "ValidationException", "Digest is invalid length for algorithm "+string(a)+".")
			}
		}
		_, err := b.Sign(t.Context(), &api.SignInput{KeyId: key, Message: message, SigningAlgorithm: "ML_DSA_SHAKE_256"})
		wantError(t, err, "InvalidKeyUsageException", "Algorithm ML_DSA_SHAKE_256 is incompatible with key spec "+string(spec)+".")
	}
}

// verifies checks a signature with the standard library.
func verifies(public any, a api.SigningAlgorithmSpec, message, signature []byte) bool {
	d256, d384, d512 := sha256.Sum256(message), sha512.Sum384(message), sha512.Sum512(message)
	digest, hash := d512[:], crypto.SHA512
	switch {
	case strings.HasSuffix(string(a), "256"):
		digest, hash = d256[:], crypto.SHA256
	case strings.HasSuffix(string(a), "384"):
		digest, hash = d384[:], crypto.SHA384
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(string(a), "RSASSA_PSS") {
			return rsa.VerifyPSS(public, hash, digest, signature, &rsa.PSSOptions{SaltLength: len(digest)}) == nil
		}
		return rsa.VerifyPKCS1v15(public, hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case ed25519.PublicKey:
		if a == api.SigningAlgorithmSpecEd25519Sha512 {
			return ed25519.Verify(public, message, signature)
		}
		return ed25519.VerifyWithOptions(public, digest, signature, &ed25519.Options{Hash: crypto.SHA512}) == nil
	}
	return false
}

// TestEncryptRSA checks encryption under a key pair from inside and outside.
func TestEncryptRSA(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	key, public := b.pair(t, api.KeySpecRsa2048, api.KeyUsageTypeEncryptDecrypt)
	sha1, sha256Spec := api.EncryptionAlgorithmSpecRsaesOaepSha1, api.EncryptionAlgorithmSpecRsaesOaepSha256
	outside, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), []byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	out := must[*api.DecryptOutput](t)(b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: outside, KeyId: &key, EncryptionAlgorithm: &sha256Spec}))
	if string(out.Plaintext) != "secret" || out.KeyMaterialId != nil {
		t.Errorf("%v", out)
	}
	for a, most := range map[api.EncryptionAlgorithmSpec]string{sha1: "214", sha256Spec: "190"} {
		blob := must[*api.EncryptOutput](t)(b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x"), EncryptionAlgorithm: &a})).CiphertextBlob
		moved := must[*api.ReEncryptOutput](t)(b.ReEncrypt(t.Context(), &api.ReEncryptInput{
			CiphertextBlob: blob, SourceKeyId: &key, SourceEncryptionAlgorithm: &a, DestinationKeyId: b.key(t),
		}))
		if b.decrypt(t, moved.CiphertextBlob, nil) != "x" {
			t.Error("not decrypted")
		}
		_, err := b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: make([]byte, 4096), EncryptionAlgorithm: &a})
		wantError(t, err, "ValidationException", "Algorithm "+string(a)+" and key spec RSA_2048 cannot encrypt data larger than "+most+" bytes.")
	}
	_, err = b.Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	wantError(t, err, "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")
	_, err = b.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: outside, EncryptionAlgorithm: &sha256Spec})
	wantError(t, err, "ValidationException", "")
	_, err = b.GenerateDataKey(t.Context(), &api.GenerateDataKeyInput{KeyId: key, NumberOfBytes: new(int32(1))})
	wantError(t, err, "InvalidKeyUsageException", "")
}

// TestAgreement checks that both sides derive the same secret.
func TestAgreement(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	key, public := b.pair(t, api.KeySpecEccNistP256, api.KeyUsageTypeKeyAgreement)
	mine, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(peer any) (*api.DeriveSharedSecretOutput, error) {
		der, err := x509.MarshalPKIXPublicKey(peer)
		if err != nil {
			t.Fatal(err)
		}
		return b.DeriveSharedSecret(t.Context(), &api.DeriveSharedSecretInput{KeyId: key, KeyAgreementAlgorithm: api.KeyAgreementAlgorithmSpecEcdh, PublicKey: der})
	}
	theirs, err := public.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	want, err := mine.ECDH(theirs)
	if err != nil {
		t.Fatal(err)
	}
	if got := must[*api.DeriveSharedSecretOutput](t)(derive(mine.PublicKey())).SharedSecret; !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	wrong, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, err = derive(wrong.Public())
	wantError(t, err, "ValidationException", "")
}

// TestDataKeyPairs checks that the private half belongs to the public one.
func TestDataKeyPairs(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	key := b.key(t)
	for _, spec := range []api.DataKeyPairSpec{"RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519"} {
		shown := must[*api.GenerateDataKeyPairOutput](t)(b.GenerateDataKeyPair(t.Context(), &api.GenerateDataKeyPairInput{KeyId: key, KeyPairSpec: spec}))
		if b.decrypt(t, shown.PrivateKeyCiphertextBlob, nil) != string(shown.PrivateKeyPlaintext) {
			t.Errorf("%s: another key", spec)
		}
		hidden := must[*api.GenerateDataKeyPairWithoutPlaintextOutput](t)(b.GenerateDataKeyPairWithoutPlaintext(t.Context(), &api.GenerateDataKeyPairWithoutPlaintextInput{KeyId: key, KeyPairSpec: spec}))
		private, err := x509.ParsePKCS8PrivateKey([]byte(b.decrypt(t, hidden.PrivateKeyCiphertextBlob, nil)))
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
		if err != nil || !bytes.Equal(public, hidden.PublicKey) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	_, err := b.GenerateDataKeyPair(t.Context(), &api.GenerateDataKeyPairInput{KeyId: key, KeyPairSpec: "SM2"})
	wantError(t, err, "NotImplemented", "")
}
