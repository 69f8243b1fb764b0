package kms

import (
	"context"
	"errors"
	"slices"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
)

// contextLimit is how many bytes an encryption context may have.
const contextLimit = 8192

func checkContext(context map[string]string) error {
	n := 0
	for k, v := range context {
		n += len(k) + len(v)
	}
	if n > contextLimit {
		return invalid("The encryption context is longer than %d bytes.", contextLimit)
	}
	return nil
}

// ready returns a key that can do op now: it is enabled, and made for usage.
func (s *Service) ready(ctx context.Context, text, op string, usage api.KeyUsageType) (*entry, error) {
	e, err := s.find(ctx, text)
	if err != nil {
		return nil, err
	}
	if err := usable(&e.record); err != nil {
		return nil, err
	}
	if e.Doc.Usage != usage {
		return nil, api.NewInvalidKeyUsageException("%s key usage is %s which is not valid for %s.", e.arn, e.Doc.Usage, op)
	}
	if e.Doc.Manager == api.KeyManagerTypeAws {
		return s.renewed(ctx, e)
	}
	return e, nil
}

// usable refuses cryptographic operations in all states but Enabled.
func usable(r *record) error {
	switch r.Doc.State {
	case api.KeyStateEnabled:
		return nil
	case api.KeyStateDisabled:
		return api.NewDisabledException("%s is disabled.", keyARN(r.Key))
	case api.KeyStatePendingDeletion:
		return pendingDeletion(r)
	case api.KeyStatePendingImport:
		return api.NewKMSInvalidStateException("%s is pending import.", keyARN(r.Key))
	}
	return api.NewKMSInvalidStateException("%s is %s.", keyARN(r.Key), r.Doc.State)
}

func pendingDeletion(r *record) error {
	return api.NewKMSInvalidStateException("%s is pending deletion.", keyARN(r.Key))
}

// dryRun is the answer to a request that would have succeeded.
func dryRun(asked *bool) error {
	if asked != nil && *asked {
		return api.NewDryRunOperationException("The request would have succeeded, but the DryRun option is set.")
	}
	return nil
}

// algorithm is the encryption algorithm asked for; the standard is the
// symmetric one.
func algorithm(asked *api.EncryptionAlgorithmSpec) api.EncryptionAlgorithmSpec {
	if asked == nil {
		return api.EncryptionAlgorithmSpecSymmetricDefault
	}
	return *asked
}

// checkAlgorithm refuses an algorithm that a key's spec does not have.
func checkAlgorithm(e *entry, a api.EncryptionAlgorithmSpec) error {
	if slices.Contains(specs[e.Doc.Spec].encryption, a) {
		return nil
	}
	return api.NewInvalidKeyUsageException("Algorithm %s is incompatible with key spec %s.", a, e.Doc.Spec)
}

