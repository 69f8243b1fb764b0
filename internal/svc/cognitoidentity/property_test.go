package cognitoidentity

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// world is what the table in the package comment makes of a pool: identities
// with their logins, "provider/subject", or nil for a disabled one.
type world map[string]map[string]bool

// resolve returns the identity, "" for a new one, or the code of a refusal.
func (w world) resolve(given string, logins []login) (id, code string) {
	owners := map[string]bool{}
	for _, l := range logins {
		for id, has := range w {
			if has[l.provider+"/"+l.subject] {
				owners[id] = true
			}
		}
	}
	if len(owners) > 1 {
		return "", api.ErrResourceConflictException
	}
	owner := ""
	for id := range owners {
		owner = id
	}
	if given == "" || given == owner {
		return owner, w.conflict(owner, logins)
	}
	has, known := w[given]
	switch {
	case !known:
		return "", api.ErrResourceNotFoundException
	case has == nil, len(has) > 0:
		return "", api.ErrNotAuthorizedException
	case owner == "":
		return given, w.conflict(given, logins)
	}
	code = w.conflict(owner, logins)
	if code == "" {
		w[given] = nil
	}
	return owner, code
}

// conflict is the refusal of a second user of one provider.
func (w world) conflict(id string, logins []login) string {
	for _, l := range logins {
		for _, subject := range []string{"1", "2"} {
			if subject != l.subject && w[id][l.provider+"/"+subject] {
				return api.ErrResourceConflictException
			}
		}
	}
	return ""
}

// TestResolve compares the identities that logins lead to with the table.
func TestResolve(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	rapid.Check(t, func(t *rapid.T) {
		p, w := &pool{ID: newID("us-east-1"), Region: "us-east-1", Account: "000000000000"}, world{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			given := ""
			if rapid.Bool().Draw(t, "asks for one") {
				given = rapid.SampledFrom(append(slices.Sorted(maps.Keys(w)), "us-east-1:none")).Draw(t, "given")
			}
			var logins []login
			for _, provider := range []string{"a", "b"} {
				if subject := rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, provider); subject != "" {
					logins = append(logins, login{provider: provider, subject: subject})
				}
			}
			if given != "" && len(logins) == 0 {
				continue // a guest asks: nothing to resolve
			}
			want, code := w.resolve(given, logins)
			got, err := resolveIn(t, db, p, given, logins)
			if e := awserr.As(err); code != "" || err != nil {
				if e == nil || e.Code != code {
					t.Fatalf("%q with %v: error %v, want %q", given, logins, err, code)
				}
				continue
			}
			if want == "" && w[got] != nil || want != "" && got != want {
				t.Fatalf("%q with %v: %s, want %q", given, logins, got, want)
			}
			if w[got] == nil {
				w[got] = map[string]bool{}
			}
			for _, l := range logins {
				w[got][l.provider+"/"+l.subject] = true
			}
		}
		w.compare(t, db)
	})
}

func resolveIn(t *rapid.T, db *store.DB, p *pool, given string, logins []login) (id string, err error) {
	err = db.Update(t.Context(), func(tx *store.Tx) (err error) {
		id, err = resolve(tx, p, given, logins)
		return err
	})
	return id, err
}

// compare holds what is stored against the model.
func (w world) compare(t *rapid.T, db *store.DB) {
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for id, has := range w {
			i, err := getIdentity(tx, id)
			if err != nil {
				return err
			}
			logins, err := linked(tx, id)
			if err != nil {
				return err
			}
			if i.disabled != (has == nil) || len(logins) != len(has) {
				t.Fatalf("%s: disabled %t, logins %v; want %v", id, i.disabled, logins, has)
			}
			for _, l := range logins {
				if !has[l.provider+"/"+l.subject] {
					t.Fatalf("%s has %v", id, l)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
