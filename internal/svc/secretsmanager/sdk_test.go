package secretsmanager_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// user drives a server from outside.
type user struct {
	*nepheletest.Server
	*secretsmanager.Client
}

func start(t *testing.T, options ...nepheletest.Option) *user {
	t.Helper()
	s := nepheletest.Start(t, options...)
	return &user{s, secretsmanager.NewFromConfig(s.Config)}
}

// each runs f on servers with each database.
func each(t *testing.T, f func(t *testing.T, u *user)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.URL != "" {
			f(t, start(t, nepheletest.WithPostgres(c.URL)))
			return
		}
		f(t, start(t))
	})
}

func (u *user) create(t *testing.T, in *secretsmanager.CreateSecretInput) *secretsmanager.CreateSecretOutput {
	t.Helper()
	out, err := u.CreateSecret(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// code is the code of an error, "" of none.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestLife takes a secret from its first version to its end.
func TestLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		ctx := t.Context()
		made := u.create(t, &secretsmanager.CreateSecretInput{
			Name: new("app/db"), Description: new("d"), SecretString: new(`{"user":"u"}`), Tags: []types.Tag{{Key: new("k"), Value: new("v")}},
		})
		v2, err := u.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretBinary: []byte{0, 1, 255}})
		if err != nil || !slices.Equal(v2.VersionStages, []string{"AWSCURRENT"}) {
			t.Fatalf("%+v, %v", v2, err)
		}
		for id, want := range map[string]string{"app/db": "\x00\x01\xff", *made.ARN: "\x00\x01\xff", (*made.ARN)[:len(*made.ARN)-7]: "\x00\x01\xff"} {
			got, err := u.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
			if err != nil || string(got.SecretBinary) != want || got.SecretString != nil || *got.VersionId != *v2.VersionId {
				t.Errorf("%s: %+v, %v", id, got, err)
			}
		}
		old, err := u.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.Name, VersionStage: new("AWSPREVIOUS")})
		if err != nil || *old.SecretString != `{"user":"u"}` || *old.VersionId != *made.VersionId {
			t.Errorf("%+v, %v", old, err)
		}
		_, err = u.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: made.ARN, VersionStage: new("AWSCURRENT"), MoveToVersionId: made.VersionId, RemoveFromVersionId: v2.VersionId,
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := u.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.Name})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{*made.VersionId: {"AWSCURRENT"}, *v2.VersionId: {"AWSPREVIOUS"}}
		if diff := cmp.Diff(want, d.VersionIdsToStages); diff != "" || *d.Description != "d" || len(d.Tags) != 1 || d.KmsKeyId != nil || d.RotationEnabled != nil {
			t.Errorf("%s %+v", diff, d)
		}
		if _, err := u.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.Name}); err != nil {
			t.Fatal(err)
		}
		_, err = u.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.Name})
		if _, ok := errors.AsType[*types.InvalidRequestException](err); !ok {
			t.Error(err)
		}
		if _, err := u.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: made.Name}); err != nil {
			t.Fatal(err)
		}
		if _, err := u.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.Name, ForceDeleteWithoutRecovery: new(true)}); err != nil {
			t.Fatal(err)
		}
		_, err = u.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.Name})
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
			t.Error(err)
		}
	})
}

// TestRepetitions: calls with one token, at the same time and again, have one
// effect.
func TestRepetitions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, u *user) {
		ctx := t.Context()
		const callers = 6
		token := "11111111-2222-3333-4444-555555555555"
		together := func(f func() (string, error)) (answers []string) {
			var wg sync.WaitGroup
			answers = make([]string, callers)
			for i := range callers {
				wg.Go(func() {
					answer, err := f()
					answers[i] = answer + code(err)
				})
			}
			wg.Wait()
			slices.Sort(answers)
			return slices.Compact(answers)
		}
		if got := together(func() (string, error) {
			out, err := u.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: new("s"), SecretString: new("v"), ClientRequestToken: &token})
			if err != nil {
				return "", err
			}
			return *out.ARN + *out.VersionId, nil
		}); len(got) != 1 || !strings.HasSuffix(got[0], token) {
			t.Error(got)
		}
		next := "22222222-2222-3333-4444-555555555555"
		if got := together(func() (string, error) {
			out, err := u.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: new("s"), SecretString: new("w"), ClientRequestToken: &next})
			if err != nil {
				return "", err
			}
			return strings.Join(out.VersionStages, " "), nil
		}); !slices.Equal(got, []string{"AWSCURRENT"}) {
			t.Error(got)
		}
		list, err := u.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: new("s"), IncludeDeprecated: new(true)})
		if err != nil || len(list.Versions) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		// Different values: every version is there, and one is current.
		var n sync.Map
		together(func() (string, error) {
			out, err := u.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: new("s"), SecretString: new("x")})
			if err == nil {
				n.Store(*out.VersionId, true)
			}
			return "", err
		})
		list, err = u.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: new("s"), IncludeDeprecated: new(true)})
		stages := map[string]int{}
		for _, v := range list.Versions {
			n.Delete(*v.VersionId)
			for _, l := range v.VersionStages {
				stages[l]++
			}
		}
		n.Range(func(id, _ any) bool { t.Error("lost", id); return true })
		if d := cmp.Diff(map[string]int{"AWSCURRENT": 1, "AWSPREVIOUS": 1}, stages); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}

