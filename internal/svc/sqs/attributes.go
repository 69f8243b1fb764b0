package sqs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// The names of queue attributes that rules depend on.
const (
	attrVisibility    = string(api.QueueAttributeNameVisibilityTimeout)
	attrMaxSize       = string(api.QueueAttributeNameMaximumMessageSize)
	attrRetention     = string(api.QueueAttributeNameMessageRetentionPeriod)
	attrDelay         = string(api.QueueAttributeNameDelaySeconds)
	attrWait          = string(api.QueueAttributeNameReceiveMessageWaitTimeSeconds)
	attrPolicy        = string(api.QueueAttributeNamePolicy)
	attrRedrive       = string(api.QueueAttributeNameRedrivePolicy)
	attrRedriveAllow  = string(api.QueueAttributeNameRedriveAllowPolicy)
	attrFIFO          = string(api.QueueAttributeNameFifoQueue)
	attrContentDedup  = string(api.QueueAttributeNameContentBasedDeduplication)
	attrDedupScope    = string(api.QueueAttributeNameDeduplicationScope)
	attrThroughput    = string(api.QueueAttributeNameFifoThroughputLimit)
	attrKMSKey        = string(api.QueueAttributeNameKmsMasterKeyId)
	attrKMSReuse      = string(api.QueueAttributeNameKmsDataKeyReusePeriodSeconds)
	attrManagedSSE    = string(api.QueueAttributeNameSqsManagedSseEnabled)
	scopeQueue        = "queue"
	scopeGroup        = "messageGroup"
	limitPerQueue     = "perQueue"
	limitPerGroup     = "perMessageGroupId"
	maxMessage        = 1 << 20 // bytes of body and attributes; also of a batch in all
	maxVisibility     = 43200   // seconds
	maxDelay          = 900     // seconds
	maxWait           = 20      // seconds
	defaultVisibility = "30"
	yes, no           = "true", "false"
)

// attribute is what a settable attribute may be. Limits are the API
// reference's, with the message size of 1 MiB that queues have had since
// August 2025.
type attribute struct {
	standard string // value where none was set; "" is not answered
	fifo     string
	min, max int      // of an integer; max 0 is none
	one      []string // of these
	fifoOnly bool
	parse    func(value string) error // anything else
}

var attributes = map[string]attribute{
	attrVisibility:   {standard: defaultVisibility, max: maxVisibility},
	attrMaxSize:      {standard: strconv.Itoa(maxMessage), min: 1024, max: maxMessage},
	attrRetention:    {standard: "345600", min: 60, max: 1209600},
	attrDelay:        {standard: "0", max: maxDelay},
	attrWait:         {standard: "0", max: maxWait},
	attrManagedSSE:   {standard: yes, one: []string{yes, no}},
	attrKMSReuse:     {min: 60, max: 86400},
	attrKMSKey:       {},
	attrPolicy:       {parse: checkPolicy},
	attrRedrive:      {parse: func(v string) error { _, err := parseRedrive(v); return err }},
	attrRedriveAllow: {parse: func(v string) error { _, err := parseRedriveAllow(v); return err }},
	attrFIFO:         {one: []string{yes}, fifoOnly: true, fifo: yes},
	attrContentDedup: {one: []string{yes, no}, fifoOnly: true, fifo: no},
	attrDedupScope:   {one: []string{scopeQueue, scopeGroup}, fifoOnly: true, fifo: scopeQueue},
	attrThroughput:   {one: []string{limitPerQueue, limitPerGroup}, fifoOnly: true, fifo: limitPerQueue},
}

// removable attributes are unset by an empty value.
var removable = []string{attrPolicy, attrRedrive, attrRedriveAllow, attrKMSKey}

// queue is what is kept of a queue. Numbers are in the unit of the attribute
// they come from.
type queue struct {
	ID         int64             // of this queue, never of another with its name
	Contents   int64             // names its messages; changes when it is purged
	FIFO       bool              `json:",omitempty"`
	Created    int64             // seconds
	Modified   int64             // seconds
	Purged     int64             `json:",omitempty"` // microseconds
	Attributes map[string]string `json:",omitempty"` // those that were set
}

// tombstone stands for a queue that was deleted.
type tombstone struct{ At int64 } // microseconds

// value is an attribute, set or not.
func (q *queue) value(name string) string {
	if v, ok := q.Attributes[name]; ok {
		return v
	}
	a := attributes[name]
	if q.FIFO && a.fifo != "" {
		return a.fifo
	}
	if name == attrKMSReuse && q.Attributes[attrKMSKey] != "" {
		return "300"
	}
	if name == attrManagedSSE && q.Attributes[attrKMSKey] != "" {
		return no
	}
	return a.standard
}

