package events

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
)

// failure is why an event was not delivered.
type failure struct {
	code, message string
	exhausted     string // the limit of the retry policy that was reached
	retries       int
}

// failureOf is the failure that an answer stands for, or nil.
func failureOf(err error) *failure {
	e := awserr.As(err)
	if e == nil {
		return nil
	}
	return &failure{code: errorCode(e), message: e.Error()}
}

// absent are the codes with which services say that something is not there.
var absent = regexp.MustCompile("NotFound|NonExistent|DoesNotExist|NoSuch")

// errorCode is the ERROR_CODE of an answer.
func errorCode(e *awserr.Error) string {
	switch {
	case e.Status == http.StatusForbidden || strings.Contains(e.Code, "AccessDenied"):
		return "NO_PERMISSIONS"
	case e.Status == http.StatusNotFound || absent.MatchString(e.Code):
		return "NO_RESOURCE"
	case e.Status == http.StatusTooManyRequests || strings.Contains(e.Code, "Throttl"):
		return "THROTTLING"
	case e.Status == http.StatusNotImplemented:
		return "NOT_IMPLEMENTED"
	case e.Status < 500:
		return "SDK_CLIENT_ERROR"
	}
	return "INTERNAL_ERROR"
}

// givenUp sends what could not be delivered to the dead-letter queue.
func (s *Service) givenUp(tx *store.Tx, f *courier.Failed) error {
	var n note
	if err := f.Message.NoteInto(&n); err != nil {
		return err
	}
	why := failureOf(f.Err)
	why.retries = f.Attempts - 1
	most := n.MaxAttempts
	if most == 0 {
		most = defaultAttempts
	}
	switch {
	case f.Expired:
		why.exhausted = "MaximumEventAgeInSeconds"
	case f.Attempts >= most:
		why.exhausted = "MaximumRetryAttempts"
	}
	return s.deadLetter(tx, n, *why)
}

// defaultAttempts is how often the courier calls without a retry policy.
const defaultAttempts = 185

// deadLetter sends an event to the target's dead-letter queue; without one it
// is logged and gone.
func (s *Service) deadLetter(tx *store.Tx, n note, why failure) error {
	s.meter.add(tx, n.Rule, metricInvocations, 1)
	s.meter.add(tx, n.Rule, metricFailed, 1)
	if n.DeadLetter == "" {
		s.log.Warn("event not delivered", "rule", n.RuleARN, "target", n.TargetARN, "code", why.code, "reason", why.message)
		return nil
	}
	queue, err := arn.Parse(n.DeadLetter)
	if err != nil {
		return err
	}
	attributes := map[string]string{
		"RULE_ARN": n.RuleARN, "TARGET_ARN": n.TargetARN, "ERROR_CODE": why.code, "ERROR_MESSAGE": why.message,
		"EXHAUSTED_RETRY_CONDITION": why.exhausted, "RETRY_ATTEMPTS": strconv.Itoa(why.retries),
	}
	in := &sqs.SendMessageInput{
		QueueUrl: sqsURL(queue), MessageBody: string(n.Event), MessageAttributes: map[string]*sqs.MessageAttributeValue{},
	}
	for name, value := range attributes {
		if value != "" {
			in.MessageAttributes[name] = &sqs.MessageAttributeValue{DataType: "String", StringValue: &value}
		}
	}
	s.meter.add(tx, n.Rule, metricSentToDLQ, 1)
	return s.courier.Send(tx, courier.Message{
		Class: deadLetterClass, Principal: principal, Source: n.RuleARN, Account: queue.Account, Region: queue.Region,
		Service: "sqs", Operation: "SendMessage", Input: in,
	})
}
