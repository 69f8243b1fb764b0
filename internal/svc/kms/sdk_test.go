package kms_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// TestSDK uses a key as a program does, on a whole server.
func TestSDK(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var o []nepheletest.Option
		if c.URL != "" {
			o = append(o, nepheletest.WithPostgres(c.URL))
		}
		server := nepheletest.Start(t, o...)
		client := kms.NewFromConfig(server.Config)
		made := must[*kms.CreateKeyOutput](t)(client.CreateKey(t.Context(), &kms.CreateKeyInput{
			Description: new("sdk"), Tags: []types.Tag{{TagKey: new("a"), TagValue: new("b")}},
		})).KeyMetadata
		alias := "alias/sdk"
		must[*kms.CreateAliasOutput](t)(client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: made.KeyId}))
		context := map[string]string{"file": "1"}
		data := must[*kms.GenerateDataKeyOutput](t)(client.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
			KeyId: &alias, KeySpec: types.DataKeySpecAes256, EncryptionContext: context,
		}))
		must[*kms.RotateKeyOnDemandOutput](t)(client.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: made.KeyId}))
		back := must[*kms.DecryptOutput](t)(client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob, EncryptionContext: context}))
		if !bytes.Equal(back.Plaintext, data.Plaintext) || *back.KeyId != *made.Arn {
			t.Errorf("%v", back)
		}
		wantSDK[*types.InvalidCiphertextException](t, second(client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})))
		wantSDK[*types.AlreadyExistsException](t, second(client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: made.KeyId})))
		wantSDK[*types.NotFoundException](t, second(client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/none")})))
		err := second(client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &alias, Plaintext: make([]byte, 4097)}))
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "ValidationException" {
			t.Errorf("4097 bytes: %v", err)
		}
		must[*kms.DisableKeyOutput](t)(client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: made.KeyId}))
		wantSDK[*types.DisabledException](t, second(client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &alias, Plaintext: []byte("x")})))
		for p := kms.NewListAliasesPaginator(client, &kms.ListAliasesInput{KeyId: made.KeyId}); p.HasMorePages(); {
			if page := must[*kms.ListAliasesOutput](t)(p.NextPage(t.Context())); *page.Aliases[0].AliasName != alias {
				t.Errorf("%v", page)
			}
		}
		server.Reset(t)
		wantSDK[*types.NotFoundException](t, second(client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: made.KeyId})))
	})
}

// second drops an output.
func second[T any](_ T, err error) error { return err }

func wantSDK[E error](t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[E](err); !ok {
		t.Errorf("got %v", err)
	}
}
