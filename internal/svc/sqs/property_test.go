package sqs_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store/storetest"
)

// A naive queue: what the API reference says, with a list and a clock.
type naive struct {
	fifo     bool
	max      int // maxReceiveCount
	messages []*naiveMessage
	dead     []string // bodies
	seen     map[string]time.Time
}

type naiveMessage struct {
	body, group string
	visible     time.Time
	tries       int
	handle      string // of the last receive
	gone        bool
}

func (m *naiveMessage) inFlight(now time.Time) bool { return m.tries > 0 && m.visible.After(now) }

// locked reports whether something of the group is in flight or delayed.
func (n *naive) locked(group string, now time.Time) bool {
	for _, m := range n.messages {
		if m.group == group && m.inFlight(now) {
			return true
		}
	}
	return false
}

// available are the messages that may be received, in their order.
func (n *naive) available(now time.Time) (out []*naiveMessage) {
	blocked := map[string]bool{}
	for _, m := range n.messages {
		if n.fifo && (blocked[m.group] || n.locked(m.group, now)) {
			continue
		}
		if m.visible.After(now) {
			blocked[m.group] = true
			continue
		}
		out = append(out, m)
	}
	return out
}

func (n *naive) remove(m *naiveMessage) {
	m.gone = true
	n.messages = slices.DeleteFunc(n.messages, func(o *naiveMessage) bool { return o == m })
}

// counts are visible, in flight and delayed messages.
func (n *naive) counts(now time.Time) (visible, flying, delayed int) {
	for _, m := range n.messages {
		switch {
		case !m.visible.After(now):
			visible++
		case m.tries > 0:
			flying++
		default:
			delayed++
		}
	}
	return
}

// machine drives a queue and its model with the same calls.
type machine struct {
	t         *testing.T
	b         *bench
	url, dead string
	model     *naive
	handed    []handed // every handle that was ever given out
	n         int
}

type handed struct {
	handle string
	m      *naiveMessage
}

// TestStandardQueue compares a standard queue with the model.
func TestStandardQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { checkQueue(t, false) })
}

// TestFIFOQueue compares a FIFO queue with the model.
func TestFIFOQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { checkQueue(t, true) })
}

func checkQueue(t *testing.T, fifo bool) {
	b := newBench(t, storetest.SQLite(t))
	round := 0
	// Without Deadline, which asks for the time outside of the bubble.
	rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) {
		round++
		m := newMachine(t, b, round, fifo, rapid.IntRange(1, 4).Draw(rt, "maxReceiveCount"))
		rt.Repeat(map[string]func(*rapid.T){
			"":           m.check,
			"send":       m.send,
			"receive":    m.receive,
			"delete":     m.delete,
			"visibility": m.visibility,
			"time":       func(rt *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second) },
		})
	})
}

