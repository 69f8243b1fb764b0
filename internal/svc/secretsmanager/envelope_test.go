package secretsmanager

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/kms"
	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestKMSCalls: KMS is asked as the caller, through this service, for a key of
// the secret's account, and bound to the version.
func TestKMSCalls(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	name := b.create(t, "s", "one")
	want := kmsCall{
		Operation: "GenerateDataKey", Key: "arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager",
		Context: map[string]string{"SecretARN": name, "SecretVersionId": *token("v1")},
		Via:     []string{"secretsmanager.amazonaws.com"}, Account: testAccount,
	}
	if d := cmp.Diff(want, b.kms.last()); d != "" {
		t.Error(d)
	}
	b.get(ctx, "s")
	want.Operation = "Decrypt"
	if d := cmp.Diff(want, b.kms.last()); d != "" {
		t.Error(d)
	}
	other := b.as(plane.RootCaller(otherAccount, testRegion))
	if got := b.getAs(ctx, other, name); got != "one" {
		t.Error(got)
	}
	want.Account = otherAccount
	if d := cmp.Diff(want, b.kms.last()); d != "" {
		t.Error(d)
	}
	for key, full := range map[string]string{
		"alias/mine":                                          "arn:aws:kms:eu-west-1:123456789012:alias/mine",
		"1234abcd-12ab-34cd-56ef-1234567890ab":                "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:eu-west-1:210987654321:alias/somebodies": "arn:aws:kms:eu-west-1:210987654321:alias/somebodies",
	} {
		in := &api.CreateSecretInput{Name: "s" + strings.NewReplacer(":", "", "/", "").Replace(key), KmsKeyId: &key, SecretBinary: []byte{0, 255}, ClientRequestToken: token("v1")}
		if _, err := b.client.CreateSecret(ctx, in); err != nil {
			t.Fatal(err)
		}
		if got := b.kms.last().Key; got != full {
			t.Errorf("%s: %s", key, got)
		}
		list, err := b.client.ListSecretVersionIds(ctx, &api.ListSecretVersionIdsInput{SecretId: in.Name})
		if err != nil || list.Versions[0].KmsKeyIds[0] != key {
			t.Errorf("%v, %v", list, err)
		}
	}
}

// TestKMSRefuses: what KMS answers becomes what AWS answers, and nothing is
// stored.
func TestKMSRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	b.create(t, "s", "one")
	before := b.dump(t)
	const denied = "AccessDeniedException: Access to KMS is not allowed"
	for _, tt := range []struct {
		err           error
		encrypt, read string
	}{
		{awserr.New("AccessDeniedException", 400, "User x may not"), denied, denied},
		{
			kms.NewDisabledException("key is disabled."),
			"EncryptionFailure: Secrets Manager can't encrypt the secret value: key is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)",
			"DecryptionFailure: Secrets Manager can't decrypt the secret value: key is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)",
		},
		{
			kms.NewKMSInternalException("oops"),
			"InternalServiceError: We encountered an internal error. Please try again.",
			"InternalServiceError: We encountered an internal error. Please try again.",
		},
	} {
		b.kms.broken["GenerateDataKey"], b.kms.broken["Decrypt"] = tt.err, tt.err
		_, create := b.client.CreateSecret(ctx, &api.CreateSecretInput{Name: "n", SecretString: new("x"), ClientRequestToken: token("v1")})
		_, put := b.client.PutSecretValue(ctx, &api.PutSecretValueInput{SecretId: "s", SecretString: new("x"), ClientRequestToken: token("v2")})
		_, update := b.client.UpdateSecret(ctx, &api.UpdateSecretInput{SecretId: "s", Description: new("d"), SecretString: new("x"), ClientRequestToken: token("v2")})
		for _, err := range []error{create, put, update} {
			if got := refusal(err); got != tt.encrypt {
				t.Errorf("got  %s\nwant %s", got, tt.encrypt)
			}
		}
		if got := b.get(ctx, "s"); got != tt.read {
			t.Errorf("got  %s\nwant %s", got, tt.read)
		}
	}
	clear(b.kms.broken)
	if d := cmp.Diff(before, b.dump(t)); d != "" {
		t.Error(d)
	}
}

