package kms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"

	api "nephele.dev/nephele/internal/api/kms"
)

var macHashes = map[api.MacAlgorithmSpec]func() hash.Hash{
	api.MacAlgorithmSpecHmacSha224: sha256.New224,
	api.MacAlgorithmSpecHmacSha256: sha256.New,
	api.MacAlgorithmSpecHmacSha384: sha512.New384,
	api.MacAlgorithmSpecHmacSha512: sha512.New,
}

// GenerateMac makes the HMAC of a message (RFC 2104).
func (s *Service) GenerateMac(ctx context.Context, in *api.GenerateMacInput) (*api.GenerateMacOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, mac, err := s.mac(ctx, in.KeyId, "GenerateMac", in.MacAlgorithm, in.Message)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.GenerateMacOutput{KeyId: &e.arn, Mac: mac, MacAlgorithm: &in.MacAlgorithm}, nil
}

// VerifyMac compares the HMAC of a message. A wrong one is an error, as in AWS.
func (s *Service) VerifyMac(ctx context.Context, in *api.VerifyMacInput) (*api.VerifyMacOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, mac, err := s.mac(ctx, in.KeyId, "VerifyMac", in.MacAlgorithm, in.Message)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, in.Mac) {
		return nil, api.NewKMSInvalidMacException("")
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.VerifyMacOutput{KeyId: &e.arn, MacValid: new(true), MacAlgorithm: &in.MacAlgorithm}, nil
}

func (s *Service) mac(ctx context.Context, text, op string, a api.MacAlgorithmSpec, message []byte) (*entry, []byte, error) {
	e, err := s.ready(ctx, text, op, api.KeyUsageTypeGenerateVerifyMac)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(specs[e.Doc.Spec].mac, a) {
		return nil, nil, api.NewInvalidKeyUsageException("Algorithm %s is incompatible with key spec %s.", a, e.Doc.Spec)
	}
	opened, err := s.current(e)
	if err != nil {
		return nil, nil, err
	}
	m := hmac.New(macHashes[a], opened.raw)
	m.Write(message)
	return e, m.Sum(nil), nil
}
