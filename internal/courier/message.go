package courier

import (
	"encoding/json"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// Message is a call to be made.
type Message struct {
	// ID names the message within its class, and is its calls' idempotency
	// token. Empty is a random one. Sending a message again under an ID that has
	// not ended yet begins it anew, or, where Order is set, changes nothing.
	ID string
	// Class is a registered class.
	Class string
	// Order is the line the message stands in; empty is none.
	Order string
	// Principal is the service principal that calls, for example
	// "events.amazonaws.com".
	Principal string
	// Source is the ARN of the resource on whose behalf Principal calls, and
	// SourceAccount the account of a resource whose ARN names none (a bucket).
	// Policies of the target see them as aws:SourceArn and aws:SourceAccount.
	Source, SourceAccount string
	// Role is the ARN of a role that Principal assumes for the call; empty is none.
	Role string
	// Account and Region are where the call is made: those of its target.
	Account, Region string
	// Service is the name of an internal/api package, and Operation one of its
	// operations: "sqs", "SendMessage".
	Service, Operation string
	// Input is a pointer to the operation's input. It is kept as JSON.
	Input any
	// Note is kept as JSON for the class's hooks; nil keeps none.
	Note any
	// After delays the first attempt.
	After time.Duration
}

// Envelope is a Message as hooks see it.
type Envelope struct {
	ID        string
	Class     string
	Order     string `json:",omitempty"`
	Principal string
	Source    string `json:",omitempty"`

	SourceAccount string `json:",omitempty"`

	Role      string `json:",omitempty"`
	Account   string
	Region    string
	Service   string
	Operation string
	Input     json.RawMessage
	Note      json.RawMessage `json:",omitempty"`
	Sent      int64           // microseconds
}

// InputInto decodes the call's input into dst, a pointer to its struct.
func (e Envelope) InputInto(dst any) error { return json.Unmarshal(e.Input, dst) }

// NoteInto decodes the note into dst, which is left alone when there is none.
func (e Envelope) NoteInto(dst any) error {
	if len(e.Note) == 0 {
		return nil
	}
	return json.Unmarshal(e.Note, dst)
}

// Sent is a message whose call succeeded.
type Sent struct {
	Message Envelope
	Output  any // pointer to the operation's output
}

// Failed is a message that was given up.
type Failed struct {
	Message  Envelope
	Err      *awserr.Error // of the last attempt
	Attempts int           // that were made
	First    time.Time     // when the message was sent
	Expired  bool          // given up for its age, not for its attempts or the kind of error
}

// Class is how messages of one sort are treated. The zero value is EventBridge's
// default: 185 attempts in 24 hours.
type Class struct {
	// MaxAttempts is how many calls are made at most; 0 is 185.
	MaxAttempts int
	// MaxAge ends the attempts; 0 is 24 hours.
	MaxAge time.Duration
	// Limits, where set, overrides the two for one message; a value of 0 leaves
	// the class's.
	Limits func(Envelope) (maxAttempts int, maxAge time.Duration)
	// Backoff is the pause after the attempt-th failure (from 1); nil doubles
	// from 1 second to 10 minutes, with jitter.
	Backoff func(attempt int) time.Duration
	// Permanent reports that an error is not worth another attempt; nil takes
	// client errors other than throttling, and what is not implemented, for such.
	Permanent func(error) bool
	// Sent and GivenUp run in the transaction that ends a message; either may be
	// nil. They may be repeated, as functions given to store.DB.Update may.
	Sent    func(*store.Tx, *Sent) error
	GivenUp func(*store.Tx, *Failed) error
}

func (m *Message) envelope(now time.Time) (Envelope, error) {
	e := Envelope{
		ID: m.ID, Class: m.Class, Order: m.Order, Principal: m.Principal, Source: m.Source, SourceAccount: m.SourceAccount, Role: m.Role, Account: m.Account, Region: m.Region,
		Service: m.Service, Operation: m.Operation, Sent: store.Micros(now),
	}
	var err error
	if e.Input, err = json.Marshal(m.Input); err != nil {
		return e, fmt.Errorf("courier: input of %s %s: %w", m.Service, m.Operation, err)
	}
	if m.Note == nil {
		return e, nil
	}
	if e.Note, err = json.Marshal(m.Note); err != nil {
		return e, fmt.Errorf("courier: note of %s %s: %w", m.Service, m.Operation, err)
	}
	return e, nil
}
