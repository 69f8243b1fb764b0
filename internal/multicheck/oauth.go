package multicheck

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Tokens keeps OAuth tokens for tokenCacheTtl, from one run to the next. The
// zero value is ready. It is safe for concurrent use and bounded.
type Tokens struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]token
}

type token struct {
	value   string
	expires time.Time
}

// get returns a token that is still good.
func (t *Tokens) get(key [sha256.Size]byte) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept, ok := t.kept[key]
	if !ok || !time.Now().Before(kept.expires) {
		delete(t.kept, key)
		return "", false
	}
	return kept.value, true
}

// put keeps a token. When there are too many, those that have expired go, or
// else any one.
func (t *Tokens) put(key [sha256.Size]byte, value token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[[sha256.Size]byte]token{}
	}
	if len(t.kept) >= maxTokens {
		now := time.Now()
		for k, v := range t.kept {
			if !now.Before(v.expires) {
				delete(t.kept, k)
			}
		}
	}
	for k := range t.kept {
		if len(t.kept) < maxTokens {
			break
		}
		delete(t.kept, k)
	}
	t.kept[key] = value
}

// grant is a request for a token, its references resolved.
type grant struct {
	url              *url.URL
	id, secret       string
	form             url.Values // scope, audience, resource
	inHeader, inBody bool
	ttl              time.Duration
}

// key tells grants apart, and the canaries that made them.
func (g *grant) key(owner string) [sha256.Size]byte {
	b, _ := json.Marshal([]any{owner, g.url.String(), g.id, g.secret, g.form, g.inHeader, g.inBody})
	return sha256.Sum256(b)
}

// bearer adds an OAuth token. It reports whether the token was kept from
// before; fresh does not take such a one.
func (r *run) bearer(ctx context.Context, a *auth, req *http.Request, fresh bool) (cached bool, err error) {
	g, err := r.grant(ctx, a)
	if err != nil {
		return false, err
	}
	key := g.key(r.deps.Owner)
	value := ""
	if !fresh {
		value, cached = r.deps.Tokens.get(key)
	}
	if !cached {
		t, err := r.fetchToken(ctx, g)
		if err != nil {
			return false, fmt.Errorf("the token cannot be fetched: %w", explain(ctx, err))
		}
		r.deps.Tokens.put(key, t)
		value = t.value
	}
	r.redactor.add(value)
	req.Header.Set("Authorization", "Bearer "+value)
	return cached, nil
}

func (r *run) grant(ctx context.Context, a *auth) (*grant, error) {
	g := &grant{form: url.Values{"grant_type": {"client_credentials"}}, inHeader: a.inHeader, inBody: a.inBody}
	raw, err := r.text(ctx, a.tokenURL)
	if err != nil {
		return nil, err
	}
	if g.url, err = checkURL(raw); err != nil {
		return nil, fmt.Errorf("tokenUrl %w", err)
	}
	if g.id, err = r.text(ctx, a.clientID); err != nil {
		return nil, err
	}
	if g.secret, err = r.text(ctx, a.clientSecret); err != nil {
		return nil, err
	}
	r.redactor.add(g.secret)
	for name, t := range map[string]*text{"scope": a.scope, "audience": a.audience, "resource": a.resource} {
		v, err := r.optional(ctx, t)
		if err != nil {
			return nil, err
		}
		if v != "" {
			g.form.Set(name, v)
		}
	}
	seconds, err := r.number(ctx, a.cacheTTL, 3600)
	g.ttl = time.Duration(min(seconds, 30*24*3600)) * time.Second
	return g, err
}

// errorCode is the form of RFC 6749 section 5.2's error; others are not told.
var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// fetchToken asks for a token (RFC 6749 section 4.4).
func (r *run) fetchToken(ctx context.Context, g *grant) (token, error) {
	form := g.form
	if g.inBody {
		form.Set("client_id", g.id)
		form.Set("client_secret", g.secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, errors.New("the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", r.deps.UserAgent)
	if g.inHeader { // section 2.3.1
		id, secret := url.QueryEscape(g.id), url.QueryEscape(g.secret)
		r.redactor.add(id + ":" + secret)
		req.SetBasicAuth(id, secret)
	}
	f, err := r.roundTrip(ctx, req, &Timings{})
	if err != nil {
		return token{}, err
	}
	if len(f.doc.bytes) > maxToken {
		return token{}, errors.New("the answer is too large")
	}
	return readToken(f, g.ttl)
}

// readToken reads the answer of a token endpoint.
func readToken(f *response, ttl time.Duration) (token, error) {
	var answer struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
		Error       string  `json:"error"`
	}
	err := json.NewDecoder(io.LimitReader(strings.NewReader(string(f.doc.bytes)), maxToken)).Decode(&answer)
	switch {
	case f.status != http.StatusOK && errorCode.MatchString(answer.Error):
		return token{}, fmt.Errorf("the endpoint answered %d (%s)", f.status, answer.Error)
	case f.status != http.StatusOK:
		return token{}, fmt.Errorf("the endpoint answered %d", f.status)
	case err != nil || answer.AccessToken == "":
		return token{}, errors.New("the answer has no access_token")
	}
	if life := answer.ExpiresIn; life > 0 && life < ttl.Seconds() {
		ttl = time.Duration(life * float64(time.Second))
	}
	return token{answer.AccessToken, time.Now().Add(ttl)}, nil
}
