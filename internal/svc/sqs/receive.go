package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
)

// request is a ReceiveMessage whose parameters were checked.
type request struct {
	most    int
	visible int64 // microseconds
	wait    time.Duration
	long    bool // long polling
	attempt string
	system  map[string]bool // names of system attributes
	names   []string        // selectors of message attributes
}

// received is a message as it is handed out.
type received struct {
	seq, sentAt, firstAt int64 // times in microseconds
	tries, receives      int32
	id, sender, body     string
	group, dedup, source *string
	extra                []byte
}

// ReceiveMessage hands out messages and hides them from others for a while.
// With a wait it answers as soon as there is a message.
func (s *Service) ReceiveMessage(ctx context.Context, in *api.ReceiveMessageInput) (*api.ReceiveMessageOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	r, err := newRequest(&rec.Doc, in)
	if err != nil {
		return nil, err
	}
	if full, err := s.flightFull(ctx, rec); err != nil || full {
		return tooMany(rec, r, err)
	}
	got, err := s.poll(ctx, rec, r)
	if err != nil {
		return nil, err
	}
	out := &api.ReceiveMessageOutput{}
	for _, m := range got {
		a, err := s.answer(rec, r, m)
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, a)
	}
	return out, nil
}

// tooMany is the answer when the queue has as many messages in flight as it
// may: an error to a short poll of a standard queue, else nothing.
func tooMany(rec *record, r *request, err error) (*api.ReceiveMessageOutput, error) {
	if err != nil {
		return nil, err
	}
	if rec.Doc.FIFO || r.long {
		return &api.ReceiveMessageOutput{}, nil
	}
	return nil, api.NewOverLimit("Too many messages in flight: a queue can have at most %d.", maxInFlight)
}

