package kms

import (
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/store"
)

// key is a KMS key as it is stored, under its account, region and id.
type key struct {
	Spec        api.KeySpec
	Usage       api.KeyUsageType
	Origin      api.OriginType
	Manager     api.KeyManagerType
	State       api.KeyState
	Description string
	Policy      string
	Deletion    *time.Time `json:",omitempty"` // when it is destroyed; nil unless State is PendingDeletion
	Materials   []material // oldest first; empty while material is to be imported
	Current     string     `json:",omitempty"` // ID of the material that encrypts
	Public      []byte     `json:",omitempty"` // DER SubjectPublicKeyInfo of an asymmetric key
	Rotation    rotation
}

// material is one version of a key's secret.
type material struct {
	ID          string // 64 hexadecimal digits, see materialID
	Sealed      []byte `json:",omitempty"` // nil when imported material was deleted or has expired
	Created     time.Time
	Cause       api.RotationType `json:",omitempty"` // "" for the first
	Description string           `json:",omitempty"` // of imported material
	Expires     *time.Time       `json:",omitempty"` // of imported material
}

// record is a key as it was read. Cached ones are shared and must not be
// changed.
type record = store.Record[key]

// keyARN is the ARN of a key.
func keyARN(k store.Key) string { return arn.New("kms", "key", k.Region, k.Account, k.ID).String() }

// aliasARN is the ARN of an alias, whose name begins with "alias/".
func aliasARN(account, region, name string) string {
	return arn.New("kms", "", region, account, name).String()
}

// material returns the material with the given ID, or nil.
func (k *key) material(id string) *material {
	if i := slices.IndexFunc(k.Materials, func(m material) bool { return m.ID == id }); i >= 0 {
		return &k.Materials[i]
	}
	return nil
}

// symmetric reports whether the key is for symmetric encryption.
func (k *key) symmetric() bool { return k.Spec == api.KeySpecSymmetricDefault }

// metadata describes a key as DescribeKey does.
func metadata(shared *record) *api.KeyMetadata {
	r := *shared
	k := &r.Doc
	m := &api.KeyMetadata{
		AWSAccountId: &r.Account, KeyId: r.ID, Arn: new(keyARN(r.Key)), CreationDate: &r.Created,
		Enabled: new(k.State == api.KeyStateEnabled), Description: &k.Description, KeyUsage: &k.Usage, KeyState: &k.State,
		DeletionDate: k.Deletion, Origin: &k.Origin, KeyManager: &k.Manager, KeySpec: &k.Spec,
		CustomerMasterKeySpec: new(api.CustomerMasterKeySpec(k.Spec)), MultiRegion: new(false),
	}
	spec := specs[k.Spec]
	switch k.Usage {
	case api.KeyUsageTypeEncryptDecrypt:
		m.EncryptionAlgorithms = spec.encryption
	case api.KeyUsageTypeSignVerify:
		m.SigningAlgorithms = spec.signing
	case api.KeyUsageTypeGenerateVerifyMac:
		m.MacAlgorithms = spec.mac
	case api.KeyUsageTypeKeyAgreement:
		m.KeyAgreementAlgorithms = spec.agreement
	}
	if k.symmetric() && k.Current != "" {
		m.CurrentKeyMaterialId = &k.Current
	}
	if k.Origin == api.OriginTypeExternal {
		describeImport(m, k)
	}
	return m
}

// describeImport adds when imported material expires.
func describeImport(m *api.KeyMetadata, k *key) {
	current := k.material(k.Current)
	if current == nil || current.Sealed == nil {
		return
	}
	m.ExpirationModel = new(api.ExpirationModelTypeKeyMaterialDoesNotExpire)
	if current.Expires != nil {
		m.ExpirationModel, m.ValidTo = new(api.ExpirationModelTypeKeyMaterialExpires), current.Expires
	}
}
