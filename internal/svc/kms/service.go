package kms

import (
	"context"
	"errors"
	"log/slog"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All but Plane and Logger are required.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Seal   *seal.Sealer // seals key material
	Pages  *page.Sealer // seals the markers of listings, grant tokens and import tokens
	// Plane is asked whether a new key policy still lets its author change it;
	// without it the policy alone is looked at.
	Plane  *plane.Plane
	Logger *slog.Logger
}

// Service answers the AWS KMS API.
type Service struct {
	db     *store.DB
	engine *engine.Engine
	seal   *seal.Sealer
	pages  *page.Sealer
	plane  *plane.Plane
	log    *slog.Logger

	keys  *store.Collection[key]
	cache *cache
	stop  context.CancelFunc
}

// New returns a Service. Call Flows before the engine starts, and Close at the
// end.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		db: d.DB, engine: d.Engine, seal: d.Seal, pages: d.Pages, plane: d.Plane, log: d.Logger,
		keys: store.NewCollection[key]("kms.key"), cache: newCache(d.DB.Dialect() == store.SQLite),
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if d.DB.Dialect() == store.PostgreSQL {
		d.DB.Listen(ctx, changedChannel, func(name string) { s.cache.forget(keyOfWork(name)) })
	}
	return s
}

// Handlers returns the operations. Custom key stores, multi-Region keys and
// GetKeyLastUsage are missing.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		CancelKeyDeletion:                   s.CancelKeyDeletion,
		CreateAlias:                         s.CreateAlias,
		CreateGrant:                         s.CreateGrant,
		CreateKey:                           s.CreateKey,
		Decrypt:                             s.Decrypt,
		DeleteAlias:                         s.DeleteAlias,
		DeleteImportedKeyMaterial:           s.DeleteImportedKeyMaterial,
		DeriveSharedSecret:                  s.DeriveSharedSecret,
		DescribeKey:                         s.DescribeKey,
		DisableKey:                          s.DisableKey,
		DisableKeyRotation:                  s.DisableKeyRotation,
		EnableKey:                           s.EnableKey,
		EnableKeyRotation:                   s.EnableKeyRotation,
		Encrypt:                             s.Encrypt,
		GenerateDataKey:                     s.GenerateDataKey,
		GenerateDataKeyPair:                 s.GenerateDataKeyPair,
		GenerateDataKeyPairWithoutPlaintext: s.GenerateDataKeyPairWithoutPlaintext,
		GenerateDataKeyWithoutPlaintext:     s.GenerateDataKeyWithoutPlaintext,
		GenerateMac:                         s.GenerateMac,
		GenerateRandom:                      s.GenerateRandom,
		GetKeyPolicy:                        s.GetKeyPolicy,
		GetKeyRotationStatus:                s.GetKeyRotationStatus,
		GetParametersForImport:              s.GetParametersForImport,
		GetPublicKey:                        s.GetPublicKey,
		ImportKeyMaterial:                   s.ImportKeyMaterial,
		ListAliases:                         s.ListAliases,
		ListGrants:                          s.ListGrants,
		ListKeyPolicies:                     s.ListKeyPolicies,
		ListKeyRotations:                    s.ListKeyRotations,
		ListKeys:                            s.ListKeys,
		ListResourceTags:                    s.ListResourceTags,
		ListRetirableGrants:                 s.ListRetirableGrants,
		PutKeyPolicy:                        s.PutKeyPolicy,
		ReEncrypt:                           s.ReEncrypt,
		RetireGrant:                         s.RetireGrant,
		RevokeGrant:                         s.RevokeGrant,
		RotateKeyOnDemand:                   s.RotateKeyOnDemand,
		ScheduleKeyDeletion:                 s.ScheduleKeyDeletion,
		Sign:                                s.Sign,
		TagResource:                         s.TagResource,
		UntagResource:                       s.UntagResource,
		UpdateAlias:                         s.UpdateAlias,
		UpdateKeyDescription:                s.UpdateKeyDescription,
		Verify:                              s.Verify,
		VerifyMac:                           s.VerifyMac,
	}.Table()
}

// Reset drops what is in memory of keys that are no more.
func (s *Service) Reset() { s.cache.drop() }

// Close stops listening for changes that other replicas make.
func (s *Service) Close(context.Context) error {
	s.stop()
	return nil
}

// absent reports whether err says that a record is not there.
func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
