package s3_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const dayLong = 24 * time.Hour

// rule is an enabled lifecycle rule on a prefix.
func rule(id, prefix string, change func(*api.LifecycleRule)) *api.LifecycleRule {
	r := &api.LifecycleRule{ID: &id, Status: "Enabled", Filter: &api.LifecycleRuleFilter{Prefix: &prefix}}
	change(r)
	return r
}

func days(n int32) func(*api.LifecycleRule) {
	return func(r *api.LifecycleRule) { r.Expiration = &api.LifecycleExpiration{Days: &n} }
}

func (w *world) lifecycle(t testing.TB, bucket string, rules ...*api.LifecycleRule) {
	t.Helper()
	must(w.PutBucketLifecycleConfiguration(t.Context(), &api.PutBucketLifecycleConfigurationInput{
		Bucket: bucket, LifecycleConfiguration: &api.BucketLifecycleConfiguration{Rules: rules},
	}))(t)
}

func (w *world) versioned(t testing.TB, bucket string) {
	t.Helper()
	must(w.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &api.VersioningConfiguration{Status: new(api.BucketVersioningStatus("Enabled"))},
	}))(t)
}

// newMonths is a world in which nothing ticks, so that months pass in a moment.
func newMonths(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, storetest.SQLite(t), engine.Options{Lease: 1000 * dayLong, Poll: 1000 * dayLong})
}

// holdHouse stops the flows that look for garbage all the time.
func (w *world) holdHouse(t testing.TB) {
	t.Helper()
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(w.engine.Delete(tx, "s3.garbage", "all"), w.engine.Delete(tx, "s3.orphans", "all"))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keys are the current objects of a bucket, with their classes but STANDARD.
func (w *world) keys(t testing.TB, bucket string) []string {
	t.Helper()
	keys := []string{}
	for _, o := range must(w.ListObjectsV2(t.Context(), &api.ListObjectsV2Input{Bucket: bucket}))(t).Contents {
		key := *o.Key
		if *o.StorageClass != "STANDARD" {
			key += " " + string(*o.StorageClass)
		}
		keys = append(keys, key)
	}
	return keys
}

// versions are all versions of a bucket as key, with "!" for a delete marker and
// "*" for what is current.
func (w *world) versions(t testing.TB, bucket string) []string {
	t.Helper()
	var all []string
	out := must(w.ListObjectVersions(t.Context(), &api.ListObjectVersionsInput{Bucket: bucket}))(t)
	mark := func(latest *bool) string {
		if *latest {
			return "*"
		}
		return ""
	}
	for _, v := range out.Versions {
		all = append(all, *v.Key+mark(v.IsLatest))
	}
	for _, v := range out.DeleteMarkers {
		all = append(all, *v.Key+"!"+mark(v.IsLatest))
	}
	slices.Sort(all)
	return all
}

func want(t testing.TB, what string, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s, %s: %s", time.Now().UTC().Format(time.RFC3339), what, d)
	}
}

