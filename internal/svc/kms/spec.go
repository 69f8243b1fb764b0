package kms

import (
	"net/http"
	"slices"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/awserr"
)

// spec is what keys of a key spec can do.
type spec struct {
	usages     []api.KeyUsageType
	bytes      int // length of the secret; 0 for key pairs
	encryption []api.EncryptionAlgorithmSpec
	signing    []api.SigningAlgorithmSpec
	mac        []api.MacAlgorithmSpec
	agreement  []api.KeyAgreementAlgorithmSpec
}

// specs are the key specs that are built, as the developer guide's "Key spec
// reference" has them. ECC_SECG_P256K1, SM2 and ML-DSA are not.
var specs = map[api.KeySpec]spec{
	api.KeySpecSymmetricDefault: {
		usages: []api.KeyUsageType{api.KeyUsageTypeEncryptDecrypt}, bytes: 32,
		encryption: []api.EncryptionAlgorithmSpec{api.EncryptionAlgorithmSpecSymmetricDefault},
	},
	api.KeySpecHmac224: hmacSpec(28, api.MacAlgorithmSpecHmacSha224),
	api.KeySpecHmac256: hmacSpec(32, api.MacAlgorithmSpecHmacSha256),
	api.KeySpecHmac384: hmacSpec(48, api.MacAlgorithmSpecHmacSha384),
	api.KeySpecHmac512: hmacSpec(64, api.MacAlgorithmSpecHmacSha512),

	api.KeySpecRsa2048:     rsaSpec,
	api.KeySpecRsa3072:     rsaSpec,
	api.KeySpecRsa4096:     rsaSpec,
	api.KeySpecEccNistP256: curveSpec(api.SigningAlgorithmSpecEcdsaSha256),
	api.KeySpecEccNistP384: curveSpec(api.SigningAlgorithmSpecEcdsaSha384),
	api.KeySpecEccNistP521: curveSpec(api.SigningAlgorithmSpecEcdsaSha512),
	api.KeySpecEccNistEdwards25519: {
		usages:  []api.KeyUsageType{api.KeyUsageTypeSignVerify},
		signing: []api.SigningAlgorithmSpec{api.SigningAlgorithmSpecEd25519Sha512, api.SigningAlgorithmSpecEd25519PhSha512},
	},
}

var rsaSpec = spec{
	usages:     []api.KeyUsageType{api.KeyUsageTypeEncryptDecrypt, api.KeyUsageTypeSignVerify},
	encryption: []api.EncryptionAlgorithmSpec{api.EncryptionAlgorithmSpecRsaesOaepSha1, api.EncryptionAlgorithmSpecRsaesOaepSha256},
	signing: []api.SigningAlgorithmSpec{
		api.SigningAlgorithmSpecRsassaPkcs1V15Sha256, api.SigningAlgorithmSpecRsassaPkcs1V15Sha384, api.SigningAlgorithmSpecRsassaPkcs1V15Sha512,
		api.SigningAlgorithmSpecRsassaPssSha256, api.SigningAlgorithmSpecRsassaPssSha384, api.SigningAlgorithmSpecRsassaPssSha512,
	},
}

func curveSpec(algorithm api.SigningAlgorithmSpec) spec {
	return spec{
		usages:    []api.KeyUsageType{api.KeyUsageTypeSignVerify, api.KeyUsageTypeKeyAgreement},
		signing:   []api.SigningAlgorithmSpec{algorithm},
		agreement: []api.KeyAgreementAlgorithmSpec{api.KeyAgreementAlgorithmSpecEcdh},
	}
}

func hmacSpec(n int, algorithm api.MacAlgorithmSpec) spec {
	return spec{
		usages: []api.KeyUsageType{api.KeyUsageTypeGenerateVerifyMac}, bytes: n,
		mac: []api.MacAlgorithmSpec{algorithm},
	}
}

// chooseSpec decides what a new key is, from the optional members of CreateKey.
func chooseSpec(in *api.CreateKeyInput) (api.KeySpec, api.KeyUsageType, error) {
	chosen := api.KeySpecSymmetricDefault
	switch {
	case in.KeySpec != nil && in.CustomerMasterKeySpec != nil:
		return "", "", invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
	case in.KeySpec != nil:
		chosen = *in.KeySpec
	case in.CustomerMasterKeySpec != nil:
		chosen = api.KeySpec(*in.CustomerMasterKeySpec)
	}
	known, ok := specs[chosen]
	switch {
	case !ok:
		return "", "", notBuilt("keys of KeySpec %s", chosen)
	case in.KeyUsage == nil && chosen != api.KeySpecSymmetricDefault:
		return "", "", invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	case in.KeyUsage == nil:
		return chosen, api.KeyUsageTypeEncryptDecrypt, nil
	case !slices.Contains(known.usages, *in.KeyUsage):
		return "", "", invalid("KeyUsage %s is not compatible with KeySpec %s", *in.KeyUsage, chosen)
	}
	return chosen, *in.KeyUsage, nil
}

// invalid is ValidationException, which the model does not have.
func invalid(format string, args ...any) *awserr.Error {
	return awserr.New("ValidationException", http.StatusBadRequest, format, args...)
}

// notBuilt is the answer to what AWS KMS has and this service does not.
func notBuilt(format string, args ...any) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Not implemented: "+format, args...)
}

// accessDenied is AccessDeniedException, which the model does not have.
func accessDenied(format string, args ...any) *awserr.Error {
	return awserr.New("AccessDeniedException", http.StatusBadRequest, format, args...)
}
