package postform

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
)

// Policy is what the signer of a form allows.
type Policy struct {
	Expiration time.Time
	conditions []condition
	Range      *Range // of the file's length; nil is any
}

// Range is a content-length-range, in bytes, both ends included.
type Range struct{ Min, Max int64 }

// condition is one that a field must satisfy.
type condition struct {
	prefix bool   // starts-with instead of eq
	field  string // lower case, without the dollar sign
	value  string
	text   string // as the refusal shows it
}

func invalidPolicy(format string, args ...any) *awserr.Error {
	return awserr.New("InvalidPolicyDocument", http.StatusBadRequest, "Invalid Policy: "+format, args...)
}

// Denied is the refusal of a form that its policy does not allow.
func denied(format string, args ...any) *awserr.Error {
	return awserr.New("AccessDenied", http.StatusForbidden, "Invalid according to Policy: "+format, args...)
}

// ParsePolicy reads a policy document as the form has it, in base64.
func ParsePolicy(field string) (*Policy, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(field))
	if err != nil {
		return nil, invalidPolicy("Invalid Base64 encoding.")
	}
	var doc struct {
		Expiration *string           `json:"expiration"`
		Conditions []json.RawMessage `json:"conditions"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, invalidPolicy("Invalid JSON.")
	}
	if doc.Expiration == nil {
		return nil, invalidPolicy("Policy missing expiration.")
	}
	if doc.Conditions == nil {
		return nil, invalidPolicy("Policy missing conditions.")
	}
	p := &Policy{}
	if p.Expiration, err = time.Parse(time.RFC3339, *doc.Expiration); err != nil {
		return nil, invalidPolicy("Invalid 'expiration' value: '%s'", *doc.Expiration)
	}
	for _, c := range doc.Conditions {
		if err := p.add(c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// add reads {"field": "value"} or ["operator", "$field", "value"].
func (p *Policy) add(raw json.RawMessage) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil || len(fields) != 1 {
			return invalidPolicy("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
		}
		for name, value := range fields {
			text, ok := scalar(value)
			if !ok {
				return invalidPolicy("Invalid Simple-Condition: value must be a string.")
			}
			p.match("eq", name, text)
		}
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) != 3 {
		return invalidPolicy("Invalid Condition: must be an object or a list of three.")
	}
	var words [3]string
	for i, l := range list {
		text, ok := scalar(l)
		if !ok {
			return invalidPolicy("Invalid Condition: must be made of strings and numbers.")
		}
		words[i] = text
	}
	op := strings.ToLower(words[0])
	switch op {
	case "content-length-range":
		return p.limit(words[1], words[2])
	case "eq", "starts-with":
		name, ok := strings.CutPrefix(words[1], "$")
		if !ok {
			return invalidPolicy("Invalid Condition: field '%s' must begin with '$'.", words[1])
		}
		p.match(op, name, words[2])
		return nil
	}
	return invalidPolicy("Invalid Condition: unknown operation '%s'.", words[0])
}

func scalar(raw json.RawMessage) (string, bool) {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		return s, true
	}
	var n json.Number
	err := json.Unmarshal(raw, &n)
	return n.String(), err == nil
}

func (p *Policy) match(op, field, value string) {
	text, _ := json.Marshal([]string{op, "$" + field, value}) //nolint:errchkjson // strings
	p.conditions = append(p.conditions, condition{
		prefix: op == "starts-with", field: strings.ToLower(field), value: value, text: strings.ReplaceAll(string(text), `","`, `", "`),
	})
}

func (p *Policy) limit(least, most string) error {
	lo, err1 := strconv.ParseInt(least, 10, 64)
	hi, err2 := strconv.ParseInt(most, 10, 64)
	if err1 != nil || err2 != nil || lo < 0 || hi < lo {
		return invalidPolicy("Invalid content-length-range condition: [%s, %s]", least, most)
	}
	if r := p.Range; r != nil {
		lo, hi = max(lo, r.Min), min(hi, r.Max)
	}
	p.Range = &Range{lo, hi}
	return nil
}

// excepted are the fields that no condition need name.
var excepted = []string{"policy", "signature", "awsaccesskeyid", "x-amz-signature", fileField}

// Check compares a form with the policy. bucket stands in the URL, not in a
// field.
func (p *Policy) Check(fields map[string]string, bucket string, now time.Time) error {
	if !now.Before(p.Expiration) {
		return denied("Policy expired.")
	}
	all := maps.Clone(fields)
	all["bucket"] = bucket
	named := map[string]bool{"bucket": true}
	for _, c := range p.conditions {
		named[c.field] = true
		if value, ok := all[c.field]; !c.holds(value, ok) {
			return denied("Policy Condition failed: %s", c.text)
		}
	}
	var extra []string
	for name := range fields {
		if !named[name] && !slices.Contains(excepted, name) && !strings.HasPrefix(name, "x-ignore-") {
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		slices.Sort(extra)
		return denied("Extra input fields: %s", strings.Join(extra, ", "))
	}
	return nil
}

// holds compares a field's value. Each entry of a list of content types must
// start as the condition wants it.
func (c condition) holds(value string, present bool) bool {
	if !c.prefix {
		return present && value == c.value
	}
	if c.field == "content-type" {
		for entry := range strings.SplitSeq(value, ",") {
			if !strings.HasPrefix(strings.TrimSpace(entry), c.value) {
				return false
			}
		}
		return present || c.value == ""
	}
	return (present || c.value == "") && strings.HasPrefix(value, c.value)
}

// String shows the range as S3's errors do.
func (r Range) String() string { return fmt.Sprintf("[%d, %d]", r.Min, r.Max) }
