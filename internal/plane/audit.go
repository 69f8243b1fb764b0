package plane

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/validate"
)

const levelUnsettled = slog.LevelDebug

// Event is what happened to one call, for the audit log and for metrics.
type Event struct {
	Call     *Call
	Duration time.Duration
	Error    *awserr.Error // nil when the call succeeded
	Inner    bool          // the call was made by a service
}

// audit writes a finished call to the log and to the hook. Reads that
// succeeded are logged at debug level, everything else at info.
func (p *Plane) audit(ctx context.Context, v *invocation, failure *awserr.Error) {
	call := v.call
	e := &Event{Call: call, Duration: time.Since(call.Time), Error: failure, Inner: v.inner}
	if p.opts.Audit != nil {
		p.opts.Audit(ctx, e)
	}
	level := slog.LevelInfo
	if failure == nil && ReadOnly(call.Operation) {
		level = slog.LevelDebug
	}
	if !p.log.Enabled(ctx, level) {
		return
	}
	attrs := append(call.attrs(), slog.Duration("duration", e.Duration))
	if failure != nil {
		attrs = append(attrs, slog.String("code", failure.Code), slog.Int("status", failure.Status), slog.String("message", v.forLog(failure)))
	}
	p.log.LogAttrs(ctx, level, "call", attrs...)
}

// maxLogged bounds the message of a refusal in the log, in bytes.
const maxLogged = 1024

// forLog is the message of a refusal without what the caller sent: values that
// break a constraint are for the caller's eyes.
func (v *invocation) forLog(failure *awserr.Error) string {
	text := failure.Message
	if v.invalid {
		text = validate.ForLog(v.call.Operation, v.in, v.missing, v.decoded)
	}
	if len(text) > maxLogged {
		text = strings.ToValidUTF8(text[:maxLogged], "") + "..."
	}
	return text
}

// logFault records an error that the caller is not shown.
func (p *Plane) logFault(ctx context.Context, call *Call, err error) {
	attrs := append(call.attrs(), errAttr(err))
	if panicked, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, slog.String("stack", string(panicked.stack)))
	}
	p.log.LogAttrs(ctx, slog.LevelError, "internal failure", attrs...)
}

// attrs identify a call in the log. They hold nothing of its input.
func (c *Call) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("request_id", c.RequestID),
		slog.String("service", c.Operation.Service.Name),
		slog.String("operation", c.Operation.Name),
		slog.String("account", c.Caller.Account),
		slog.String("region", c.Caller.Region),
		slog.String("principal", c.Caller.ARN))
	if c.Caller.AccessKeyID != "" {
		attrs = append(attrs, slog.String("access_key", c.Caller.AccessKeyID))
	}
	if c.Caller.SourceIP.IsValid() {
		attrs = append(attrs, slog.String("source_ip", c.Caller.SourceIP.String()))
	}
	return attrs
}

func errAttr(err error) slog.Attr { return slog.String("error", err.Error()) }
