package kms

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

const (
	importPurpose = "kms.import"
	importFor     = 24 * time.Hour       // how long an import token is good
	expireWithin  = 365 * 24 * time.Hour // imported material expires this much later at most
)

// importToken is what an import token holds, sealed for its key: nothing of an
// import is kept until the material is there.
type importToken struct {
	Private   []byte // PKCS #8 of the pair that the material is wrapped with
	Algorithm api.EncryptionAlgorithmSpec
	Expires   time.Time
}

// GetParametersForImport makes a key pair to wrap key material with. Wrapping
// by RSAES_OAEP_SHA_1 and RSAES_OAEP_SHA_256 is built.
func (s *Service) GetParametersForImport(ctx context.Context, in *api.GetParametersForImportInput) (*api.GetParametersForImportOutput, error) {
	e, err := s.importable(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	a := api.EncryptionAlgorithmSpec(in.WrappingAlgorithm)
	if a != api.EncryptionAlgorithmSpecRsaesOaepSha1 && a != api.EncryptionAlgorithmSpecRsaesOaepSha256 {
		return nil, notBuilt("WrappingAlgorithm %s", in.WrappingAlgorithm)
	}
	private, public, err := newPair(string(in.WrappingKeySpec))
	if err != nil {
		return nil, err
	}
	t := importToken{Private: private, Algorithm: a, Expires: time.Now().Add(importFor).UTC().Truncate(time.Second)}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode import token: %w", err)
	}
	sealed, err := s.seal.Seal(importPurpose, text, e.Account, e.Region, e.ID)
	if err != nil {
		return nil, fmt.Errorf("seal import token: %w", err)
	}
	return &api.GetParametersForImportOutput{KeyId: &e.arn, ImportToken: sealed, PublicKey: public, ParametersValidTo: &t.Expires}, nil
}

// importable returns a key that takes material from outside.
func (s *Service) importable(ctx context.Context, text string) (*entry, error) {
	e, err := s.ownKey(ctx, text)
	if err != nil {
		return nil, err
	}
	if e.Doc.Origin != api.OriginTypeExternal {
		return nil, wrongOrigin(&e.record)
	}
	if e.Doc.State == api.KeyStatePendingDeletion {
		return nil, pendingDeletion(&e.record)
	}
	return e, nil
}

// ImportKeyMaterial gives a key its material. Once it had some, it takes the
// same only.
func (s *Service) ImportKeyMaterial(ctx context.Context, in *api.ImportKeyMaterialInput) (*api.ImportKeyMaterialOutput, error) {
	if in.ImportType != nil && *in.ImportType == api.ImportTypeNewKeyMaterial {
		return nil, notBuilt("rotation of imported key material")
	}
	e, err := s.importable(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	expires, err := expiry(in)
	if err != nil {
		return nil, err
	}
	raw, err := s.unwrapImport(e, in.ImportToken, in.EncryptedKeyMaterial)
	if err != nil {
		return nil, err
	}
	fresh, err := s.sealMaterial(e.Key, raw, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	fresh.Expires = expires
	if in.KeyMaterialDescription != nil {
		fresh.Description = *in.KeyMaterialDescription
	}
	if in.KeyMaterialId != nil && *in.KeyMaterialId != fresh.ID {
		return nil, incorrectMaterial()
	}
	err = s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error { return s.imported(tx, r, fresh) })
	if err != nil {
		return nil, err
	}
	return &api.ImportKeyMaterialOutput{KeyId: &e.arn, KeyMaterialId: &fresh.ID}, nil
}

func incorrectMaterial() error {
	return api.NewIncorrectKeyMaterialException("The key material in the request is, expired, invalid, or is not the same key material that was previously imported into this KMS key.")
}

// imported stores imported material and has the engine delete it when it
// expires.
func (s *Service) imported(tx *store.Tx, r *record, fresh material) error {
	k := &r.Doc
	if k.State == api.KeyStatePendingDeletion {
		return pendingDeletion(r)
	}
	if k.Current != "" && k.Current != fresh.ID {
		return incorrectMaterial()
	}
	k.Materials, k.Current = []material{fresh}, fresh.ID
	if k.State == api.KeyStatePendingImport {
		k.State = api.KeyStateEnabled
	}
	if fresh.Expires == nil {
		return s.engine.Delete(tx, expireKind, workKey(r.Key))
	}
	return s.engine.Put(tx, expireKind, workKey(r.Key), *fresh.Expires, nil)
}

// expiry is when imported material is to expire; nil is never.
func expiry(in *api.ImportKeyMaterialInput) (*time.Time, error) {
	never := in.ExpirationModel != nil && *in.ExpirationModel == api.ExpirationModelTypeKeyMaterialDoesNotExpire
	switch {
	case never && in.ValidTo != nil:
		return nil, invalid("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case never:
		return nil, nil
	case in.ValidTo == nil:
		return nil, invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case time.Until(*in.ValidTo) <= 0 || time.Until(*in.ValidTo) > expireWithin:
		return nil, invalid("The validTo date must be in the future, and within 365 days.")
	}
	return in.ValidTo, nil
}

// unwrapImport opens an import token, and with it the material.
func (s *Service) unwrapImport(e *entry, sealed, wrapped []byte) ([]byte, error) {
	text, err := s.seal.Open(importPurpose, sealed, e.Account, e.Region, e.ID)
	if errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrLost) {
		return nil, api.NewInvalidImportTokenException("The import token is invalid or is associated with a different KMS key.")
	}
	if err != nil {
		return nil, fmt.Errorf("open import token: %w", err)
	}
	var t importToken
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("decode import token: %w", err)
	}
	if time.Now().After(t.Expires) {
		return nil, api.NewExpiredImportTokenException("The import token is expired.")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(t.Private)
	private, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("read the key of an import token: %w", err)
	}
	raw, err := rsa.DecryptOAEP(oaepHash(t.Algorithm), nil, private, wrapped, nil)
	if err != nil || len(raw) != specs[e.Doc.Spec].bytes {
		return nil, invalidCiphertext()
	}
	return raw, nil
}

// DeleteImportedKeyMaterial makes a key useless until the same material is
// imported again.
func (s *Service) DeleteImportedKeyMaterial(ctx context.Context, in *api.DeleteImportedKeyMaterialInput) (*api.DeleteImportedKeyMaterialOutput, error) {
	out := &api.DeleteImportedKeyMaterialOutput{}
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if r.Doc.Origin != api.OriginTypeExternal {
			return wrongOrigin(r)
		}
		if in.KeyMaterialId != nil && *in.KeyMaterialId != r.Doc.Current {
			return api.NewNotFoundException("Key material '%s' does not exist", *in.KeyMaterialId)
		}
		out.KeyId, out.KeyMaterialId = new(keyARN(r.Key)), new(r.Doc.Current)
		forget(&r.Doc)
		return s.engine.Delete(tx, expireKind, workKey(r.Key))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// forget deletes imported material, but not its ID.
func forget(k *key) {
	kept := make([]material, len(k.Materials))
	for i, m := range k.Materials {
		m.Sealed, m.Expires = nil, nil
		kept[i] = m
	}
	k.Materials = kept
	if k.State != api.KeyStatePendingDeletion {
		k.State = api.KeyStatePendingImport
	}
}

// expire deletes imported material whose time is over.
func (s *Service) expire(ctx context.Context, w *engine.Work) (engine.Next, error) {
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		r, err := s.keys.Get(tx, keyOfWork(w.Key))
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		forget(&r.Doc)
		return s.put(tx, &r)
	})
}
