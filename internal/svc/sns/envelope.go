package sns

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// pairs writes a JSON object as SNS lays it out: a member to a line, and blanks
// around the colon. Clients that compare bodies byte by byte rely on it.
type pairs struct {
	b strings.Builder
	n int
}

func (p *pairs) text(name, value string) { p.raw(name, quote(value)) }

func (p *pairs) raw(name, value string) {
	if p.n > 0 {
		p.b.WriteString(",")
	}
	p.n++
	p.b.WriteString("\n  " + quote(name) + " : " + value)
}

// String is the object.
func (p *pairs) String() string { return "{" + p.b.String() + "\n}" }

// quote is s as JSON, with <, > and & as they are.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings always encode
	return strings.TrimSuffix(b.String(), "\n")
}

// envelope is the JSON in which a subscription receives a message (SNS
// developer guide, "Amazon SNS HTTP/HTTPS notification JSON format").
func (s *Service) envelope(m *message, sub *subscription) (string, error) {
	var p pairs
	text, link := m.text(sub.Doc.Protocol), ""
	p.text("Type", m.Type)
	p.text("MessageId", m.ID)
	if m.Sequence != "" {
		p.text("SequenceNumber", m.Sequence)
	}
	if m.Type != typeNotification {
		p.text("Token", m.Token)
		link = confirmURL(sub, m.Token)
	}
	p.text("TopicArn", m.Topic)
	if m.Subject != "" {
		p.text("Subject", m.Subject)
	}
	p.text("Message", text)
	if link != "" {
		p.text("SubscribeURL", link)
	}
	p.text("Timestamp", m.timestamp())
	if m.Sequence == "" { // FIFO topics do not sign
		k := s.keys.get()
		signature, err := m.signature(k, text, link)
		if err != nil {
			return "", err
		}
		p.text("SignatureVersion", m.Version)
		p.text("Signature", signature)
		p.text("SigningCertURL", sub.Doc.BaseURL+"/"+k.name)
	}
	if m.Type == typeNotification {
		p.text("UnsubscribeURL", unsubscribeURL(sub))
	}
	if len(m.Attributes) > 0 {
		p.raw("MessageAttributes", attributesJSON(m))
	}
	return p.String(), nil
}

// attributesJSON is the member MessageAttributes of an envelope.
func attributesJSON(m *message) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		a := m.Attributes[name]
		value := base64.StdEncoding.EncodeToString(a.BinaryValue)
		if a.StringValue != nil {
			value = *a.StringValue
		}
		lines = append(lines, "    "+quote(name)+` : {"Type":`+quote(a.DataType)+`,"Value":`+quote(value)+"}")
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n  }"
}
