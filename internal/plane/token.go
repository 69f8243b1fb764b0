package plane

import "context"

type tokenKey struct{}

// WithToken gives the calls made under the returned context an idempotency
// token. Handlers of operations for which AWS has no client token of its own
// (PutMetricData) honour it, so that a flow that repeats a step after a crash
// has its effect once.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, token)
}

// Token returns the idempotency token of ctx, or "".
func Token(ctx context.Context) string {
	token, _ := ctx.Value(tokenKey{}).(string)
	return token
}
