package courier

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
)

// The defaults of a Class; EventBridge's for its targets.
const (
	defaultAttempts = 185
	defaultAge      = 24 * time.Hour
	backoffFirst    = time.Second
	backoffLimit    = 10 * time.Minute
)

func (k Class) limits(e Envelope) (attempts int, age time.Duration) {
	attempts, age = k.MaxAttempts, k.MaxAge
	if k.Limits != nil {
		if n, d := k.Limits(e); n > 0 || d > 0 {
			attempts, age = positive(n, attempts), positive(d, age)
		}
	}
	return positive(attempts, defaultAttempts), positive(age, defaultAge)
}

// positive is n, or otherwise where n is not above zero.
func positive[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

func (k Class) pause(attempt int) time.Duration {
	if k.Backoff != nil {
		return k.Backoff(attempt)
	}
	limit := backoffLimit
	if shift := attempt - 1; shift < 10 { // 1 s << 10 is over the limit
		limit = min(limit, backoffFirst<<max(shift, 0))
	}
	return limit/2 + rand.N(limit/2+1)
}

func (k Class) permanent(err error) bool {
	if k.Permanent != nil {
		return k.Permanent(err)
	}
	return Permanent(err)
}

// Permanent reports whether repeating a call that failed so is pointless: the
// caller's mistake and no throttling, or an operation that is not implemented.
func Permanent(err error) bool {
	e := awserr.As(err)
	switch {
	case e == nil:
		return false
	case e.Status == http.StatusNotImplemented:
		return true
	case e.Status == http.StatusTooManyRequests, strings.Contains(e.Code, "Throttl"), strings.Contains(e.Code, "TooManyRequests"):
		return false
	}
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError
}

// answer is err as an API would answer it.
func answer(err error) *awserr.Error {
	if e := awserr.As(err); e != nil {
		return e
	}
	return awserr.New("InternalFailure", http.StatusInternalServerError, "The call could not be made.").Because(err)
}