func newRequest(q *queue, in *api.ReceiveMessageInput) (*request, error) {
	r := &request{most: 1, visible: q.micros(attrVisibility), wait: time.Duration(q.number(attrWait)) * time.Second, names: in.MessageAttributeNames}
	if n := in.MaxNumberOfMessages; n != nil {
		if *n < 1 || *n > maxBatch {
			return nil, invalidParameter(itoa(*n), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
		r.most = int(*n)
	}
	if n := in.VisibilityTimeout; n != nil {
		if *n < 0 || *n > maxVisibility {
			return nil, invalidParameter(itoa(*n), "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
		}
		r.visible = int64(*n) * 1e6
	}
	if n := in.WaitTimeSeconds; n != nil {
		if *n < 0 || *n > maxWait {
			return nil, invalidParameter(itoa(*n), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
		}
		r.wait = time.Duration(*n) * time.Second
	}
	r.long = r.wait > 0
	if a := in.ReceiveRequestAttemptId; a != nil {
		if !q.FIFO {
			return nil, invalidParameter(*a, "ReceiveRequestAttemptId", "The request include parameter that is not valid for this queue type.")
		}
		if !fifoToken.MatchString(*a) {
			return nil, invalidParameter(*a, "ReceiveRequestAttemptId", "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
		}
		r.attempt = *a
	}
	var err error
	r.system, err = systemNames(in)
	return r, err
}

// systemNames is the set of system attributes that is asked for, by the old
// name of the parameter or by the new one.
func systemNames(in *api.ReceiveMessageInput) (map[string]bool, error) {
	wanted := map[string]bool{}
	for _, n := range in.AttributeNames {
		wanted[string(n)] = true
	}
	for _, n := range in.MessageSystemAttributeNames {
		wanted[string(n)] = true
	}
	for name := range wanted {
		switch api.MessageSystemAttributeName(name) {
		case api.MessageSystemAttributeNameAll, api.MessageSystemAttributeNameSenderId, api.MessageSystemAttributeNameSentTimestamp,
			api.MessageSystemAttributeNameApproximateReceiveCount, api.MessageSystemAttributeNameApproximateFirstReceiveTimestamp,
			api.MessageSystemAttributeNameSequenceNumber, api.MessageSystemAttributeNameMessageDeduplicationId,
			api.MessageSystemAttributeNameMessageGroupId, api.MessageSystemAttributeNameAWSTraceHeader,
			api.MessageSystemAttributeNameDeadLetterQueueSourceArn:
		default:
			return nil, unknownAttribute(name)
		}
	}
	return wanted, nil
}

// fallback is how often a long poll looks though nobody told it to: notices
// between replicas can get lost.
const fallback = time.Second

// poll takes messages, and waits for some if the request says so.
func (s *Service) poll(ctx context.Context, rec *record, r *request) ([]*received, error) {
	got, _, err := s.take(ctx, rec, r, false)
	if err != nil || len(got) > 0 || r.wait <= 0 {
		return got, err
	}
	deadline := time.NewTimer(r.wait)
	defer deadline.Stop()
	for {
		got, ok, err := s.pollOnce(ctx, rec, r, deadline.C)
		if err != nil || len(got) > 0 || !ok {
			return got, err
		}
		if rec, err = s.lookup(ctx, rec.Key); err != nil { // purged or deleted meanwhile
			return nil, found(err)
		}
	}
}

// pollOnce looks, then waits until it is time to look again; ok is false when
// the wait is over.
func (s *Service) pollOnce(ctx context.Context, rec *record, r *request, deadline <-chan time.Time) (got []*received, ok bool, err error) {
	w := s.bells.join(rec.Doc.Contents)
	defer s.bells.leave(rec.Doc.Contents, w)
	got, next, err := s.take(ctx, rec, r, true)
	if err != nil || len(got) > 0 {
		return got, true, err
	}
	soon := time.NewTimer(next)
	defer soon.Stop()
	select {
	case <-w.rung:
		return nil, true, nil
	case <-soon.C:
		return nil, true, nil
	case <-deadline:
		return nil, false, nil
	case <-s.ending.Done():
		return nil, false, nil
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
}

// take claims messages in one transaction. ahead asks when to look again if
// there are none.
func (s *Service) take(ctx context.Context, rec *record, r *request, ahead bool) (got []*received, next time.Duration, err error) {
	next = fallback
	if s.db.Dialect() == store.SQLite {
		next = maxWait * time.Second
	}
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) (err error) {
		now := s.now(tx)
		if got, err = s.claim(tx, rec, r, now); err != nil || len(got) > 0 || !ahead {
			return err
		}
		due, err := nextDue(tx, &rec.Doc, now)
		if err == nil && due > 0 {
			next = min(next, time.Duration(due-now+1)*time.Microsecond)
		}
		return err
	})
	if err == nil {
		s.flights.took(rec.Doc.Contents, len(got))
	}
	return got, next, err
}

// nextDue is when a message that is hidden now may be received; 0 is never.
func nextDue(tx *store.Tx, q *queue, now int64) (due int64, err error) {
	query := "select coalesce(min(visible_at), 0) from sqs_message where store = ? and visible_at > ?"
	if q.FIFO {
		query = "select coalesce(min(ready_at), 0) from sqs_group where store = ? and ready_at > ?"
	}
	err = tx.Row(query, q.Contents, now).Scan(&due)
	return due, err
}

// claim hands out messages of either kind of queue. Messages that have outlived
// the retention are deleted on the way, and those that were received too often
// go to the dead-letter queue.
func (s *Service) claim(tx *store.Tx, rec *record, r *request, now int64) ([]*received, error) {
	if rec.Doc.FIFO {
		return s.claimFIFO(tx, rec, r, now)
	}
	for {
		batch, err := claimStandard(tx, &rec.Doc, r, now)
		if err != nil || len(batch) == 0 {
			return nil, err
		}
		kept, err := s.sift(tx, rec, batch, now)
		if err != nil || len(kept) > 0 {
			return kept, err
		}
	}
}

const receivedColumns = "seq, sent_at, first_at, tries, receives, id, sender, grp, dedup, source, extra, body"

func scanReceived(row store.Row) (*received, error) {
	m := &received{}
	return m, row.Scan(&m.seq, &m.sentAt, &m.firstAt, &m.tries, &m.receives, &m.id, &m.sender, &m.group, &m.dedup, &m.source, &m.extra, &m.body)
}

// taken is what happens to a row that is handed out. It needs three times.
const taken = `update sqs_message set visible_at = ?, taken_at = ?, tries = tries + 1, receives = receives + 1,
	first_at = case when first_at = 0 then ? else first_at end`

// claimStandard takes the messages that have waited longest. On PostgreSQL
// receivers pass over what others are about to take.
func claimStandard(tx *store.Tx, q *queue, r *request, now int64) ([]*received, error) {
	pick := "select seq from sqs_message where store = ? and visible_at <= ? order by visible_at limit ?"
	if tx.Dialect() == store.PostgreSQL {
		pick += " for update skip locked"
		pick = "with picked as materialized (" + pick + ") " + taken + " where seq = any (array(select seq from picked))"
	} else {
		pick = taken + " where seq in (" + pick + ")"
	}
	args := []any{now + r.visible, now, now, q.Contents, now, r.most}
	if tx.Dialect() == store.PostgreSQL {
		args = []any{q.Contents, now, r.most, now + r.visible, now, now}
	}
	got, err := store.All(store.Query(tx, scanReceived, pick+" returning "+receivedColumns, args...))
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	sortBySeq(got)
	return got, nil
}

// sift takes out of a batch what must not be handed out.
func (s *Service) sift(tx *store.Tx, rec *record, batch []*received, now int64) (kept []*received, err error) {
	alive := now - rec.Doc.micros(attrRetention)
	policy := rec.Doc.redrive()
	var expired []int64
	var dead []*received
	for _, m := range batch {
		switch {
		case m.sentAt <= alive:
			expired = append(expired, m.seq)
		case policy != nil && m.tries > policy.maximum:
			dead = append(dead, m)
		default:
			kept = append(kept, m)
		}
	}
	if err := deleteRows(tx, expired); err != nil {
		return nil, err
	}
	if len(dead) == 0 {
		return kept, nil
	}
	buried, err := s.toDeadLetters(tx, rec, policy, dead, now)
	if err != nil {
		return nil, err
	}
	if !buried { // there is no such queue any more
		kept = append(kept, dead...)
		sortBySeq(kept)
	}
	return kept, nil
}

// answer writes a message as the request wants it.
func (s *Service) answer(rec *record, r *request, m *received) (*api.Message, error) {
	token, err := s.seal(rec.Key, handle{Seq: m.seq, Contents: rec.Doc.Contents, Receives: m.receives})
	if err != nil {
		return nil, err
	}
	x := &extra{}
	if len(m.extra) > 0 {
		if err := json.Unmarshal(m.extra, x); err != nil {
			return nil, fmt.Errorf("decode message %s: %w", m.id, err)
		}
	}
	out := &api.Message{MessageId: &m.id, ReceiptHandle: &token, Body: &m.body, MD5OfBody: new(md5OfText(m.body))}
	out.Attributes = m.system(rec, r.system, x)
	chosen := map[string]attr{}
	for name, a := range x.Attributes {
		if selected(name, r.names) {
			chosen[name] = a
		}
	}
	if len(chosen) > 0 {
		out.MD5OfMessageAttributes = md5OfAttributes(chosen)
		out.MessageAttributes = make(map[string]*api.MessageAttributeValue, len(chosen))
		for name, a := range chosen {
			out.MessageAttributes[name] = &api.MessageAttributeValue{DataType: a.Type, StringValue: a.Text, BinaryValue: a.Binary}
		}
	}
	return out, nil
}

// selected reports whether a message attribute is asked for: by its name, by a
// prefix "foo.*" or "foo*", by All or ".*".
func selected(name string, selectors []string) bool {
	for _, sel := range selectors {
		if sel == name || sel == "All" || sel == ".*" || sel == "*" {
			return true
		}
		if prefix, ok := strings.CutSuffix(sel, "*"); ok && prefix != "" && strings.HasPrefix(name, strings.TrimSuffix(prefix, ".")) {
			return true
		}
	}
	return false
}

// system is the message's system attributes that were asked for.
func (m *received) system(rec *record, wanted map[string]bool, x *extra) map[string]string {
	if len(wanted) == 0 {
		return nil
	}
	all := map[api.MessageSystemAttributeName]string{
		api.MessageSystemAttributeNameSenderId:                         m.sender,
		api.MessageSystemAttributeNameSentTimestamp:                    millis(m.sentAt),
		api.MessageSystemAttributeNameApproximateReceiveCount:          itoa(m.receives),
		api.MessageSystemAttributeNameApproximateFirstReceiveTimestamp: millis(m.firstAt),
	}
	if m.group != nil {
		all[api.MessageSystemAttributeNameMessageGroupId] = *m.group
	}
	if m.dedup != nil {
		all[api.MessageSystemAttributeNameMessageDeduplicationId] = *m.dedup
	}
	if rec.Doc.FIFO {
		all[api.MessageSystemAttributeNameSequenceNumber] = sequenceNumber(m.seq)
	}
	if x.Trace != "" {
		all[api.MessageSystemAttributeNameAWSTraceHeader] = x.Trace
	}
	if m.source != nil {
		all[api.MessageSystemAttributeNameDeadLetterQueueSourceArn] = *m.source
	}
	out := map[string]string{}
	for name, v := range all {
		if wanted[string(api.MessageSystemAttributeNameAll)] || wanted[string(name)] {
			out[string(name)] = v
		}
	}
	return out
}

func millis(us int64) string { return strconv.FormatInt(us/1000, 10) }
