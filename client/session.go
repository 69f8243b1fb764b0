package client

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Doer sends HTTP requests; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Session is who calls, from which region, and where to. It is safe for
// concurrent use and makes any number of clients.
type Session struct {
	profile     string
	region      string
	endpoint    string // of every service; "" for those of AWS
	endpoints   map[string]string
	credentials aws.CredentialsProvider
	anonymous   bool
	http        Doer
	logger      *slog.Logger
	attempts    int
	random      func() float64
	pathStyle   *bool
	getenv      func(string) string
	given       bool // the configuration was given: nothing else is read
	fips, dual  bool // asked for, which only given endpoints can be
}

// Option changes what a session is made of.
type Option func(*Session)

// WithProfile names the profile of the shared files, whose credentials then come
// before those of the environment.
func WithProfile(name string) Option { return func(s *Session) { s.profile = name } }

// WithRegion sets the region, for example "eu-west-1".
func WithRegion(region string) Option { return func(s *Session) { s.region = region } }

// WithEndpoint sends the calls of every service to one URL. The region is
// us-east-1 where nothing says otherwise.
func WithEndpoint(url string) Option { return func(s *Session) { s.endpoint = url } }

// WithCredentials takes credentials from a provider, which should cache them.
func WithCredentials(p aws.CredentialsProvider) Option {
	return func(s *Session) { s.credentials = p }
}

// WithStaticCredentials sets an access key, and the session token that belongs to
// it or "".
func WithStaticCredentials(id, secret, token string) Option {
	return WithCredentials(credentials.NewStaticCredentialsProvider(id, secret, token))
}

// WithAnonymous leaves requests unsigned.
func WithAnonymous() Option { return func(s *Session) { s.anonymous = true } }

// WithHTTPClient sends requests through h.
func WithHTTPClient(h Doer) Option { return func(s *Session) { s.http = h } }

// WithLogger writes a line at level Debug for each request, answer and retry.
// Nothing secret is in them.
func WithLogger(l *slog.Logger) Option { return func(s *Session) { s.logger = l } }

// WithMaxAttempts sets how often a call is tried, 1 for once.
func WithMaxAttempts(n int) Option { return func(s *Session) { s.attempts = n } }

// WithRandom takes the length of pauses from f, which returns numbers in [0, 1).
func WithRandom(f func() float64) Option { return func(s *Session) { s.random = f } }

// WithPathStyle decides how S3 buckets are named: in the path, or in the host.
// Without it they are in the host at AWS and in the path elsewhere.
func WithPathStyle(path bool) Option { return func(s *Session) { s.pathStyle = &path } }

// WithEnvironment reads variables through getenv instead of os.Getenv.
func WithEnvironment(getenv func(string) string) Option {
	return func(s *Session) { s.getenv = getenv }
}

// WithConfig takes region, endpoint, credentials and HTTP client from the
// configuration of an AWS SDK; neither the environment nor files are read.
func WithConfig(c aws.Config) Option {
	return func(s *Session) {
		s.given = true
		s.region, s.credentials, s.endpoint = c.Region, c.Credentials, aws.ToString(c.BaseEndpoint)
		if c.HTTPClient != nil {
			s.http = c.HTTPClient
		}
	}
}

// NewSession reads the configuration. Credentials are found out now, but fetched
// when the first call needs them. A profile that was asked for and does not exist
// is an error, as is a file that cannot be read.
func NewSession(ctx context.Context, opts ...Option) (*Session, error) {
	s := &Session{random: rand.Float64, getenv: os.Getenv, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(s)
	}
	if !s.given {
		if err := s.load(ctx); err != nil {
			return nil, err
		}
	}
	if s.region == "" && s.endpoint != "" {
		s.region = "us-east-1"
	}
	if s.http == nil {
		s.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if s.attempts <= 0 {
		s.attempts = defaultAttempts
	}
	return s, nil
}

// Region is the session's region, or "".
func (s *Session) Region() string { return s.region }

// Profile is the profile that the session was made of, or "".
func (s *Session) Profile() string { return s.profile }

// Credentials fetches the credentials that calls are signed with. The error wraps
// ErrNoCredentials.
func (s *Session) Credentials(ctx context.Context) (aws.Credentials, error) {
	return s.retrieve(ctx)
}
