package kms_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
)

// TestCreate checks how new keys describe themselves, and which are refused.
func TestCreate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		made := must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{
			Description: new("mine"), Tags: []*api.Tag{{TagKey: "a", TagValue: "1"}, {TagKey: "b"}},
		})).KeyMetadata
		described := must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: made.KeyId})).KeyMetadata
		if d := cmp.Diff(made, described); d != "" {
			t.Error(d)
		}
		want := &api.KeyMetadata{
			AWSAccountId: new(account), KeyId: made.KeyId, Arn: new("arn:aws:kms:eu-west-1:123456789012:key/" + made.KeyId),
			CreationDate: made.CreationDate, Enabled: new(true), Description: new("mine"), KeyUsage: new(api.KeyUsageTypeEncryptDecrypt),
			KeyState: new(api.KeyStateEnabled), Origin: new(api.OriginTypeAwsKms), KeyManager: new(api.KeyManagerTypeCustomer),
			KeySpec: new(api.KeySpecSymmetricDefault), CustomerMasterKeySpec: new(api.CustomerMasterKeySpecSymmetricDefault),
			EncryptionAlgorithms: []api.EncryptionAlgorithmSpec{api.EncryptionAlgorithmSpecSymmetricDefault}, MultiRegion: new(false),
			CurrentKeyMaterialId: made.CurrentKeyMaterialId,
		}
		if d := cmp.Diff(want, made); d != "" {
			t.Error(d)
		}
		mac := api.KeyUsageTypeGenerateVerifyMac
		for _, tt := range []struct {
			in            api.CreateKeyInput
			code, message string
		}{
			{api.CreateKeyInput{KeySpec: new(api.KeySpecHmac256)}, "ValidationException", "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
			{api.CreateKeyInput{KeyUsage: &mac}, "ValidationException", "KeyUsage GENERATE_VERIFY_MAC is not compatible with KeySpec SYMMETRIC_DEFAULT"},
			{api.CreateKeyInput{KeySpec: new(api.KeySpecSm2), KeyUsage: &mac}, "NotImplemented", "Not implemented: keys of KeySpec SM2"},
			{api.CreateKeyInput{MultiRegion: new(true)}, "NotImplemented", ""},
			{api.CreateKeyInput{CustomKeyStoreId: new("cks-1")}, "NotImplemented", ""},
			{api.CreateKeyInput{Origin: new(api.OriginTypeAwsCloudhsm)}, "NotImplemented", ""},
			{api.CreateKeyInput{Policy: new("{")}, "MalformedPolicyDocumentException", ""},
			{api.CreateKeyInput{Tags: []*api.Tag{{TagKey: "a"}, {TagKey: "a"}}}, "TagException", "Duplicate tag keys"},
			{api.CreateKeyInput{Tags: []*api.Tag{{TagKey: "aws:a"}}}, "TagException", ""},
		} {
			_, err := b.CreateKey(t.Context(), &tt.in)
			wantError(t, err, tt.code, tt.message)
		}
		if got := b.keys(t); len(got) != 1 {
			t.Errorf("refused requests left keys: %v", got)
		}
	})
}

// keys lists all keys, one a page.
func (b *bench) keys(t testing.TB) (ids []string) {
	t.Helper()
	in := &api.ListKeysInput{Limit: new(int32(1))}
	for {
		out := must[*api.ListKeysOutput](t)(b.ListKeys(t.Context(), in))
		for _, k := range out.Keys {
			ids = append(ids, *k.KeyId)
		}
		if *out.Truncated != (out.NextMarker != nil) {
			t.Errorf("%v", out)
		}
		if out.NextMarker == nil {
			return ids
		}
		in.Marker = out.NextMarker
	}
}

