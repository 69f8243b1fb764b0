package multicheck

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// typeCAA is RFC 8659's record, which dnsmessage has no form for.
const typeCAA dnsmessage.Type = 257

const (
	udpSize     = 1232 // what fits most paths unfragmented, and is told with EDNS
	maxAnswers  = 1000
	udpAttempts = 3 // a datagram may get lost
)

// record is a record's data as text.
type record struct {
	text   string
	host   string // of MX and SRV: the name alone, which texts may mean
	isName bool
	ttl    uint32
}

// message encodes the query, with EDNS so that larger answers fit.
func (q *question) message() ([]byte, error) {
	var id [2]byte
	_, _ = rand.Read(id[:]) // never fails
	q.id = binary.BigEndian.Uint16(id[:])
	b := dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: q.id, RecursionDesired: true})
	b.EnableCompression()
	var h dnsmessage.ResourceHeader
	err := errors.Join(
		b.StartQuestions(), b.Question(q.Question), b.StartAdditionals(),
		h.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false), b.OPTResource(h, dnsmessage.OPTResource{}),
	)
	if err != nil {
		return nil, err
	}
	m, err := b.Finish()
	if err == nil {
		binary.BigEndian.PutUint16(m, uint16(len(m)-2)) // as TCP wants it
	}
	return m, err
}

// ask sends the query and reads the answer: over UDP three times within the
// time there is, and over TCP when the answer was cut (RFC 7766 section 5).
func (q *question) ask(ctx context.Context, overTCP bool, dial dialFunc) (*answer, error) {
	m, err := q.message()
	if err != nil {
		return nil, err
	}
	if overTCP {
		return q.askTCP(ctx, m, dial)
	}
	f, err := q.askAgain(ctx, m, dial)
	if err != nil || !f.Truncated {
		return f, err
	}
	if f, err = q.askTCP(ctx, m, dial); f != nil {
		f.Truncated = true
	}
	return f, err
}

// errNoAnswer is the end of a UDP query's time.
var errNoAnswer = fmt.Errorf("the name server has not answered one of %d datagrams", udpAttempts)

// askAgain repeats a datagram that is not answered.
func (q *question) askAgain(ctx context.Context, m []byte, dial dialFunc) (*answer, error) {
	for attempt := range udpAttempts {
		f, err := q.askUDP(ctx, m, dial, udpAttempts-attempt)
		var timeout net.Error
		if err == nil || !errors.As(err, &timeout) || !timeout.Timeout() {
			return f, err
		}
	}
	return nil, errNoAnswer
}

func (q *question) askUDP(ctx context.Context, m []byte, dial dialFunc, left int) (*answer, error) {
	conn, err := dial(ctx, "udp")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(time.Now().Add(time.Until(deadline) / time.Duration(left)))
	}
	if _, err := conn.Write(m[2:]); err != nil {
		return nil, err
	}
	b := make([]byte, 4096)
	for range maxStrayPackets {
		n, err := conn.Read(b)
		if err != nil {
			return nil, err
		}
		if f, err := q.parse(b[:n]); !errors.Is(err, errStray) {
			return f.from(conn), err
		}
	}
	return nil, errors.New("the name server answers other questions than the one asked")
}

func (q *question) askTCP(ctx context.Context, m []byte, dial dialFunc) (*answer, error) {
	conn, err := dial(ctx, "tcp")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(m); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, ended(err)
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:])) // at most 65,535
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, ended(err)
	}
	f, err := q.parse(b)
	return f.from(conn), err
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the name server closed the connection before its answer was complete")
	}
	return err
}

// from notes who answered.
func (f *answer) from(conn net.Conn) *answer {
	if f != nil {
		f.Server = conn.RemoteAddr().String()
	}
	return f
}

// errStray is a message that does not answer the question.
var errStray = errors.New("not an answer to the question")

