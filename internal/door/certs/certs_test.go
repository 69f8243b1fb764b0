package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/internal/door/certs"
)

func open(t *testing.T, dir string) *certs.Authority {
	t.Helper()
	a, err := certs.Open(dir, certs.Options{Names: []string{"nephele.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	if got := string(open(t, dir).PEM()); got != string(first.PEM()) {
		t.Error("another authority after opening again")
	}
	onDisk, err := os.ReadFile(filepath.Join(dir, certs.CertFile))
	if err != nil || string(onDisk) != string(first.PEM()) {
		t.Errorf("ca.pem is not the certificate: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, certs.KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file %v, %v", info.Mode(), err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBrokenAuthorities(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(t *testing.T, dir string){
		"lost key":         func(t *testing.T, dir string) { remove(t, dir, certs.KeyFile) },
		"garbled key":      func(t *testing.T, dir string) { overwrite(t, dir, certs.KeyFile, "garbage") },
		"garbled cert":     func(t *testing.T, dir string) { overwrite(t, dir, certs.CertFile, "-----BEGIN") },
		"someone's key":    func(t *testing.T, dir string) { swap(t, dir, certs.KeyFile) },
		"empty after cut":  func(t *testing.T, dir string) { overwrite(t, dir, certs.KeyFile, "") },
		"directory is bad": func(t *testing.T, dir string) { mkdirInstead(t, dir, certs.CertFile) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			open(t, dir)
			breakIt(t, dir)
			if _, err := certs.Open(dir, certs.Options{}); err == nil {
				t.Error("opened all the same")
			}
		})
	}
}

// A crash between the two files leaves a key that nobody trusts.
func TestCrashWhileBeingMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	remove(t, dir, certs.CertFile)
	open(t, dir)
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func swap(t *testing.T, dir, name string) {
	t.Helper()
	other := t.TempDir()
	open(t, other)
	b, err := os.ReadFile(filepath.Join(other, name))
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, dir, name, string(b))
}

func mkdirInstead(t *testing.T, dir, name string) {
	t.Helper()
	remove(t, dir, name)
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

func TestLeavesSatisfyClients(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir())
	for _, name := range []string{
		"localhost", "bucket.localhost", "ssm.us-east-1.amazonaws.com", "my.dotted.bucket.s3.eu-west-1.amazonaws.com",
		"iam.amazonaws.com", "dataplane.rum.us-east-1.amazonaws.com", "lambda.us-east-1.api.aws", "s3.cn-north-1.amazonaws.com.cn",
		"nephele", "nephele.example.com", "bucket.s3.nephele.example.com", "127.0.0.1", "::1", "10.1.2.3",
		"my_bucket.s3.amazonaws.com", strings.Repeat("b", 63) + ".s3.us-east-1.amazonaws.com",
	} {
		leaf, err := a.Leaf(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := leaf.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: a.Pool()}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if life := time.Until(leaf.Leaf.NotAfter); life > 90*24*time.Hour {
			t.Errorf("%s: lives %v", name, life)
		}
	}
}

func TestVouchesForNobodyElse(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir())
	for _, name := range []string{
		"example.com", "amazonaws.com.evil.com", "evilamazonaws.com", "google.com", "", ".", "a..b.localhost", "*.localhost",
		"a b.localhost", "UPPER.example.org", strings.Repeat("a.", 200) + "localhost", strings.Repeat("a", 64) + ".localhost", "xn--.com",
	} {
		if leaf, err := a.Leaf(name); err == nil {
			t.Errorf("a certificate for %q: %v", name, leaf.Leaf.DNSNames)
		}
	}
}

func TestLeavesAreSharedAndBounded(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir())
	leaf := func(name string) *tls.Certificate {
		c, err := a.Leaf(name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if leaf("a.s3.us-east-1.amazonaws.com") != leaf("b.s3.us-east-1.amazonaws.com") {
		t.Error("two buckets, two certificates")
	}
	if once, again := leaf("localhost"), leaf("localhost"); once != again {
		t.Error("made twice")
	}
	for _, name := range append(leaf("amazonaws.com").Leaf.DNSNames, leaf("a.localhost").Leaf.DNSNames...) {
		if strings.HasPrefix(name, "*.") {
			t.Errorf("a wildcard too wide: %s", name)
		}
	}
	first := leaf("x.localhost")
	for i := range 1100 {
		leaf(fmt.Sprintf("n%d.localhost", i))
	}
	if leaf("x.localhost") == first {
		t.Error("the cache has no bound")
	}
}

// After 60 of its 90 days a leaf is replaced; nobody ever sees an old one.
func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := open(t, t.TempDir())
		first, err := a.Leaf("localhost")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * 24 * time.Hour)
		if again, err := a.Leaf("localhost"); err != nil || again != first {
			t.Errorf("replaced too early, %v", err)
		}
		time.Sleep(2 * 24 * time.Hour)
		second, err := a.Leaf("localhost")
		if err != nil || second == first || time.Until(second.Leaf.NotAfter) < 80*24*time.Hour {
			t.Errorf("not replaced, %v", err)
		}
	})
}

func TestExpiredAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		open(t, dir)
		time.Sleep(11 * 365 * 24 * time.Hour)
		if _, err := certs.Open(dir, certs.Options{}); err == nil {
			t.Error("an expired authority opened")
		}
	})
}

func TestHandshakes(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir())
	l, err := tls.Listen("tcp", "127.0.0.1:0", a.TLSConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(io.Discard, c) //nolint:errcheck // the client ends it
				c.Close()
			}()
		}
	}()
	for name, ok := range map[string]bool{
		"sts.amazonaws.com": true, "SSM.us-east-1.AMAZONAWS.com": true, "127.0.0.1": true, "example.com": false,
	} {
		d := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{RootCAs: a.Pool(), ServerName: name}}
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func BenchmarkLeaf(b *testing.B) {
	a, err := certs.Open(b.TempDir(), certs.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := a.Leaf(fmt.Sprintf("n%d.localhost", i)); err != nil {
			b.Fatal(err)
		}
	}
}
