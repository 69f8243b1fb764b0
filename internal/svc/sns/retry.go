package sns

import (
	"bytes"
	"encoding/json"
	"math"
	"mime"
	"strings"
	"time"
)

// retryPolicy says how often and when a delivery to an HTTP endpoint is
// repeated (SNS developer guide, "Creating an HTTP/S delivery policy"). Delays
// are in seconds.
type retryPolicy struct {
	MinDelayTarget     int    `json:"minDelayTarget"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumRetries         int    `json:"numRetries"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"` // after the backoff phase
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`  // at once
	NumMinDelayRetries int    `json:"numMinDelayRetries"` // before the backoff phase
	BackoffFunction    string `json:"backoffFunction"`
}

type throttlePolicy struct {
	MaxReceivesPerSecond float64 `json:"maxReceivesPerSecond"`
}

type requestPolicy struct {
	HeaderContentType string `json:"headerContentType"`
}

// defaultContentType is what messages are sent as.
const defaultContentType = "text/plain; charset=UTF-8"

// UnmarshalJSON fills in the defaults of members that are not there.
func (p *retryPolicy) UnmarshalJSON(b []byte) error {
	type plain retryPolicy
	d := plain{MinDelayTarget: 20, MaxDelayTarget: 20, NumRetries: 3, BackoffFunction: "linear"}
	if err := strict(b, &d); err != nil {
		return err
	}
	*p = retryPolicy(d)
	return nil
}

func defaultRetries() *retryPolicy {
	return &retryPolicy{MinDelayTarget: 20, MaxDelayTarget: 20, NumRetries: 3, BackoffFunction: "linear"}
}

// topicPolicy is the attribute DeliveryPolicy of a topic.
type topicPolicy struct {
	HTTP *topicHTTPPolicy `json:"http,omitempty"`
}

type topicHTTPPolicy struct {
	Retry            *retryPolicy    `json:"defaultHealthyRetryPolicy,omitempty"`
	Sickly           *retryPolicy    `json:"defaultSicklyRetryPolicy,omitempty"` // of former times; without effect
	DisableOverrides bool            `json:"disableSubscriptionOverrides"`
	Throttle         *throttlePolicy `json:"defaultThrottlePolicy,omitempty"`
	Request          *requestPolicy  `json:"defaultRequestPolicy,omitempty"`
}

// subscriptionPolicy is the attribute DeliveryPolicy of a subscription.
type subscriptionPolicy struct {
	Retry      *retryPolicy    `json:"healthyRetryPolicy,omitempty"`
	Sickly     *retryPolicy    `json:"sicklyRetryPolicy,omitempty"` // of former times; without effect
	Throttle   *throttlePolicy `json:"throttlePolicy,omitempty"`
	Request    *requestPolicy  `json:"requestPolicy,omitempty"`
	Guaranteed bool            `json:"guaranteed,omitempty"` // of former times; without effect
}

// strict decodes JSON without members that dst does not have.
func strict(b []byte, dst any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(dst)
}

// topicDeliveryPolicy checks a topic's delivery policy and writes it without
// blanks; empty is the default.
func topicDeliveryPolicy(text string) (string, error) {
	if text == "" || text == "{}" {
		return "", nil
	}
	var p topicPolicy
	if err := strict([]byte(text), &p); err != nil {
		return "", badPolicy(err)
	}
	if p.HTTP == nil {
		return "", nil
	}
	if err := checkPolicy("http.default", p.HTTP.Retry, p.HTTP.Throttle, p.HTTP.Request); err != nil {
		return "", err
	}
	return compact(p), nil
}

// subscriptionDeliveryPolicy checks a subscription's delivery policy and writes
// it without blanks; empty is the topic's.
func subscriptionDeliveryPolicy(protocol, text string) (string, error) {
	if text == "" || text == "{}" {
		return "", nil
	}
	if protocol != protoHTTP && protocol != protoHTTPS {
		return "", invalid("DeliveryPolicy: Delivery protocol [%s] does not support delivery policies.", protocol)
	}
	var p subscriptionPolicy
	if err := strict([]byte(text), &p); err != nil {
		return "", badPolicy(err)
	}
	if err := checkPolicy("", p.Retry, p.Throttle, p.Request); err != nil {
		return "", err
	}
	return compact(p), nil
}

func badPolicy(err error) error {
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid("DeliveryPolicy: Unexpected JSON member: %s", strings.Trim(name, `"`))
	}
	return invalid("DeliveryPolicy: failed to parse JSON.")
}

