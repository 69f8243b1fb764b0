package kms

import (
	"context"

	api "nephele.dev/nephele/internal/api/kms"
)

func newPair(name string) (private, public []byte, err error) {
	return nil, nil, notBuilt("key pairs of %s", name)
}

func encryptRSA(e *entry, opened *secret, a api.EncryptionAlgorithmSpec, plaintext []byte, context map[string]string) ([]byte, error) {
	return nil, notBuilt("asymmetric keys")
}

func (s *Service) decryptRSA(ctx context.Context, d *decryption) ([]byte, error) {
	return nil, notBuilt("asymmetric keys")
}
