package kms

import (
	"context"
	"crypto/rand"

	api "nephele.dev/nephele/internal/api/kms"
)

// GenerateDataKey makes a data key and encrypts it under a symmetric key.
func (s *Service) GenerateDataKey(ctx context.Context, in *api.GenerateDataKeyInput) (*api.GenerateDataKeyOutput, error) {
	if in.Recipient != nil {
		return nil, notBuilt("recipients with attestation documents")
	}
	g := generation{op: "GenerateDataKey", keyID: in.KeyId, context: in.EncryptionContext, tokens: in.GrantTokens, dryRun: in.DryRun}
	if err := g.length(in.KeySpec, in.NumberOfBytes); err != nil {
		return nil, err
	}
	sealed, err := s.generate(ctx, &g)
	if err != nil {
		return nil, err
	}
	return &api.GenerateDataKeyOutput{CiphertextBlob: sealed, Plaintext: g.plaintext, KeyId: &g.key.arn, KeyMaterialId: &g.key.Doc.Current}, nil
}

// GenerateDataKeyWithoutPlaintext makes a data key that nobody has seen yet.
func (s *Service) GenerateDataKeyWithoutPlaintext(ctx context.Context, in *api.GenerateDataKeyWithoutPlaintextInput) (*api.GenerateDataKeyWithoutPlaintextOutput, error) {
	g := generation{op: "GenerateDataKeyWithoutPlaintext", keyID: in.KeyId, context: in.EncryptionContext, tokens: in.GrantTokens, dryRun: in.DryRun}
	if err := g.length(in.KeySpec, in.NumberOfBytes); err != nil {
		return nil, err
	}
	sealed, err := s.generate(ctx, &g)
	if err != nil {
		return nil, err
	}
	return &api.GenerateDataKeyWithoutPlaintextOutput{CiphertextBlob: sealed, KeyId: &g.key.arn, KeyMaterialId: &g.key.Doc.Current}, nil
}

// generation is a data key, or a private key, to be made and encrypted.
type generation struct {
	op, keyID string
	context   map[string]string
	tokens    []string
	dryRun    *bool

	plaintext []byte // what is encrypted
	key       *entry // by which key
}

// length makes room for a data key.
func (g *generation) length(name *api.DataKeySpec, n *int32) error {
	switch {
	case (name == nil) == (n == nil):
		return invalid("Please specify either number of bytes or key spec.")
	case n != nil:
		g.plaintext = make([]byte, *n)
	case *name == api.DataKeySpecAes128:
		g.plaintext = make([]byte, 16)
	default:
		g.plaintext = make([]byte, 32)
	}
	return nil
}

// generate fills a data key with random bytes and encrypts it.
func (s *Service) generate(ctx context.Context, g *generation) ([]byte, error) {
	rand.Read(g.plaintext)
	return s.wrap(ctx, g)
}

// wrap encrypts what was generated.
func (s *Service) wrap(ctx context.Context, g *generation) ([]byte, error) {
	if err := s.checkTokens(ctx, g.tokens); err != nil {
		return nil, err
	}
	e, err := s.ready(ctx, g.keyID, g.op, api.KeyUsageTypeEncryptDecrypt)
	if err != nil {
		return nil, err
	}
	if !e.Doc.symmetric() {
		return nil, api.NewInvalidKeyUsageException("You cannot generate a data key with an asymmetric CMK")
	}
	g.key = e
	sealed, err := s.encrypt(e, api.EncryptionAlgorithmSpecSymmetricDefault, g.plaintext, g.context)
	if err != nil {
		return nil, err
	}
	return sealed, dryRun(g.dryRun)
}

// GenerateRandom returns random bytes.
func (s *Service) GenerateRandom(_ context.Context, in *api.GenerateRandomInput) (*api.GenerateRandomOutput, error) {
	switch {
	case in.CustomKeyStoreId != nil:
		return nil, notBuilt("custom key stores")
	case in.Recipient != nil:
		return nil, notBuilt("recipients with attestation documents")
	case in.NumberOfBytes == nil:
		return nil, invalid("NumberOfBytes is required.")
	}
	b := make([]byte, *in.NumberOfBytes)
	rand.Read(b)
	return &api.GenerateRandomOutput{Plaintext: b}, nil
}
