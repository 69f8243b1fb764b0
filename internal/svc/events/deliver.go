package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
)

// Classes of messages.
const (
	targetClass     = "events.target"
	streamClass     = "events.stream" // makes the log stream of a log group's event
	deadLetterClass = "events.deadletter"
)

// note is what a delivery's hooks need to know.
type note struct {
	Rule        store.Key
	RuleARN     string
	TargetARN   string
	DeadLetter  string                  `json:",omitempty"`
	Event       json.RawMessage         `json:",omitempty"` // for the dead-letter queue
	MaxAttempts int                     `json:",omitempty"`
	MaxAge      time.Duration           `json:",omitempty"`
	Logs        *logs.PutLogEventsInput `json:",omitempty"` // behind the stream
}

// retryLimits are the limits of a target's RetryPolicy.
func retryLimits(e courier.Envelope) (int, time.Duration) {
	var n note
	if e.NoteInto(&n) != nil {
		return 0, 0
	}
	return n.MaxAttempts, n.MaxAge
}

// dispatch has an event delivered to the targets of a rule that it matched.
func (s *Service) dispatch(tx *store.Tx, ev *event, r *compiledRule) error {
	s.meter.add(tx, r.key, metricTriggered, 1)
	for i := range r.targets {
		t := &r.targets[i]
		n, err := noteFor(ev, r, t)
		if err != nil {
			return err
		}
		if t.kind == busTarget {
			err = s.forward(tx, ev, t, n)
		} else {
			err = s.deliver(tx, ev, r, t, n)
		}
		if err != nil {
			return fmt.Errorf("deliver to target %s of %s: %w", t.Id, r.arn, err)
		}
	}
	return nil
}

func noteFor(ev *event, r *compiledRule, t *compiledTarget) (note, error) {
	n := note{Rule: r.key, RuleARN: r.arn, TargetARN: t.Arn}
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			n.MaxAttempts = 1 + int(*p.MaximumRetryAttempts)
		}
		if p.MaximumEventAgeInSeconds != nil {
			n.MaxAge = time.Duration(*p.MaximumEventAgeInSeconds) * time.Second
		}
	}
	if t.DeadLetterConfig == nil || t.DeadLetterConfig.Arn == nil {
		return n, nil
	}
	n.DeadLetter = *t.DeadLetterConfig.Arn
	var err error
	n.Event, err = ev.json()
	return n, err
}

// deliver puts the call to a target into the transaction. An event that does
// not make a call goes to the dead-letter queue at once.
func (s *Service) deliver(tx *store.Tx, ev *event, r *compiledRule, t *compiledTarget, n note) error {
	body, err := t.payload.of(ev, r)
	if errors.Is(err, errTransformed) {
		return s.deadLetter(tx, n, failure{code: "INVALID_PARAMETER", message: err.Error()})
	}
	if err != nil {
		return err
	}
	m := courier.Message{
		Class: targetClass, Principal: principal, Source: ruleARN(r.key), Role: t.role(), Account: t.arn.Account, Region: t.arn.Region,
		Service: t.arn.Service, Note: &n,
	}
	if t.kind == callTarget && m.Role == "" && s.plane.Authorizes() {
		return s.deadLetter(tx, n, failure{code: "NO_PERMISSIONS", message: "A target that is an operation needs a role."})
	}
	if m.Account == "" { // of a callTarget: in the rule's own
		m.Account, m.Region = r.key.Account, r.key.Region
	}
	if err := t.call(&m, &n, ev, body); err != nil {
		return s.deadLetter(tx, n, failure{code: "INVALID_PARAMETER", message: err.Error()})
	}
	return s.courier.Send(tx, m)
}

// role is the one that EventBridge assumes to reach the target; "" for none.
// Queues, topics, functions and log groups let it in by their policies.
func (t *compiledTarget) role() string {
	if t.RoleArn == nil {
		return ""
	}
	return *t.RoleArn
}

// call fills in the operation and its input. Errors are for the dead-letter
// queue.
func (t *compiledTarget) call(m *courier.Message, n *note, ev *event, body json.RawMessage) error {
	text := string(body)
	switch t.kind {
	case topicTarget:
		m.Operation, m.Input = "Publish", &sns.PublishInput{TopicArn: &t.Arn, Message: text}
	case queueTarget:
		m.Operation, m.Input = "SendMessage", t.message(ev, text)
	case logTarget:
		n.Logs = logEvent(t.name, ev, body)
		m.Class, m.Operation = streamClass, "CreateLogStream"
		m.Input = &logs.CreateLogStreamInput{LogGroupName: t.name, LogStreamName: n.Logs.LogStreamName}
	case functionTarget:
		m.Operation = "Invoke"
		m.Input = &lambda.InvokeInput{FunctionName: t.Arn, InvocationType: new(lambda.InvocationTypeEvent), Payload: body}
	case commandTarget:
		parameters, err := parametersOf(body)
		if err != nil {
			return err
		}
		in := &ssm.SendCommandInput{DocumentName: t.name, Parameters: parameters}
		for _, of := range t.RunCommandParameters.RunCommandTargets {
			in.Targets = append(in.Targets, &ssm.Target{Key: &of.Key, Values: of.Values})
		}
		m.Operation, m.Input = "SendCommand", in
	case automationTarget:
		parameters, err := parametersOf(body)
		if err != nil {
			return err
		}
		in := &ssm.StartAutomationExecutionInput{DocumentName: t.name, Parameters: parameters}
		if name, version, ok := strings.Cut(t.name, ":"); ok {
			in.DocumentName, in.DocumentVersion = name, &version
		}
		m.Operation, m.Input = "StartAutomationExecution", in
	case callTarget:
		in := reflect.New(t.op.Input.Type).Interface()
		if err := json.Unmarshal(body, in); err != nil {
			return fmt.Errorf("the target's input is not that of %s: %w", t.op.Name, err)
		}
		m.Service, m.Operation, m.Input = t.op.Service.Name, t.op.Name, in
	default:
		return fmt.Errorf("no delivery to %s", t.Arn)
	}
	return nil
}

