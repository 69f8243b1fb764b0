package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// load fills in what no option set, from the environment and the shared files.
func (s *Session) load(ctx context.Context) error {
	asked := s.profile != ""
	if !asked {
		s.profile = s.env("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	}
	shared, exists, err := s.sharedConfig(ctx)
	if err != nil {
		return err
	}
	if s.region == "" {
		s.region = s.env("AWS_REGION", "AWS_DEFAULT_REGION")
	}
	if s.region == "" {
		s.region = shared.Region
	}
	if err := s.loadAttempts(shared); err != nil {
		return err
	}
	s.loadEndpoints(shared)
	if s.credentials == nil && !s.anonymous && !asked {
		if id := s.getenv("AWS_ACCESS_KEY_ID"); id != "" {
			s.credentials = credentials.NewStaticCredentialsProvider(id, s.getenv("AWS_SECRET_ACCESS_KEY"), s.getenv("AWS_SESSION_TOKEN"))
		}
	}
	return s.loadChain(ctx, exists && s.getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" || asked)
}

// env is the first of the variables that is set.
func (s *Session) env(names ...string) string {
	for _, n := range names {
		if v := s.getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// files are the shared files that the environment names; nil for the usual ones.
func (s *Session) files() (configs, creds []string) {
	if f := s.getenv("AWS_CONFIG_FILE"); f != "" {
		configs = []string{f}
	}
	if f := s.getenv("AWS_SHARED_CREDENTIALS_FILE"); f != "" {
		creds = []string{f}
	}
	return configs, creds
}

// sharedConfig reads the profile. That the default one does not exist is no
// error.
func (s *Session) sharedConfig(ctx context.Context) (config.SharedConfig, bool, error) {
	name := s.profile
	if name == "" {
		name = config.DefaultSharedConfigProfile
	}
	configs, creds := s.files()
	shared, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		if configs != nil {
			o.ConfigFiles = configs
		}
		if creds != nil {
			o.CredentialsFiles = creds
		}
	})
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		if s.profile == "" {
			return shared, false, nil
		}
		return shared, false, fmt.Errorf("the config profile (%s) could not be found in %s", name, strings.Join(missing.Filename, ", "))
	}
	if err != nil {
		return shared, false, fmt.Errorf("reading the profile %s: %w", name, err)
	}
	return shared, true, nil
}

func (s *Session) loadAttempts(shared config.SharedConfig) error {
	if s.attempts > 0 {
		return nil
	}
	s.attempts = shared.RetryMaxAttempts
	text := s.getenv("AWS_MAX_ATTEMPTS")
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return fmt.Errorf("AWS_MAX_ATTEMPTS: %q is not a number of attempts", text)
	}
	s.attempts = n
	return nil
}

// loadEndpoints notes the endpoints of single services, which come before that
// of all in the same source; the environment comes before the profile.
func (s *Session) loadEndpoints(shared config.SharedConfig) {
	s.fips = s.getenv("AWS_USE_FIPS_ENDPOINT") == "true" || shared.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
	s.dual = s.getenv("AWS_USE_DUALSTACK_ENDPOINT") == "true" || shared.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	ignore := aws.ToBool(shared.IgnoreConfiguredEndpoints)
	if v := s.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"); v != "" {
		ignore = strings.EqualFold(v, "true")
	}
	if s.endpoint != "" || ignore {
		return
	}
	s.endpoints = map[string]string{}
	s.endpoint = s.getenv("AWS_ENDPOINT_URL")
	environment := s.endpoint != ""
	if !environment {
		s.endpoint = shared.BaseEndpoint
	}
	for _, svc := range services() {
		id := configID(svc.ID)
		url := s.getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(id))
		if url == "" && !environment {
			url = shared.Services.ServiceValues[id]["endpoint_url"]
		}
		if url != "" {
			s.endpoints[svc.Name] = url
		}
	}
}

// configID is a service id as configuration spells it: cloudwatch_logs.
func configID(id string) string {
	return strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(id))
}

// loadChain leaves the rest to the configuration of the AWS SDK: assumed roles,
// SSO, processes, containers and instances, and the trust in certificates.
func (s *Session) loadChain(ctx context.Context, byProfile bool) error {
	opts := []func(*config.LoadOptions) error{config.WithRegion(s.region)}
	configs, creds := s.files()
	if configs != nil {
		opts = append(opts, config.WithSharedConfigFiles(configs))
	}
	if creds != nil {
		opts = append(opts, config.WithSharedCredentialsFiles(creds))
	}
	if byProfile && s.profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.profile))
	}
	if s.credentials != nil || s.anonymous {
		opts = append(opts, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if url := s.configured("sts"); url != "" {
		opts = append(opts, config.WithBaseEndpoint(url))
	}
	if s.http != nil {
		opts = append(opts, config.WithServiceOptions(s.ownClient))
	} else if file := s.getenv("AWS_CA_BUNDLE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		opts = append(opts, config.WithCustomCABundle(bytes.NewReader(pem)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return fmt.Errorf("loading the configuration: %w", err)
	}
	if s.http == nil {
		s.http = cfg.HTTPClient
	}
	if s.credentials == nil {
		s.credentials = cfg.Credentials
	}
	return nil
}

// ownClient makes the calls that assume roles go through the session's HTTP
// client. The SDK's configuration refuses a client of which it does not know how
// to add AWS_CA_BUNDLE to it.
func (s *Session) ownClient(_ string, options any) {
	if o, ok := options.(*sts.Options); ok {
		o.HTTPClient = s.http
	}
}

// retrieve fetches the credentials.
func (s *Session) retrieve(ctx context.Context) (aws.Credentials, error) {
	if s.credentials == nil {
		return aws.Credentials{}, ErrNoCredentials
	}
	c, err := s.credentials.Retrieve(ctx)
	switch {
	case ctx.Err() != nil:
		return c, ctx.Err()
	case err != nil:
		return c, fmt.Errorf("%w: %w", ErrNoCredentials, err)
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return c, ErrNoCredentials
	}
	return c, nil
}
