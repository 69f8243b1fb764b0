package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/config"
)

// guardedApp is an App that knows the root user and nothing else.
func guardedApp(open bool) *App {
	return &App{cfg: config.Config{Auth: config.AuthOn, MetricsOpen: open}, root: rootKey{"AKIAROOT", "the secret", "111122223333"}, metrics: newMetrics()}
}

func signed(at time.Time, change func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://nephele.test/_nephele/outbox?limit=1", http.NoBody)
	SignAdmin(r, "AKIAROOT", "the secret", at)
	if change != nil {
		change(r)
	}
	return r
}

func TestRootOnly(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, tt := range map[string]struct {
		r    *http.Request
		want int
	}{
		"signed":         {signed(now, nil), http.StatusOK},
		"unsigned":       {httptest.NewRequest(http.MethodGet, "/_nephele/outbox", http.NoBody), http.StatusForbidden},
		"old":            {signed(now.Add(-6*time.Minute), nil), http.StatusForbidden},
		"of the future":  {signed(now.Add(6*time.Minute), nil), http.StatusForbidden},
		"another method": {signed(now, func(r *http.Request) { r.Method = http.MethodPost }), http.StatusForbidden},
		"another query":  {signed(now, func(r *http.Request) { r.URL.RawQuery = "limit=9" }), http.StatusForbidden},
		"another host":   {signed(now, func(r *http.Request) { r.Host = "elsewhere.test" }), http.StatusForbidden},
		"another nonce":  {signed(now, func(r *http.Request) { r.Header.Set(adminNonceHeader, "x") }), http.StatusForbidden},
		"no nonce":       {signed(now, func(r *http.Request) { r.Header.Del(adminNonceHeader) }), http.StatusForbidden},
		"another body":   {signed(now, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("more")) }), http.StatusForbidden},
	} {
		w := httptest.NewRecorder()
		guardedApp(false).rootOnly(func(http.ResponseWriter, *http.Request) {}).ServeHTTP(w, tt.r)
		if w.Code != tt.want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// TestReplay has a signature be good once.
func TestReplay(t *testing.T) {
	t.Parallel()
	a := guardedApp(false)
	guard := a.rootOnly(func(http.ResponseWriter, *http.Request) {})
	r := signed(time.Now(), nil)
	for _, want := range []int{http.StatusOK, http.StatusForbidden} {
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r.Clone(t.Context()))
		if w.Code != want {
			t.Errorf("%d, want %d", w.Code, want)
		}
	}
	now := time.Now()
	if !a.nonces.take("n", now) || a.nonces.take("n", now.Add(adminSkew)) || !a.nonces.take("m", now.Add(3*adminSkew)) || len(a.nonces.until) != 1 {
		t.Errorf("%v", a.nonces.until)
	}
}

// TestMetricsGuard lets those in who are on the machine, sign, or are meant to.
func TestMetricsGuard(t *testing.T) {
	t.Parallel()
	ask := func(from string, change func(*http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/_nephele/metrics", http.NoBody)
		r.RemoteAddr = from
		if change != nil {
			change(r)
		}
		return r
	}
	for name, tt := range map[string]struct {
		r    *http.Request
		open bool
		want int
	}{
		"loopback":      {r: ask("127.0.0.1:5", nil), want: http.StatusOK},
		"loopback, v6":  {r: ask("[::1]:5", nil), want: http.StatusOK},
		"by a proxy":    {r: ask("127.0.0.1:5", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }), want: http.StatusForbidden},
		"a stranger":    {r: ask("192.0.2.1:5", nil), want: http.StatusForbidden},
		"the root user": {r: ask("192.0.2.1:5", func(r *http.Request) { SignAdmin(r, "AKIAROOT", "the secret", time.Now()) }), want: http.StatusOK},
		"open":          {r: ask("192.0.2.1:5", nil), open: true, want: http.StatusOK},
	} {
		w := httptest.NewRecorder()
		admin, err := guardedApp(tt.open).admin()
		if err != nil {
			t.Fatal(err)
		}
		admin.ServeHTTP(w, tt.r)
		if w.Code != tt.want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
