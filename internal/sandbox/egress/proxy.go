package egress

import (
	"context"
	"net"
	"net/netip"
)

// Addr is the proxy's own end of a connection it made.
type Addr = net.Addr

// Resolver turns a host name into addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer opens connections to literal addresses; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}
