package events

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nephele.dev/nephele/internal/arn"
)

// timeFormat is how events write times: whole seconds in UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// event is what rules match and targets get.
type event struct {
	ID         string
	DetailType string
	Source     string
	Account    string
	Region     string
	Time       time.Time
	Ingested   time.Time
	Resources  []string
	Detail     json.RawMessage // compact
	Trace      *string         // X-Ray header
	forwarded  bool            // came over from another bus

	text json.RawMessage // made once
}

// envelope is an event's form, with its fields in AWS's order.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail,omitempty"`
}

func (e *event) envelope() envelope {
	resources := e.Resources
	if resources == nil {
		resources = []string{}
	}
	return envelope{
		Version: "0", ID: e.ID, DetailType: e.DetailType, Source: e.Source, Account: e.Account,
		Time: e.Time.UTC().Format(timeFormat), Region: e.Region, Resources: resources, Detail: e.Detail,
	}
}

// json is the event's text.
func (e *event) json() (json.RawMessage, error) {
	if e.text != nil {
		return e.text, nil
	}
	text, err := encode(e.envelope())
	e.text = text
	return text, err
}

// doc is the event as patterns match it.
func (e *event) doc() (any, error) {
	detail, err := decode(e.Detail)
	if err != nil {
		return nil, err
	}
	resources := make([]any, len(e.Resources))
	for i, r := range e.Resources {
		resources[i] = r
	}
	return map[string]any{
		"version": "0", "id": e.ID, "detail-type": e.DetailType, "source": e.Source, "account": e.Account,
		"time": e.Time.UTC().Format(timeFormat), "region": e.Region, "resources": resources, "detail": detail,
	}, nil
}

// encode is JSON without escapes for HTML.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads one JSON value, with numbers as they are written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("text after the JSON value")
	}
	return v, nil
}

// newID is a random UUID.
func newID() string { return uuid.NewString() }

// derivedID is the UUID of the i-th entry of a call with a token.
func derivedID(token string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", token, i))
	return version4([16]byte(sum[:16]))
}

// version4 is b as a random UUID (RFC 9562).
func version4(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// sqsURL is a queue's URL as the SQS service knows it from inside.
func sqsURL(queue arn.ARN) string {
	return "http://sqs.internal/" + queue.Account + "/" + queue.Resource
}
