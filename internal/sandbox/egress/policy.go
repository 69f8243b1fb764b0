package egress

import "net/netip"

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