// TestBatches reads by ids and by filters, in pages.
func TestBatches(t *testing.T) {
	t.Parallel()
	u := start(t)
	ctx := t.Context()
	for i := range 5 {
		u.create(t, &secretsmanager.CreateSecretInput{Name: new(fmt.Sprint("b", i)), SecretString: new(fmt.Sprint("v", i))})
	}
	u.create(t, &secretsmanager.CreateSecretInput{Name: new("empty")})
	out, err := u.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"b3", "none", "b1", "empty", "a:b"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range out.SecretValues {
		got = append(got, *v.Name+"="+*v.SecretString)
	}
	for _, e := range out.Errors {
		got = append(got, *e.SecretId+": "+*e.ErrorCode)
	}
	want := []string{"b3=v3", "b1=v1", "none: ResourceNotFoundException", "empty: ResourceNotFoundException", "a:b: ValidationException"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = nil
	pages := secretsmanager.NewBatchGetSecretValuePaginator(u, &secretsmanager.BatchGetSecretValueInput{
		Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{"b"}}}, MaxResults: new(int32(2)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.SecretValues {
			got = append(got, *v.Name+"="+*v.SecretString)
		}
	}
	if d := cmp.Diff([]string{"b0=v0", "b1=v1", "b2=v2", "b3=v3", "b4=v4"}, got); d != "" {
		t.Error(d)
	}
}

// TestKeyPolicies: the policy of a KMS key decides who reads a secret, and sees
// through which service.
func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	u := start(t, nepheletest.WithAuth())
	ctx, keys := t.Context(), kms.NewFromConfig(u.Config)
	key := func(deny string) *string {
		t.Helper()
		out, err := keys.CreateKey(ctx, &kms.CreateKeyInput{Policy: new(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}` + deny + `]}`)})
		if err != nil {
			t.Fatal(err)
		}
		return out.KeyMetadata.Arn
	}
	const use = `,{"Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:Encrypt","kms:GenerateDataKey"],"Resource":"*"`
	only := key(use + `,"Condition":{"StringNotEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}}}`)
	none := key(use + `}`)

	if _, err := keys.Encrypt(ctx, &kms.EncryptInput{KeyId: only, Plaintext: []byte("x")}); code(err) != "AccessDeniedException" {
		t.Error(err)
	}
	u.create(t, &secretsmanager.CreateSecretInput{Name: new("s"), SecretString: new("v"), KmsKeyId: only})
	if got, err := u.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: new("s")}); err != nil || *got.SecretString != "v" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := u.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: new("n"), SecretString: new("v"), KmsKeyId: none})
	if code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), "Access to KMS is not allowed") {
		t.Error(err)
	}
	if _, err := keys.DisableKey(ctx, &kms.DisableKeyInput{KeyId: only}); err != nil {
		t.Fatal(err)
	}
	_, err = u.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: new("s")})
	if _, ok := errors.AsType[*types.DecryptionFailure](err); !ok {
		t.Error(err)
	}
	u.create(t, &secretsmanager.CreateSecretInput{Name: new("default"), SecretString: new("v")})
	alias, err := keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: new("alias/aws/secretsmanager")})
	if err != nil || alias.KeyMetadata.KeyManager != kmstypes.KeyManagerTypeAws {
		t.Errorf("%+v, %v", alias, err)
	}
}

// TestAtRest: after a restart everything is there, and no file under the data
// directory has a value in the clear, now or before.
func TestAtRest(t *testing.T) {
	t.Parallel()
	const plain = "correct horse battery staple"
	dir := t.TempDir()
	same := nepheletest.WithConfig(func(c *config.Config) { c.Data = dir })
	var id, version string
	t.Run("before", func(t *testing.T) {
		u := start(t, same)
		out := u.create(t, &secretsmanager.CreateSecretInput{Name: new("s"), SecretString: new(plain), Description: new("a description")})
		_, err := u.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: out.ARN, SecretBinary: []byte(plain + "!")})
		if err != nil {
			t.Fatal(err)
		}
		id, version = *out.ARN, *out.VersionId
		noPlaintext(t, dir, plain)
	})
	noPlaintext(t, dir, plain)
	t.Run("after", func(t *testing.T) {
		u := start(t, same)
		now, err := u.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil || string(now.SecretBinary) != plain+"!" {
			t.Errorf("%+v, %v", now, err)
		}
		then, err := u.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new("s"), VersionId: &version})
		if err != nil || *then.SecretString != plain || !slices.Equal(then.VersionStages, []string{"AWSPREVIOUS"}) {
			t.Errorf("%+v, %v", then, err)
		}
	})
}

// noPlaintext looks for a value in all files below a directory.
func noPlaintext(t *testing.T, dir, plain string) {
	t.Helper()
	found := false // that the search sees what is stored
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, text := range []string{plain, base64.StdEncoding.EncodeToString([]byte(plain))[:32]} {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s has the value in the clear", path)
			}
		}
		found = found || bytes.Contains(b, []byte("a description"))
		return err
	})
	if err != nil || !found {
		t.Error("the description is not there either:", err)
	}
}

// TestRandomPassword shows that the options arrive.
func TestRandomPassword(t *testing.T) {
	t.Parallel()
	u := start(t)
	seen := map[string]bool{}
	for range 10 {
		out, err := u.GetRandomPassword(t.Context(), &secretsmanager.GetRandomPasswordInput{
			PasswordLength: new(int64(20)), ExcludePunctuation: new(true), IncludeSpace: new(true),
		})
		if err != nil || len(*out.RandomPassword) != 20 || !strings.Contains(*out.RandomPassword, " ") || strings.ContainsAny(*out.RandomPassword, "!#$") {
			t.Fatalf("%v, %v", out, err)
		}
		seen[*out.RandomPassword] = true
	}
	if len(seen) != 10 {
		t.Error(seen)
	}
}
