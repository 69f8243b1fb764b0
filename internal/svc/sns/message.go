package sns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/sns"
)

// The types of messages.
const (
	typeNotification = "Notification"
	typeSubscribe    = "SubscriptionConfirmation"
	typeUnsubscribe  = "UnsubscribeConfirmation"
)

// message is what subscriptions receive.
type message struct {
	Type       string
	ID         string
	Topic      string // ARN
	Subject    string
	Text       map[string]string // by protocol; "" is for those not named
	Digest     string            // of what was published, hex
	Attributes map[string]*api.MessageAttributeValue
	Time       time.Time
	Token      string // of the confirmations

	// Of FIFO topics, and Group of standard ones for fair queues.
	Group, Dedup string
	Sequence     string

	Version string            // of its signature
	signed  map[string]string // signatures by version and text
}

// text is what subscriptions with a protocol receive.
func (m *message) text(protocol string) string {
	if t, ok := m.Text[protocol]; ok {
		return t
	}
	return m.Text[""]
}

// timestamp is the message's time as it is sent and signed.
func (m *message) timestamp() string { return m.Time.UTC().Format("2006-01-02T15:04:05.000Z") }

// Limits of messages.
const (
	maxMessage = 256 << 10 // bytes, attributes included
	maxSubject = 100       // characters
	maxToken   = 128       // of group and deduplication ids
)

// publication is what Publish and an entry of PublishBatch have in common.
type publication struct {
	Message, Structure, Subject *string
	Attributes                  map[string]*api.MessageAttributeValue
	Group, Dedup                *string
}

// size is what counts towards the limit: text, and names, types and values of
// the attributes.
func (p *publication) size() int {
	n := len(*p.Message)
	for name, a := range p.Attributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

// message checks a publication to the topic called name and makes the message.
func (p *publication) message(name string) (*message, error) {
	m := &message{Type: typeNotification, Attributes: p.Attributes}
	if p.Subject != nil {
		if !validSubject(*p.Subject) {
			return nil, invalid("Subject")
		}
		m.Subject = *p.Subject
	}
	if p.Message == nil || *p.Message == "" {
		return nil, invalid("Empty message")
	}
	if p.size() > maxMessage {
		return nil, invalid("Message too long")
	}
	sum := sha256.Sum256([]byte(*p.Message))
	m.Digest = hex.EncodeToString(sum[:])
	var err error
	if m.Text, err = texts(p.Structure, *p.Message); err != nil {
		return nil, err
	}
	if err := checkAttributes(p.Attributes); err != nil {
		return nil, err
	}
	return m, p.order(m, name)
}

// order checks what only FIFO topics demand.
func (p *publication) order(m *message, name string) error {
	if p.Group != nil {
		if !validToken(*p.Group) {
			return invalid("MessageGroupId Reason: The MessageGroupId can contain up to 128 alphanumeric characters and punctuation")
		}
		m.Group = *p.Group
	}
	if p.Dedup != nil {
		if !fifo(name) {
			return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
		}
		if !validToken(*p.Dedup) {
			return invalid("MessageDeduplicationId Reason: The MessageDeduplicationId can contain up to 128 alphanumeric characters and punctuation")
		}
		m.Dedup = *p.Dedup
	}
	if fifo(name) && m.Group == "" {
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	}
	return nil
}

// validToken reports whether s is 1 to 128 printable ASCII characters other
// than the blank.
func validToken(s string) bool {
	return s != "" && len(s) <= maxToken && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// validSubject: up to 100 characters that can be a mail's subject: no line
// breaks or control characters.
func validSubject(s string) bool {
	return s != "" && len([]rune(s)) <= maxSubject && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// texts reads the message of a structure.
func texts(structure *string, text string) (map[string]string, error) {
	if structure == nil || *structure == "" {
		return map[string]string{"": text}, nil
	}
	if *structure != "json" {
		return nil, invalid("MessageStructure")
	}
	var entries map[string]any
	if json.Unmarshal([]byte(text), &entries) != nil {
		return nil, invalid("Message Structure - JSON message body failed to parse")
	}
	out := map[string]string{}
	for protocol, v := range entries {
		if s, ok := v.(string); ok { // others are passed over, as on AWS
			out[protocol] = s
		}
	}
	fallback, ok := out["default"]
	if !ok {
		return nil, invalid("Message Structure - No default entry in JSON message body")
	}
	delete(out, "default")
	out[""] = fallback
	return out, nil
}

// checkAttributes checks message attributes in the order of their names.
func checkAttributes(all map[string]*api.MessageAttributeValue) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		if err := checkAttribute(name, all[name]); err != nil {
			return err
		}
	}
	return nil
}

func badAttribute(format string, args ...any) error {
	return api.NewInvalidParameterValueException(format, args...)
}

// maxAttributeName is the length of an attribute's name in characters.
const maxAttributeName = 256

func checkAttributeName(name string) error {
	switch {
	case name == "":
		return badAttribute("Length of message attribute name must be greater than 0.")
	case len(name) > maxAttributeName:
		return badAttribute("Length of message attribute name must be less than 256 bytes.")
	case name[0] == '.' || name[len(name)-1] == '.':
		return badAttribute("Message attribute name can not start or end with the '.' character.")
	case strings.Contains(name, ".."):
		return badAttribute("Message attribute name can not have successive '.' character.")
	}
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
		return badAttribute("You can't use message attribute names beginning with 'AWS.' or 'Amazon.' or any casing variant.")
	}
	if strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	}) {
		return badAttribute("Invalid non-alphanumeric character was found in the message attribute name. " +
			"Can only include alphanumeric characters, hyphens, underscores, or dots.")
	}
	return nil
}

// checkAttribute checks an attribute's type and that its value is of it.
func checkAttribute(name string, a *api.MessageAttributeValue) error {
	base, _, _ := strings.Cut(a.DataType, ".")
	field, value := "StringValue", ""
	if a.StringValue != nil {
		value = *a.StringValue
	}
	other := a.BinaryValue != nil
	switch base {
	case "String", "Number":
	case "Binary":
		field, value, other = "BinaryValue", string(a.BinaryValue), a.StringValue != nil
	default:
		return badAttribute("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is "+
			"Binary, Number, and String.", name)
	}
	if other {
		return badAttribute("The message attribute '%s' with type '%s' must use field '%s'.", name, a.DataType, strings.TrimSuffix(field, "Value"))
	}
	if value == "" {
		return badAttribute("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
	}
	if base == "Number" && !isNumber(value) {
		return badAttribute("Could not cast message attribute '%s' value to number.", name)
	}
	return nil
}

// isNumber reports whether s is a number as JSON writes them, or with a leading
// plus or zeros, which are read too.
func isNumber(s string) bool {
	_, ok := number(s)
	return ok
}

// number reads a Number attribute.
func number(s string) (json.Number, bool) {
	sign := ""
	rest := strings.TrimPrefix(s, "+")
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", rest[1:]
	}
	for len(rest) > 1 && rest[0] == '0' && rest[1] >= '0' && rest[1] <= '9' {
		rest = rest[1:]
	}
	var n json.Number
	if len(rest) == 0 || strings.ContainsAny(rest, " \t\r\n") || rest[0] < '0' || rest[0] > '9' || json.Unmarshal([]byte(sign+rest), &n) != nil {
		return "", false
	}
	return n, true
}