// TestMovedEnvelope: a value that somebody put into another place of the
// database does not open there.
func TestMovedEnvelope(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	mine := b.create(t, "mine", "m")
	theirs := b.create(t, "theirs", "t")
	exec := func(query string, args ...any) {
		t.Helper()
		err := b.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(query, args...); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	const failed = "DecryptionFailure: Secrets Manager can't decrypt the "
	// The whole envelope: KMS finds another context.
	exec(`update secretsmanager_version set wrapped = (select wrapped from secretsmanager_version where secret = ?),
		sealed = (select sealed from secretsmanager_version where secret = ?) where secret = ?`, theirs, theirs, mine)
	if got := b.get(t.Context(), "mine"); !strings.HasPrefix(got, failed) {
		t.Error(got)
	}
	// A kind that it was not: authenticated, too.
	exec("update secretsmanager_version set kind = 'binary' where secret = ?", theirs)
	if got := b.get(t.Context(), "theirs"); !strings.HasPrefix(got, failed) {
		t.Error(got)
	}
}

// TestNewKey: the versions in use follow their secret to a new key, unless the
// caller may not encrypt with it.
func TestNewKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	name := b.create(t, "s", "one")
	b.put(t, "s", "v2", "two")
	b.put(t, "s", "v3", "three")
	keys := func() map[string]string {
		all := map[string]string{}
		list, err := b.client.ListSecretVersionIds(ctx, &api.ListSecretVersionIdsInput{SecretId: name, IncludeDeprecated: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Versions {
			id := *v.VersionId
			all[id[:2]] = v.KmsKeyIds[0]
			out, err := b.client.GetSecretValue(ctx, &api.GetSecretValueInput{SecretId: name, VersionId: v.VersionId})
			if want := map[string]string{"v1": "one", "v2": "two", "v3": "three"}[id[:2]]; err != nil || *out.SecretString != want {
				t.Errorf("%s: %v, %v", id, out, err)
			}
		}
		return all
	}
	update := func(key string) error {
		_, err := b.client.UpdateSecret(ctx, &api.UpdateSecretInput{SecretId: name, KmsKeyId: &key})
		return err
	}
	if err := update("alias/new"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"v1": "DefaultEncryptionKey", "v2": "alias/new", "v3": "alias/new"}, keys()); d != "" {
		t.Error(d)
	}
	b.kms.broken["Encrypt"] = awserr.New("AccessDeniedException", 400, "no")
	if err := update("alias/newer"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"v1": "DefaultEncryptionKey", "v2": "alias/new", "v3": "alias/new"}, keys()); d != "" {
		t.Error(d)
	}
	b.kms.broken["Encrypt"] = kms.NewNotFoundException("no such key")
	if got := refusal(update("alias/none")); !strings.HasPrefix(got, "EncryptionFailure: ") {
		t.Error(got)
	}
	out, err := b.client.DescribeSecret(ctx, &api.DescribeSecretInput{SecretId: name})
	if err != nil || *out.KmsKeyId != "alias/newer" {
		t.Errorf("%v, %v", out, err)
	}
	delete(b.kms.broken, "Encrypt")
	if err := update(""); err != nil {
		t.Fatal(err)
	}
	if got := keys()["v3"]; got != "DefaultEncryptionKey" {
		t.Error(got)
	}
}

// TestNoPlaintextSpoken: values are in no answer of a failure and in no log,
// whether they are read, refused or break something.
func TestNoPlaintextSpoken(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := context.Background()
	b.create(t, "s", "hunter2")
	b.put(t, "s", "v2", "hunter2!")
	if got := b.get(ctx, "s"); got != "hunter2!" {
		t.Error(got)
	}
	for _, broken := range []error{kms.NewDisabledException("key is disabled."), kms.NewKMSInternalException("oops")} {
		b.kms.broken["GenerateDataKey"] = broken
		for _, in := range []*api.CreateSecretInput{
			{Name: "n", SecretString: new("hunter2"), ClientRequestToken: token("v1")},
			{Name: "n", SecretString: new("hunter2")},
			{Name: "n", SecretString: new("hunter2"), SecretBinary: []byte("hunter2"), ClientRequestToken: token("v1")},
			{Name: "n", SecretString: new(strings.Repeat("hunter2", 10000)), ClientRequestToken: token("v1")},
			{Name: "n", SecretString: new("hunter2"), ClientRequestToken: new("short")},
		} {
			_, err := b.client.CreateSecret(ctx, in)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
		}
	}
	log := b.log.String()
	if !strings.Contains(log, "GenerateDataKey") {
		t.Error("nothing is logged:", log)
	}
	if strings.Contains(log, "hunter2") || strings.Contains(log, "aHVudGVyMg") {
		t.Error("a value is in the log")
	}
}
