package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

// execute runs a command line with an environment of its own.
func execute(t *testing.T, environ []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, environ, &out, &errs)
	return status, out.String(), errs.String()
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if status, out, _ := execute(t, nil, "version"); status != 0 || !strings.HasPrefix(out, "nephele dev go1.") {
		t.Errorf("%d %q", status, out)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--listen", "0.0.0.0:0"}, "--auth=off answers everybody"},
		{[]string{"serve", "--nonsense"}, "unknown flag"},
		{[]string{"serve", "extra"}, "unknown command"},
		{[]string{"dance"}, "unknown command"},
		{[]string{"env", "--shell", "tcsh"}, "none of sh, fish, powershell"},
		{[]string{"env", "--auth=on", "--data", "/nowhere"}, "start the server with --auth on first"},
		{[]string{"env", "--tls", "--data", "/nowhere"}, "no certificate authority yet"},
		{[]string{"serve", "--config", "/nowhere.yaml"}, "no such file"},
	}
	for _, tt := range tests {
		status, out, errs := execute(t, nil, tt.args...)
		if status != 1 || out != "" || !strings.HasPrefix(errs, "nephele: ") || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: %d %q %q", tt.args, status, out, errs)
		}
	}
}

func TestEnv(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, app.CAFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		environ []string
		args    []string
		want    []string
	}{
		{"plain", nil, nil, []string{"export AWS_ENDPOINT_URL='http://127.0.0.1:4566'\n", "export AWS_ACCESS_KEY_ID='test'\n", "export AWS_REGION='us-east-1'\n"}},
		{"the user's shell", []string{"SHELL=/usr/bin/fish"}, nil, []string{"set -gx AWS_SECRET_ACCESS_KEY 'test'\n"}},
		{
			"root credentials of the environment",
			[]string{"NEPHELE_ROOT_ACCESS_KEY_ID=AKIAROOTROOTROOTROOT", "NEPHELE_ROOT_SECRET_ACCESS_KEY=s3cr't", "NEPHELE_AUTH=on", "NEPHELE_LISTEN=0.0.0.0:443"},
			[]string{"--shell=powershell"},
			[]string{"$Env:AWS_ENDPOINT_URL = 'http://127.0.0.1:443'\n", "$Env:AWS_ACCESS_KEY_ID = 'AKIAROOTROOTROOTROOT'\n", "$Env:AWS_SECRET_ACCESS_KEY = 's3cr''t'\n"},
		},
		{
			"tls, quoted", nil,
			[]string{"--tls", "--data", dir},
			[]string{"export AWS_ENDPOINT_URL='https://127.0.0.1:4566'\n", "export AWS_CA_BUNDLE='" + strings.ReplaceAll(dir, "'", `'\''`) + "/ca.pem'\n", "export NODE_EXTRA_CA_CERTS="},
		},
		{"no token of another account", nil, []string{"--shell=sh"}, []string{"unset AWS_SESSION_TOKEN\n"}},
		{"nor in fish", nil, []string{"--shell=fish"}, []string{"set -e AWS_SESSION_TOKEN\n"}},
		{"tls in fish", nil, []string{"--tls", "--data", dir, "--shell=fish"}, []string{`it\'s here/ca.pem'`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, out, errs := execute(t, tt.environ, append([]string{"env"}, tt.args...)...)
			if status != 0 {
				t.Fatal(errs)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	status, out, errs := execute(t, nil, "coverage", "--json")
	if status != 0 {
		t.Fatal(errs)
	}
	var lines []coverageLine
	if err := json.Unmarshal([]byte(out), &lines); err != nil {
		t.Fatal(err)
	}
	works := map[string]bool{}
	for _, l := range lines {
		works[l.Service+":"+l.Operation] = l.Works
		if l.Shape == "" {
			t.Errorf("%s:%s has no checksum", l.Service, l.Operation)
		}
	}
	if !works["sts:GetCallerIdentity"] || !works["synthetics:CreateCanary"] || works["ec2:RunInstances"] || len(lines) < 2000 {
		t.Errorf("%d lines", len(lines))
	}
	if status, out, _ := execute(t, nil, "coverage"); status != 0 || !strings.Contains(out, "| GetCallerIdentity | works |") {
		t.Errorf("%d %.200s", status, out)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := execute(t, nil, "doctor", "--json", "--listen=127.0.0.1:0", "--data", file,
		"--database=postgres://nobody:hunter2@127.0.0.1:1/none?connect_timeout=1", "--canary-browser=/nowhere/browser")
	var checks []struct{ Name, Verdict, Detail, Fix string }
	if err := json.Unmarshal([]byte(out), &checks); err != nil {
		t.Fatalf("%v: %s %s", err, out, errs)
	}
	verdicts := map[string]string{}
	for _, c := range checks {
		verdicts[c.Name] = c.Verdict
		if (c.Verdict == "ok") != (c.Fix == "") {
			t.Errorf("%s is %s, and its fix is %q", c.Name, c.Verdict, c.Fix)
		}
	}
	for name, want := range map[string]string{"data directory": "FAIL", "port": "ok", "PostgreSQL": "FAIL", "browser": "FAIL"} {
		if verdicts[name] != want {
			t.Errorf("%s: %q, want %q", name, verdicts[name], want)
		}
	}
	if status != 1 || errs != "" || strings.Contains(out, "hunter2") {
		t.Errorf("status %d, stderr %q", status, errs)
	}
	if _, ok := verdicts["canary isolation"]; !ok {
		t.Error("nothing about isolation")
	}
}

// TestServe starts a server by its command line, finds it by its banner and
// ends it as SIGTERM does.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, w := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- run(ctx, []string{"serve", "--listen=127.0.0.1:0", "--data", t.TempDir(), "--log-level=warn"}, nil, w, &errs)
		_ = w.Close()
	}()
	lines := bufio.NewScanner(stdout)
	var url string
	for url == "" && lines.Scan() {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	if url == "" {
		t.Fatalf("no banner; status %d, log %s", <-done, errs.String())
	}
	rest := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(stdout)
		rest <- string(b)
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/_nephele/health", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("health answers %d", resp.StatusCode)
	}
	cancel()
	if status := <-done; status != 0 {
		t.Errorf("status %d: %s", status, errs.String())
	}
	if text := <-rest; !strings.Contains(text, "nephele.test env --listen") && !strings.Contains(text, " env --listen") {
		t.Errorf("the banner does not say how to point the CLI here: %s", text)
	}
}

// TestEnvFlags are right in another directory, and survive a shell.
func TestEnvFlags(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		change func(*config.Config)
		want   string
	}{
		{func(*config.Config) {}, ""},
		{func(c *config.Config) { c.Listen = "127.0.0.1:80" }, " --listen 127.0.0.1:80"},
		{func(c *config.Config) { c.Data = "it's here" }, " --data '" + here + `/it'\''s here'`},
		{func(c *config.Config) { c.Data = "/var/lib/nephele" }, " --data /var/lib/nephele"},
		{func(c *config.Config) { c.Auth = config.AuthOn }, " --data " + here + "/nephele-data --auth on"},
		{func(c *config.Config) { c.Region = "eu-west-1" }, " --region eu-west-1"},
	}
	for _, tt := range tests {
		cfg := config.Default()
		tt.change(&cfg)
		if got := envFlags(cfg); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
