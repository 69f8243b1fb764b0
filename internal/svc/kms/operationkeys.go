package kms

import (
	"strconv"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// keyOf returns the KeyId of an input that has one, else "".
func keyOf(in any) string {
	switch in := in.(type) {
	case *api.CancelKeyDeletionInput:
		return in.KeyId
	case *api.CreateGrantInput:
		return in.KeyId
	case *api.DeleteImportedKeyMaterialInput:
		return in.KeyId
	case *api.DeriveSharedSecretInput:
		return in.KeyId
	case *api.DescribeKeyInput:
		return in.KeyId
	case *api.DisableKeyInput:
		return in.KeyId
	case *api.DisableKeyRotationInput:
		return in.KeyId
	case *api.EnableKeyInput:
		return in.KeyId
	case *api.EnableKeyRotationInput:
		return in.KeyId
	case *api.EncryptInput:
		return in.KeyId
	case *api.GenerateDataKeyInput:
		return in.KeyId
	case *api.GenerateDataKeyPairInput:
		return in.KeyId
	case *api.GenerateDataKeyPairWithoutPlaintextInput:
		return in.KeyId
	case *api.GenerateDataKeyWithoutPlaintextInput:
		return in.KeyId
	case *api.GenerateMacInput:
		return in.KeyId
	}
	return moreKeyOf(in)
}

func moreKeyOf(in any) string {
	switch in := in.(type) {
	case *api.GetKeyLastUsageInput:
		return in.KeyId
	case *api.GetKeyPolicyInput:
		return in.KeyId
	case *api.GetKeyRotationStatusInput:
		return in.KeyId
	case *api.GetParametersForImportInput:
		return in.KeyId
	case *api.GetPublicKeyInput:
		return in.KeyId
	case *api.ImportKeyMaterialInput:
		return in.KeyId
	case *api.ListGrantsInput:
		return in.KeyId
	case *api.ListKeyPoliciesInput:
		return in.KeyId
	case *api.ListKeyRotationsInput:
		return in.KeyId
	case *api.ListResourceTagsInput:
		return in.KeyId
	case *api.PutKeyPolicyInput:
		return in.KeyId
	case *api.ReplicateKeyInput:
		return in.KeyId
	case *api.RevokeGrantInput:
		return in.KeyId
	case *api.RotateKeyOnDemandInput:
		return in.KeyId
	case *api.ScheduleKeyDeletionInput:
		return in.KeyId
	case *api.SignInput:
		return in.KeyId
	case *api.TagResourceInput:
		return in.KeyId
	case *api.UntagResourceInput:
		return in.KeyId
	case *api.UpdateKeyDescriptionInput:
		return in.KeyId
	case *api.UpdatePrimaryRegionInput:
		return in.KeyId
	case *api.VerifyInput:
		return in.KeyId
	case *api.VerifyMacInput:
		return in.KeyId
	}
	return ""
}

// operationKeys are the condition keys that an input alone gives.
func operationKeys(call *plane.Call, in any) policy.Keys {
	switch in := in.(type) {
	case *api.EncryptInput:
		keys := contextKeys(in.EncryptionContext)
		keys["kms:encryptionalgorithm"] = []string{string(algorithm(in.EncryptionAlgorithm))}
		return keys
	case *api.GenerateDataKeyInput:
		return symmetricKeys(in.EncryptionContext)
	case *api.GenerateDataKeyWithoutPlaintextInput:
		return symmetricKeys(in.EncryptionContext)
	case *api.GenerateDataKeyPairInput:
		return pairKeys(in.EncryptionContext, in.KeyPairSpec)
	case *api.GenerateDataKeyPairWithoutPlaintextInput:
		return pairKeys(in.EncryptionContext, in.KeyPairSpec)
	case *api.CreateGrantInput:
		return grantKeys(call, in)
	case *api.RevokeGrantInput:
		return fromService(call)
	case *api.ListGrantsInput:
		return fromService(call)
	case *api.SignInput:
		return signKeys(in.MessageType, in.SigningAlgorithm)
	case *api.VerifyInput:
		return signKeys(in.MessageType, in.SigningAlgorithm)
	case *api.GenerateMacInput:
		return policy.Keys{"kms:macalgorithm": {string(in.MacAlgorithm)}}
	case *api.VerifyMacInput:
		return policy.Keys{"kms:macalgorithm": {string(in.MacAlgorithm)}}
	case *api.DeriveSharedSecretInput:
		return policy.Keys{"kms:keyagreementalgorithm": {string(in.KeyAgreementAlgorithm)}}
	case *api.PutKeyPolicyInput:
		return policy.Keys{"kms:bypasspolicylockoutsafetycheck": {truth(in.BypassPolicyLockoutSafetyCheck)}}
	case *api.GetParametersForImportInput:
		return policy.Keys{"kms:wrappingalgorithm": {string(in.WrappingAlgorithm)}, "kms:wrappingkeyspec": {string(in.WrappingKeySpec)}}
	case *api.ImportKeyMaterialInput:
		return importKeys(in)
	case *api.ScheduleKeyDeletionInput:
		return number("kms:scheduledeletionpendingwindowindays", in.PendingWindowInDays, longestWindow)
	case *api.EnableKeyRotationInput:
		return number("kms:rotationperiodindays", in.RotationPeriodInDays, standardPeriod)
	}
	return nil
}

func number(name string, value *int32, standard int) policy.Keys {
	if value != nil {
		standard = int(*value)
	}
	return policy.Keys{name: {strconv.Itoa(standard)}}
}

func symmetricKeys(context map[string]string) policy.Keys {
	keys := contextKeys(context)
	keys["kms:encryptionalgorithm"] = []string{string(api.EncryptionAlgorithmSpecSymmetricDefault)}
	return keys
}

func pairKeys(context map[string]string, name api.DataKeyPairSpec) policy.Keys {
	keys := symmetricKeys(context)
	keys["kms:datakeypairspec"] = []string{string(name)}
	return keys
}

func signKeys(message *api.MessageType, algorithm api.SigningAlgorithmSpec) policy.Keys {
	kind := api.MessageTypeRaw
	if message != nil {
		kind = *message
	}
	return policy.Keys{"kms:messagetype": {string(kind)}, "kms:signingalgorithm": {string(algorithm)}}
}

func importKeys(in *api.ImportKeyMaterialInput) policy.Keys {
	keys := policy.Keys{"kms:expirationmodel": {string(api.ExpirationModelTypeKeyMaterialExpires)}}
	if in.ExpirationModel != nil {
		keys["kms:expirationmodel"] = []string{string(*in.ExpirationModel)}
	}
	if in.ValidTo != nil {
		keys["kms:validto"] = []string{in.ValidTo.UTC().Format(time.RFC3339)}
	}
	return keys
}

// fromService tells whether an AWS service asks, for itself or for somebody.
func fromService(call *plane.Call) policy.Keys {
	is := call.Caller.Kind == plane.Service || len(call.Caller.Via) > 0
	return policy.Keys{"kms:grantisforawsresource": {truth(&is)}}
}

func grantKeys(call *plane.Call, in *api.CreateGrantInput) policy.Keys {
	keys := fromService(call)
	keys["kms:granteeprincipal"] = []string{in.GranteePrincipal}
	if in.RetiringPrincipal != nil {
		keys["kms:retiringprincipal"] = []string{*in.RetiringPrincipal}
	}
	for _, op := range in.Operations {
		keys["kms:grantoperations"] = append(keys["kms:grantoperations"], string(op))
	}
	if in.Constraints == nil {
		return keys
	}
	for kind, pairs := range map[string]map[string]string{
		"EncryptionContextSubset": in.Constraints.EncryptionContextSubset, "EncryptionContextEquals": in.Constraints.EncryptionContextEquals,
	} {
		if len(pairs) == 0 {
			continue
		}
		keys["kms:grantconstrainttype"] = append(keys["kms:grantconstrainttype"], kind)
		for name, value := range pairs {
			keys[pairKey(name)] = []string{value}
		}
	}
	if len(in.Constraints.EncryptionContextEquals) > 0 {
		keys[wholeKey] = []string{contextDigest(in.Constraints.EncryptionContextEquals)}
	}
	return keys
}
