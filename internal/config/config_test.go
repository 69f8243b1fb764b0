package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// load parses a command line and completes it as a server does.
func load(t *testing.T, args, environ []string) (Config, error) {
	t.Helper()
	c := Default()
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	c.AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	err := c.Load(fs, environ)
	return c, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nephele.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDefaultIsValid(t *testing.T) {
	t.Parallel()
	c := Default()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	name := file(t, "account: 111111111111\nregion: eu-west-1\nsettle: 3s\ncanary_workers: 7\ncanary_allow: [10.0.0.1:80, 10.0.0.2:80]\n")
	c, err := load(t,
		[]string{"--account=333333333333", "--config", name},
		[]string{"NEPHELE_ACCOUNT=222222222222", "NEPHELE_REGION=eu-west-2", "NEPHELE_LISTEN=", "HOME=/"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Account != "333333333333" || c.Region != "eu-west-2" || c.Settle != 3*time.Second || c.CanaryWorkers != 7 {
		t.Errorf("flag > environment > file does not hold: %+v", c)
	}
	if c.Listen != Default().Listen {
		t.Errorf("an empty variable changed listen to %q", c.Listen)
	}
	if len(c.CanaryAllow) != 2 || c.CanaryAllow[1] != "10.0.0.2:80" {
		t.Errorf("list from the file: %q", c.CanaryAllow)
	}
}

func TestAccountKeepsItsZeros(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"--config", file(t, "account: 000000000012\nblobs:\n")}, nil)
	if err != nil || c.Account != "000000000012" {
		t.Fatalf("account %q, error %v", c.Account, err)
	}
	if _, err := load(t, []string{"--config", file(t, "listen: {host: a}\n")}, nil); err == nil {
		t.Error("a mapping was taken for a value")
	}
}

func TestFileFromEnvironment(t *testing.T) {
	t.Parallel()
	c, err := load(t, nil, []string{"NEPHELE_CONFIG=" + file(t, "log_level: debug\nroot_access_key_id: AKIAROOTROOTROOTROOT\nroot_secret_access_key: s3cret\n")})
	if err != nil {
		t.Fatal(err)
	}
	if c.LogLevel != "debug" || c.RootAccessKeyID != "AKIAROOTROOTROOTROOT" || c.RootSecretAccessKey != "s3cret" {
		t.Errorf("%+v", c)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    string
	}{
		{"open to the world", []string{"--listen=0.0.0.0:4566"}, nil, "--auth=off answers everybody"},
		{"all interfaces", []string{"--listen=:4566"}, nil, "loopback addresses only"},
		{"no port", []string{"--listen=127.0.0.1"}, nil, "not HOST:PORT"},
		{"account", []string{"--account=12"}, nil, `--account: "12" is not 12 digits`},
		{"auth", []string{"--auth=maybe"}, nil, "none of off, on"},
		{"database", []string{"--database=mysql://u:hunter2@h/db"}, nil, "postgres://"},
		{"half a root key", nil, []string{"NEPHELE_ROOT_ACCESS_KEY_ID=AKIAROOTROOTROOTROOT"}, "come together"},
		{"duration in the environment", nil, []string{"NEPHELE_SETTLE=soon"}, "NEPHELE_SETTLE"},
		{"negative settle", []string{"--settle=-1s"}, nil, "zero or more"},
		{"canary address", []string{"--canary-allow=10.0.0.1"}, nil, "with a port"},
		{"proxy", []string{"--trusted-proxy=10.0.0.1"}, nil, "not a CIDR"},
		{"missing file", []string{"--config=/nowhere/nephele.yaml"}, nil, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tt.args, tt.environ)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a password: %v", err)
			}
		})
	}
}

func TestUnknownKeyInFile(t *testing.T) {
	t.Parallel()
	_, err := load(t, []string{"--config", file(t, "listne: 127.0.0.1:1\n")}, nil)
	if err == nil || !strings.Contains(err.Error(), "listne") {
		t.Fatalf("got %v, want the misspelt key named", err)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, []string{"--account=1", "--region=Mars", "--sync=often"}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("want three lines, got %v", err)
	}
}

func TestLoopbackListeners(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", "127.8.8.8:4566", "[::1]:4566", "localhost:4566"} {
		if _, err := load(t, []string{"--listen", addr}, nil); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if _, err := load(t, []string{"--listen=0.0.0.0:4566", "--auth=on"}, nil); err != nil {
		t.Errorf("--auth=on may listen anywhere: %v", err)
	}
}

func TestPrivateEgress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		auth, egress string
		want         bool
	}{
		{AuthOff, "auto", true},
		{AuthOn, "auto", false},
		{AuthOn, "private", true},
		{AuthOff, "public", false},
	} {
		c := Config{Auth: tt.auth, CanaryEgress: tt.egress}
		if got := c.PrivateEgress(); got != tt.want {
			t.Errorf("auth=%s egress=%s: %v", tt.auth, tt.egress, got)
		}
	}
}
