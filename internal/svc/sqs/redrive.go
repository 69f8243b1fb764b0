package sqs

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// redrivePolicy says after how many receives a message goes where.
type redrivePolicy struct {
	target  store.Key
	arn     string
	maximum int32
}

// maxReceives is the most that maxReceiveCount may be.
const maxReceives = 1000

// parseRedrive reads a RedrivePolicy. maxReceiveCount may be a number or a
// text, as consoles and templates write it.
func parseRedrive(value string) (*redrivePolicy, error) {
	var doc struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"`
	}
	bad := func(reason string) error { return invalidParameter(value, "RedrivePolicy", reason) }
	if json.Unmarshal([]byte(value), &doc) != nil {
		return nil, bad("Redrive policy is not a valid JSON map.")
	}
	if doc.DeadLetterTargetArn == "" {
		return nil, bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if len(doc.MaxReceiveCount) == 0 {
		return nil, bad("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	text := strings.Trim(string(doc.MaxReceiveCount), `"`)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxReceives {
		return nil, bad("Invalid value for maxReceiveCount: " + text + ", valid values are from 1 to 1000 both inclusive.")
	}
	k, ok := parseARN(doc.DeadLetterTargetArn)
	if !ok {
		return nil, bad("Invalid value for deadLetterTargetArn.")
	}
	return &redrivePolicy{target: k, arn: doc.DeadLetterTargetArn, maximum: int32(n)}, nil //nolint:gosec // at most 1,000
}

// redriveAllow says which queues may use this one as their dead-letter queue.
type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// maxSources is how many source queues a RedriveAllowPolicy may name.
const maxSources = 10

func parseRedriveAllow(value string) (*redriveAllow, error) {
	bad := func(reason string) error { return invalidParameter(value, "RedriveAllowPolicy", reason) }
	var p redriveAllow
	d := json.NewDecoder(strings.NewReader(value))
	d.DisallowUnknownFields()
	if d.Decode(&p) != nil {
		return nil, bad("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
	}
	switch p.Permission {
	case "allowAll", "denyAll":
		if len(p.Sources) > 0 {
			return nil, bad("Amazon SQS can't create the redrive allow policy. The sourceQueueArns parameter is only allowed when the redrivePermission is byQueue.")
		}
	case "byQueue":
		if n := len(p.Sources); n < 1 || n > maxSources {
			return nil, bad("Amazon SQS can't create the redrive allow policy. The sourceQueueArns parameter must name 1 to 10 queues when the redrivePermission is byQueue.")
		}
		for _, s := range p.Sources {
			if _, ok := parseARN(s); !ok {
				return nil, bad("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
			}
		}
	default:
		return nil, bad("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
	}
	return &p, nil
}

// allows reports whether a queue may use q as its dead-letter queue.
func (q *queue) allows(source string) bool {
	p, err := parseRedriveAllow(q.Attributes[attrRedriveAllow])
	if err != nil {
		return true // none
	}
	return p.Permission == "allowAll" || p.Permission == "byQueue" && slices.Contains(p.Sources, source)
}

// checkRedrive checks the dead-letter queue that an attribute names.
func (s *Service) checkRedrive(tx *store.Tx, k store.Key, fifo bool, value string) error {
	if value == "" {
		return nil
	}
	p, err := parseRedrive(value)
	if err != nil {
		return err
	}
	bad := func(reason string) *awserr.Error { return invalidParameter(value, "RedrivePolicy", reason) }
	if p.target.Account != k.Account || p.target.Region != k.Region {
		return bad("Dead-letter target owner should be same as the source.")
	}
	target, err := s.queues.Get(tx, p.target)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return bad("Dead letter target does not exist.")
	case err != nil:
		return err
	case target.Doc.FIFO != fifo:
		return bad("Dead-letter queue must be same type of queue as the source.")
	case !target.Doc.allows(queueARN(k)):
		return bad("Access to the dead-letter queue is denied by its redrive allow policy.")
	}
	return nil
}
