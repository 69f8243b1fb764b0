package sns

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// storedKey is the signing key as it is in the database.
func storedKey(t *testing.T, db *store.DB) signingKey {
	t.Helper()
	k, err := readKey(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func load(t *testing.T, db *store.DB, s *seal.Sealer) *signer {
	t.Helper()
	var k keyring
	if err := k.load(t.Context(), db, s); err != nil {
		t.Fatal(err)
	}
	return k.get()
}

// TestStoredKeyIsSealed: a key from before keys were sealed is sealed when it
// is first used, and stays the key.
func TestStoredKeyIsSealed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seedKey(t, db)
		first := load(t, db, testSeal)
		stored := storedKey(t, db)
		if stored.Key != nil || len(stored.Sealed) == 0 {
			t.Errorf("%d bytes in the clear, %d sealed", len(stored.Key), len(stored.Sealed))
		}
		if again := load(t, db, testSeal); again.name != first.name || !again.key.Equal(first.key) {
			t.Errorf("the key was %s and is %s", first.name, again.name)
		}
		if after := storedKey(t, db); !bytes.Equal(after.Sealed, stored.Sealed) {
			t.Error("the key was sealed again")
		}
	})
}

// TestTamperedKey: a key that was sealed with another certificate is not used.
func TestTamperedKey(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	load(t, db, testSeal)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		r, err := signingKeys.Get(tx, signingKeyID)
		if err == nil {
			r.Doc.Certificate[0] ^= 1
			err = signingKeys.Put(tx, &r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var k keyring
	if err := k.load(t.Context(), db, testSeal); err == nil {
		t.Error("it is used")
	}
}

// sealerUnder opens the database under a new master key, whatever it was sealed
// under before.
func sealerUnder(t *testing.T, db *store.DB) *seal.Sealer {
	t.Helper()
	ring, err := seal.ParseRing(seal.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), db, seal.Options{Ring: ring, AcceptLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLostMasterKey: a key that nobody can open is replaced once, for all
// servers.
func TestLostMasterKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		lost := load(t, db, sealerUnder(t, db))
		now := sealerUnder(t, db)
		one := load(t, db, now)
		if one.name == lost.name || one.key.Equal(lost.key) {
			t.Error("the lost key is used")
		}
		if two := load(t, db, now); two.name != one.name {
			t.Errorf("servers sign with %s and %s", one.name, two.name)
		}
	})
}

// TestReplacedMeanwhile: of two servers that find the key lost, the slower one
// takes over what the faster one made.
func TestReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	load(t, db, sealerUnder(t, db))
	lost, now := storedKey(t, db), sealerUnder(t, db)
	one := load(t, db, now)
	two, err := replaceKey(t.Context(), db, now, lost)
	if err != nil || two.name != one.name {
		t.Errorf("%v, error %v, want %s", two, err, one.name)
	}
}

// TestDatabaseHasNoKey: no file of the database has the private key.
func TestDatabaseHasNoKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.Open(t, store.Config{Dir: dir})
	s := sealerUnder(t, db)
	load(t, db, s)
	k := storedKey(t, db)
	plain, err := s.Open(signingPurpose, k.Sealed, string(k.Certificate))
	if err != nil {
		t.Fatal(err)
	}
	// As JSON has it. The beginning tells the algorithm alone, which is no secret.
	secret := []byte(base64.StdEncoding.EncodeToString(plain[300:])[4:44])
	if n := occurrences(t, dir, secret); n != 0 {
		t.Errorf("%d files of the database have the private key", n)
	}
	// The search finds what is there.
	if n := occurrences(t, dir, []byte(base64.StdEncoding.EncodeToString(k.Certificate)[:40])); n == 0 {
		t.Error("no file has even the certificate")
	}
	err = db.Update(context.WithoutCancel(t.Context()), func(tx *store.Tx) error {
		_, err := signingKeys.Create(tx, store.Key{ID: "clear"}, signingKey{Key: plain[300:]})
		return err
	})
	if err != nil || occurrences(t, dir, secret) == 0 {
		t.Errorf("a key in the clear is not found (%v)", err)
	}
}

// occurrences counts the files below dir that contain text.
func occurrences(t *testing.T, dir string, text []byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, text) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
