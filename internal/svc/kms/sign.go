package kms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/kms"
)

// Sign signs a message of up to 4096 bytes, or a digest.
func (s *Service) Sign(ctx context.Context, in *api.SignInput) (*api.SignOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.signer(ctx, in.KeyId, "Sign", in.SigningAlgorithm)
	if err != nil {
		return nil, err
	}
	message, err := toSign(in.SigningAlgorithm, in.MessageType, in.Message)
	if err != nil {
		return nil, err
	}
	opened, err := s.current(e)
	if err != nil {
		return nil, err
	}
	private, ok := opened.private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("the material of %s cannot sign", e.arn)
	}
	signature, err := private.Sign(rand.Reader, message, signerOptions(in.SigningAlgorithm))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.SignOutput{KeyId: &e.arn, Signature: signature, SigningAlgorithm: &in.SigningAlgorithm}, nil
}

// Verify checks a signature. A wrong one is an error, as in AWS.
func (s *Service) Verify(ctx context.Context, in *api.VerifyInput) (*api.VerifyOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.signer(ctx, in.KeyId, "Verify", in.SigningAlgorithm)
	if err != nil {
		return nil, err
	}
	message, err := toSign(in.SigningAlgorithm, in.MessageType, in.Message)
	if err != nil {
		return nil, err
	}
	public, err := x509.ParsePKIXPublicKey(e.Doc.Public)
	if err != nil {
		return nil, fmt.Errorf("read the public key of %s: %w", e.arn, err)
	}
	if verify(public, in.SigningAlgorithm, message, in.Signature) != nil {
		return nil, api.NewKMSInvalidSignatureException("")
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.VerifyOutput{KeyId: &e.arn, SignatureValid: new(true), SigningAlgorithm: &in.SigningAlgorithm}, nil
}

func (s *Service) signer(ctx context.Context, text, op string, a api.SigningAlgorithmSpec) (*entry, error) {
	e, err := s.ready(ctx, text, op, api.KeyUsageTypeSignVerify)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(specs[e.Doc.Spec].signing, a) {
		return nil, api.NewInvalidKeyUsageException("Algorithm %s is incompatible with key spec %s.", a, e.Doc.Spec)
	}
	return e, nil
}

// signHash is the hash of a signing algorithm; 0 where the message itself is
// signed.
func signHash(a api.SigningAlgorithmSpec) crypto.Hash {
	switch {
	case a == api.SigningAlgorithmSpecEd25519Sha512:
		return 0
	case strings.HasSuffix(string(a), "256"):
		return crypto.SHA256
	case strings.HasSuffix(string(a), "384"):
		return crypto.SHA384
	}
	return crypto.SHA512
}

// toSign is what is signed: the message, or its digest. Ed25519 takes the
// message alone and Ed25519ph the digest alone (FIPS 186-5, 7.6 and 7.8).
func toSign(a api.SigningAlgorithmSpec, kind *api.MessageType, message []byte) ([]byte, error) {
	raw := kind == nil || *kind == api.MessageTypeRaw
	h := signHash(a)
	switch {
	case kind != nil && *kind == api.MessageTypeExternalMu:
		return nil, notBuilt("MessageType EXTERNAL_MU")
	case a == api.SigningAlgorithmSpecEd25519Sha512 && !raw, a == api.SigningAlgorithmSpecEd25519PhSha512 && raw:
		return nil, invalid("The message type is not valid for algorithm %s.", a)
	case h == 0:
		return message, nil
	case raw:
		d := h.New()
		d.Write(message)
		return d.Sum(nil), nil
	case len(message) != h.Size():
		return nil, invalid("Digest is invalid length for algorithm %s.", a)
	}
	return message, nil
}

func signerOptions(a api.SigningAlgorithmSpec) crypto.SignerOpts {
	h := signHash(a)
	switch {
	case strings.HasPrefix(string(a), "RSASSA_PSS"):
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
	case strings.HasPrefix(string(a), "ED25519"):
		return &ed25519.Options{Hash: h}
	}
	return h
}

// verify checks a signature by the algorithm and the kind of key.
func verify(public crypto.PublicKey, a api.SigningAlgorithmSpec, message, signature []byte) error {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if o, ok := signerOptions(a).(*rsa.PSSOptions); ok {
			return rsa.VerifyPSS(public, o.Hash, message, signature, o)
		}
		return rsa.VerifyPKCS1v15(public, signHash(a), message, signature)
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(public, message, signature) {
			return nil
		}
	case ed25519.PublicKey:
		return ed25519.VerifyWithOptions(public, message, signature, &ed25519.Options{Hash: signHash(a)})
	}
	return errors.New("the signature does not match")
}

// DeriveSharedSecret agrees on a secret with the owner of another key pair
// (NIST SP 800-56A, 5.7.1.2: the x-coordinate).
func (s *Service) DeriveSharedSecret(ctx context.Context, in *api.DeriveSharedSecretInput) (*api.DeriveSharedSecretOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	if in.Recipient != nil {
		return nil, notBuilt("recipients with attestation documents")
	}
	e, err := s.ready(ctx, in.KeyId, "DeriveSharedSecret", api.KeyUsageTypeKeyAgreement)
	if err != nil {
		return nil, err
	}
	opened, err := s.current(e)
	if err != nil {
		return nil, err
	}
	shared, err := agree(e, opened, in.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.DeriveSharedSecretOutput{
		KeyId: &e.arn, SharedSecret: shared, KeyAgreementAlgorithm: &in.KeyAgreementAlgorithm, KeyOrigin: new(e.Doc.Origin),
	}, nil
}

func agree(e *entry, opened *secret, peer []byte) ([]byte, error) {
	private, ok := opened.private.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the material of %s cannot agree on keys", e.arn)
	}
	parsed, err := x509.ParsePKIXPublicKey(peer)
	public, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || public.Curve != private.Curve {
		return nil, invalid("The public key is not a valid key of KeySpec %s.", e.Doc.Spec)
	}
	mine, err := private.ECDH()
	if err != nil {
		return nil, fmt.Errorf("agree on a key: %w", err)
	}
	theirs, err := public.ECDH()
	if err != nil {
		return nil, invalid("The public key is not a valid key of KeySpec %s.", e.Doc.Spec)
	}
	return mine.ECDH(theirs)
}