// message is the call for a queue.
func (t *compiledTarget) message(ev *event, text string) *sqs.SendMessageInput {
	in := &sqs.SendMessageInput{QueueUrl: sqsURL(t.arn), MessageBody: text}
	if t.SqsParameters != nil {
		in.MessageGroupId = t.SqsParameters.MessageGroupId
	}
	if ev.Trace != nil {
		in.MessageSystemAttributes = map[string]*sqs.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: "String", StringValue: ev.Trace},
		}
	}
	return in
}

// logEvent is the call for a log group. Each event has a stream of its own, of
// its ID. A transformed event may be {"timestamp": ms, "message": "..."}.
func logEvent(group string, ev *event, body json.RawMessage) *logs.PutLogEventsInput {
	e := &logs.InputLogEvent{Timestamp: ev.Time.UnixMilli(), Message: string(body)}
	var made struct {
		Timestamp *int64  `json:"timestamp"`
		Message   *string `json:"message"`
	}
	if json.Unmarshal(body, &made) == nil && made.Message != nil && made.Timestamp != nil {
		e.Timestamp, e.Message = *made.Timestamp, *made.Message
	}
	return &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: ev.ID, LogEvents: []*logs.InputLogEvent{e}}
}

// parametersOf reads the parameters of a document: lists of strings, or single
// ones.
func parametersOf(body json.RawMessage) (map[string][]string, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(body, &values); err != nil {
		return nil, fmt.Errorf("the target's input is not a JSON object of parameters: %w", err)
	}
	parameters := make(map[string][]string, len(values))
	for name, v := range values {
		var list []string
		if json.Unmarshal(v, &list) == nil {
			parameters[name] = list
			continue
		}
		var one string
		if err := json.Unmarshal(v, &one); err != nil {
			return nil, fmt.Errorf("parameter %s is neither a string nor a list of strings", name)
		}
		parameters[name] = []string{one}
	}
	return parameters, nil
}

// delivered counts a call that was answered.
func (s *Service) delivered(tx *store.Tx, m *courier.Sent) error {
	var n note
	if err := m.Message.NoteInto(&n); err != nil {
		return err
	}
	s.meter.add(tx, n.Rule, metricInvocations, 1)
	return nil
}

// streamMade sends the event to the log stream that is there now.
func (s *Service) streamMade(tx *store.Tx, m *courier.Sent) error { return s.sendLog(tx, m.Message) }

// streamFailed does the same where the stream was there already.
func (s *Service) streamFailed(tx *store.Tx, f *courier.Failed) error {
	if f.Err.Code == logs.ErrResourceAlreadyExistsException {
		return s.sendLog(tx, f.Message)
	}
	return s.givenUp(tx, f)
}

func (s *Service) sendLog(tx *store.Tx, m courier.Envelope) error {
	var n note
	if err := m.NoteInto(&n); err != nil {
		return err
	}
	in := n.Logs
	n.Logs = nil
	return s.courier.Send(tx, courier.Message{
		ID: m.ID, Class: targetClass, Principal: principal, Source: m.Source, Role: m.Role, Account: m.Account, Region: m.Region,
		Service: m.Service, Operation: "PutLogEvents", Input: in, Note: n,
	})
}

// forward matches an event with the rules of another bus, unless it came from
// another itself.
func (s *Service) forward(tx *store.Tx, ev *event, t *compiledTarget, n note) error {
	if ev.forwarded {
		return nil
	}
	b := store.Key{Account: t.arn.Account, Region: t.arn.Region, ID: t.name}
	rec, err := s.bus(tx, b)
	if err != nil {
		if known := failureOf(err); known != nil {
			return s.deadLetter(tx, n, *known)
		}
		return err
	}
	if !s.admits(&rec, ev, n.Rule, t) {
		return s.deadLetter(tx, n, failure{code: "NO_PERMISSIONS", message: "The policy of " + t.Arn + " does not allow it."})
	}
	s.meter.add(tx, n.Rule, metricInvocations, 1)
	over := *ev
	over.forwarded = true
	doc, err := over.doc()
	if err != nil {
		return err
	}
	return s.match(tx, b, &over, doc)
}
