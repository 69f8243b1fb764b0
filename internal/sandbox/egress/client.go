package egress

import (
	"context"
	"net"
)

// DialContext connects to an address as a request through the proxy would: the
// same policy decides. It is for what the server itself sends to places that a
// caller has named. An address that is not allowed is a *RefusedError.
func (p *Proxy) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return p.dial(ctx, address)
}