// TestLifecycleMonths lets months pass. The bubble begins at midnight UTC.
func TestLifecycleMonths(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMonths(t)
		w.bucket(t, "bucket")
		w.holdHouse(t)
		time.Sleep(10 * time.Hour) // 10:00 on the first day
		start := time.Now()
		w.lifecycle(
			t, "bucket",
			rule("logs", "logs/", days(3)),
			rule("cold", "cold/", func(r *api.LifecycleRule) {
				r.Transitions = []*api.Transition{
					{Days: new(int32(30)), StorageClass: new(api.TransitionStorageClass("STANDARD_IA"))},
					{Days: new(int32(60)), StorageClass: new(api.TransitionStorageClass("GLACIER"))},
				}
				r.Expiration = &api.LifecycleExpiration{Days: new(int32(90))}
			}),
			rule("date", "date/", func(r *api.LifecycleRule) {
				r.Expiration = &api.LifecycleExpiration{Date: new(start.Truncate(dayLong).Add(45 * dayLong))}
			}),
			rule("tagged", "", func(r *api.LifecycleRule) {
				r.Filter = &api.LifecycleRuleFilter{And: &api.LifecycleRuleAndOperator{
					Tags: []*api.Tag{{Key: "temp", Value: "yes"}}, ObjectSizeGreaterThan: new(int64(3)),
				}}
				r.Expiration = &api.LifecycleExpiration{Days: new(int32(1))}
			}),
			rule("off", "", func(r *api.LifecycleRule) { days(1)(r); r.Status = "Disabled" }),
			rule("uploads", "", func(r *api.LifecycleRule) {
				r.AbortIncompleteMultipartUpload = &api.AbortIncompleteMultipartUpload{DaysAfterInitiation: new(int32(7))}
			}),
		)
		big := strings.Repeat("x", 128<<10)
		put := w.put(t, "bucket", "logs/a", "a")
		if got, want := *put.Expiration, `expiry-date="Wed, 05 Jan 2000 00:00:00 GMT", rule-id="logs"`; got != want {
			t.Errorf("x-amz-expiration %s, want %s", got, want)
		}
		w.put(t, "bucket", "cold/big", big)
		w.put(t, "bucket", "cold/small", "s")
		w.put(t, "bucket", "date/a", "a")
		w.put(t, "bucket", "keep", "a")
		for key, body := range map[string]string{"tag/big": "body", "tag/small": "b"} {
			must(w.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: key, Body: strings.NewReader(body), Tagging: new("temp=yes&a=b")}))(t)
		}
		upload := must(w.CreateMultipartUpload(t.Context(), &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "up"}))(t)
		must(w.UploadPart(t.Context(), &api.UploadPartInput{Bucket: "bucket", Key: "up", UploadId: *upload.UploadId, PartNumber: 1, Body: strings.NewReader("part")}))(t)
		uploads := func() int {
			return len(must(w.ListMultipartUploads(t.Context(), &api.ListMultipartUploadsInput{Bucket: "bucket"}))(t).Uploads)
		}

		at := func(day int, keys ...string) {
			t.Helper()
			time.Sleep(time.Until(start.Truncate(dayLong).Add(time.Duration(day)*dayLong + time.Minute)))
			want(t, fmt.Sprintf("day %d", day), w.keys(t, "bucket"), keys)
		}
		at(1, "cold/big", "cold/small", "date/a", "keep", "logs/a", "tag/big", "tag/small")
		at(2, "cold/big", "cold/small", "date/a", "keep", "logs/a", "tag/small")
		at(3, "cold/big", "cold/small", "date/a", "keep", "logs/a", "tag/small")
		at(4, "cold/big", "cold/small", "date/a", "keep", "tag/small")
		if uploads() != 1 {
			t.Error("the upload is gone on day 4")
		}
		at(8, "cold/big", "cold/small", "date/a", "keep", "tag/small")
		if uploads() != 0 {
			t.Error("the upload is there on day 8")
		}
		at(30, "cold/big", "cold/small", "date/a", "keep", "tag/small")
		at(31, "cold/big STANDARD_IA", "cold/small", "date/a", "keep", "tag/small")
		at(44, "cold/big STANDARD_IA", "cold/small", "date/a", "keep", "tag/small")
		at(45, "cold/big STANDARD_IA", "cold/small", "keep", "tag/small")
		w.put(t, "bucket", "date/b", "b") // a rule whose date has passed goes on
		at(46, "cold/big STANDARD_IA", "cold/small", "keep", "tag/small")
		at(61, "cold/big GLACIER", "cold/small", "keep", "tag/small")
		at(90, "cold/big GLACIER", "cold/small", "keep", "tag/small")
		at(91, "keep", "tag/small")
		must(w.DeleteBucketLifecycle(t.Context(), &api.DeleteBucketLifecycleInput{Bucket: "bucket"}))(t)
		w.put(t, "bucket", "logs/b", "b")
		at(200, "keep", "logs/b", "tag/small")
	})
}