// number is an attribute that is an integer.
func (q *queue) number(name string) int64 {
	n, _ := strconv.ParseInt(q.value(name), 10, 64) // values were checked when they were set
	return n
}

// micros is an attribute in seconds as microseconds.
func (q *queue) micros(name string) int64 { return q.number(name) * 1e6 }

// redrive is the queue's redrive policy, or nil.
func (q *queue) redrive() *redrivePolicy {
	v := q.Attributes[attrRedrive]
	if v == "" {
		return nil
	}
	p, err := parseRedrive(v)
	if err != nil {
		return nil // it was checked when it was set
	}
	return p
}

func unknownAttribute(name string) *awserr.Error {
	return api.NewInvalidAttributeName("Unknown Attribute %s.", name)
}

func badAttribute(name string) *awserr.Error {
	return api.NewInvalidAttributeValue("Invalid value for the parameter %s.", name)
}

// checkAttributes applies the rules for each value by itself.
func checkAttributes(values map[string]string, fifo bool) error {
	for _, name := range sortedKeys(values) {
		a, ok := attributes[name]
		if !ok || a.fifoOnly && !fifo {
			return unknownAttribute(name)
		}
		if err := a.check(name, values[name]); err != nil {
			return err
		}
	}
	if values[attrKMSKey] != "" && values[attrManagedSSE] == yes {
		return api.NewInvalidAttributeValue("You can use one type of server-side encryption (SSE) at one time. " +
			"You can either enable KMS SSE or SQS SSE.")
	}
	return nil
}

func (a attribute) check(name, value string) error {
	if value == "" && slices.Contains(removable, name) {
		return nil
	}
	switch {
	case a.max > 0:
		n, err := strconv.Atoi(value)
		if err != nil || n < a.min || n > a.max {
			return badAttribute(name)
		}
	case a.one != nil:
		if !slices.Contains(a.one, value) {
			return badAttribute(name)
		}
	case a.parse != nil:
		return a.parse(value)
	}
	return nil
}

// checkTogether applies the rules between attributes of one queue.
func (q *queue) checkTogether() error {
	if q.FIFO && q.value(attrThroughput) == limitPerGroup && q.value(attrDedupScope) != scopeGroup {
		return api.NewInvalidAttributeValue("The perMessageGroupId value of FifoThroughputLimit is allowed only when the value of DeduplicationScope is messageGroup.")
	}
	return nil
}

// checkPolicy wants a policy that can be evaluated.
func checkPolicy(value string) error {
	if _, err := policy.Parse(value, policy.ResourceUse); err != nil {
		return api.NewInvalidAttributeValue("Invalid value for the parameter Policy.")
	}
	return nil
}

// set merges values that were checked. An empty value takes a removable
// attribute away.
func (q *queue) set(values map[string]string) {
	merged := make(map[string]string, len(q.Attributes)+len(values))
	maps.Copy(merged, q.Attributes)
	for name, v := range values {
		if v == "" {
			delete(merged, name)
		} else {
			merged[name] = v
		}
	}
	if values[attrKMSKey] != "" {
		delete(merged, attrManagedSSE)
	} else if values[attrManagedSSE] == yes {
		delete(merged, attrKMSKey)
		delete(merged, attrKMSReuse)
	}
	q.Attributes = merged
}

// differing is the first attribute of values that the queue has otherwise.
func (q *queue) differing(values map[string]string) string {
	for _, name := range sortedKeys(values) {
		if !sameValue(q.value(name), values[name]) {
			return name
		}
	}
	return ""
}

// sameValue compares documents by meaning and everything else as text.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// counts are the approximate numbers of a queue, which are exact here.
type counts struct{ visible, inFlight, delayed int64 }

func (q *queue) count(tx *store.Tx, now int64) (c counts, err error) {
	alive := now - q.micros(attrRetention)
	err = tx.Row(`select coalesce(sum(case when visible_at <= ? then 1 else 0 end), 0),
		coalesce(sum(case when visible_at > ? and tries > 0 then 1 else 0 end), 0),
		coalesce(sum(case when visible_at > ? and tries = 0 then 1 else 0 end), 0)
		from sqs_message where store = ? and sent_at > ?`, now, now, now, q.Contents, alive).Scan(&c.visible, &c.inFlight, &c.delayed)
	return c, err
}