// TestNames checks what is said of keys and aliases that are not there.
func TestNames(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		const absent = "00000000-0000-4000-8000-000000000000"
		for _, tt := range []struct{ id, message string }{
			{absent, "Key 'arn:aws:kms:eu-west-1:123456789012:key/" + absent + "' does not exist"},
			{"arn:aws:kms:eu-west-1:210987654321:key/" + absent, "Key 'arn:aws:kms:eu-west-1:210987654321:key/" + absent + "' does not exist"},
			{"mrk-d3b95762d3b95762d3b95762d3b95762", "Key 'arn:aws:kms:eu-west-1:123456789012:key/mrk-d3b95762d3b95762d3b95762d3b95762' does not exist"},
			{"fake-key-id", "Invalid keyId 'fake-key-id'"},
			{"134f2428cec14b25a1ae9048164dba47", "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"},
			{"arn:aws:kms:ap-southeast-1:123456789012:key/" + absent, "Invalid arn ap-southeast-1"},
			{"alias/none", "Alias arn:aws:kms:eu-west-1:123456789012:alias/none is not found."},
			{"alias/aws/none", "Alias arn:aws:kms:eu-west-1:123456789012:alias/aws/none is not found."},
			{"arn:aws:kms:eu-west-1:210987654321:alias/aws/s3", "Alias arn:aws:kms:eu-west-1:210987654321:alias/aws/s3 is not found."},
		} {
			_, err := b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: tt.id})
			wantError(t, err, "NotFoundException", tt.message)
		}
		key := b.key(t)
		b.alias(t, "alias/a", key)
		_, err := b.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: "alias/a"})
		wantError(t, err, "NotFoundException", "Invalid keyId 'alias/a'")
		stranger := b.as(plane.RootCaller(other, region))
		_, err = stranger.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: key})
		wantError(t, err, "AccessDeniedException", "User: arn:aws:iam::210987654321:root is not authorized to perform: kms:DisableKey on resource: "+key)
	})
}

func (b *bench) alias(t testing.TB, name, key string) {
	t.Helper()
	must[*api.CreateAliasOutput](t)(b.CreateAlias(t.Context(), &api.CreateAliasInput{AliasName: name, TargetKeyId: key}))
}