// Limits of delivery policies.
const (
	maxRetries = 100
	maxDelay   = 3600 // seconds, of one delay and of all together
)

// backoffs are the names of the functions of the backoff phase.
var backoffs = map[string]func(x float64, n int, least, most float64) float64{
	"linear":      func(x float64, _ int, least, most float64) float64 { return least + (most-least)*x },
	"arithmetic":  arithmetic,
	"geometric":   func(x float64, _ int, least, most float64) float64 { return least * math.Pow(most/least, x) },
	"exponential": exponential,
}

// arithmetic grows by steps that grow by the same amount each.
func arithmetic(x float64, n int, least, most float64) float64 {
	i, last := x*float64(n-1), float64(n-1)
	return least + (most-least)*i*(i+1)/(last*(last+1))
}

// exponential grows by steps that double.
func exponential(x float64, n int, least, most float64) float64 {
	i, last := x*float64(n-1), float64(n-1)
	return least + (most-least)*(math.Exp2(i)-1)/(math.Exp2(last)-1)
}

// checkPolicy checks a policy; prefix is how the names of its parts begin.
func checkPolicy(prefix string, retry *retryPolicy, throttle *throttlePolicy, request *requestPolicy) error {
	part := func(name string) string {
		if prefix == "" {
			return name
		}
		return prefix + strings.ToUpper(name[:1]) + name[1:]
	}
	if retry != nil {
		if err := retry.check(part("healthyRetryPolicy")); err != nil {
			return err
		}
	}
	if throttle != nil && throttle.MaxReceivesPerSecond < 1 {
		return invalid("DeliveryPolicy: %s.maxReceivesPerSecond must be greater than or equal to 1", part("throttlePolicy"))
	}
	if request != nil {
		if _, _, err := mime.ParseMediaType(request.HeaderContentType); err != nil {
			return invalid("DeliveryPolicy: %s.headerContentType is invalid", part("requestPolicy"))
		}
	}
	return nil
}

func (p *retryPolicy) check(name string) error {
	bad := func(format string, args ...any) error { return invalid("DeliveryPolicy: "+name+"."+format, args...) }
	switch {
	case p.NumRetries < 0 || p.NumRetries > maxRetries:
		return bad("numRetries must be less than or equal to %d", maxRetries)
	case p.MinDelayTarget < 1 || p.MinDelayTarget > maxDelay:
		return bad("minDelayTarget must be between 1 and %d", maxDelay)
	case p.MaxDelayTarget < p.MinDelayTarget:
		return bad("maxDelayTarget must be greater than or equal to minDelayTarget")
	case p.MaxDelayTarget > maxDelay:
		return bad("maxDelayTarget must be less than or equal to %d", maxDelay)
	case p.NumNoDelayRetries < 0 || p.NumMinDelayRetries < 0 || p.NumMaxDelayRetries < 0:
		return bad("numbers of retries must not be negative")
	case p.phases() > p.NumRetries:
		return bad("numRetries must be greater than or equal to the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries")
	case backoffs[p.BackoffFunction] == nil:
		return bad("backoffFunction must be one of linear, arithmetic, geometric or exponential")
	}
	var total time.Duration
	for _, d := range p.delays() {
		total += d
	}
	if total > maxDelay*time.Second {
		return bad("numRetries: the delays of all retries together must not exceed %d seconds", maxDelay)
	}
	return nil
}

