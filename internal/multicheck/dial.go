package multicheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"nephele.dev/nephele/internal/sandbox/egress"
)

// connect resolves a host and connects to the first of its addresses that
// answers, IPv4 first. Addresses share the time that is left.
func (r *run) connect(ctx context.Context, network, host string, port int, t *Timings) (net.Conn, error) {
	start := time.Now()
	addrs, err := r.deps.Resolver.LookupNetIP(ctx, "ip", host)
	t.DNS = since(start)
	if err != nil {
		return nil, err
	}
	start = time.Now()
	defer func() { t.Connect = since(start) }()
	addrs = inOrder(addrs)
	err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	for i, addr := range addrs {
		var conn net.Conn
		if conn, err = r.dialOne(ctx, network, netip.AddrPortFrom(addr, uint16(port)), len(addrs)-i); err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	if refused, ok := errors.AsType[*egress.RefusedError](err); ok {
		return nil, &egress.RefusedError{Target: net.JoinHostPort(host, fmt.Sprint(port)), Reason: refused.Reason}
	}
	return nil, err
}

func (r *run) dialOne(ctx context.Context, network string, to netip.AddrPort, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return r.deps.Dialer.DialContext(ctx, network, to.String())
}

func inOrder(addrs []netip.Addr) []netip.Addr {
	var four, six []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	all := append(four, six...)
	return all[:min(len(all), maxAddresses)]
}

// explain words a network error. Codes are those of Node.js, which the guide's
// page on failures speaks of.
func explain(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*egress.RefusedError](err); ok {
		return e
	}
	if errors.Is(err, errNoAnswer) {
		return err
	}
	if cause, ok := errors.AsType[timeoutError](context.Cause(ctx)); ok && ctx.Err() != nil {
		return cause
	}
	var opError *net.OpError
	at := ""
	if errors.As(err, &opError) && opError.Addr != nil {
		at = " " + opError.Addr.String()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.Name != "" {
		code := map[bool]string{true: "ENOTFOUND", false: "EAI_AGAIN"}[e.IsNotFound]
		return fmt.Errorf("getaddrinfo %s %s", code, e.Name)
	}
	for _, c := range []struct {
		err  error
		code string
	}{
		{syscall.ECONNREFUSED, "connect ECONNREFUSED"},
		{syscall.ECONNRESET, "ECONNRESET"},
		{syscall.EPIPE, "EPIPE"},
		{syscall.EHOSTUNREACH, "connect EHOSTUNREACH"},
		{syscall.ENETUNREACH, "connect ENETUNREACH"},
		{syscall.ETIMEDOUT, "connect ETIMEDOUT"},
		{os.ErrDeadlineExceeded, "ETIMEDOUT"},
		{context.DeadlineExceeded, "ETIMEDOUT"},
	} {
		if errors.Is(err, c.err) {
			return errors.New(c.code + at)
		}
	}
	return explainTLS(err)
}

// explainTLS words what can go wrong with certificates.
func explainTLS(err error) error {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Errorf("the certificate is not valid for the host: %w", e)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errors.New("the certificate is not signed by an authority that is trusted")
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return errors.New("the certificate has expired or is not yet valid")
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return errors.New("the server does not speak TLS")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "net/http: "))
}
