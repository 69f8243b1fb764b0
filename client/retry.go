package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The figures of the standard retry mode.
const (
	defaultAttempts = 3
	maxBackoff      = 20 * time.Second
	bucketSize      = 500
	retryCost       = 5
	timeoutCost     = 10
	maxSkew         = 4 * time.Minute // a clock that is further off is corrected
)

var (
	throttlingCodes = []string{
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
		"LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
	}
	transientCodes    = []string{"RequestTimeout", "RequestTimeoutException"}
	transientStatuses = []int{500, 502, 503, 504}
	skewCodes         = []string{
		"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureException",
		"SignatureDoesNotMatch", "AuthFailure", "AccessDenied", "AccessDeniedException",
	}
)

// A bucket of tokens bounds how much retries add to the load of a service in
// trouble. All calls of a client share one.
type bucket struct {
	mu     sync.Mutex
	tokens int
}

// take pays for a retry, and reports whether it could.
func (b *bucket) take(cost int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < cost {
		return false
	}
	b.tokens -= cost
	return true
}

// give puts back what a call that succeeded paid for its last retry, or one.
func (b *bucket) give(paid int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(bucketSize, b.tokens+max(1, paid))
}

// pause waits before the next attempt. It returns the error to end with when
// there is none.
func (k *call) pause(ctx context.Context, err error) error {
	cost, worth := k.worth(err)
	if !worth {
		return err
	}
	c := k.client
	if k.attempt >= c.session.attempts || !c.bucket.take(cost) {
		return exhausted(err)
	}
	k.paid = cost
	delay := max(c.backoff(k.attempt), retryAfter(err))
	c.session.logger.DebugContext(ctx, "retry", slog.String("operation", k.op.Name), slog.Int("attempt", k.attempt),
		slog.Duration("pause", delay), slog.Any("error", err))
	if wait(ctx, delay) != nil {
		return fmt.Errorf("%w, after: %w", ctx.Err(), err)
	}
	return nil
}

func exhausted(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Exhausted = true
	}
	return err
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// backoff is a random part of 1, 2, 4 ... 20 seconds.
func (c *Client) backoff(attempt int) time.Duration {
	longest := min(math.Pow(2, float64(attempt-1)), maxBackoff.Seconds())
	return time.Duration(c.session.random() * longest * float64(time.Second))
}

// worth reports whether an error may pass by itself, and what a retry costs.
func (k *call) worth(err error) (cost int, worth bool) {
	if _, ok := errors.AsType[*ConnectionError](err); ok {
		if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
			return timeoutCost, true
		}
		return retryCost, true
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0, false
	}
	switch {
	case k.correctClock(e):
		return retryCost, true
	case e.Status == http.StatusTooManyRequests, e.retryable, e.Has(throttlingCodes...), e.Has(transientCodes...):
		return retryCost, true
	}
	return retryCost, slices.Contains(transientStatuses, e.Status)
}

// correctClock takes over the server's time after an error that a wrong clock
// explains, once for a call.
func (k *call) correctClock(e *Error) bool {
	if k.skewed || !e.Has(skewCodes...) {
		return false
	}
	theirs, err := http.ParseTime(e.Header.Get("Date"))
	if err != nil {
		return false
	}
	if off := theirs.Sub(k.client.now()); off.Abs() < maxSkew {
		return false
	}
	k.skewed = true
	k.client.skew.Store(int64(time.Until(theirs)))
	return true
}

// retryAfter is the pause that a service asks for: Retry-After (RFC 9110 section
// 10.2.3) or milliseconds in x-amz-retry-after; no longer than the longest of
// ours.
func retryAfter(err error) time.Duration {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0
	}
	var d time.Duration
	if ms, err := strconv.ParseFloat(e.Header.Get("X-Amz-Retry-After"), 64); err == nil {
		d = time.Duration(min(ms, 1e6) * float64(time.Millisecond))
	} else if text := e.Header.Get("Retry-After"); text != "" {
		if sec, err := strconv.ParseFloat(text, 64); err == nil {
			d = time.Duration(min(sec, 1e6) * float64(time.Second))
		} else if t, err := http.ParseTime(text); err == nil {
			d = time.Until(t)
		}
	}
	return min(max(d, 0), maxBackoff)
}
