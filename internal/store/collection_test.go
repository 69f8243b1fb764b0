package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

type thing struct {
	Name  string
	Count int `json:",omitempty"`
}

var things = store.NewCollection[thing]("test.thing")

func key(id string) store.Key { return store.Key{Account: "111122223333", Region: "eu-west-1", ID: id} }

// update fails the test when the transaction does.
func update(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// create adds things with the given IDs, each named for its ID.
func create(t *testing.T, db *store.DB, ids ...string) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		for _, id := range ids {
			if _, err := things.Create(tx, key(id), thing{Name: id}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestRecordLifeCycle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		doc := thing{Name: "nul \x00, markup <&>, snow ☃, quote \" and ?"}
		var made store.Record[thing]
		update(t, db, func(tx *store.Tx) (err error) {
			made, err = things.Create(tx, key("a"), doc)
			return err
		})
		view(t, db, func(tx *store.Tx) error {
			got, err := things.Get(tx, key("a"))
			if diff := cmp.Diff(made, got); diff != "" {
				t.Errorf("read back (-made +got):\n%s", diff)
			}
			return err
		})
		update(t, db, func(tx *store.Tx) error {
			r := made
			r.Doc.Count = 7
			if err := things.Put(tx, &r); err != nil {
				return err
			}
			if r.Version != 2 || r.Updated.Before(made.Updated) || !r.Created.Equal(made.Created) {
				t.Errorf("after Put: version %d, created %v, updated %v", r.Version, r.Created, r.Updated)
			}
			stale := made
			if err := things.Put(tx, &stale); !errors.Is(err, store.ErrConflict) {
				t.Errorf("Put of a stale record: %v", err)
			}
			return nil
		})
		update(t, db, func(tx *store.Tx) error { return things.Delete(tx, key("a")) })
		view(t, db, func(tx *store.Tx) error {
			if _, err := things.Get(tx, key("a")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Get after Delete: %v", err)
			}
			return nil
		})
	})
}

func TestAbsentAndPresentRecords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "here")
		update(t, db, func(tx *store.Tx) error {
			if _, err := things.Create(tx, key("here"), thing{}); !errors.Is(err, store.ErrExists) {
				t.Errorf("Create of what exists: %v", err)
			}
			if err := things.Delete(tx, key("gone")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Delete of what does not exist: %v", err)
			}
			gone := store.Record[thing]{Key: key("gone"), Version: 1}
			if err := things.Put(tx, &gone); !errors.Is(err, store.ErrConflict) {
				t.Errorf("Put of what does not exist: %v", err)
			}
			_, err := things.Get(tx, key("here")) // none of these spoils the transaction
			return err
		})
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "b", "a", "/app/x", "/app/y", "/apple", "B", "ä", "/app\U0010FFFFz")
		other := store.NewCollection[thing]("test.other")
		update(t, db, func(tx *store.Tx) error {
			_, err := other.Create(tx, key("c"), thing{})
			return err
		})
		for _, tt := range []struct {
			name string
			o    store.ListOptions
			want string
		}{
			{"all, in byte order", store.ListOptions{}, "/app/x /app/y /apple /app\U0010FFFFz B a b ä"},
			{"limit", store.ListOptions{Limit: 2}, "/app/x /app/y"},
			{"after", store.ListOptions{After: "/apple", Limit: 3}, "/app\U0010FFFFz B a"},
			{"prefix", store.ListOptions{Prefix: "/app/"}, "/app/x /app/y"},
			{"prefix that ends in the last code point", store.ListOptions{Prefix: "/app\U0010FFFF"}, "/app\U0010FFFFz"},
			{"prefix and after", store.ListOptions{Prefix: "/app", After: "/app/y"}, "/apple /app\U0010FFFFz"},
			{"nothing", store.ListOptions{Prefix: "zz"}, ""},
		} {
			view(t, db, func(tx *store.Tx) error {
				records, err := things.List(tx, "111122223333", "eu-west-1", tt.o)
				if got := ids(records); got != tt.want {
					t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
				}
				return err
			})
		}
	})
}

func ids(records []store.Record[thing]) string {
	all := make([]string, len(records))
	for i, r := range records {
		all[i] = r.ID
	}
	return strings.Join(all, " ")
}

func TestTags(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "a", "b", "c")
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(
				things.SetTags(tx, key("a"), map[string]string{"env": "prod", "team": "x"}),
				things.SetTags(tx, key("b"), map[string]string{"env": "test"}),
				things.SetTags(tx, key("c"), map[string]string{"env": "prod"}),
				things.SetTags(tx, key("a"), map[string]string{"team": "y", "cost": ""}),
				things.RemoveTags(tx, key("c"), []string{"env", "absent"}),
			)
		})
		view(t, db, func(tx *store.Tx) error {
			tags, err := things.Tags(tx, key("a"))
			if diff := cmp.Diff(map[string]string{"env": "prod", "team": "y", "cost": ""}, tags); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			return err
		})
		tooMany := errors.New("too many tags")
		for most, want := range map[int]error{3: tooMany, 4: nil} {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				return things.AddTags(tx, key("a"), map[string]string{"env": "prod", "more": ""}, most, tooMany)
			})
			if !errors.Is(err, want) {
				t.Errorf("a fourth tag of at most %d: %v", most, err)
			}
		}
		byTag := func(tag string, values []string, want string) {
			t.Helper()
			view(t, db, func(tx *store.Tx) error {
				records, err := things.ByTag(tx, "111122223333", "eu-west-1", tag, values)
				if got := ids(records); got != want {
					t.Errorf("ByTag(%s, %v): %q, want %q", tag, values, got, want)
				}
				return err
			})
		}
		byTag("env", nil, "a b")
		byTag("env", []string{"prod", "other"}, "a")
		byTag("cost", []string{""}, "a")
		byTag("absent", nil, "")
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(things.ReplaceTags(tx, key("b"), map[string]string{"env": "prod"}), things.Delete(tx, key("a")))
		})
		byTag("env", []string{"prod"}, "b")
		update(t, db, func(tx *store.Tx) error {
			if _, err := things.Create(tx, key("a"), thing{}); err != nil {
				return err
			}
			tags, err := things.Tags(tx, key("a"))
			if len(tags) != 0 {
				t.Errorf("a resource created anew wears the old one's tags: %v", tags)
			}
			return err
		})
	})
}

func TestResetEmptiesEverything(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var many []string
		for i := range 3000 {
			many = append(many, fmt.Sprintf("%d-%s", i, strings.Repeat("x", 300)))
		}
		create(t, db, many...)
		update(t, db, func(tx *store.Tx) error {
			return things.SetTags(tx, key(many[0]), map[string]string{"a": "b"})
		})
		if err := db.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		view(t, db, func(tx *store.Tx) error {
			for _, table := range []string{"resource", "resource_tag", "work"} {
				var n int
				if err := tx.Row("select count(*) from " + table).Scan(&n); err != nil {
					return err
				}
				if n != 0 {
					t.Errorf("%s has %d rows after Reset", table, n)
				}
			}
			return nil
		})
		create(t, db, many[0])
	})
}

func TestPrefixEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		prefix, want string
		ok           bool
	}{
		{"a", "b", true},
		{"a\U0010FFFF", "b", true},
		{"\uD7FF", "\uE000", true},
		{"\U0010FFFF", "", false},
		{"", "", false},
	} {
		if got, ok := store.PrefixEnd(tt.prefix); got != tt.want || ok != tt.ok {
			t.Errorf("prefixEnd(%q) = %q, %t, want %q, %t", tt.prefix, got, ok, tt.want, tt.ok)
		}
	}
}
