package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// dialTimeout limits one connection attempt.
const dialTimeout = 15 * time.Second

// RefusedError is the policy's answer to a target.
type RefusedError struct {
	Target string // host:port as asked for
	Reason string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the sandbox refuses %s: %s", e.Target, e.Reason)
}

// dial resolves target, judges every address, and connects to the first
// allowed one that answers.
func (p *Proxy) dial(ctx context.Context, network, target string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(target)
	if err != nil {
		return nil, &RefusedError{target, "not a host and port"}
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, &RefusedError{target, "not a port"}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	started := time.Now()
	addrs, err := p.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	resolved := time.Now()
	allowed, refusal := p.admit(addrs, uint16(port))
	if len(allowed) == 0 {
		return nil, &RefusedError{target, refusal}
	}
	conn, err := p.connect(ctx, network, allowed)
	if told, ok := ctx.Value(peerKey{}).(*peer); ok && err == nil {
		*told = peer{addr: conn.RemoteAddr(), dns: resolved.Sub(started), connect: time.Since(resolved)}
	}
	return conn, err
}

// resolve returns the addresses of a host name or literal.
func (p *Proxy) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, ok := parseAddr(host); ok {
		return []netip.Addr{addr.WithZone("")}, nil
	}
	return p.o.Resolver.LookupNetIP(ctx, "ip", host)
}

// admit keeps the addresses that the policy allows, IPv4 first: a machine
// without IPv6 fails those at once, but one with a broken IPv6 does not.
func (p *Proxy) admit(addrs []netip.Addr, port uint16) (allowed []netip.AddrPort, refusal string) {
	var six []netip.AddrPort
	for _, addr := range addrs {
		target := netip.AddrPortFrom(addr.Unmap(), port)
		if why := p.o.Policy.refusal(target, p.machine); why != "" {
			refusal = why
		} else if target.Addr().Is4() {
			allowed = append(allowed, target)
		} else {
			six = append(six, target)
		}
	}
	if refusal == "" {
		refusal = "the name has no address"
	}
	return append(allowed, six...), refusal
}

// connect dials the literal addresses in turn and tells OnDial before the
// connection is used.
func (p *Proxy) connect(ctx context.Context, network string, targets []netip.AddrPort) (net.Conn, error) {
	var failures []error
	for _, target := range targets {
		conn, err := p.o.Dialer.DialContext(ctx, network, target.String())
		if err != nil {
			failures = append(failures, err)
			continue
		}
		release := func() {}
		if p.o.OnDial != nil && network == "tcp" {
			release = p.o.OnDial(conn.LocalAddr(), conn.RemoteAddr())
		}
		return p.track(conn, true, release), nil
	}
	return nil, errors.Join(failures...)
}
