package door

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// peer is who stands at the other end of a request.
type peer struct {
	addr   netip.Addr
	secure bool // TLS, up to the first proxy that we trust
}

// peerOf finds the client. Behind trusted proxies it is the last address in
// X-Forwarded-For that is not one of them; X-Forwarded-Proto and -Host are
// believed as well, for the client signed the host that it called.
func (d *Door) peerOf(r *http.Request) peer {
	p := peer{addr: addrOf(r.RemoteAddr), secure: r.TLS != nil}
	if !d.trusted(p.addr) {
		return p
	}
	if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
		p.secure = proto == "https"
	}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" {
		r.Host = host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr := addrOf(strings.TrimSpace(hop))
		if !addr.IsValid() {
			break
		}
		p.addr = addr
		if !d.trusted(addr) {
			break
		}
	}
	return p
}

func (d *Door) trusted(addr netip.Addr) bool {
	for _, prefix := range d.opts.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// addrOf reads an address with or without a port; what is none is invalid.
func addrOf(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap()
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}
