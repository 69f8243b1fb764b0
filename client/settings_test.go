package client_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nephele.dev/nephele/client"
)

const sharedConfig = `
[default]
region = eu-central-1
endpoint_url = http://default:1

[profile plain]
region = ap-south-1
aws_access_key_id = AKIAPLAINPLAINPLAIN0
aws_secret_access_key = plain
max_attempts = 7

[profile placed]
region = us-west-2
services = local
endpoint_url = http://all:2

[services local]
cloudwatch_logs =
    endpoint_url = http://logs:3

[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = plain
region = eu-west-3
endpoint_url = ENDPOINT

[profile ignoring]
region = eu-west-1
endpoint_url = http://ignored:4
ignore_configured_endpoint_urls = true
`

// files are shared files with an environment that names them.
func files(t *testing.T, config, credentials string, variables ...string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"config": config, "credentials": credentials} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return environment(append([]string{
		"AWS_CONFIG_FILE=" + filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(dir, "credentials"),
	}, variables...)...)
}

// TestConfiguration holds what comes before what.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	const credentials = "[default]\naws_access_key_id = AKIADEFAULTDEFAULT00\naws_secret_access_key = s\n"
	for name, tt := range map[string]struct {
		variables              []string
		opts                   []client.Option
		region, url, logs, key string
	}{
		"default":      {nil, nil, "eu-central-1", "http://default:1", "http://default:1", "AKIADEFAULTDEFAULT00"},
		"AWS_PROFILE":  {[]string{"AWS_PROFILE=plain"}, nil, "ap-south-1", "https://sns.ap-south-1.amazonaws.com", "https://logs.ap-south-1.amazonaws.com", "AKIAPLAINPLAINPLAIN0"},
		"option":       {[]string{"AWS_PROFILE=plain", "AWS_REGION=x-y-1"}, []client.Option{client.WithProfile("placed"), client.WithRegion("us-east-2")}, "us-east-2", "http://all:2", "http://logs:3", ""},
		"ignored":      {[]string{"AWS_PROFILE=ignoring"}, nil, "eu-west-1", "https://sns.eu-west-1.amazonaws.com", "https://logs.eu-west-1.amazonaws.com", ""},
		"one service":  {[]string{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://env:5"}, nil, "eu-central-1", "http://default:1", "http://env:5", "AKIADEFAULTDEFAULT00"},
		"environment":  {[]string{"AWS_PROFILE=placed", "AWS_ENDPOINT_URL=http://env:6", "AWS_DEFAULT_REGION=sa-east-1", "AWS_ACCESS_KEY_ID=AKIAENVENVENVENVENV0", "AWS_SECRET_ACCESS_KEY=e"}, nil, "sa-east-1", "http://env:6", "http://env:6", "AKIAENVENVENVENVENV0"},
		"asked for":    {[]string{"AWS_ACCESS_KEY_ID=AKIAENVENVENVENVENV0", "AWS_SECRET_ACCESS_KEY=e"}, []client.Option{client.WithProfile("plain")}, "ap-south-1", "https://sns.ap-south-1.amazonaws.com", "https://logs.ap-south-1.amazonaws.com", "AKIAPLAINPLAINPLAIN0"},
		"the endpoint": {[]string{"AWS_ENDPOINT_URL_SNS=http://env:7"}, []client.Option{client.WithEndpoint("http://opt:8")}, "eu-central-1", "http://opt:8", "http://opt:8", "AKIADEFAULTDEFAULT00"},
		"not at all":   {[]string{"AWS_ENDPOINT_URL=http://env:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"}, nil, "eu-central-1", "https://sns.eu-central-1.amazonaws.com", "https://logs.eu-central-1.amazonaws.com", "AKIADEFAULTDEFAULT00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := files(t, sharedConfig, credentials, tt.variables...)
			s, err := client.NewSession(t.Context(), append([]client.Option{client.WithEnvironment(env)}, tt.opts...)...)
			if err != nil {
				t.Fatal(err)
			}
			url, _ := clientOf(t, s, "sns").Endpoint()
			logs, _ := clientOf(t, s, "logs").Endpoint()
			if s.Region() != tt.region || url != tt.url || logs != tt.logs {
				t.Errorf("have %s, %s, %s", s.Region(), url, logs)
			}
			if tt.key == "" {
				return
			}
			if c, err := s.Credentials(t.Context()); err != nil || c.AccessKeyID != tt.key {
				t.Errorf("have %s, %v, want %s", c.AccessKeyID, err, tt.key)
			}
		})
	}
}

func TestConfigurationErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, variable, want string }{
		"no profile": {"", "AWS_PROFILE=none", "the config profile (none) could not be found"},
		"attempts":   {"", "AWS_MAX_ATTEMPTS=many", `AWS_MAX_ATTEMPTS: "many" is not a number of attempts`},
		"bundle":     {"", "AWS_CA_BUNDLE=/nowhere/ca.pem", "AWS_CA_BUNDLE: open /nowhere/ca.pem"},
	} {
		_, err := client.NewSession(t.Context(), client.WithEnvironment(files(t, tt.config, "", tt.variable)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := client.NewSession(t.Context(), client.WithAnonymous(), client.WithEnvironment(environment()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Credentials(t.Context()); !errors.Is(err, client.ErrNoCredentials) {
		t.Error(err)
	}
}

// TestAssumeRole lets the profile's role be assumed at the profile's endpoint,
// and signs with what comes back.
func TestAssumeRole(t *testing.T) {
	t.Parallel()
	const assumed = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEROLEROLEROLE</AccessKeyId>` +
		`<SecretAccessKey>s</SecretAccessKey><SessionToken>the token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>` +
		`</Credentials></AssumeRoleResult></AssumeRoleResponse>`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth := r.Header.Get("Authorization")
		switch r.FormValue("Action") {
		case "AssumeRole":
			if r.FormValue("RoleArn") != "arn:aws:iam::123456789012:role/r" || !strings.Contains(auth, "AKIAPLAINPLAINPLAIN0") {
				t.Errorf("%v signed %s", r.Form, auth)
			}
			_, _ = w.Write([]byte(assumed))
		default:
			if r.Header.Get("X-Amz-Security-Token") != "the token" || !strings.Contains(auth, "ASIAROLEROLEROLEROLE/") || !strings.Contains(auth, "/eu-west-3/sns/") {
				t.Errorf("signed %s", auth)
			}
			_, _ = w.Write([]byte("<ListTopicsResponse><ListTopicsResult/></ListTopicsResponse>"))
		}
	}))
	t.Cleanup(srv.Close)
	env := files(t, strings.ReplaceAll(sharedConfig, "ENDPOINT", srv.URL), "")
	s, err := client.NewSession(t.Context(), client.WithProfile("role"), client.WithEnvironment(env), client.WithHTTPClient(srv.Client()))
	if err != nil {
		t.Fatal(err)
	}
	call(t, clientOf(t, s, "sns"), "ListTopics", nil)
}

// TestCABundle trusts the certificates that the environment names, and no others.
func TestCABundle(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	list := func(variables ...string) error {
		opts := []client.Option{client.WithEnvironment(environment(variables...)), client.WithEndpoint(srv.URL), client.WithMaxAttempts(1), client.WithStaticCredentials("AKIAIOSFODNN7EXAMPLE", "s", "")}
		if len(variables) == 0 {
			opts = append(opts, client.WithHTTPClient(&http.Client{Transport: &http.Transport{}}))
		}
		s, err := client.NewSession(t.Context(), opts...)
		if err != nil {
			return err
		}
		c := clientOf(t, s, "sqs")
		defer c.Close()
		_, err = c.Call(t.Context(), "ListQueues", nil)
		return err
	}
	if err := list("AWS_CA_BUNDLE=" + file); err != nil {
		t.Error(err)
	}
	err := list()
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("without the bundle: %v", err)
	}
	if e, ok := errors.AsType[*client.ConnectionError](err); !ok || e.URL != srv.URL {
		t.Errorf("%v", err)
	}
}
