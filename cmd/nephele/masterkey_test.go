package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/seal"
)

// keyFile is the file of generated master keys in a data directory.
func keyFile(dir string) string { return filepath.Join(dir, app.MasterKeyFile) }

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// step is a command line with what it must say and how it must end.
type step struct {
	args    string
	environ []string
	status  int
	want    string
}

func (s step) take(t *testing.T, dir string) {
	t.Helper()
	args := append(strings.Fields(s.args), "--data", dir)
	status, out, errs := execute(t, s.environ, args...)
	if status != s.status || !strings.Contains(out+errs, s.want) || (status == 0) != (errs == "") {
		t.Errorf("nephele %s: %d %q %q, want %d and %q", s.args, status, out, errs, s.status, s.want)
	}
}

// TestMasterKeyCommands is a session at the shell, without a server.
func TestMasterKeyCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	given := []string{"NEPHELE_MASTER_KEY=" + seal.NewMaster()}
	for _, s := range []step{
		{"master-key retire", nil, 1, "no master key"},
		{"master-key status", nil, 0, ""},
		{"master-key status --master-key-lost", nil, 0, ""},
		{"master-key rotate", nil, 0, "is the first of 1 keys in " + keyFile(dir)},
		{"master-key rotate", nil, 0, "is the first of 2 keys"},
		{"master-key status", nil, 0, "  seals and opens  0 data keys\n"},
		{"master-key status", nil, 0, "  opens            0 data keys\n"},
		{"master-key status", given, 0, "  seals and opens  0 data keys\n"},
		{"master-key rotate", given, 1, "come from NEPHELE_MASTER_KEY"},
		{"master-key retire", given, 1, "come from NEPHELE_MASTER_KEY"},
		{"master-key retire", nil, 0, "alone is left in " + keyFile(dir)},
		{"master-key rotate --master-key-file " + dir + "/mine", nil, 0, "is the first of 1 keys in " + dir + "/mine"},
		{"master-key rotate --master-key-file " + dir + "/none/mine", nil, 1, "no such file or directory"},
		{"serve --listen 127.0.0.1:0 --master-key-file " + dir + "/yours", nil, 1, "no such file or directory"},
	} {
		s.take(t, dir)
	}
	if n := strings.Count(read(t, keyFile(dir)), "=\n"); n != 1 {
		t.Errorf("%d keys are left", n)
	}
}

func TestMasterKeyNew(t *testing.T) {
	t.Parallel()
	_, one, _ := execute(t, nil, "master-key", "new")
	_, two, _ := execute(t, nil, "master-key", "new")
	if _, err := seal.ParseRing(one); err != nil || one == two {
		t.Errorf("%q, %q: %v", one, two, err)
	}
}

// TestMasterKeyFileRefused: a file that others may read, or that holds something
// else, is refused, and what it holds is not told.
func TestMasterKeyFileRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	refused := func(want string) {
		t.Helper()
		for _, command := range []string{"master-key rotate", "master-key retire", "master-key status", "serve --listen 127.0.0.1:0", "serve --listen 127.0.0.1:0 --master-key-lost"} {
			step{command, nil, 1, want}.take(t, dir)
		}
	}
	write(t, keyFile(dir), seal.NewMaster()+"\n")
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(keyFile(dir), mode); err != nil {
			t.Fatal(err)
		}
		refused("chmod 600")
	}
	if err := os.Chmod(keyFile(dir), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, keyFile(dir), seal.NewMaster()+"x\n")
	refused("32 bytes in base64, as `nephele master-key new` prints it")
	write(t, keyFile(dir), "# none\n")
	refused("no master key")
	for _, text := range []string{"hunter2", seal.NewMaster()[1:]} {
		_, out, errs := execute(t, []string{"NEPHELE_MASTER_KEY=" + text}, "serve", "--listen=127.0.0.1:0", "--data", t.TempDir())
		if strings.Contains(out+errs, text) || !strings.Contains(errs, "32 bytes in base64") {
			t.Errorf("%q %q", out, errs)
		}
	}
}
