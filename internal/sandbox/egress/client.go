package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
)

// DialContext connects to an address as a request through the proxy would: the
// same policy decides. It is for what the server itself sends to places that a
// caller has named. network is "tcp" or "udp", the latter without OnDial, for
// no administration is done over it. An address that is not allowed is a
// *RefusedError. Each call counts as a request in Stats.
func (p *Proxy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	p.requests.Add(1)
	if !strings.HasPrefix(network, "udp") {
		network = "tcp"
	}
	c, err := p.dial(ctx, network, address)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		p.note(refused)
	}
	return c, err
}

// LookupNetIP returns the addresses of a host name, or of a literal in any of
// the spellings that DialContext reads. It judges none of them. It has the
// shape of a Resolver.
func (p *Proxy) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return p.resolve(ctx, host)
}