// Encrypt encrypts up to 4096 bytes; key pairs take less.
func (s *Service) Encrypt(ctx context.Context, in *api.EncryptInput) (*api.EncryptOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	e, err := s.ready(ctx, in.KeyId, "Encrypt", api.KeyUsageTypeEncryptDecrypt)
	if err != nil {
		return nil, err
	}
	a := algorithm(in.EncryptionAlgorithm)
	sealed, err := s.encrypt(e, a, in.Plaintext, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.EncryptOutput{CiphertextBlob: sealed, KeyId: &e.arn, EncryptionAlgorithm: &a}, nil
}

// encrypt encrypts with the current material of a key.
func (s *Service) encrypt(e *entry, a api.EncryptionAlgorithmSpec, plaintext []byte, context map[string]string) ([]byte, error) {
	if err := checkAlgorithm(e, a); err != nil {
		return nil, err
	}
	if err := checkContext(context); err != nil {
		return nil, err
	}
	opened, err := s.current(e)
	if err != nil {
		return nil, err
	}
	if !e.Doc.symmetric() {
		return encryptRSA(e, opened, a, plaintext, context)
	}
	return sealBlob(e.arn, e.Doc.Current, opened.raw, plaintext, context)
}

// Decrypt opens what Encrypt, ReEncrypt and the data key operations made,
// whichever material it was made with.
func (s *Service) Decrypt(ctx context.Context, in *api.DecryptInput) (*api.DecryptOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	if in.Recipient != nil {
		return nil, notBuilt("recipients with attestation documents")
	}
	if len(in.DryRunModifiers) > 0 {
		return nil, notBuilt("DryRunModifiers")
	}
	d := decryption{blob: in.CiphertextBlob, context: in.EncryptionContext, keyID: in.KeyId, algorithm: algorithm(in.EncryptionAlgorithm), op: "Decrypt"}
	opened, err := s.decrypt(ctx, &d)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &api.DecryptOutput{
		KeyId: &d.key.arn, Plaintext: opened, EncryptionAlgorithm: &d.algorithm, KeyMaterialId: d.material,
	}, nil
}

// decryption is a ciphertext to be opened, and then by which key it was.
type decryption struct {
	blob      []byte
	context   map[string]string
	keyID     *string
	algorithm api.EncryptionAlgorithmSpec
	op        string

	key      *entry
	material *string // nil for key pairs
}

func (s *Service) decrypt(ctx context.Context, d *decryption) (plaintext []byte, err error) {
	if d.algorithm != api.EncryptionAlgorithmSpecSymmetricDefault {
		return s.decryptRSA(ctx, d)
	}
	b, err := parseBlob(d.blob)
	if err != nil {
		return nil, invalidCiphertext()
	}
	if err := s.decryptionKey(ctx, d, b.arn); err != nil {
		return nil, err
	}
	opened, err := s.open(d.key, b.material)
	if absent(err) {
		if m := d.key.Doc.material(b.material); m != nil {
			return nil, api.NewKMSInvalidStateException("%s is pending import.", d.key.arn)
		}
		return nil, invalidCiphertext()
	}
	if err != nil {
		return nil, err
	}
	d.material = &b.material
	plaintext, err = b.open(opened.raw, d.context)
	if errors.Is(err, errBlob) {
		return nil, invalidCiphertext()
	}
	return plaintext, err
}

// decryptionKey finds the key that a ciphertext names. One that the request
// names too must be the same.
func (s *Service) decryptionKey(ctx context.Context, d *decryption, name string) (err error) {
	if d.keyID != nil {
		named, err := s.find(ctx, *d.keyID)
		if err != nil {
			return err
		}
		if named.arn != name {
			return api.NewIncorrectKeyException("The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	ref, err := referKey(&plane.FromContext(ctx).Caller, name)
	if err != nil {
		return noCiphertextKey()
	}
	if d.key, err = s.entry(ctx, ref.Key); absent(err) {
		return noCiphertextKey()
	}
	if err != nil {
		return err
	}
	if err := usable(&d.key.record); err != nil {
		return err
	}
	if !d.key.Doc.symmetric() {
		return invalidCiphertext()
	}
	return nil
}

func noCiphertextKey() error {
	return accessDenied("The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
}

func invalidCiphertext() error { return api.NewInvalidCiphertextException("") }

// ReEncrypt decrypts and encrypts again, without showing the plaintext.
func (s *Service) ReEncrypt(ctx context.Context, in *api.ReEncryptInput) (*api.ReEncryptOutput, error) {
	if err := s.checkTokens(ctx, in.GrantTokens); err != nil {
		return nil, err
	}
	if len(in.DryRunModifiers) > 0 {
		return nil, notBuilt("DryRunModifiers")
	}
	d := decryption{
		blob: in.CiphertextBlob, context: in.SourceEncryptionContext, keyID: in.SourceKeyId,
		algorithm: algorithm(in.SourceEncryptionAlgorithm), op: "ReEncrypt",
	}
	plaintext, err := s.decrypt(ctx, &d)
	if err != nil {
		return nil, err
	}
	e, err := s.ready(ctx, in.DestinationKeyId, "ReEncrypt", api.KeyUsageTypeEncryptDecrypt)
	if err != nil {
		return nil, err
	}
	a := algorithm(in.DestinationEncryptionAlgorithm)
	sealed, err := s.encrypt(e, a, plaintext, in.DestinationEncryptionContext)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	out := &api.ReEncryptOutput{
		CiphertextBlob: sealed, KeyId: &e.arn, DestinationEncryptionAlgorithm: &a,
		SourceKeyId: &d.key.arn, SourceEncryptionAlgorithm: &d.algorithm, SourceKeyMaterialId: d.material,
	}
	if e.Doc.symmetric() {
		out.DestinationKeyMaterialId = &e.Doc.Current
	}
	return out, nil
}
