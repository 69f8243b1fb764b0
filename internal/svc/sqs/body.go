package sqs

import (
	"crypto/md5" //nolint:gosec // the protocol's checksum
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/sqs"
)

// attr is an attribute of a message as it is kept.
type attr struct {
	Type   string  `json:"t"`
	Text   *string `json:"s,omitempty"`
	Binary []byte  `json:"b,omitempty"`
}

// extra is what a message has besides its body.
type extra struct {
	Attributes map[string]attr `json:"a,omitempty"`
	Trace      string          `json:"x,omitempty"` // AWSTraceHeader
}

// encode is nil where there is nothing.
func (e *extra) encode() []byte {
	if len(e.Attributes) == 0 && e.Trace == "" {
		return nil
	}
	b, _ := json.Marshal(e) // strings and bytes always marshal
	return b
}

// Limits of message attributes, from the developer guide.
const (
	maxAttributes    = 10
	maxAttributeName = 256
	maxTypeName      = 256
)

// checkBody applies the rules of a message's text, which is XML's characters.
func checkBody(body string) error {
	if body == "" {
		return missing("MessageBody")
	}
	if !validText(body) {
		return api.NewInvalidMessageContents("Invalid characters found. Valid unicode characters are " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	return nil
}

func validText(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
			return false
		}
		i += n
	}
	return true
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// checkAttribute applies the rules of one message attribute and returns what
// is kept of it.
func checkAttribute(name string, v *api.MessageAttributeValue) (attr, error) {
	var none attr
	lower := strings.ToLower(name)
	switch {
	case len(name) == 0 || len(name) > maxAttributeName:
		return none, invalidValue("Length of message attribute name must be less than %d bytes.", maxAttributeName)
	case !attributeName.MatchString(name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
		return none, invalidValue("Invalid non-alphanumeric character was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.")
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return none, invalidValue("You can't use message attribute names beginning with 'AWS.' or 'Amazon.' because these strings are reserved for internal use.")
	case v == nil || v.DataType == "":
		return none, invalidValue("The message attribute '%s' must contain a non-empty attribute type.", name)
	case len(v.DataType) > maxTypeName:
		return none, invalidValue("Length of message attribute type must be less than %d bytes.", maxTypeName)
	case v.StringListValues != nil || v.BinaryListValues != nil:
		return none, api.NewUnsupportedOperation("Message attribute list values in SendMessage operation are not supported.")
	}
	return checkTyped(name, v)
}

// checkTyped checks the value against its type.
func checkTyped(name string, v *api.MessageAttributeValue) (attr, error) {
	a := attr{Type: v.DataType}
	base, _, _ := strings.Cut(v.DataType, ".")
	empty := invalidValue("The message attribute '%s' must contain a non-empty message attribute value for message attribute type '%s'.", name, base)
	switch base {
	case "String", "Number":
		if v.StringValue == nil || *v.StringValue == "" || v.BinaryValue != nil {
			return a, empty
		}
		if !validText(*v.StringValue) {
			return a, api.NewInvalidMessageContents("Invalid characters found. Valid unicode characters are " +
				"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
		}
		if base == "Number" && !isNumber(*v.StringValue) {
			return a, invalidValue("Can't cast the value of message (user) attribute '%s' to a number.", name)
		}
		a.Text = v.StringValue
	case "Binary":
		if len(v.BinaryValue) == 0 || v.StringValue != nil {
			return a, empty
		}
		a.Binary = v.BinaryValue
	default:
		return a, invalidValue("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	}
	return a, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXpP_nN") && !strings.Contains(s, "Inf")
}

// checkExtra checks a message's attributes, its own and the system's, and
// returns them and their size in bytes: names, types and values.
func checkExtra(attrs map[string]*api.MessageAttributeValue, system map[string]*api.MessageSystemAttributeValue) (*extra, int, error) {
	e, size := &extra{}, 0
	if len(attrs) > maxAttributes {
		return nil, 0, invalidValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attrs), maxAttributes)
	}
	for _, name := range sortedKeys(attrs) {
		a, err := checkAttribute(name, attrs[name])
		if err != nil {
			return nil, 0, err
		}
		if e.Attributes == nil {
			e.Attributes = make(map[string]attr, len(attrs))
		}
		e.Attributes[name] = a
		size += len(name) + len(a.Type) + len(a.Binary)
		if a.Text != nil {
			size += len(*a.Text)
		}
	}
	for _, name := range sortedKeys(system) {
		v := system[name]
		if name != string(api.MessageSystemAttributeNameForSendsAWSTraceHeader) {
			return nil, 0, invalidValue("Message system attribute name '%s' is invalid.", name)
		}
		if v == nil || v.DataType != "String" || v.StringValue == nil || *v.StringValue == "" {
			return nil, 0, invalidValue("The message system attribute 'AWSTraceHeader' must be of type 'String' with a non-empty value.")
		}
		e.Trace = *v.StringValue
	}
	return e, size, nil
}

// md5OfText is the checksum of a body.
func md5OfText(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // the protocol's checksum
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the checksum of attributes as clients verify it: for each
// in the order of names, name, type, a byte for the kind of value, value, all
// but the byte preceded by their length in four bytes.
func md5OfAttributes(attrs map[string]attr) *string {
	if len(attrs) == 0 {
		return nil
	}
	h := md5.New() //nolint:gosec // the protocol's checksum
	field := func(s string) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s))) //nolint:gosec // bounded by the size of a message
		h.Write(n[:])
		h.Write([]byte(s))
	}
	for _, name := range sortedKeys(attrs) {
		a := attrs[name]
		field(name)
		field(a.Type)
		if a.Text != nil {
			h.Write([]byte{1})
			field(*a.Text)
		} else {
			h.Write([]byte{2})
			field(string(a.Binary))
		}
	}
	return new(hex.EncodeToString(h.Sum(nil)))
}

// md5OfSystem is the checksum of the system attributes.
func (e *extra) md5OfSystem() *string {
	if e.Trace == "" {
		return nil
	}
	return md5OfAttributes(map[string]attr{string(api.MessageSystemAttributeNameAWSTraceHeader): {Type: "String", Text: &e.Trace}})
}