func TestLifecycleVersions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMonths(t)
		w.bucket(t, "bucket")
		w.holdHouse(t)
		w.versioned(t, "bucket")
		w.lifecycle(
			t, "bucket",
			rule("current", "a", days(10)),
			rule("old", "", func(r *api.LifecycleRule) {
				r.NoncurrentVersionExpiration = &api.NoncurrentVersionExpiration{NoncurrentDays: new(int32(5)), NewerNoncurrentVersions: new(int32(2))}
			}),
			rule("markers", "m", func(r *api.LifecycleRule) {
				r.Expiration = &api.LifecycleExpiration{ExpiredObjectDeleteMarker: new(true)}
			}),
			rule("all old", "m", func(r *api.LifecycleRule) {
				r.NoncurrentVersionExpiration = &api.NoncurrentVersionExpiration{NoncurrentDays: new(int32(1))}
			}),
		)
		start := time.Now()
		for range 5 {
			time.Sleep(time.Hour)
			w.put(t, "bucket", "a", "a")
		}
		w.put(t, "bucket", "m", "m")
		must(w.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: "bucket", Key: "m"}))(t)
		at := func(day int, versions ...string) {
			t.Helper()
			time.Sleep(time.Until(start.Add(time.Duration(day)*dayLong + time.Minute)))
			want(t, fmt.Sprintf("day %d", day), w.versions(t, "bucket"), versions)
		}
		at(1, "a", "a", "a", "a", "a*", "m", "m!*")
		at(2, "a", "a", "a", "a", "a*") // the version of m, and then its marker
		at(6, "a", "a", "a*")           // two of those that are not current stay
		at(11, "a", "a", "a!*")         // the object has come of age, and counts as newer
		at(17, "a", "a", "a!*")
	})
}

// TestLifecycleBatches has more than a batch of each kind, on both databases,
// whose clock cannot be moved: what is to be old is made so.
func TestLifecycleBatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.versioned(t, "bucket")
		const n = 600
		for i := range n {
			w.put(t, "bucket", fmt.Sprintf("k%04d", i), "")
		}
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "k0000"}))(t)
		w.put(t, "bucket", "young", "y")
		w.lifecycle(t, "bucket", rule("all", "", func(r *api.LifecycleRule) {
			days(10)(r)
			r.NoncurrentVersionExpiration = &api.NoncurrentVersionExpiration{NoncurrentDays: new(int32(10))}
		}))
		night := func() {
			t.Helper()
			err := w.db.Update(ctx, func(tx *store.Tx) error {
				past := store.Micros(tx.Now().Add(-12 * dayLong))
				for _, q := range []string{
					`update s3_object set modified = ? where bucket = 'bucket' and key like 'k%'`,
					`update s3_version set modified = ?, retired = case when retired = 0 then 0 else modified - 1 end where key like 'k%'`,
				} {
					if _, err := tx.Exec(q, past); err != nil {
						return err
					}
				}
				_, err := tx.Exec(`update s3_version set retired = ? where retired > 0`, past)
				if err != nil {
					return err
				}
				return w.engine.Put(tx, "s3.lifecycle", "bucket", tx.Now(), nil)
			})
			if err != nil {
				t.Fatal(err)
			}
			w.untilNight(t, "bucket")
		}
		night()
		if got := w.count(t, `select count(*) from s3_object`); got != 1 {
			t.Errorf("%d objects after the first night, want the young one", got)
		}
		if got := w.count(t, `select count(*) from s3_version where marker = 1`); got != n-1 {
			t.Errorf("%d delete markers after the first night, want %d", got, n-1)
		}
		night()
		if got := w.count(t, `select count(*) from s3_version`); got != 0 {
			t.Errorf("%d versions after the second night", got)
		}
		want(t, "the young one", w.keys(t, "bucket"), []string{"young"})
	})
}

