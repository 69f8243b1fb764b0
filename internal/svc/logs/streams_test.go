package logs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
)

// groupID is a group's name in the journal.
func (b *bench) groupID(t *testing.T, name string) (id string) {
	t.Helper()
	groups := store.NewCollection[struct{ ID string }]("logs.group")
	err := b.db.View(t.Context(), func(tx *store.Tx) error {
		g, err := groups.Get(tx, store.Key{Account: "000000000000", Region: "us-east-1", ID: name})
		id = g.Doc.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (b *bench) update(t *testing.T, f func(*store.Tx) error) {
	t.Helper()
	if err := b.db.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) deleteStream(t *testing.T, group, name string) {
	t.Helper()
	must[*api.DeleteLogStreamOutput](t)(b.DeleteLogStream(t.Context(), &api.DeleteLogStreamInput{LogGroupName: group, LogStreamName: name}))
}

func (b *bench) createStream(t *testing.T, group, name string) {
	t.Helper()
	must[*api.CreateLogStreamOutput](t)(b.CreateLogStream(t.Context(), &api.CreateLogStreamInput{LogGroupName: group, LogStreamName: name}))
}

// both reads a stream and its group.
func (b *bench) both(t *testing.T, group, stream string) string {
	t.Helper()
	_, got := b.get(t, api.GetLogEventsInput{LogGroupName: &group, LogStreamName: stream})
	_, filtered := b.filter(t, api.FilterLogEventsInput{LogGroupName: &group})
	return got + " / " + filtered
}

// TestOldStream reads a stream that was made before streams had ids, and makes
// it again.
func TestOldStream(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g")
		id := b.groupID(t, "g")
		old := store.NewCollection[struct{}]("logs.stream")
		b.update(t, func(tx *store.Tx) error {
			if _, err := old.Create(tx, store.Key{Account: "000000000000", Region: "us-east-1", ID: id + "/s"}, struct{}{}); err != nil {
				return err
			}
			return journal.Append(tx, id, "s", []journal.Event{{Time: time.Now(), Body: []byte("old")}})
		})
		b.put(t, "g", "s", events(time.Now().Add(time.Minute).UnixMilli(), "new"))
		if got := b.both(t, "g", "s"); got != "old new / old|new" {
			t.Errorf("old stream: %s", got)
		}
		streams := must[*api.DescribeLogStreamsOutput](t)(b.DescribeLogStreams(t.Context(), &api.DescribeLogStreamsInput{LogGroupName: new("g")}))
		if len(streams.LogStreams) != 1 || *streams.LogStreams[0].LogStreamName != "s" || streams.LogStreams[0].LastIngestionTime == nil {
			t.Errorf("listed: %+v", streams.LogStreams)
		}
		b.deleteStream(t, "g", "s")
		b.createStream(t, "g", "s")
		if got := b.both(t, "g", "s"); got != " / " {
			t.Errorf("made again: %s", got)
		}
	})
}

// TestStreamMadeAgain leaves events behind as a racing PutLogEvents may, and
// checks that nobody sees them and that they are deleted in the end.
func TestStreamMadeAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		b.put(t, "g", "s", events(minuteAgo(), "first"))
		id := b.groupID(t, "g")
		var key string
		b.update(t, func(tx *store.Tx) error {
			return tx.Row("select stream from journal_stream where log = ?", id).Scan(&key)
		})
		b.deleteStream(t, "g", "s")
		b.createStream(t, "g", "s")
		b.update(t, func(tx *store.Tx) error {
			return journal.Append(tx, id, key, []journal.Event{{Time: time.Now(), Body: []byte("late")}})
		})
		if got := b.both(t, "g", "s"); got != " / " {
			t.Errorf("made again: %s", got)
		}
		b.put(t, "g", "s", events(minuteAgo(), "second"))
		if got := b.both(t, "g", "s"); got != "second / second" {
			t.Errorf("made again, and put to: %s", got)
		}
	})
}

