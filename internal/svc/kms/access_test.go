package kms_test

import (
	"context"
	"fmt"
	"testing"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store/storetest"
)

// world is an evaluator that knows the identity policies of users: statements
// by ARN.
type world map[string]string

func (w world) Evaluate(_ context.Context, r policy.Request) (policy.Decision, error) {
	own := &policy.Policies{}
	if text := w[r.Principal.ARN]; text != "" {
		d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[`+text+`]}`, policy.Identity)
		if err != nil {
			return policy.Decision{}, err
		}
		own.Identity = []*policy.Document{d}
	}
	return policy.Decide(&r, own), nil
}

const (
	alice = "arn:aws:iam::123456789012:user/alice"
	bob   = "arn:aws:iam::123456789012:user/bob"
	carol = "arn:aws:iam::123456789012:user/carol"
	eve   = "arn:aws:iam::210987654321:user/eve"

	everything = `{"Effect":"Allow","Action":"kms:*","Resource":"*"}`
)

// user is a caller with the given ARN.
func user(arn string) plane.Caller {
	return plane.Caller{Account: arn[13:25], Region: region, Kind: plane.User, ARN: arn, ID: "AIDA" + arn[31:]}
}

func guarded(t *testing.T, w world) *bench {
	t.Helper()
	return newBenchWith(t, storetest.SQLite(t), seal.NewEphemeral(), w)
}

func wantAllowed(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func wantDenied(t *testing.T, what string, err error) {
	t.Helper()
	t.Run(what, func(t *testing.T) { wantError(t, err, "AccessDeniedException", "") })
}

func encryptAs(t *testing.T, b *bench, c plane.Caller, key string, context map[string]string) error {
	t.Helper()
	_, err := b.as(c).Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x"), EncryptionContext: context})
	return err
}

func decryptAs(t *testing.T, b *bench, c plane.Caller, blob []byte, context map[string]string) error {
	t.Helper()
	_, err := b.as(c).Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
	return err
}

// withPolicy makes a key whose policy has the given statements.
func (b *bench) withPolicy(t testing.TB, statements string) string {
	t.Helper()
	return *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{
		Policy: new(`{"Version":"2012-10-17","Statement":[` + statements + `]}`), BypassPolicyLockoutSafetyCheck: new(true),
	})).KeyMetadata.Arn
}

func statement(principal, action, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":%q,"Resource":"*"%s}`, principal, action, condition)
}

// TestKeyPolicies checks that a key's policy decides who may use it, and whether
// IAM policies count.
func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{alice: everything, eve: everything})
	standard := b.key(t)
	wantAllowed(t, "IAM policy, account enabled", encryptAs(t, b, user(alice), standard, nil))
	wantDenied(t, "no IAM policy", encryptAs(t, b, user(bob), standard, nil))
	wantDenied(t, "other account", encryptAs(t, b, user(eve), standard, nil))

	bobs := b.withPolicy(t, statement(bob, "kms:Encrypt", ""))
	wantAllowed(t, "named by the key policy", encryptAs(t, b, user(bob), bobs, nil))
	wantDenied(t, "IAM policy, account not enabled", encryptAs(t, b, user(alice), bobs, nil))
	wantDenied(t, "root, account not enabled", encryptAs(t, b, plane.RootCaller(account, region), bobs, nil))
	_, err := b.as(user(bob)).GenerateDataKey(t.Context(), &api.GenerateDataKeyInput{KeyId: bobs, NumberOfBytes: new(int32(1))})
	wantDenied(t, "another action", err)

	shared := b.withPolicy(t, statement("arn:aws:iam::210987654321:root", "kms:*", "")+","+statement(rootOf(account), "kms:*", ""))
	wantAllowed(t, "cross-account", encryptAs(t, b, user(eve), shared, nil))

	denied := b.withPolicy(t, statement(rootOf(account), "kms:*", "")+`,{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`)
	out := must[*api.EncryptOutput](t)(b.as(user(alice)).Encrypt(t.Context(), &api.EncryptInput{KeyId: denied, Plaintext: []byte("x")}))
	wantDenied(t, "explicit deny by the key in the ciphertext", decryptAs(t, b, user(alice), out.CiphertextBlob, nil))
	_, err = b.as(user(alice)).ReEncrypt(t.Context(), &api.ReEncryptInput{CiphertextBlob: b.encrypt(t, standard, "x", nil), DestinationKeyId: bobs})
	wantDenied(t, "re-encryption to a key of somebody else", err)
}

func rootOf(account string) string { return "arn:aws:iam::" + account + ":root" }

