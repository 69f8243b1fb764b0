// Package egress is the only way out of a sandbox: an HTTP proxy that serves
// one run on one unix socket.
//
// A box has a network namespace of its own with nothing in it but loopback, so
// a program inside reaches the world through this proxy or not at all. It
// speaks what browsers and HTTP libraries speak to proxies: CONNECT for
// everything encrypted or framed (HTTPS, WebSocket, any TCP), and requests in
// absolute form for plain HTTP.
//
// What the server itself sends on somebody's behalf (notifications, checks of
// canaries) goes by the same decisions, through DialContext.
//
// # How a target is decided
//
// Names lie, so the decision is made on addresses. The proxy resolves the name
// itself, drops every address that the Policy refuses, and dials what is left
// by its literal address. A name that answers with a public address first and
// a private one a moment later gains nothing: the address that was judged is
// the address that is dialled. Redirects are followed by the program, not by
// the proxy, so each hop is judged like a first one.
//
// Addresses have many spellings. Numbers in the forms that inet_aton(3) and
// browsers accept (0x7f.1, 0177.0.0.1, 2130706433) are read the way they read
// them. IPv6 addresses that carry an IPv4 one (mapped, compatible, NAT64,
// 6to4) are judged by the address they carry.
//
// # What is never reached
//
// Link-local addresses (instance metadata is 169.254.169.254), the other
// metadata services of clouds, unspecified, multicast and reserved addresses.
// No policy and no exception admits them. The rest follows the Policy.
package egress
