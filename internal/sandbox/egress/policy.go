package egress

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Policy says which addresses may be reached. The zero value allows the public
// internet alone. Link-local addresses and the metadata services of clouds are
// refused whatever the policy says.
type Policy struct {
	// AllowPrivate admits loopback, private and shared ranges and the
	// addresses of this machine.
	AllowPrivate bool
	// Allow admits exact addresses and ports that the rest would refuse, such
	// as the server's own endpoint. Metadata services stay refused.
	Allow []netip.AddrPort
}

// class is what an address is, as far as the policy cares.
type class string

const (
	public   class = ""
	private  class = "a private address"
	own      class = "an address of this machine"
	metadata class = "a metadata or link-local address"
	reserved class = "not an address of a host"
)

// ranges lists what is not public, the first match winning. Sources: the IANA
// special-purpose address registries, and the clouds' metadata services.
var ranges = []struct {
	prefix netip.Prefix
	class  class
}{
	{netip.MustParsePrefix("169.254.0.0/16"), metadata},
	{netip.MustParsePrefix("fe80::/10"), metadata},
	{netip.MustParsePrefix("fd00:ec2::/32"), metadata},      // EC2: metadata, DNS and time over IPv6
	{netip.MustParsePrefix("fd20:ce::254/128"), metadata},   // Google
	{netip.MustParsePrefix("168.63.129.16/32"), metadata},   // Azure's wire server
	{netip.MustParsePrefix("100.100.100.200/32"), metadata}, // Alibaba
	{netip.MustParsePrefix("192.0.0.192/32"), metadata},     // Oracle
	{netip.MustParsePrefix("0.0.0.0/8"), reserved},
	{netip.MustParsePrefix("::/128"), reserved},
	{netip.MustParsePrefix("224.0.0.0/3"), reserved}, // multicast, class E and broadcast
	{netip.MustParsePrefix("ff00::/8"), reserved},
	{netip.MustParsePrefix("2001::/32"), reserved}, // Teredo: carries an address we cannot judge
	{netip.MustParsePrefix("127.0.0.0/8"), private},
	{netip.MustParsePrefix("::1/128"), private},
	{netip.MustParsePrefix("10.0.0.0/8"), private},
	{netip.MustParsePrefix("172.16.0.0/12"), private},
	{netip.MustParsePrefix("192.168.0.0/16"), private},
	{netip.MustParsePrefix("100.64.0.0/10"), private}, // carrier-grade NAT, RFC 6598
	{netip.MustParsePrefix("192.0.0.0/24"), private},
	{netip.MustParsePrefix("192.0.2.0/24"), private},
	{netip.MustParsePrefix("198.18.0.0/15"), private},
	{netip.MustParsePrefix("198.51.100.0/24"), private},
	{netip.MustParsePrefix("203.0.113.0/24"), private},
	{netip.MustParsePrefix("fc00::/7"), private},
	{netip.MustParsePrefix("fec0::/10"), private},
	{netip.MustParsePrefix("64:ff9b:1::/48"), private}, // local NAT64, RFC 8215
	{netip.MustParsePrefix("2001:db8::/32"), private},
	{netip.MustParsePrefix("100::/64"), private},
}

// classify says what addr is. Addresses of machine count as its own.
func classify(addr netip.Addr, machine []netip.Addr) class {
	addr = judged(addr)
	for _, r := range ranges {
		if r.prefix.Contains(addr) {
			return r.class
		}
	}
	if slices.Contains(machine, addr) {
		return own
	}
	return public
}

// judged strips what disguises an address: zones, and the IPv6 forms that
// carry an IPv4 address (mapped, compatible, NAT64 of RFC 6052, 6to4).
func judged(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case netip.MustParsePrefix("::/96").Contains(addr) && (b[12] != 0 || b[13] != 0):
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr
}

// Allows reports whether a run may connect to target.
func (p Policy) Allows(target netip.AddrPort) bool { return p.refusal(target, machineAddrs()) == "" }

// refusal says why the policy refuses target; empty when it allows it.
func (p Policy) refusal(target netip.AddrPort, machine []netip.Addr) string {
	c := classify(target.Addr(), machine)
	switch {
	case c == public:
		return ""
	case c == metadata || c == reserved:
		return fmt.Sprintf("%s is %s", target.Addr(), c)
	case p.AllowPrivate, slices.Contains(p.Allow, netip.AddrPortFrom(target.Addr().Unmap(), target.Port())):
		return ""
	}
	return fmt.Sprintf("%s is %s", target.Addr(), c)
}

// machineAddrs are the addresses of this machine's interfaces.
func machineAddrs() []netip.Addr {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range interfaces {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				out = append(out, addr.Unmap())
			}
		}
	}
	return out
}
