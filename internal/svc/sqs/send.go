package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// message is one that is to be put into a queue.
type message struct {
	id     string
	sender string
	body   string
	extra  *extra
	raw    []byte // extra, encoded
	delay  int64  // microseconds; -1 is the queue's
	size   int    // bytes, as limits count them
	group  string // "" is none
	dedup  string
	source string // ARN of the queue that it is a dead letter of
	sentAt int64  // microseconds; 0 is now

	seq int64 // given when it is put
}

// SendMessage puts a message into a queue. It is durable when it is answered.
func (s *Service) SendMessage(ctx context.Context, in *api.SendMessageInput) (*api.SendMessageOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, err := s.message(ctx, rec, 0, &api.SendMessageBatchRequestEntry{
		MessageBody: in.MessageBody, DelaySeconds: in.DelaySeconds, MessageAttributes: in.MessageAttributes,
		MessageSystemAttributes: in.MessageSystemAttributes, MessageDeduplicationId: in.MessageDeduplicationId, MessageGroupId: in.MessageGroupId,
	})
	if err != nil {
		return nil, err
	}
	if err := s.send(ctx, rec, []*message{m}); err != nil {
		return nil, err
	}
	return &api.SendMessageOutput{
		MD5OfMessageBody: new(md5OfText(m.body)), MD5OfMessageAttributes: md5OfAttributes(m.extra.Attributes),
		MD5OfMessageSystemAttributes: m.extra.md5OfSystem(), MessageId: &m.id, SequenceNumber: m.sequence(&rec.Doc),
	}, nil
}

// sequence is the message's SequenceNumber; nil for standard queues.
func (m *message) sequence(q *queue) *string {
	if !q.FIFO || m.seq == 0 {
		return nil
	}
	return new(sequenceNumber(m.seq))
}

// firstSequence is added to a row's number, so that SequenceNumber has 20
// digits, as on AWS.
const firstSequence = 18_000_000_000_000_000_000

func sequenceNumber(seq int64) string { return strconv.FormatUint(firstSequence+uint64(seq), 10) } //nolint:gosec // rows count from 1

var fifoToken = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]{1,128}$")

