package egress

import (
	"fmt"
	"net"
	"time"
)

// peer is the far end of a tunnel and how it was reached: what a program
// behind a proxy cannot see, and wants in its timings.
type peer struct {
	addr         net.Addr
	dns, connect time.Duration
}

// peerKey is the key of a *peer in a context; dial fills it.
type peerKey struct{}

// header is the peer as a header line of the answer to CONNECT, times in
// milliseconds (read by runtimes/nodejs/src/net/egress.js).
func (t peer) header() string {
	if t.addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(t.addr.String())
	if err != nil {
		return ""
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("X-Nephele-Egress-Peer: %s dns=%.3f connect=%.3f\r\n", host, ms(t.dns), ms(t.connect))
}
