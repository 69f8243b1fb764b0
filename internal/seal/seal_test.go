package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func ring(t *testing.T, masters ...string) *seal.Ring {
	t.Helper()
	r, err := seal.ParseRing(strings.Join(masters, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, db *store.DB, o seal.Options) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t *testing.T, s *seal.Sealer, text string) []byte {
	t.Helper()
	b, err := s.Seal("test", []byte(text), "here")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func opens(s *seal.Sealer, b []byte, want string) error {
	got, err := s.Open("test", b, "here")
	if err == nil && string(got) != want {
		return fmt.Errorf("opened as %q", got)
	}
	return err
}

// TestMasterKeys goes through the life of a database's master keys.
func TestMasterKeys(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b, c := seal.NewMaster(), seal.NewMaster(), seal.NewMaster()
		first := open(t, db, seal.Options{Ring: ring(t, a)})
		old := sealed(t, first, "under a")

		t.Run("rotated", func(t *testing.T) {
			s := open(t, db, seal.Options{Ring: ring(t, b, a)})
			if err := opens(s, old, "under a"); err != nil {
				t.Error(err)
			}
			if err := opens(first, sealed(t, s, "under b"), "under b"); !errors.Is(err, seal.ErrLost) {
				t.Errorf("a server without the new key: %v", err)
			}
			if err := opens(first, old, "under a"); err != nil {
				t.Errorf("a server without the new key, which had the data key: %v", err)
			}
			if err := opens(s, sealed(t, first, "still under a"), "still under a"); err != nil {
				t.Error(err)
			}
			st, err := seal.Inspect(t.Context(), db, ring(t, b, a))
			if err != nil || len(st.Keys) != 1 || st.Keys[st.Ring[0]] != 2 {
				t.Errorf("%+v, %v", st, err)
			}
		})
		t.Run("retired", func(t *testing.T) {
			s := open(t, db, seal.Options{Ring: ring(t, b)})
			if err := opens(s, old, "under a"); err != nil {
				t.Error(err)
			}
		})
		t.Run("lost", func(t *testing.T) {
			if _, err := seal.Open(t.Context(), db, seal.Options{Ring: ring(t, c)}); !errors.Is(err, seal.ErrUnknownMaster) {
				t.Fatal(err)
			}
			if _, err := seal.Open(t.Context(), db, seal.Options{}); !errors.Is(err, seal.ErrUnknownMaster) {
				t.Fatal(err)
			}
			s := open(t, db, seal.Options{Ring: ring(t, c), AcceptLoss: true})
			if err := opens(s, old, ""); !errors.Is(err, seal.ErrLost) {
				t.Error(err)
			}
			if err := opens(s, sealed(t, s, "under c"), "under c"); err != nil {
				t.Error(err)
			}
		})
		t.Run("found again", func(t *testing.T) {
			s := open(t, db, seal.Options{Ring: ring(t, c, b)})
			if err := opens(s, old, "under a"); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestGenerateOnce(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	calls := 0
	generate := func() (*seal.Ring, error) { calls++; return seal.ParseRing(seal.NewMaster()) }
	s := open(t, db, seal.Options{Generate: generate})
	if _, err := seal.Open(t.Context(), db, seal.Options{Generate: generate}); !errors.Is(err, seal.ErrUnknownMaster) {
		t.Errorf("a second server without the key: %v", err)
	}
	if calls != 1 {
		t.Errorf("%d keys made", calls)
	}
	if err := opens(s, sealed(t, s, "x"), "x"); err != nil {
		t.Error(err)
	}
}

// TestEmptied makes new keys after a reset.
func TestEmptied(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	s := open(t, db, seal.Options{Ring: ring(t, seal.NewMaster())})
	old := sealed(t, s, "x")
	if err := errors.Join(db.Reset(t.Context()), s.Reload(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := opens(s, old, "x"); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("what was sealed before: %v", err)
	}
	if err := opens(s, sealed(t, s, "y"), "y"); err != nil {
		t.Error(err)
	}
}

// TestTampered: a record opens if and only if purpose, place and bytes are
// those it was sealed with.
func TestTampered(t *testing.T) {
	t.Parallel()
	s := seal.NewEphemeral()
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "bound")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		b, err := s.Seal("p", plain, bound...)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open("p", b, bound...); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%v, %v", got, err)
		}
		if _, err := s.Open("q", b, bound...); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("another purpose: %v", err)
		}
		if _, err := s.Open("p", b, append(bound, "")...); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("another place: %v", err)
		}
		i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := s.Open("p", b, bound...); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := s.Open("p", b[:i], bound...); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	})
}

func TestRingFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "master-key")
	for want := 1; want <= 3; want++ {
		r, err := seal.Rotate(name)
		if err != nil || len(r.IDs()) != want {
			t.Fatalf("%d: %v, %v", want, r, err)
		}
	}
	if err := os.WriteFile(name+".part", []byte("left behind"), 0o644); err != nil { //nolint:gosec // by somebody careless
		t.Fatal(err)
	}
	kept, err := seal.Retire(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := seal.ReadRing(name)
	if err != nil || len(r.IDs()) != 1 || r.IDs()[0] != kept.IDs()[0] {
		t.Errorf("%v, %v", r, err)
	}
	if err := os.Chmod(name, 0o644); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	if _, err := seal.ReadRing(name); err == nil {
		t.Error("a file for all to read was accepted")
	}
	for _, text := range []string{"", "# nothing\n", "AAAA", "not base64", seal.NewMaster() + "x"} {
		if _, err := seal.ParseRing(text); err == nil || text != "" && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSecretShowsNothing(t *testing.T) {
	t.Parallel()
	s := struct{ Key seal.Secret }{"hunter2"}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s.Key), string(asJSON), s.Key.LogValue().String()} {
		if strings.Contains(text, "hunter2") {
			t.Error(text)
		}
	}
}

func BenchmarkSealOpen(b *testing.B) {
	s := seal.NewEphemeral()
	plain := make([]byte, 64)
	for b.Loop() {
		c, err := s.Seal("bench", plain, "123456789012", "us-east-1")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Open("bench", c, "123456789012", "us-east-1"); err != nil {
			b.Fatal(err)
		}
	}
}
