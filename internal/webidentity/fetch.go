package webidentity

import (
	"context"
	"crypto/sha1" //nolint:gosec // thumbprints of IAM are made of it
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DialFunc connects to an issuer, if that may be reached from here.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Limits of fetching.
const (
	fetchTime    = 10 * time.Second // for discovery document and key set together
	maxDocument  = 256 << 10        // bytes of each
	maxRedirects = 3
)

// How long keys are kept.
const (
	minAge     = time.Minute
	defaultAge = 15 * time.Minute
	maxAge     = 6 * time.Hour
)

// fetcher gets the keys of issuers.
type fetcher struct {
	dial  DialFunc
	plain bool
	roots *x509.CertPool // nil is whom the machine believes
}

// keys are those of an issuer, and how long they may be kept.
func (f *fetcher) keys(ctx context.Context, issuer string, thumbprints []string) ([]publicKey, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	client := f.client(thumbprints)
	defer client.CloseIdleConnections()
	b, _, err := f.get(ctx, client, strings.TrimSuffix(full(issuer), "/")+discoveryPath)
	if err != nil {
		return nil, 0, err
	}
	var d struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, 0, fmt.Errorf("discovery document: %w", err)
	}
	if full(d.Issuer) != full(issuer) {
		return nil, 0, fmt.Errorf("discovery document is of issuer %q", d.Issuer)
	}
	b, age, err := f.get(ctx, client, d.Keys)
	if err != nil {
		return nil, 0, err
	}
	keys, err := parseSet(b)
	return keys, age, err
}

// full is an issuer with its scheme. Google's tokens leave it out at times.
func full(issuer string) string {
	if strings.Contains(issuer, "://") {
		return issuer
	}
	return "https://" + issuer
}

// get reads a document.
func (f *fetcher) get(ctx context.Context, client *http.Client, address string) ([]byte, time.Duration, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, 0, err
	}
	if err := f.permit(u); err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return nil, 0, err
	}
	if len(b) > maxDocument {
		return nil, 0, fmt.Errorf("%s answers more than %d bytes", address, maxDocument)
	}
	return b, age(resp.Header), nil
}

// permit refuses addresses that keys must not come from.
func (f *fetcher) permit(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !f.plain) {
		return fmt.Errorf("%s is not https", u.Redacted())
	}
	if u.Host == "" || u.User != nil {
		return errors.New("an address without host, or with a user")
	}
	return nil
}

// client goes the given way, and no proxy's.
func (f *fetcher) client(thumbprints []string) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            f.connect,
			MaxResponseHeaderBytes: 64 << 10,
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return f.connectTLS(ctx, network, address, thumbprints)
			},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return f.permit(r.URL)
		},
	}
}

func (f *fetcher) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if f.dial == nil {
		return nil, errors.New("there is no way out")
	}
	return f.dial(ctx, network, address)
}

func (f *fetcher) connectTLS(ctx context.Context, network, address string, thumbprints []string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := f.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, //nolint:gosec // VerifyConnection verifies
		VerifyConnection: func(s tls.ConnectionState) error {
			return f.believe(s.PeerCertificates, host, thumbprints, time.Now())
		},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// believe verifies the certificates of a host: by the roots, else with the last
// one of the chain as root if it has one of the thumbprints (IAM User Guide,
// "Obtain the thumbprint for an OpenID Connect identity provider").
func (f *fetcher) believe(chain []*x509.Certificate, host string, thumbprints []string, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("no certificate")
	}
	o := x509.VerifyOptions{DNSName: host, Roots: f.roots, Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	if err == nil {
		return nil
	}
	last := chain[len(chain)-1]
	sum := sha1.Sum(last.Raw) //nolint:gosec // see above
	digest := hex.EncodeToString(sum[:])
	if !slices.ContainsFunc(thumbprints, func(t string) bool { return strings.EqualFold(t, digest) }) {
		return err
	}
	o.Roots = x509.NewCertPool()
	o.Roots.AddCert(last)
	_, err = chain[0].Verify(o)
	return err
}

// age is how long an answer may be kept.
func age(h http.Header) time.Duration {
	for part := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part == "no-store" || part == "no-cache" {
			return minAge
		}
		if text, ok := strings.CutPrefix(part, "max-age="); ok {
			if n, err := strconv.ParseUint(text, 10, 31); err == nil {
				return min(max(time.Duration(n)*time.Second, minAge), maxAge)
			}
		}
	}
	return defaultAge
}
