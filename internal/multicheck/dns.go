package multicheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// DNSDetails are what a DNS check found.
type DNSDetails struct {
	Server        string   `json:"server,omitempty"`
	Code          string   `json:"responseCode"` // NOERROR, NXDOMAIN, ...
	Authoritative bool     `json:"authoritative"`
	Truncated     bool     `json:"truncated,omitempty"` // over UDP, and asked again over TCP
	Records       []string `json:"records"`
	TTL           uint32   `json:"ttl"` // the least of the records', in seconds
}

// answer is what a DNS check found.
type answer struct {
	DNSDetails
	records []record
	millis  float64
}

func (f *answer) body() []byte {
	b, _ := json.Marshal(f.DNSDetails) // strings and numbers
	return b
}

// domainName admits underscores, which names of TXT and SRV records begin with.
var domainName = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9._-]*[a-zA-Z0-9_])?\.?$`)

func checkDomain(s string) error {
	if len(s) > maxHostname || !domainName.MatchString(s) && !isIPv6(s) {
		return errors.New("must be a domain name")
	}
	return nil
}

// checkDNS asks for the records.
func (r *run) checkDNS(ctx context.Context, s *step, res *StepResult) (observation, error) {
	c := s.dns
	domain, err := r.text(ctx, c.domain)
	if err != nil {
		return nil, fmt.Errorf("domain: %w", err)
	}
	if err := checkDomain(domain); err != nil {
		return nil, fmt.Errorf("domain %w", err)
	}
	res.Target = domain + " " + c.recordType
	q, err := newQuestion(domain, c.recordType)
	if err != nil {
		return nil, err
	}
	ask, err := r.server(ctx, c, res)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	f, err := q.ask(ctx, c.tcp, ask)
	res.Timings.Wait = since(start)
	if err != nil {
		return nil, err
	}
	f.millis = res.Timings.Wait
	res.Details = f.DNSDetails
	return f, f.usable(s)
}

// usable reports an answer that fails the check whatever is asserted. An answer
// without records fails unless their count is asserted: that may be zero.
func (f *answer) usable(s *step) error {
	counted := slices.ContainsFunc(s.assertions, func(a *assertion) bool { return a.kind == recordCount })
	switch {
	case f.Code != "NOERROR" && f.Code != "NXDOMAIN":
		return fmt.Errorf("the name server answered %s", f.Code)
	case len(f.records) > 0 || counted:
		return nil
	case f.Code == "NXDOMAIN":
		return errors.New("the domain does not exist (NXDOMAIN)")
	}
	return fmt.Errorf("the domain has no %s records", s.dns.recordType)
}

// dialFunc connects to a check's name server over "udp" or "tcp".
type dialFunc func(ctx context.Context, network string) (net.Conn, error)

// server returns the way to the name server.
func (r *run) server(ctx context.Context, c *dnsCheck, res *StepResult) (dialFunc, error) {
	if c.nameserver == nil {
		if r.deps.Nameserver == nil {
			return nil, errors.New("the system's name server is not known: set nameserver")
		}
		return r.deps.Nameserver, nil
	}
	host, port, err := r.target(ctx, *c.nameserver, c.port, 53)
	if err != nil {
		return nil, fmt.Errorf("nameserver: %w", err)
	}
	res.Target += " @" + net.JoinHostPort(host, strconv.Itoa(port))
	return func(ctx context.Context, network string) (net.Conn, error) {
		return r.connect(ctx, network, host, port, &res.Timings)
	}, nil
}

// judge implements observation.
func (f *answer) judge(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	switch a.kind {
	case "RESPONSE_TIME":
		return judgeTime(ctx, r, a, f.millis)
	case "AUTHORITATIVE":
		want, err := r.flag(ctx, a.flag, true)
		return strconv.FormatBool(f.Authoritative), f.Authoritative == want, err
	case recordCount:
		want, err := r.number(ctx, a.number, 0)
		return strconv.Itoa(len(f.records)), a.compareNumber(float64(len(f.records)), want), err
	case "TTL":
		want, err := r.number(ctx, a.number, 0)
		if len(f.records) == 0 {
			return "no records", false, err
		}
		return strconv.Itoa(int(f.TTL)), a.compareNumber(float64(f.TTL), want), err
	}
	want, err := r.text(ctx, a.value)
	if err != nil {
		return "", false, err
	}
	ok, err := f.judgeValue(ctx, a, want)
	return r.showValues(f.Records), ok, err
}

// judgeValue compares the records. One of them has to satisfy the operator, and
// of NOT_EQUALS and NOT_CONTAINS each of them has to. Names are compared
// without regard to case and final dots.
func (f *answer) judgeValue(ctx context.Context, a *assertion, want string) (bool, error) {
	var forms []string
	for _, rec := range f.records {
		forms = append(forms, rec.text)
		if rec.host != "" {
			forms = append(forms, rec.host)
		}
	}
	if f.names() && a.operator != opRegex {
		want = strings.ToLower(strings.TrimSuffix(want, "."))
		for i := range forms {
			forms[i] = strings.ToLower(forms[i])
		}
	}
	return a.compareAny(ctx, forms, want)
}

func (f *answer) names() bool {
	return slices.ContainsFunc(f.records, func(r record) bool { return r.isName })
}

// question is a query for records.
type question struct {
	dnsmessage.Question
	id uint16
}

var queryTypes = map[string]dnsmessage.Type{
	"A": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "CAA": typeCAA, "CNAME": dnsmessage.TypeCNAME, "MX": dnsmessage.TypeMX,
	"NS": dnsmessage.TypeNS, "PTR": dnsmessage.TypePTR, "SOA": dnsmessage.TypeSOA, "SRV": dnsmessage.TypeSRV, "TXT": dnsmessage.TypeTXT,
}

// newQuestion makes a query. PTR of an address asks for its name in the
// reverse tree.
func newQuestion(domain, recordType string) (*question, error) {
	if addr, err := netip.ParseAddr(domain); err == nil && recordType == "PTR" {
		domain = reverse(addr.Unmap())
	}
	name, err := dnsmessage.NewName(strings.TrimSuffix(domain, ".") + ".")
	if err != nil {
		return nil, errors.New("the domain is too long")
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(domain, "."), ".") {
		if label == "" || len(label) > 63 {
			return nil, errors.New("the domain has a label that is empty or longer than 63 bytes")
		}
	}
	return &question{Question: dnsmessage.Question{Name: name, Type: queryTypes[recordType], Class: dnsmessage.ClassINET}}, nil
}

// reverse is an address's name for PTR queries (RFC 1035 section 3.5, RFC 3596
// section 2.5).
func reverse(addr netip.Addr) string {
	b := addr.AsSlice()
	slices.Reverse(b)
	var parts []string
	for _, c := range b {
		if addr.Is4() {
			parts = append(parts, strconv.Itoa(int(c)))
		} else {
			parts = append(parts, strconv.FormatInt(int64(c&15), 16), strconv.FormatInt(int64(c>>4), 16))
		}
	}
	zone := map[bool]string{true: "in-addr.arpa", false: "ip6.arpa"}[addr.Is4()]
	return strings.Join(parts, ".") + "." + zone
}