// parse reads an answer.
func (q *question) parse(b []byte) (*answer, error) {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || h.ID != q.id || !h.Response {
		return nil, errStray
	}
	questions, err := p.AllQuestions()
	if err != nil || len(questions) != 1 || !q.matches(questions[0]) {
		if h.RCode == dnsmessage.RCodeSuccess || len(questions) > 0 {
			return nil, errStray
		}
	}
	f := &answer{DNSDetails: DNSDetails{Code: code(h.RCode), Authoritative: h.Authoritative, Truncated: h.Truncated, Records: []string{}}}
	if h.Truncated {
		return f, nil
	}
	for range maxAnswers {
		rh, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return f, nil
		}
		if err == nil && rh.Type == q.Type {
			err = f.add(&p, rh)
		} else if err == nil {
			err = p.SkipAnswer()
		}
		if err != nil {
			return nil, errors.New("the name server's answer cannot be read")
		}
	}
	return nil, fmt.Errorf("the answer has more than %d records", maxAnswers)
}

func (q *question) matches(got dnsmessage.Question) bool {
	return got.Type == q.Type && got.Class == q.Class && strings.EqualFold(got.Name.String(), q.Name.String())
}

// add reads the record that comes next.
func (f *answer) add(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	rec, err := readRecord(p, h.Type)
	if err != nil {
		return err
	}
	rec.ttl = h.TTL
	if len(f.records) == 0 || rec.ttl < f.TTL {
		f.TTL = rec.ttl
	}
	f.records = append(f.records, rec)
	f.Records = append(f.Records, rec.text)
	return nil
}

// readRecord writes a record's data as zone files do, names without the final
// dot.
func readRecord(p *dnsmessage.Parser, t dnsmessage.Type) (record, error) {
	name := func(n dnsmessage.Name) string { return strings.TrimSuffix(n.String(), ".") }
	switch t {
	case dnsmessage.TypeA:
		v, err := p.AResource()
		return record{text: netip.AddrFrom4(v.A).String()}, err
	case dnsmessage.TypeAAAA:
		v, err := p.AAAAResource()
		return record{text: netip.AddrFrom16(v.AAAA).String()}, err
	case dnsmessage.TypeCNAME:
		v, err := p.CNAMEResource()
		return record{text: name(v.CNAME), isName: true}, err
	case dnsmessage.TypeNS:
		v, err := p.NSResource()
		return record{text: name(v.NS), isName: true}, err
	case dnsmessage.TypePTR:
		v, err := p.PTRResource()
		return record{text: name(v.PTR), isName: true}, err
	case dnsmessage.TypeMX:
		v, err := p.MXResource()
		return record{text: fmt.Sprintf("%d %s", v.Pref, name(v.MX)), host: name(v.MX), isName: true}, err
	case dnsmessage.TypeSRV:
		v, err := p.SRVResource()
		return record{text: fmt.Sprintf("%d %d %d %s", v.Priority, v.Weight, v.Port, name(v.Target)), host: name(v.Target), isName: true}, err
	case dnsmessage.TypeTXT:
		v, err := p.TXTResource()
		return record{text: strings.ToValidUTF8(strings.Join(v.TXT, ""), "\uFFFD")}, err
	case dnsmessage.TypeSOA:
		v, err := p.SOAResource()
		return record{text: fmt.Sprintf("%s %s %d %d %d %d %d", name(v.NS), name(v.MBox), v.Serial, v.Refresh, v.Retry, v.Expire, v.MinTTL)}, err
	}
	v, err := p.UnknownResource()
	if err != nil {
		return record{}, err
	}
	return readCAA(v.Data)
}

// readCAA reads RFC 8659 section 4.1: flags, the length of the tag, tag, value.
func readCAA(b []byte) (record, error) {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return record{}, errors.New("a CAA record is cut")
	}
	tag, value := b[2:2+b[1]], b[2+b[1]:]
	return record{text: fmt.Sprintf("%d %s %q", b[0], slices.Clip(tag), value)}, nil
}

// code names a response code as RFC 1035 and those after it do.
func code(c dnsmessage.RCode) string {
	names := []string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("RCODE %d", c)
}
