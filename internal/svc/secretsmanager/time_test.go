package secretsmanager

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// rows counts what is stored of all secrets.
func (b *bench) rows(t *testing.T) (n int) {
	t.Helper()
	err := b.db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`select (select count(*) from secretsmanager_version) + (select count(*) from secretsmanager_label)
			+ (select count(*) from resource where kind = 'secretsmanager.secret') + (select count(*) from resource_tag)
			+ (select count(*) from work where kind = ?)`, purgeKind).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// remove deletes a secret with a recovery window.
func (b *bench) remove(t *testing.T, id string, days int64) *api.DeleteSecretOutput {
	t.Helper()
	out, err := b.client.DeleteSecret(t.Context(), &api.DeleteSecretInput{SecretId: id, RecoveryWindowInDays: &days})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRecoveryWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		ctx := t.Context()
		b.create(t, "s", "value")
		_, err := b.client.TagResource(ctx, &api.TagResourceInput{SecretId: "s", Tags: []*api.Tag{{Key: new("k"), Value: new("v")}}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if out := b.remove(t, "s", 7); !out.DeletionDate.Equal(start.Add(7 * day)) {
			t.Errorf("%v", out.DeletionDate)
		}
		time.Sleep(7*day - time.Second)
		synctest.Wait()
		if got := b.get(ctx, "s"); got != textDeleted {
			t.Error(got)
		}
		if _, err := b.client.RestoreSecret(ctx, &api.RestoreSecretInput{SecretId: "s"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * day)
		synctest.Wait()
		if got := b.get(ctx, "s"); got != "value" {
			t.Error("not restored:", got)
		}
		b.remove(t, "s", 30)
		time.Sleep(30*day + time.Minute)
		synctest.Wait()
		if got := b.get(ctx, "s"); got != textNoSecret {
			t.Error(got)
		}
		if n := b.rows(t); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// TestSuccessor: a secret that took the name of a removed one is not purged in
// its place, and has nothing of it.
func TestSuccessor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		ctx := t.Context()
		old := b.create(t, "s", "old")
		b.remove(t, "s", 7)
		for range 2 { // the second time there is nothing, and that is fine
			if _, err := b.client.DeleteSecret(ctx, &api.DeleteSecretInput{SecretId: "s", ForceDeleteWithoutRecovery: new(true)}); err != nil {
				t.Fatal(err)
			}
		}
		if n := b.rows(t); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if name := b.create(t, "s", "new"); name == old {
			t.Error("the same ARN")
		}
		time.Sleep(8 * day)
		synctest.Wait()
		if got := b.get(ctx, "s"); got != "new" {
			t.Error(got)
		}
		if got := b.get(ctx, old); got != textNoSecret {
			t.Error(got)
		}
	})
}

// TestPruning: versions without labels stay for a day, and while they are among
// the newest hundred.
func TestPruning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		count := func() int {
			n := 0
			in := &api.ListSecretVersionIdsInput{SecretId: "s", IncludeDeprecated: new(true), MaxResults: new(int32(40))}
			for {
				out, err := b.client.ListSecretVersionIds(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				n += len(out.Versions)
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return n
				}
			}
		}
		b.create(t, "s", "first")
		b.put(t, "s", "kept", "kept", "PRECIOUS")
		for i := range 120 {
			time.Sleep(time.Minute)
			b.put(t, "s", fmt.Sprint("n", i), "x")
		}
		if n := count(); n != 122 {
			t.Errorf("%d versions on the first day", n)
		}
		time.Sleep(25 * time.Hour)
		b.put(t, "s", "next", "x")
		if n := count(); n != 101 { // a hundred, and the one with a label
			t.Errorf("%d versions on the next day", n)
		}
		if got := b.get(t.Context(), "s"); got != "x" {
			t.Error(got)
		}
		v, err := b.client.GetSecretValue(t.Context(), &api.GetSecretValueInput{SecretId: "s", VersionStage: new("PRECIOUS")})
		if err != nil || *v.SecretString != "kept" {
			t.Errorf("%v, %v", v, err)
		}
	})
}

// TestAccessed: the day of the last read is kept, of the secret and of the
// version.
func TestAccessed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		ctx := t.Context()
		b.create(t, "s", "one")
		accessed := func() (secret, version *time.Time) {
			d, err := b.client.DescribeSecret(ctx, &api.DescribeSecretInput{SecretId: "s"})
			if err != nil {
				t.Fatal(err)
			}
			l, err := b.client.ListSecretVersionIds(ctx, &api.ListSecretVersionIdsInput{SecretId: "s"})
			if err != nil {
				t.Fatal(err)
			}
			return d.LastAccessedDate, l.Versions[0].LastAccessedDate
		}
		if s, v := accessed(); s != nil || v != nil {
			t.Error("never read:", s, v)
		}
		time.Sleep(49*time.Hour + 30*time.Minute) // bubbles begin at midnight
		today := time.Now().UTC().Truncate(day)
		for range 2 {
			b.get(ctx, "s")
			if s, v := accessed(); s == nil || v == nil || !s.Equal(today) || !v.Equal(today) {
				t.Error(s, v, today)
			}
		}
	})
}