// TestStreamPurge checks that what comes to a deleted stream is deleted within
// minutes.
func TestStreamPurge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.start(t)
		b.create(t, "g", "s")
		b.put(t, "g", "s", events(minuteAgo(), "first"))
		id := b.groupID(t, "g")
		var key string
		b.update(t, func(tx *store.Tx) error {
			return tx.Row("select stream from journal_stream where log = ?", id).Scan(&key)
		})
		b.settle(t, func(ctx context.Context) {
			must[*api.DeleteLogStreamOutput](t)(b.DeleteLogStream(ctx, &api.DeleteLogStreamInput{LogGroupName: "g", LogStreamName: "s"}))
		})
		if n := b.rows(t, "journal_segment"); n != 0 {
			t.Errorf("%d segments left", n)
		}
		b.update(t, func(tx *store.Tx) error {
			return journal.Append(tx, id, key, []journal.Event{{Time: time.Now(), Body: []byte("late")}})
		})
		time.Sleep(11 * time.Minute)
		if s, w := b.rows(t, "journal_segment"), b.rows(t, "work"); s != 0 || w != 0 {
			t.Errorf("%d segments and %d work rows left", s, w)
		}
		if err := b.engine.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestStreamRace puts into a stream that is deleted and made again all the time:
// what is read is always of the latest.
func TestStreamRace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		var writers sync.WaitGroup
		done := make(chan struct{})
		for w := range 3 {
			writers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
					}
					in := &api.PutLogEventsInput{LogGroupName: "g", LogStreamName: "s", LogEvents: events(minuteAgo(), fmt.Sprint(w, i))}
					if _, err := b.PutLogEvents(t.Context(), in); err != nil && !awserr.Is(err, "ResourceNotFoundException") {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 10 {
			b.deleteStream(t, "g", "s")
			b.createStream(t, "g", "s")
		}
		close(done)
		writers.Wait()
		b.deleteStream(t, "g", "s")
		b.createStream(t, "g", "s")
		if got := b.both(t, "g", "s"); got != " / " {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRetentionPasses lets days pass: events disappear on time, and leave the
// disk within hours.
func TestRetentionPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.start(t)
		b.create(t, "g", "s")
		must[*api.PutRetentionPolicyOutput](t)(b.PutRetentionPolicy(t.Context(), &api.PutRetentionPolicyInput{LogGroupName: "g", RetentionInDays: 3}))
		for day := range 6 {
			b.put(t, "g", "s", events(time.Now().UnixMilli(), fmt.Sprint("day", day)))
			time.Sleep(24 * time.Hour)
		}
		time.Sleep(2 * time.Hour)
		if got := b.both(t, "g", "s"); got != "day4 day5 / day4|day5" {
			t.Errorf("after six days: %s", got)
		}
		if n := b.rows(t, "journal_segment"); n != 2 {
			t.Errorf("%d segments", n)
		}
		if err := b.engine.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestLiveTailEnds lets three hours pass over a live tail.
func TestLiveTailEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inBubble(t)
		b.create(t, "g", "s")
		began := time.Now()
		out := must[*api.StartLiveTailOutput](t)(b.StartLiveTail(t.Context(), &api.StartLiveTailInput{LogGroupIdentifiers: []string{"g"}}))
		updates, shown := 0, 0
		var failed error
		for e, err := range out.ResponseStream {
			if err != nil {
				failed = err
				break
			}
			if e.SessionUpdate == nil {
				continue
			}
			updates++
			shown += len(e.SessionUpdate.SessionResults)
			if updates%1000 == 0 {
				b.put(t, "g", "s", events(time.Now().UnixMilli(), "x"))
			}
		}
		if !awserr.Is(failed, "SessionTimeoutException") || time.Since(began).Round(time.Minute) != 3*time.Hour {
			t.Errorf("ended after %v with %v", time.Since(began), failed)
		}
		if updates < 9000 || shown != updates/1000 {
			t.Errorf("%d updates with %d events", updates, shown)
		}
	})
}

func TestListLogGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for _, name := range []string{"/aws/lambda/a", "/aws/lambda/b", "/app/lambda", "discovery"} {
			b.create(t, name)
		}
		list := func(in api.ListLogGroupsInput) (names []string) {
			t.Helper()
			for {
				out := must[*api.ListLogGroupsOutput](t)(b.ListLogGroups(t.Context(), &in))
				for _, g := range out.LogGroups {
					names = append(names, *g.LogGroupName)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
			}
		}
		all := []string{"/app/lambda", "/aws/lambda/a", "/aws/lambda/b", "discovery"}
		ia := api.LogGroupClassInfrequentAccess
		for _, tt := range []struct {
			in   api.ListLogGroupsInput
			want []string
		}{
			{api.ListLogGroupsInput{Limit: new(int32(1))}, all},
			{api.ListLogGroupsInput{LogGroupNamePattern: new("^/aws/lambda|discovery")}, all[1:]},
			{api.ListLogGroupsInput{LogGroupNamePattern: new("lambda")}, all[:3]},
			{api.ListLogGroupsInput{LogGroupNamePattern: new("Lambda")}, nil},
			{api.ListLogGroupsInput{LogGroupClass: &ia}, nil},
		} {
			if diff := cmp.Diff(tt.want, list(tt.in)); diff != "" {
				t.Errorf("%+v: %s", tt.in, diff)
			}
		}
		_, err := b.ListLogGroups(t.Context(), &api.ListLogGroupsInput{LogGroupNamePattern: new("a.*|(b)")})
		if !awserr.Is(err, "InvalidParameterException") {
			t.Errorf("a bad pattern: %v", err)
		}
	})
}

func TestResourcePolicies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g")
		put := func(in api.PutResourcePolicyInput) (*api.PutResourcePolicyOutput, error) {
			if in.PolicyDocument == nil {
				in.PolicyDocument = new(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"logs:*","Resource":"*"}}`)
			}
			return b.PutResourcePolicy(t.Context(), &in)
		}
		list := func(in api.DescribeResourcePoliciesInput) (names string) {
			t.Helper()
			for {
				out := must[*api.DescribeResourcePoliciesOutput](t)(b.DescribeResourcePolicies(t.Context(), &in))
				for _, p := range out.ResourcePolicies {
					if p.ResourceArn != nil {
						names += *p.ResourceArn
					} else {
						names += *p.PolicyName + *p.RevisionId + " "
					}
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
			}
		}
		for i := range 10 {
			must[*api.PutResourcePolicyOutput](t)(put(api.PutResourcePolicyInput{PolicyName: new(fmt.Sprint("p", i))}))
		}
		_, err := put(api.PutResourcePolicyInput{PolicyName: new("q")})
		wantError(t, err, "LimitExceededException", "Resource limit exceeded.")
		must[*api.PutResourcePolicyOutput](t)(put(api.PutResourcePolicyInput{PolicyName: new("p0"), ExpectedRevisionId: new("1")}))
		_, err = put(api.PutResourcePolicyInput{PolicyName: new("p0"), ExpectedRevisionId: new("1")})
		wantError(t, err, "OperationAbortedException", "The resource policy has another revision than expected.")
		_, err = put(api.PutResourcePolicyInput{PolicyName: new("p0"), PolicyDocument: new("{")})
		wantError(t, err, "InvalidParameterException", "The policy document must be valid JSON.")
		_, err = put(api.PutResourcePolicyInput{})
		wantError(t, err, "InvalidParameterException", "Either policyName or resourceArn must be specified.")
		if got := list(api.DescribeResourcePoliciesInput{Limit: new(int32(3))}); got != "p02 p11 p21 p31 p41 p51 p61 p71 p81 p91 " {
			t.Errorf("listed %q", got)
		}
		const arn = "arn:aws:logs:us-east-1:000000000000:log-group:g"
		must[*api.PutResourcePolicyOutput](t)(put(api.PutResourcePolicyInput{ResourceArn: new(arn)}))
		_, err = put(api.PutResourcePolicyInput{ResourceArn: new(arn + "2")})
		wantNoGroup(t, err)
		if got := list(api.DescribeResourcePoliciesInput{ResourceArn: new(arn)}); got != arn {
			t.Errorf("of the group %q", got)
		}
		must[*api.DeleteResourcePolicyOutput](t)(b.DeleteResourcePolicy(t.Context(), &api.DeleteResourcePolicyInput{PolicyName: new("p0")}))
		_, err = b.DeleteResourcePolicy(t.Context(), &api.DeleteResourcePolicyInput{PolicyName: new("p0")})
		wantError(t, err, "ResourceNotFoundException", "The specified resource policy does not exist.")
	})
}