// TestAliases checks the rules of aliases and their listing.
func TestAliases(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		one, two := b.key(t), b.key(t)
		hmac := *must[*api.CreateKeyOutput](t)(b.CreateKey(t.Context(), &api.CreateKeyInput{KeySpec: new(api.KeySpecHmac256), KeyUsage: new(api.KeyUsageTypeGenerateVerifyMac)})).KeyMetadata.Arn
		b.alias(t, "alias/a", one)
		b.alias(t, "alias/b/c", one)
		create := func(name, key string) error {
			_, err := b.CreateAlias(t.Context(), &api.CreateAliasInput{AliasName: name, TargetKeyId: key})
			return err
		}
		wantError(t, create("alias/a", two), "AlreadyExistsException", "An alias with the name arn:aws:kms:eu-west-1:123456789012:alias/a already exists")
		wantError(t, create("a", two), "ValidationException", `Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
		wantError(t, create("alias/a:b", two), "ValidationException", "alias/a:b contains invalid characters for an alias")
		wantError(t, create("alias/aws/s3", two), "NotAuthorizedException", "")
		wantError(t, create("alias/n", "alias/a"), "ValidationException", "Aliases must refer to keys. Not aliases")
		update := func(name, key string) error {
			_, err := b.UpdateAlias(t.Context(), &api.UpdateAliasInput{AliasName: name, TargetKeyId: key})
			return err
		}
		wantError(t, update("alias/n", two), "NotFoundException", "Alias arn:aws:kms:eu-west-1:123456789012:alias/n is not found.")
		wantError(t, update("alias/a", hmac), "ValidationException", "")
		if err := update("alias/a", two); err != nil {
			t.Fatal(err)
		}
		if got := *must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: "alias/a"})).KeyMetadata.Arn; got != two {
			t.Errorf("alias/a is %s", got)
		}
		if d := cmp.Diff([]string{"alias/a", "alias/b/c"}, b.aliases(t, nil)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"alias/b/c"}, b.aliases(t, &one)); d != "" {
			t.Error(d)
		}
		must[*api.DeleteAliasOutput](t)(b.DeleteAlias(t.Context(), &api.DeleteAliasInput{AliasName: "alias/a"}))
		_, err := b.DeleteAlias(t.Context(), &api.DeleteAliasInput{AliasName: "alias/a"})
		wantError(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-1:123456789012:alias/a is not found.")
		_, err = b.ListAliases(t.Context(), &api.ListAliasesInput{Marker: new("x")})
		wantError(t, err, "InvalidMarkerException", "")
	})
}

// aliases lists names, one a page.
func (b *bench) aliases(t testing.TB, key *string) (names []string) {
	t.Helper()
	in := &api.ListAliasesInput{KeyId: key, Limit: new(int32(1))}
	for {
		out := must[*api.ListAliasesOutput](t)(b.ListAliases(t.Context(), in))
		for _, a := range out.Aliases {
			names = append(names, *a.AliasName)
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			return names
		}
	}
}

// TestManaged checks that AWS managed keys appear when they are first used, and
// stay as they are.
func TestManaged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		blob := b.encrypt(t, "alias/aws/secretsmanager", "secret", nil)
		if b.decrypt(t, blob, nil) != "secret" {
			t.Error("not decrypted")
		}
		m := must[*api.DescribeKeyOutput](t)(b.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: "alias/aws/secretsmanager"})).KeyMetadata
		if *m.KeyManager != api.KeyManagerTypeAws || *m.Description != "Default key that protects my AWS Secrets Manager data when no other key is defined" {
			t.Errorf("%v", m)
		}
		if d := cmp.Diff([]string{"alias/aws/secretsmanager"}, b.aliases(t, nil)); d != "" {
			t.Error(d)
		}
		rotation := must[*api.GetKeyRotationStatusOutput](t)(b.GetKeyRotationStatus(t.Context(), &api.GetKeyRotationStatusInput{KeyId: m.KeyId}))
		if !*rotation.KeyRotationEnabled || *rotation.RotationPeriodInDays != 365 {
			t.Errorf("%v", rotation)
		}
		_, err := b.ScheduleKeyDeletion(t.Context(), &api.ScheduleKeyDeletionInput{KeyId: m.KeyId})
		wantError(t, err, "UnsupportedOperationException", "")
		wantError(t, func() error {
			_, err := b.CreateAlias(t.Context(), &api.CreateAliasInput{AliasName: "alias/x", TargetKeyId: m.KeyId})
			return err
		}(), "NotAuthorizedException", "")
		elsewhere := b.as(plane.RootCaller(other, region))
		theirs := must[*api.DescribeKeyOutput](t)(elsewhere.DescribeKey(t.Context(), &api.DescribeKeyInput{KeyId: "alias/aws/secretsmanager"})).KeyMetadata
		if theirs.KeyId == m.KeyId || *theirs.AWSAccountId != other {
			t.Errorf("%v", theirs)
		}
	})
}

// TestTags checks tagging, its limit and its pages.
func TestTags(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		tag := func(from, to int) error {
			in := &api.TagResourceInput{KeyId: key}
			for i := from; i < to; i++ {
				in.Tags = append(in.Tags, &api.Tag{TagKey: fmt.Sprintf("k%02d", i), TagValue: "v"})
			}
			_, err := b.TagResource(t.Context(), in)
			return err
		}
		if err := tag(0, 50); err != nil {
			t.Fatal(err)
		}
		wantError(t, tag(50, 51), "TagException", "Too many tags")
		must[*api.UntagResourceOutput](t)(b.UntagResource(t.Context(), &api.UntagResourceInput{KeyId: key, TagKeys: []string{"k00", "k99"}}))
		in := &api.ListResourceTagsInput{KeyId: key, Limit: new(int32(20))}
		var got []string
		for {
			out := must[*api.ListResourceTagsOutput](t)(b.ListResourceTags(t.Context(), in))
			for _, tag := range out.Tags {
				got = append(got, tag.TagKey)
			}
			if in.Marker = out.NextMarker; in.Marker == nil {
				break
			}
		}
		if len(got) != 49 || got[0] != "k01" || got[48] != "k49" {
			t.Errorf("%v", got)
		}
	})
}