// untilNight waits until the lifecycle of a bucket has been carried out.
func (w *world) untilNight(t testing.TB, bucket string) {
	t.Helper()
	for {
		var due int64
		var now time.Time
		err := w.db.View(t.Context(), func(tx *store.Tx) error {
			now = tx.Now()
			return tx.Row(`select due_at from work where kind = 's3.lifecycle' and key = ?`, bucket).Scan(&due)
		})
		if err != nil {
			t.Fatal(err)
		}
		if store.FromMicros(due).After(now) && store.FromMicros(due).Equal(store.FromMicros(due).Truncate(dayLong)) {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the lifecycle does not end")
		}
	}
}

func (w *world) count(t testing.TB, query string) (n int) {
	t.Helper()
	if err := w.db.View(t.Context(), func(tx *store.Tx) error { return tx.Row(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLifecycleRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		none := func(*api.LifecycleRule) {}
		class := func(c string) *api.TransitionStorageClass { return new(api.TransitionStorageClass(c)) }
		for _, c := range []struct {
			code, text string
			rules      []*api.LifecycleRule
		}{
			{"MalformedXML", "", nil},
			{"InvalidRequest", "At least one action", []*api.LifecycleRule{rule("a", "", none)}},
			{"InvalidArgument", "'Days' for Expiration action must be a positive integer", []*api.LifecycleRule{rule("a", "", days(0))}},
			{"InvalidArgument", "Rule ID must be unique", []*api.LifecycleRule{rule("a", "", days(1)), rule("a", "b", days(1))}},
			{"InvalidArgument", "ID length", []*api.LifecycleRule{rule(strings.Repeat("a", 256), "", days(1))}},
			{"MalformedXML", "", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) { days(1)(r); r.Status = "On" })}},
			{"MalformedXML", "", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) { days(1)(r); r.Filter = nil })}},
			{"MalformedXML", "", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) { days(1)(r); r.Prefix = new("") })}},
			{"MalformedXML", "", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) { days(1)(r); r.Filter.Tag = &api.Tag{Key: "k"} })}},
			{"InvalidArgument", "midnight", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				r.Expiration = &api.LifecycleExpiration{Date: new(time.Date(2030, 1, 1, 1, 0, 0, 0, time.UTC))}
			})}},
			{"InvalidRequest", "mixed 'Date' and 'Days'", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				r.Expiration = &api.LifecycleExpiration{Date: new(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))}
				r.Transitions = []*api.Transition{{Days: new(int32(30)), StorageClass: class("GLACIER")}}
			})}},
			{"InvalidArgument", "greater than or equal to 30", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				r.Transitions = []*api.Transition{{Days: new(int32(29)), StorageClass: class("STANDARD_IA")}}
			})}},
			{"InvalidArgument", "must be greater than 'Days' in the Transition", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				days(30)(r)
				r.Transitions = []*api.Transition{{Days: new(int32(30)), StorageClass: class("GLACIER")}}
			})}},
			{"InvalidArgument", "NoncurrentDays", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				r.NoncurrentVersionExpiration = &api.NoncurrentVersionExpiration{}
			})}},
			{"InvalidRequest", "with Tags", []*api.LifecycleRule{rule("a", "", func(r *api.LifecycleRule) {
				r.Filter = &api.LifecycleRuleFilter{Tag: &api.Tag{Key: "k", Value: "v"}}
				r.AbortIncompleteMultipartUpload = &api.AbortIncompleteMultipartUpload{DaysAfterInitiation: new(int32(1))}
			})}},
		} {
			_, err := w.PutBucketLifecycleConfiguration(t.Context(), &api.PutBucketLifecycleConfigurationInput{
				Bucket: "bucket", LifecycleConfiguration: &api.BucketLifecycleConfiguration{Rules: c.rules},
			})
			if e := refused(t, c.code, 400, err); !strings.Contains(e.Message, c.text) {
				t.Errorf("%s: %s", c.text, e.Message)
			}
		}
		_ = refused(t, "NoSuchLifecycleConfiguration", 404, func() error {
			_, err := w.GetBucketLifecycleConfiguration(t.Context(), &api.GetBucketLifecycleConfigurationInput{Bucket: "bucket"})
			return err
		}())
	})
}
