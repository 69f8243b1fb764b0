package seal

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MasterSize is the length of a master key in bytes.
const MasterSize = 32

// Ring holds master keys. The first one wraps; all of them unwrap.
type Ring struct{ keys []master }

// master is a master key. Its ID is made of it, so that a key and the name
// under which a database knows it cannot be mixed up.
type master struct {
	id  string
	key []byte
}

// ErrNoMaster is the answer to a ring without keys.
var ErrNoMaster = errors.New("seal: no master key")

// ParseRing reads master keys, each 32 bytes in base64, separated by commas or
// white space. Lines that begin with # are comments. An error does not repeat
// what it is about.
func ParseRing(text string) (*Ring, error) {
	r := &Ring{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if strings.HasPrefix(strings.TrimSpace(lines.Text()), "#") {
			continue
		}
		for field := range strings.FieldsSeq(strings.ReplaceAll(lines.Text(), ",", " ")) {
			key, err := base64.StdEncoding.DecodeString(field)
			if err != nil || len(key) != MasterSize {
				return nil, fmt.Errorf("seal: a master key is %d bytes in base64, as `nephele master-key new` prints it", MasterSize)
			}
			r.add(key)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("seal: master keys: %w", err)
	}
	if len(r.keys) == 0 {
		return nil, ErrNoMaster
	}
	return r, nil
}

func (r *Ring) add(key []byte) {
	sum := sha256.Sum256(append([]byte("nephele master key\n"), key...))
	id := hex.EncodeToString(sum[:8])
	if r.find(id) == nil {
		r.keys = append(r.keys, master{id, key})
	}
}

// find returns the key with that ID, or nil.
func (r *Ring) find(id string) []byte {
	for _, m := range r.keys {
		if m.id == id {
			return m.key
		}
	}
	return nil
}

// IDs name the keys, the one that wraps first. They tell nothing of the keys.
func (r *Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, m := range r.keys {
		ids[i] = m.id
	}
	return ids
}

// NewMaster makes a random master key, in the form that ParseRing reads.
func NewMaster() string {
	key := make([]byte, MasterSize)
	rand.Read(key) //nolint:errcheck // never fails since Go 1.24
	return base64.StdEncoding.EncodeToString(key)
}

// ReadRing reads the master keys in a file. The error is fs.ErrNotExist when
// there is none. A file that others may read is refused.
func ReadRing(name string) (*Ring, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("seal: %s may be read by others than its owner; chmod 600 it", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return ParseRing(string(text))
}

// Rotate puts a new master key in front of those in a file, which is made when
// it does not exist. The file changes whole or not at all.
func Rotate(name string) (*Ring, error) {
	return rewrite(name, func(old []string) []string { return slices.Insert(old, 0, NewMaster()) })
}

// Retire takes all master keys but the first out of a file.
func Retire(name string) (*Ring, error) {
	return rewrite(name, func(old []string) []string { return old[:min(1, len(old))] })
}

// rewrite replaces the keys in a file.
func rewrite(name string, change func([]string) []string) (*Ring, error) {
	var old []string
	switch r, err := ReadRing(name); {
	case err == nil:
		for _, m := range r.keys {
			old = append(old, base64.StdEncoding.EncodeToString(m.key))
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	text := "# Master keys of this server: the first one wraps, all of them unwrap. Keep a copy elsewhere.\n" +
		strings.Join(change(old), "\n") + "\n"
	part := name + ".part"
	if err := writeSynced(part, text); err != nil {
		return nil, errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, name); err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Dir(name)); err != nil {
		return nil, err
	}
	return ParseRing(text)
}

// syncDir makes a new name in a directory durable: what is sealed under a key
// must not reach the disk before the key.
func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func writeSynced(name, text string) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(0o600); err != nil { // one may have been left behind by others
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}