// message checks what is to be sent against the rules and the queue's
// attributes. n is its place in the request.
func (s *Service) message(ctx context.Context, rec *record, n int, e *api.SendMessageBatchRequestEntry) (*message, error) {
	if err := checkBody(e.MessageBody); err != nil {
		return nil, err
	}
	x, size, err := checkExtra(e.MessageAttributes, e.MessageSystemAttributes)
	if err != nil {
		return nil, err
	}
	m := &message{body: e.MessageBody, extra: x, raw: x.encode(), size: size + len(e.MessageBody), delay: -1}
	if limit := rec.Doc.number(attrMaxSize); int64(m.size) > limit {
		return nil, invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	if err := m.address(&rec.Doc, e); err != nil {
		return nil, err
	}
	m.sender = plane.FromContext(ctx).Caller.ID
	m.id = newMessageID()
	if token := plane.Token(ctx); token != "" {
		m.id = derivedID(fmt.Sprintf("%d/%s/%d", rec.Doc.ID, token, n))
	}
	return m, nil
}

// address checks delay, group and deduplication id.
func (m *message) address(q *queue, e *api.SendMessageBatchRequestEntry) error {
	if e.DelaySeconds != nil {
		d := *e.DelaySeconds
		if d < 0 || d > maxDelay {
			return invalidParameter(itoa(d), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
		}
		if q.FIFO && d != 0 {
			return invalidParameter(itoa(d), "DelaySeconds", "The request include parameter that is not valid for this queue type.")
		}
		if !q.FIFO {
			m.delay = (time.Duration(d) * time.Second).Microseconds()
		}
	}
	for name, v := range map[string]*string{"MessageGroupId": e.MessageGroupId, "MessageDeduplicationId": e.MessageDeduplicationId} {
		if v != nil && !fifoToken.MatchString(*v) {
			return invalidParameter(*v, name, name+" can only include alphanumeric and punctuation characters. 1 to 128 in length.")
		}
	}
	if e.MessageGroupId != nil {
		m.group = *e.MessageGroupId // of a standard queue: its tenant, for fairness
	}
	if e.MessageDeduplicationId != nil {
		m.dedup = *e.MessageDeduplicationId
	}
	if !q.FIFO {
		if m.dedup != "" {
			return invalidParameter(m.dedup, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.")
		}
		return nil
	}
	return m.addressFIFO(q)
}

func (m *message) addressFIFO(q *queue) error {
	if m.group == "" {
		return missing("MessageGroupId")
	}
	if m.dedup != "" {
		return nil
	}
	if q.value(attrContentDedup) != yes {
		return invalidValue("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	sum := sha256.Sum256([]byte(m.body))
	m.dedup = hex.EncodeToString(sum[:])
	return nil
}

// newMessageID is a random UUID.
func newMessageID() string { return uuid.NewString() }

// derivedID is the UUID that follows from a name.
func derivedID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return version4([16]byte(sum[:16]))
}

// version4 is b as a random UUID (RFC 9562).
func version4(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// send puts messages into a queue, all or none. Under a token they are put
// once, however often the call is made.
func (s *Service) send(ctx context.Context, rec *record, messages []*message) error {
	token := plane.Token(ctx)
	return s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		if token != "" {
			first, err := store.Once(tx, fmt.Sprintf("sqs/%d/%s", rec.Doc.ID, token))
			if err != nil {
				return err
			}
			if !first {
				return s.resent(tx, &rec.Doc, messages)
			}
		}
		return s.put(tx, &rec.Doc, messages)
	})
}

// put adds messages to a queue and wakes its receivers.
func (s *Service) put(tx *store.Tx, q *queue, messages []*message) error {
	now := s.now(tx)
	fresh := len(messages)
	if q.FIFO {
		fresh = 0
		// Everybody locks groups in the same order.
		ordered := slices.Clone(messages)
		slices.SortStableFunc(ordered, func(a, b *message) int { return strings.Compare(a.group, b.group) })
		for _, m := range ordered {
			put, err := s.putFIFO(tx, q, m, now)
			if err != nil {
				return err
			}
			if put {
				fresh++
			}
		}
	} else {
		due := func(m *message) int64 { return now + m.delayOr(q) }
		if err := insert(tx, q.Contents, messages, now, due); err != nil {
			return err
		}
	}
	if fresh > 0 {
		s.arrived(tx, q.Contents, fresh)
	}
	return nil
}

func (m *message) delayOr(q *queue) int64 {
	if m.delay >= 0 {
		return m.delay
	}
	return q.micros(attrDelay)
}

const messageColumns = "store, visible_at, sent_at, id, sender, grp, dedup, source, extra, body"

// insert writes messages in their order, with one statement.
func insert(tx *store.Tx, contents int64, messages []*message, now int64, due func(*message) int64) error {
	const row = ", (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	args := make([]any, 0, len(messages)*10)
	byID := make(map[string]*message, len(messages))
	for _, m := range messages {
		sent := now
		if m.sentAt != 0 {
			sent = m.sentAt
		}
		args = append(args, contents, due(m), sent, m.id, m.sender, orNull(m.group), orNull(m.dedup), orNull(m.source), m.raw, m.body)
		byID[m.id] = m
	}
	query := "insert into sqs_message (" + messageColumns + ") values " + strings.Repeat(row, len(messages))[2:] + " returning id, seq"
	type given struct {
		id  string
		seq int64
	}
	scan := func(r store.Row) (g given, err error) { return g, r.Scan(&g.id, &g.seq) }
	all, err := store.All(store.Query(tx, scan, query, args...))
	if err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	for _, g := range all {
		byID[g.id].seq = g.seq
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// dedupFor is how long a deduplication id is remembered.
const dedupFor = 5 * time.Minute

// dedupScope is where a deduplication id is looked for.
func (q *queue) dedupScope(group string) string {
	if q.value(attrDedupScope) == scopeGroup {
		return group
	}
	return ""
}

// putFIFO puts a message at the end of its group, or finds the one of the last
// five minutes that it repeats. The group's row is locked until the commit, so
// sequence numbers grow in the order in which messages can be received.
func (s *Service) putFIFO(tx *store.Tx, q *queue, m *message, now int64) (bool, error) {
	n, err := tx.Exec(`insert into sqs_dedup (queue, scope, dedup, at, id, seq) values (?, ?, ?, ?, ?, 0)
		on conflict (queue, scope, dedup) do update set at = excluded.at, id = excluded.id, seq = 0 where sqs_dedup.at <= ?`,
		q.ID, q.dedupScope(m.group), m.dedup, now, m.id, now-dedupFor.Microseconds())
	if err != nil {
		return false, fmt.Errorf("deduplicate: %w", err)
	}
	if n == 0 {
		return false, s.remembered(tx, q, m)
	}
	if err := s.append(tx, q, m, now); err != nil {
		return false, err
	}
	_, err = tx.Exec("update sqs_dedup set seq = ? where queue = ? and scope = ? and dedup = ?", m.seq, q.ID, q.dedupScope(m.group), m.dedup)
	return true, err
}

// append puts a message at the end of its group.
func (s *Service) append(tx *store.Tx, q *queue, m *message, now int64) error {
	due := now + m.delayOr(q)
	err := tx.Row(`insert into sqs_group (store, grp, ready_at, tail_at) values (?, ?, ?, ?)
		on conflict (store, grp) do update set tail_at = case when sqs_group.tail_at > excluded.tail_at then sqs_group.tail_at else excluded.tail_at end
		returning tail_at`, q.Contents, m.group, due, due).Scan(&due)
	if err != nil {
		return fmt.Errorf("lock message group: %w", err)
	}
	return insert(tx, q.Contents, []*message{m}, now, func(*message) int64 { return due })
}

// remembered gives m the identity of the message that it repeats.
func (s *Service) remembered(tx *store.Tx, q *queue, m *message) error {
	err := tx.Row("select id, seq from sqs_dedup where queue = ? and scope = ? and dedup = ?",
		q.ID, q.dedupScope(m.group), m.dedup).Scan(&m.id, &m.seq)
	if errors.Is(err, store.ErrNotFound) {
		return nil // forgotten: a repeated call keeps the identity that follows from its token
	}
	return err
}

// resent gives messages of a repeated call the identity of the first.
func (s *Service) resent(tx *store.Tx, q *queue, messages []*message) error {
	if !q.FIFO {
		return nil
	}
	for _, m := range messages {
		if err := s.remembered(tx, q, m); err != nil {
			return err
		}
	}
	return nil
}

// SendMessageBatch puts up to ten messages. Each succeeds or fails by itself,
// but those that pass the rules are put together.
func (s *Service) SendMessageBatch(ctx context.Context, in *api.SendMessageBatchInput) (*api.SendMessageBatchOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("SendMessageBatchRequestEntry", in.Entries, func(e *api.SendMessageBatchRequestEntry) string { return e.Id }); err != nil {
		return nil, err
	}
	if err := checkBatchSize(in.Entries); err != nil {
		return nil, err
	}
	out := &api.SendMessageBatchOutput{Successful: []*api.SendMessageBatchResultEntry{}, Failed: []*api.BatchResultErrorEntry{}}
	var good []*message
	var ids []string
	for i, e := range in.Entries {
		m, err := s.message(ctx, rec, i, e)
		if err != nil {
			failed, err := failure(e.Id, err)
			if err != nil {
				return nil, err
			}
			out.Failed = append(out.Failed, failed)
			continue
		}
		good, ids = append(good, m), append(ids, e.Id)
	}
	if len(good) == 0 {
		return out, nil
	}
	if err := s.send(ctx, rec, good); err != nil {
		return nil, err
	}
	for i, m := range good {
		out.Successful = append(out.Successful, &api.SendMessageBatchResultEntry{
			Id: ids[i], MessageId: m.id, MD5OfMessageBody: md5OfText(m.body), MD5OfMessageAttributes: md5OfAttributes(m.extra.Attributes),
			MD5OfMessageSystemAttributes: m.extra.md5OfSystem(), SequenceNumber: m.sequence(&rec.Doc),
		})
	}
	return out, nil
}

// checkBatchSize applies the limit of what a batch holds in all.
func checkBatchSize(entries []*api.SendMessageBatchRequestEntry) error {
	total := 0
	for _, e := range entries {
		total += len(e.MessageBody)
		for name, v := range e.MessageAttributes {
			if v == nil {
				continue
			}
			total += len(name) + len(v.DataType) + len(v.BinaryValue)
			if v.StringValue != nil {
				total += len(*v.StringValue)
			}
		}
	}
	if total > maxMessage {
		return api.NewBatchRequestTooLong("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, total)
	}
	return nil
}

// maxBatch is how many entries a batch may have.
const maxBatch = 10

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch applies the rules that refuse a batch as a whole.
func checkBatch[E any](kind string, entries []*E, id func(*E) string) error {
	if len(entries) == 0 {
		return api.NewEmptyBatchRequest("There should be at least one %s in the request.", kind)
	}
	if len(entries) > maxBatch {
		return api.NewTooManyEntriesInBatchRequest("Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if e == nil || !batchID.MatchString(id(e)) {
			return api.NewInvalidBatchEntryId("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id(e)] {
			return api.NewBatchEntryIdsNotDistinct("Id %s repeated.", id(e))
		}
		seen[id(e)] = true
	}
	return nil
}

// failure is the answer to one entry of a batch; what is no answer is an error
// of the whole.
func failure(id string, err error) (*api.BatchResultErrorEntry, error) {
	e := awserr.As(err)
	if e == nil {
		return nil, err
	}
	return &api.BatchResultErrorEntry{Id: id, Code: e.Code, Message: &e.Message, SenderFault: e.Fault == awserr.Client}, nil
}
