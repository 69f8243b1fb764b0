package kms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSAES_OAEP_SHA_1 is one of AWS's algorithms, and OAEP does not need collision resistance
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"hash"

	api "nephele.dev/nephele/internal/api/kms"
)

// newPair makes a key pair of a key spec: PKCS #8 and SubjectPublicKeyInfo, in
// DER.
func newPair(name string) (private, public []byte, err error) {
	pair, err := generatePair(name)
	if err != nil {
		return nil, nil, err
	}
	if private, err = x509.MarshalPKCS8PrivateKey(pair); err != nil {
		return nil, nil, fmt.Errorf("encode private key: %w", err)
	}
	if public, err = x509.MarshalPKIXPublicKey(pair.Public()); err != nil {
		return nil, nil, fmt.Errorf("encode public key: %w", err)
	}
	return private, public, nil
}

func generatePair(name string) (crypto.Signer, error) {
	switch api.KeySpec(name) {
	case api.KeySpecRsa2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case api.KeySpecRsa3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case api.KeySpecRsa4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case api.KeySpecEccNistP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case api.KeySpecEccNistP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case api.KeySpecEccNistP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case api.KeySpecEccNistEdwards25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, notBuilt("key pairs of %s", name)
}

// GetPublicKey returns the public half of a key pair.
func (s *Service) GetPublicKey(ctx context.Context, in *api.GetPublicKeyInput) (*api.GetPublicKeyOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.find(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if e.Doc.Public == nil {
		return nil, api.NewUnsupportedOperationException("%s key spec is %s which is not valid for GetPublicKey.", e.arn, e.Doc.Spec)
	}
	if err := usable(&e.record); err != nil {
		return nil, err
	}
	m := metadata(&e.record)
	return &api.GetPublicKeyOutput{
		KeyId: m.Arn, PublicKey: e.Doc.Public, CustomerMasterKeySpec: m.CustomerMasterKeySpec, KeySpec: m.KeySpec, KeyUsage: m.KeyUsage,
		EncryptionAlgorithms: m.EncryptionAlgorithms, SigningAlgorithms: m.SigningAlgorithms, KeyAgreementAlgorithms: m.KeyAgreementAlgorithms,
	}, nil
}

// GenerateDataKeyPair makes a key pair and encrypts its private half under a
// symmetric key.
func (s *Service) GenerateDataKeyPair(ctx context.Context, in *api.GenerateDataKeyPairInput) (*api.GenerateDataKeyPairOutput, error) {
	if in.Recipient != nil {
		return nil, notBuilt("recipients with attestation documents")
	}
	g := generation{op: "GenerateDataKeyPair", keyID: in.KeyId, context: in.EncryptionContext, tokens: in.GrantTokens, dryRun: in.DryRun}
	sealed, public, err := s.generatePair(ctx, &g, in.KeyPairSpec)
	if err != nil {
		return nil, err
	}
	return &api.GenerateDataKeyPairOutput{
		PrivateKeyCiphertextBlob: sealed, PrivateKeyPlaintext: g.plaintext, PublicKey: public,
		KeyId: &g.key.arn, KeyPairSpec: &in.KeyPairSpec, KeyMaterialId: &g.key.Doc.Current,
	}, nil
}

// GenerateDataKeyPairWithoutPlaintext makes a key pair whose private half
// nobody has seen yet.
func (s *Service) GenerateDataKeyPairWithoutPlaintext(ctx context.Context, in *api.GenerateDataKeyPairWithoutPlaintextInput) (*api.GenerateDataKeyPairWithoutPlaintextOutput, error) {
	g := generation{op: "GenerateDataKeyPairWithoutPlaintext", keyID: in.KeyId, context: in.EncryptionContext, tokens: in.GrantTokens, dryRun: in.DryRun}
	sealed, public, err := s.generatePair(ctx, &g, in.KeyPairSpec)
	if err != nil {
		return nil, err
	}
	return &api.GenerateDataKeyPairWithoutPlaintextOutput{
		PrivateKeyCiphertextBlob: sealed, PublicKey: public,
		KeyId: &g.key.arn, KeyPairSpec: &in.KeyPairSpec, KeyMaterialId: &g.key.Doc.Current,
	}, nil
}

func (s *Service) generatePair(ctx context.Context, g *generation, name api.DataKeyPairSpec) (sealed, public []byte, err error) {
	if g.plaintext, public, err = newPair(string(name)); err != nil {
		return nil, nil, err
	}
	sealed, err = s.wrap(ctx, g)
	return sealed, public, err
}

// oaepHash is the hash of an RSA encryption algorithm.
func oaepHash(a api.EncryptionAlgorithmSpec) hash.Hash {
	if a == api.EncryptionAlgorithmSpecRsaesOaepSha1 {
		return sha1.New() //nolint:gosec // see the import
	}
	return sha256.New()
}

// encryptRSA encrypts under a key pair (RFC 8017, RSAES-OAEP). What comes out
// names no key.
func encryptRSA(e *entry, opened *secret, a api.EncryptionAlgorithmSpec, plaintext []byte, context map[string]string) ([]byte, error) {
	if len(context) > 0 {
		return nil, invalid("You cannot specify an encryption context with an asymmetric KMS key.")
	}
	private, ok := opened.private.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the material of %s is no RSA key", e.arn)
	}
	h := oaepHash(a)
	if most := private.Size() - 2*h.Size() - 2; len(plaintext) > most {
		return nil, invalid("Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", a, e.Doc.Spec, most)
	}
	return rsa.EncryptOAEP(h, rand.Reader, &private.PublicKey, plaintext, nil)
}

// decryptRSA opens what was encrypted under a key pair, which the request must
// name.
func (s *Service) decryptRSA(ctx context.Context, d *decryption) (plaintext []byte, err error) {
	if d.keyID == nil {
		return nil, invalid("The KeyId parameter is required when the ciphertext was encrypted under an asymmetric KMS key.")
	}
	if d.key, err = s.ready(ctx, *d.keyID, d.op, api.KeyUsageTypeEncryptDecrypt); err != nil {
		return nil, err
	}
	if err := checkAlgorithm(d.key, d.algorithm); err != nil {
		return nil, err
	}
	if len(d.context) > 0 {
		return nil, invalid("You cannot specify an encryption context with an asymmetric KMS key.")
	}
	opened, err := s.current(d.key)
	if err != nil {
		return nil, err
	}
	private, ok := opened.private.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the material of %s is no RSA key", d.key.arn)
	}
	if plaintext, err = rsa.DecryptOAEP(oaepHash(d.algorithm), nil, private, d.blob, nil); err != nil {
		return nil, invalidCiphertext()
	}
	return plaintext, nil
}