func newMachine(t *testing.T, b *bench, round int, fifo bool, maximum int) *machine {
	suffix, attributes := "", []string{}
	if fifo {
		suffix, attributes = ".fifo", []string{"FifoQueue", "true"}
	}
	name := fmt.Sprintf("q%d", round)
	m := &machine{t: t, b: b, model: &naive{fifo: fifo, max: maximum, seen: map[string]time.Time{}}}
	m.dead = b.create(t, name+"-dead"+suffix, attributes...)
	m.url = b.create(t, name+suffix, append(attributes, "RedrivePolicy",
		fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:%s:%s:%s-dead%s","maxReceiveCount":%d}`, region, account, name, suffix, maximum))...)
	return m
}

// check compares the numbers.
func (m *machine) check(rt *rapid.T) {
	got := must[*api.GetQueueAttributesOutput](m.t)(m.b.GetQueueAttributes(m.t.Context(), &api.GetQueueAttributesInput{
		QueueUrl: m.url, AttributeNames: []api.QueueAttributeName{api.QueueAttributeNameAll},
	})).Attributes
	visible, flying, delayed := m.model.counts(time.Now())
	for name, want := range map[string]int{"": visible, "NotVisible": flying, "Delayed": delayed} {
		if got := got["ApproximateNumberOfMessages"+name]; got != strconv.Itoa(want) {
			rt.Fatalf("ApproximateNumberOfMessages%s: %s, want %d", name, got, want)
		}
	}
	if got := m.b.attribute(m.t, m.dead, api.QueueAttributeNameApproximateNumberOfMessages); got != strconv.Itoa(len(m.model.dead)) {
		rt.Fatalf("%s dead letters, want %d", got, len(m.model.dead))
	}
}

func (m *machine) send(rt *rapid.T) {
	m.n++
	msg := &naiveMessage{body: strconv.Itoa(m.n), visible: time.Now()}
	in := &api.SendMessageInput{QueueUrl: m.url, MessageBody: msg.body}
	if m.model.fifo {
		msg.group = rapid.SampledFrom([]string{"g", "h", "i"}).Draw(rt, "group")
		dedup := strconv.Itoa(rapid.IntRange(0, 20).Draw(rt, "dedup"))
		in.MessageGroupId, in.MessageDeduplicationId = &msg.group, &dedup
		if at, ok := m.model.seen[dedup]; ok && time.Since(at) < 5*time.Minute {
			msg = nil
		} else {
			m.model.seen[dedup] = time.Now()
		}
	} else {
		delay := rapid.SampledFrom([]int32{0, 0, 5, 30}).Draw(rt, "delay")
		in.DelaySeconds = &delay
		msg.visible = msg.visible.Add(time.Duration(delay) * time.Second)
	}
	must[*api.SendMessageOutput](m.t)(m.b.SendMessage(m.t.Context(), in))
	if msg != nil {
		m.model.messages = append(m.model.messages, msg)
	}
}

func (m *machine) receive(rt *rapid.T) {
	most := rapid.IntRange(1, 10).Draw(rt, "most")
	timeout := rapid.SampledFrom([]int32{0, 3, 10, 60}).Draw(rt, "timeout")
	got := must[*api.ReceiveMessageOutput](m.t)(m.b.ReceiveMessage(m.t.Context(), &api.ReceiveMessageInput{
		QueueUrl: m.url, MaxNumberOfMessages: new(int32(most)), VisibilityTimeout: &timeout,
	})).Messages
	now := time.Now()
	// What would be received once too often goes to the dead letters as far as
	// it was looked at: until enough was found.
	available := m.model.available(now)
	for _, a := range available {
		if a.tries >= m.model.max && !containsBody(got, a.body) && m.buried(a) {
			m.model.remove(a)
			m.model.dead = append(m.model.dead, a.body)
		}
	}
	available = m.model.available(now)
	if len(got) == 0 && slices.ContainsFunc(available, func(a *naiveMessage) bool { return a.tries < m.model.max }) {
		rt.Fatalf("nothing received of %d", len(available))
	}
	next := map[string]int{}
	for _, r := range got {
		i := slices.IndexFunc(available, func(a *naiveMessage) bool { return a.body == *r.Body })
		if i < 0 {
			rt.Fatalf("%s must not be received", *r.Body)
		}
		a := available[i]
		if m.model.fifo && !m.inOrder(available, a, next) {
			rt.Fatalf("%s of group %s overtook another", a.body, a.group)
		}
		if a.tries++; a.tries > m.model.max {
			rt.Fatalf("%s received %d times", a.body, a.tries)
		}
		a.handle, a.visible = *r.ReceiptHandle, now.Add(time.Duration(timeout)*time.Second)
		m.handed = append(m.handed, handed{a.handle, a})
	}
}

// inOrder reports whether a is the next of its group, and moves on.
func (m *machine) inOrder(available []*naiveMessage, a *naiveMessage, next map[string]int) bool {
	var group []*naiveMessage
	for _, o := range available {
		if o.group == a.group {
			group = append(group, o)
		}
	}
	i := next[a.group]
	next[a.group]++
	return i < len(group) && group[i] == a
}

// buried reports whether a message is in the dead-letter queue.
func (m *machine) buried(a *naiveMessage) bool {
	n := must[int](m.t)(strconv.Atoi(m.b.attribute(m.t, m.dead, api.QueueAttributeNameApproximateNumberOfMessages)))
	if n == len(m.model.dead) {
		return false
	}
	return m.b.holds(m.t, m.dead, a.body)
}

func containsBody(got []*api.Message, body string) bool {
	return slices.ContainsFunc(got, func(r *api.Message) bool { return *r.Body == body })
}

// delete uses any handle that was ever given out.
func (m *machine) delete(rt *rapid.T) {
	if len(m.handed) == 0 {
		rt.Skip("nothing was received")
	}
	h := rapid.SampledFrom(m.handed).Draw(rt, "handle")
	_, err := m.b.DeleteMessage(m.t.Context(), &api.DeleteMessageInput{QueueUrl: m.url, ReceiptHandle: h.handle})
	current, now := h.m.handle == h.handle && !h.m.gone, time.Now()
	switch {
	case m.model.fifo && !h.m.gone && (!current || !h.m.inFlight(now)):
		if !awserr.Is(err, "InvalidParameterValue") {
			rt.Fatalf("an expired handle: %v", err)
		}
	case err != nil:
		rt.Fatal(err)
	case current:
		m.model.remove(h.m)
	}
}

func (m *machine) visibility(rt *rapid.T) {
	if len(m.handed) == 0 {
		rt.Skip("nothing was received")
	}
	h := rapid.SampledFrom(m.handed).Draw(rt, "handle")
	timeout := rapid.SampledFrom([]int32{0, 5, 50}).Draw(rt, "timeout")
	_, err := m.b.ChangeMessageVisibility(m.t.Context(), &api.ChangeMessageVisibilityInput{QueueUrl: m.url, ReceiptHandle: h.handle, VisibilityTimeout: timeout})
	now := time.Now()
	switch {
	case h.m.gone || h.m.handle != h.handle:
		if !awserr.Is(err, "InvalidParameterValue") {
			rt.Fatalf("a handle of nothing: %v", err)
		}
	case !h.m.inFlight(now):
		if !awserr.Is(err, "MessageNotInflight") {
			rt.Fatalf("not in flight: %v", err)
		}
	case err != nil:
		rt.Fatal(err)
	default:
		h.m.visible = now.Add(time.Duration(timeout) * time.Second)
	}
}
