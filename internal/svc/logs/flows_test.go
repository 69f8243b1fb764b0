package logs_test

import (
	"context"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/store"
)

// rows counts rows of a table.
func (b *bench) rows(t *testing.T, table string) (n int) {
	t.Helper()
	err := b.db.View(t.Context(), func(tx *store.Tx) error { return tx.Row("select count(*) from " + table).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// settle makes a call and waits until the work it put is done.
func (b *bench) settle(t *testing.T, call func(ctx context.Context)) {
	t.Helper()
	ctx, wait := b.engine.Track(t.Context())
	call(ctx)
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) start(t *testing.T) {
	t.Helper()
	if err := b.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.engine.Stop(context.Background()) })
}

// TestRetention checks that old events disappear from answers and from disk.
func TestRetention(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.start(t)
		b.create(t, "g", "s")
		old := time.Now().Add(-30 * time.Hour).UnixMilli()
		b.put(t, "g", "s", events(old, "old"))
		b.put(t, "g", "s", events(minuteAgo(), "young"))
		_, err := b.PutRetentionPolicy(t.Context(), &api.PutRetentionPolicyInput{LogGroupName: "g", RetentionInDays: 2})
		wantError(t, err, "InvalidParameterException", "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]")
		if n := b.rows(t, "journal_segment"); n != 2 {
			t.Fatalf("%d segments", n)
		}
		b.settle(t, func(ctx context.Context) {
			must[*api.PutRetentionPolicyOutput](t)(b.PutRetentionPolicy(ctx, &api.PutRetentionPolicyInput{LogGroupName: "g", RetentionInDays: 1}))
		})
		if n := b.rows(t, "journal_segment"); n != 1 {
			t.Errorf("%d segments after retention", n)
		}
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s"}); got != "young" {
			t.Errorf("left: %q", got)
		}
		out := must[*api.DescribeLogGroupsOutput](t)(b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{}))
		if g := out.LogGroups[0]; *g.RetentionInDays != 1 || *g.StoredBytes != int64(len("young")) {
			t.Errorf("group = %+v", g)
		}
		must[*api.DeleteRetentionPolicyOutput](t)(b.DeleteRetentionPolicy(t.Context(), &api.DeleteRetentionPolicyInput{LogGroupName: "g"}))
		out = must[*api.DescribeLogGroupsOutput](t)(b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{}))
		if out.LogGroups[0].RetentionInDays != nil || b.rows(t, "work") != 0 {
			t.Errorf("retention %v and %d work rows left", out.LogGroups[0].RetentionInDays, b.rows(t, "work"))
		}
		_, err = b.PutRetentionPolicy(t.Context(), &api.PutRetentionPolicyInput{LogGroupName: "none", RetentionInDays: 1})
		wantNoGroup(t, err)
	})
}

// TestDeleteGroup checks that nothing of a deleted group stays, and that its
// name may be used again.
func TestDeleteGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.start(t)
		b.create(t, "g", "s", "r")
		b.put(t, "g", "s", events(minuteAgo(), "x"))
		must[*api.PutRetentionPolicyOutput](t)(b.PutRetentionPolicy(t.Context(), &api.PutRetentionPolicyInput{LogGroupName: "g", RetentionInDays: 1}))
		must[*api.PutLogGroupDeletionProtectionOutput](t)(b.PutLogGroupDeletionProtection(t.Context(),
			&api.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: "g", DeletionProtectionEnabled: true}))
		_, err := b.DeleteLogGroup(t.Context(), &api.DeleteLogGroupInput{LogGroupName: "g"})
		wantError(t, err, "ValidationException", "The log group g cannot be deleted because deletion protection is enabled.")
		must[*api.PutLogGroupDeletionProtectionOutput](t)(b.PutLogGroupDeletionProtection(t.Context(),
			&api.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: "arn:aws:logs:us-east-1:000000000000:log-group:g"}))
		b.settle(t, func(ctx context.Context) {
			must[*api.DeleteLogGroupOutput](t)(b.DeleteLogGroup(ctx, &api.DeleteLogGroupInput{LogGroupName: "g"}))
		})
		for _, table := range []string{"resource", "resource_tag", "journal_segment", "journal_stream"} {
			if n := b.rows(t, table); n != 0 {
				t.Errorf("%s has %d rows left", table, n)
			}
		}
		b.create(t, "g", "s")
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s"}); got != "" {
			t.Errorf("a group made again holds %q", got)
		}
	})
}
