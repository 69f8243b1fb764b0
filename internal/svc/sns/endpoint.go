package sns

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/sandbox/egress"
)

// attemptTimeout is how long an endpoint may take to answer.
const attemptTimeout = 15 * time.Second

// maxAnswer is how much of an answer is read, to be able to use the connection
// again.
const maxAnswer = 64 << 10

// newClient returns the client for endpoints. It goes through no proxy and
// follows no redirect: both would be a way around Dial.
func newClient(d Deps) *http.Client {
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: d.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    attemptTimeout,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
	}
	transport.DialContext = d.Dial
	return &http.Client{
		Transport: transport, Timeout: attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// delivery is a message on its way to an HTTP endpoint.
type delivery struct {
	Type, MessageID, Body string
	Raw                   bool
}

// failure is why an attempt did not succeed.
type failure struct {
	Code      string // for the dead-letter queue: the status, or what was wrong
	Message   string
	Permanent bool
}

// Error implements error.
func (f *failure) Error() string { return f.Code + ": " + f.Message }

// post makes one attempt. Its error is a *failure, or ctx's.
func (s *Service) post(ctx context.Context, d *delivery, sub *subscription, contentType string) error {
	to, err := url.Parse(sub.Doc.Endpoint)
	if err != nil {
		return &failure{Code: "InvalidEndpoint", Message: "the endpoint is no URL", Permanent: true}
	}
	user := to.User
	to.User = nil
	a, err := s.send(ctx, d, sub, to.String(), contentType, nil)
	if err == nil && user != nil && a.asksBasic() {
		a, err = s.send(ctx, d, sub, to.String(), contentType, user)
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return unreachable(err)
	}
	return a.outcome()
}

// answer is what counts of an endpoint's answer.
type answer struct {
	code      int
	challenge string
}

// asksBasic reports whether an answer asks for a user name and password in the
// basic way, the only one that is known here.
func (a answer) asksBasic() bool {
	return a.code == http.StatusUnauthorized && strings.HasPrefix(strings.ToLower(a.challenge), "basic")
}

// send sends a message once and reads the answer to its end.
func (s *Service) send(ctx context.Context, d *delivery, sub *subscription, to, contentType string, user *url.Userinfo) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(d.Body))
	if err != nil {
		return answer{}, err
	}
	h := req.Header
	h.Set("Content-Type", contentType)
	h.Set("User-Agent", "Amazon Simple Notification Service Agent")
	h.Set("X-Amz-Sns-Message-Type", d.Type)
	h.Set("X-Amz-Sns-Message-Id", d.MessageID)
	h.Set("X-Amz-Sns-Topic-Arn", sub.Topic)
	if d.Type != typeSubscribe {
		h.Set("X-Amz-Sns-Subscription-Arn", sub.arn())
	}
	if d.Raw {
		h.Set("X-Amz-Sns-Rawdelivery", "true")
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return answer{resp.StatusCode, resp.Header.Get("WWW-Authenticate")}, err
}

// outcome judges an answer: 429 and 5xx may succeed later, other refusals not.
func (a answer) outcome() error {
	if a.code >= 200 && a.code < 300 {
		return nil
	}
	later := a.code == http.StatusTooManyRequests || a.code >= 500 || a.code < 200
	status := strings.TrimSpace(strconv.Itoa(a.code) + " " + http.StatusText(a.code)) // not the endpoint's words, which may be any bytes
	return &failure{Code: strconv.Itoa(a.code), Message: "the endpoint answered " + status, Permanent: !later}
}

// unreachable judges an error of the connection. The URL, which may hold a
// secret, is left out.
func unreachable(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	f := &failure{Code: "ConnectionError", Message: err.Error()}
	if errors.Is(err, context.DeadlineExceeded) {
		f.Code, f.Message = "Timeout", "the endpoint did not answer in time"
	}
	if e, ok := errors.AsType[*egress.RefusedError](err); ok {
		f.Code, f.Message, f.Permanent = "EndpointNotAllowed", "the endpoint may not be reached from here: "+e.Reason, true
	}
	return f
}

func (d *delivery) encode() string { return compact(d) }

func decodeDelivery(text []byte) (*delivery, error) {
	d := &delivery{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("decode delivery: %w", err)
	}
	return d, nil
}