// TestConditions checks the condition keys of KMS.
func TestConditions(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{})
	for name, tt := range map[string]struct {
		condition string
		call      func(key string) error
		refused   func(key string) error
	}{
		"encryption context": {
			`{"StringEquals":{"kms:EncryptionContext:Tenant":"a"}}`,
			func(key string) error { return encryptAs(t, b, user(bob), key, map[string]string{"Tenant": "a"}) },
			func(key string) error { return encryptAs(t, b, user(bob), key, map[string]string{"Tenant": "b"}) },
		},
		"encryption context keys": {
			`{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["Tenant"]},"Null":{"kms:EncryptionContextKeys":"false"}}`,
			func(key string) error { return encryptAs(t, b, user(bob), key, map[string]string{"Tenant": "a"}) },
			func(key string) error {
				return encryptAs(t, b, user(bob), key, map[string]string{"Tenant": "a", "b": "c"})
			},
		},
		"request alias": {
			`{"StringEquals":{"kms:RequestAlias":"alias/request-alias"}}`,
			func(string) error { return encryptAs(t, b, user(bob), "alias/request-alias", nil) },
			func(key string) error { return encryptAs(t, b, user(bob), key, nil) },
		},
		"resource aliases": {
			`{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/resource-aliases"}}`,
			func(key string) error { return encryptAs(t, b, user(bob), key, nil) },
			nil,
		},
		"service": {
			`{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`,
			func(key string) error {
				return encryptAs(t, b, user(bob).Through("s3.amazonaws.com"), key, nil)
			},
			func(key string) error {
				return encryptAs(t, b, user(bob).Through("sqs.amazonaws.com"), key, nil)
			},
		},
		"key spec": {
			`{"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT","kms:KeyUsage":"ENCRYPT_DECRYPT","kms:KeyOrigin":"AWS_KMS"}}`,
			func(key string) error { return encryptAs(t, b, user(bob), key, nil) },
			nil,
		},
	} {
		key := b.withPolicy(t, statement(bob, "kms:Encrypt", tt.condition)+","+statement(rootOf(account), "kms:*", ""))
		switch name {
		case "request alias":
			b.alias(t, "alias/request-alias", key)
		case "resource aliases":
			b.alias(t, "alias/resource-aliases", key)
		}
		wantAllowed(t, name, tt.call(key))
		if tt.refused != nil {
			wantDenied(t, name, tt.refused(key))
		}
	}
}

// TestManagedKeyAccess checks that an AWS managed key is used through its
// service alone, from its first use on.
func TestManagedKeyAccess(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{alice: everything, eve: everything})
	const key = "alias/aws/secretsmanager"
	wantDenied(t, "directly, before it is there", encryptAs(t, b, user(alice), key, nil))
	wantDenied(t, "through another service", encryptAs(t, b, user(alice).Through("sqs.amazonaws.com"), key, nil))
	through := user(alice).Through("secretsmanager.amazonaws.com")
	out := must[*api.EncryptOutput](t)(b.as(through).Encrypt(t.Context(), &api.EncryptInput{KeyId: key, Plaintext: []byte("x")}))
	wantAllowed(t, "through its service", decryptAs(t, b, through, out.CiphertextBlob, nil))
	wantDenied(t, "directly", decryptAs(t, b, user(alice), out.CiphertextBlob, nil))
	wantDenied(t, "from another account", decryptAs(t, b, user(eve).Through("secretsmanager.amazonaws.com"), out.CiphertextBlob, nil))
	_, err := b.as(user(alice)).DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: *out.KeyId})
	wantAllowed(t, "describe", err)
}

// TestLockout checks that nobody locks himself out by accident.
func TestLockout(t *testing.T) {
	t.Parallel()
	b := guarded(t, world{alice: everything, carol: `{"Effect":"Allow","Action":["kms:CreateKey","kms:Encrypt"],"Resource":"*"}`})
	put := func(key, statements string, bypass bool) error {
		_, err := b.as(user(alice)).PutKeyPolicy(t.Context(), &api.PutKeyPolicyInput{
			KeyId: key, Policy: `{"Version":"2012-10-17","Statement":[` + statements + `]}`, BypassPolicyLockoutSafetyCheck: &bypass,
		})
		return err
	}
	const message = "The new key policy will not allow you to update the key policy in the future."
	key := b.key(t)
	wantError(t, put(key, statement(bob, "kms:*", ""), false), "MalformedPolicyDocumentException", message)
	wantError(t, put(key, statement(alice, "kms:Encrypt", ""), false), "MalformedPolicyDocumentException", message)
	wantAllowed(t, "the old policy still counts", encryptAs(t, b, user(alice), key, nil))
	wantAllowed(t, "herself", put(key, statement(alice, "kms:*", ""), false))
	wantAllowed(t, "by intention", put(key, statement(bob, "kms:*", ""), true))
	wantDenied(t, "locked out", put(key, statement(alice, "kms:*", ""), false))
	enable := `{"Version":"2012-10-17","Statement":[` + statement(rootOf(account), "kms:*", "") + `]}`
	_, err := b.as(user(carol)).CreateKey(t.Context(), &api.CreateKeyInput{Policy: &enable})
	wantError(t, err, "MalformedPolicyDocumentException", message) // her own policies do not let her
	_, err = b.as(user(alice)).CreateKey(t.Context(), &api.CreateKeyInput{Policy: &enable})
	wantAllowed(t, "through the account", err)
	_, err = b.as(user(alice)).GetKeyPolicy(t.Context(), &api.GetKeyPolicyInput{KeyId: b.key(t), PolicyName: new("other")})
	wantError(t, err, "NotFoundException", "No such policy exists")
}

func sessionOf(role string) *policy.Session {
	return &policy.Session{Role: role, RoleID: "AROAR", Name: "s"}
}
