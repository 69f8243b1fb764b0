package secretsmanager

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"net/http"
	"strings"

	"nephele.dev/nephele/internal/api/kms"
	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// envelope is an encrypted value with its encrypted key.
type envelope struct {
	Kind    string // kindString or kindBinary
	Wrapped []byte // data key, as KMS encrypted it
	Sealed  []byte // nonce, ciphertext and tag
}

// The kinds of value.
const (
	kindString = "string"
	kindBinary = "binary"
)

// defaultKey is the KMS key of secrets that name none.
const defaultKey = "alias/aws/secretsmanager"

// encryptionContext binds a data key to its version.
func encryptionContext(secret, id string) map[string]string {
	return map[string]string{"SecretARN": secret, "SecretVersionId": id}
}

// kms calls KMS as the caller, through this service.
func (s *Service) kms(call *plane.Call) kms.Client {
	return kms.Client{Invoker: s.Plane.As(call.Caller.Through(principal))}
}

// keyARN is the KMS key of a secret as KMS finds it from any account: callers
// name keys of the secret's account by their id or alias alone.
func keyARN(r *record, key string) string {
	if key == "" {
		key = defaultKey
	}
	if arn.Is(key) {
		return key
	}
	if !strings.HasPrefix(key, "alias/") {
		key = "key/" + key
	}
	return arn.ARN{Partition: arn.Partition(r.Region), Service: "kms", Region: r.Region, Account: r.Account, Resource: key}.String()
}

// encrypt puts a value into an envelope under a KMS key.
func (s *Service) encrypt(ctx context.Context, call *plane.Call, r *record, key, id string, v *value) (*version, error) {
	name, spec := secretARN(r), kms.DataKeySpecAes256
	out, err := s.kms(call).GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: keyARN(r, key), KeySpec: &spec, EncryptionContext: encryptionContext(name, id),
	})
	if err != nil {
		return nil, encryptionFailure(err)
	}
	defer clear(out.Plaintext)
	aead, err := newAEAD(out.Plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal a version of %s: %w", name, err)
	}
	e := envelope{Kind: v.kind(), Wrapped: out.CiphertextBlob}
	e.Sealed = aead.Seal(nil, nil, v.bytes(), bound(name, id, e.Kind))
	return &version{Secret: name, ID: id, Key: key, Envelope: e}, nil
}

// decrypt takes the value out of a version's envelope.
func (s *Service) decrypt(ctx context.Context, call *plane.Call, v *version) (*value, error) {
	key, err := s.unwrap(ctx, call, v)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("open a version of %s: %w", v.Secret, err)
	}
	plain, err := aead.Open(nil, nil, v.Envelope.Sealed, bound(v.Secret, v.ID, v.Envelope.Kind))
	if err != nil {
		return nil, api.NewDecryptionFailure("Secrets Manager can't decrypt the protected secret text using the provided KMS key.").Because(err)
	}
	if v.Envelope.Kind == kindBinary {
		return &value{binary: plain}, nil
	}
	return &value{text: new(string(plain))}, nil
}

// unwrap returns a version's data key.
func (s *Service) unwrap(ctx context.Context, call *plane.Call, v *version) ([]byte, error) {
	out, err := s.kms(call).Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: v.Envelope.Wrapped, EncryptionContext: encryptionContext(v.Secret, v.ID),
	})
	if err != nil {
		return nil, decryptionFailure(err)
	}
	return out.Plaintext, nil
}

// rewrap returns a version's data key encrypted under another KMS key; nil when
// the caller may not use that one to encrypt, for then versions stay as they
// are (UpdateSecret, KmsKeyId).
func (s *Service) rewrap(ctx context.Context, call *plane.Call, r *record, key string, v *version) ([]byte, error) {
	plain, err := s.unwrap(ctx, call, v)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	out, err := s.kms(call).Encrypt(ctx, &kms.EncryptInput{
		KeyId: keyARN(r, key), Plaintext: plain, EncryptionContext: encryptionContext(v.Secret, v.ID),
	})
	if awserr.Is(err, "AccessDeniedException") {
		return nil, nil
	}
	if err != nil {
		return nil, encryptionFailure(err)
	}
	return out.CiphertextBlob, nil
}

// newAEAD is AES-256-GCM under a data key, with nonces of its own choice.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// bound is what is authenticated with a value, so that it opens in its place
// alone. None of the parts can hold a NUL.
func bound(secret, id, kind string) []byte { return []byte(secret + "\x00" + id + "\x00" + kind) }

// encryptionFailure makes this service's answer of KMS's.
func encryptionFailure(err error) error {
	return keyFailure(err, api.NewEncryptionFailure, "encrypt")
}

// decryptionFailure makes this service's answer of KMS's.
func decryptionFailure(err error) error {
	return keyFailure(err, api.NewDecryptionFailure, "decrypt")
}

func keyFailure(err error, answer func(string, ...any) *awserr.Error, verb string) error {
	e := awserr.As(err)
	switch {
	case e == nil || e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented:
		return fmt.Errorf("%s with KMS: %w", verb, strip(err))
	case e.Code == "AccessDeniedException":
		return awserr.New("AccessDeniedException", http.StatusBadRequest, "Access to KMS is not allowed").Because(err)
	}
	return answer("Secrets Manager can't %s the secret value: %s (Service: AWSKMS; Status Code: %d; Error Code: %s)",
		verb, e.Message, e.Status, e.Code).Because(err)
}

// strip makes an error of ours of another service's answer, which would be
// taken for this one's.
func strip(err error) error { return fmt.Errorf("%v", err) } //nolint:errorlint // that is the point