// phases is how many retries the phases without growing delays have. Each counts
// no more than is too many, lest the sum overflow.
func (p *retryPolicy) phases() int {
	n := 0
	for _, of := range []int{p.NumNoDelayRetries, p.NumMinDelayRetries, p.NumMaxDelayRetries} {
		n += min(of, maxRetries+1)
	}
	return n
}

// delays are the pauses before each retry: none, the least, growing from the
// least to the most, the most.
func (p *retryPolicy) delays() []time.Duration {
	out := make([]time.Duration, 0, p.NumRetries)
	repeat := func(n int, d time.Duration) {
		for range n {
			out = append(out, d)
		}
	}
	repeat(p.NumNoDelayRetries, 0)
	repeat(p.NumMinDelayRetries, seconds(float64(p.MinDelayTarget)))
	n := p.NumRetries - p.NumNoDelayRetries - p.NumMinDelayRetries - p.NumMaxDelayRetries
	f := backoffs[p.BackoffFunction]
	for i := range n {
		if n == 1 {
			out = append(out, seconds(float64(p.MinDelayTarget)))
			break
		}
		x := float64(i) / float64(n-1)
		out = append(out, seconds(f(x, n, float64(p.MinDelayTarget), float64(p.MaxDelayTarget))))
	}
	repeat(p.NumMaxDelayRetries, seconds(float64(p.MaxDelayTarget)))
	return out
}

func seconds(n float64) time.Duration { return time.Duration(math.Round(n*1000)) * time.Millisecond }

// effectivePolicy is a subscription's delivery policy with the topic's and the
// defaults filled in. It is written as the attribute EffectiveDeliveryPolicy.
type effectivePolicy struct {
	Retry      *retryPolicy    `json:"healthyRetryPolicy"`
	Sickly     *retryPolicy    `json:"sicklyRetryPolicy"`
	Throttle   *throttlePolicy `json:"throttlePolicy"`
	Request    *requestPolicy  `json:"requestPolicy"`
	Guaranteed bool            `json:"guaranteed"`
}

// policyOf makes the effective policy of the two attributes, which were checked
// when they were set.
func policyOf(topicText, subscriptionText string) effectivePolicy {
	var t topicPolicy
	var own subscriptionPolicy
	if topicText != "" {
		_ = json.Unmarshal([]byte(topicText), &t)
	}
	if t.HTTP == nil {
		t.HTTP = &topicHTTPPolicy{}
	}
	if subscriptionText != "" && !t.HTTP.DisableOverrides {
		_ = json.Unmarshal([]byte(subscriptionText), &own)
	}
	return effectivePolicy{
		Retry:    first(own.Retry, t.HTTP.Retry, defaultRetries()),
		Throttle: first(own.Throttle, t.HTTP.Throttle),
		Request:  first(own.Request, t.HTTP.Request, &requestPolicy{HeaderContentType: defaultContentType}),
	}
}

// first is the first that is there, or nil.
func first[T any](all ...*T) *T {
	for _, one := range all {
		if one != nil {
			return one
		}
	}
	return nil
}

func effectiveSubscriptionPolicy(topicText, subscriptionText string) string {
	return compact(policyOf(topicText, subscriptionText))
}

// effectiveTopicPolicy is the attribute EffectiveDeliveryPolicy of a topic.
func effectiveTopicPolicy(text string) string {
	var p topicPolicy
	if text != "" {
		_ = json.Unmarshal([]byte(text), &p) // was checked when it was set
	}
	if p.HTTP == nil {
		p.HTTP = &topicHTTPPolicy{}
	}
	p.HTTP.Retry = first(p.HTTP.Retry, defaultRetries())
	p.HTTP.Request = first(p.HTTP.Request, &requestPolicy{HeaderContentType: defaultContentType})
	return compact(p)
}
