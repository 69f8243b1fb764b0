package sns

import (
	"context"
	"crypto/sha256"
	"regexp"
	"strings"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Publish accepts a message. When it is answered, the message is on its way to
// every subscription whose filter policy it passes.
func (s *Service) Publish(ctx context.Context, in *api.PublishInput) (*api.PublishOutput, error) {
	k, err := destination(plane.FromContext(ctx), in)
	if err != nil {
		return nil, err
	}
	p := publication{
		Message: &in.Message, Structure: in.MessageStructure, Subject: in.Subject, Attributes: in.MessageAttributes,
		Group: in.MessageGroupId, Dedup: in.MessageDeduplicationId,
	}
	m, err := p.message(k.ID)
	if err != nil {
		return nil, err
	}
	if err := s.accept(ctx, k, []*message{m}, []string{plane.Token(ctx)}, func(_ int, err error) error { return err }); err != nil {
		return nil, err
	}
	out := &api.PublishOutput{MessageId: &m.ID}
	if m.Sequence != "" {
		out.SequenceNumber = &m.Sequence
	}
	return out, nil
}

// destination is the topic that a message is for.
func destination(call *plane.Call, in *api.PublishInput) (store.Key, error) {
	target, what := in.TopicArn, "TopicArn"
	if target == nil {
		target, what = in.TargetArn, "TargetArn"
	}
	switch {
	case in.PhoneNumber != nil && target == nil:
		return store.Key{}, notImplemented("text messages (SMS)")
	case target == nil:
		return store.Key{}, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case in.PhoneNumber != nil, in.TopicArn != nil && in.TargetArn != nil && *in.TopicArn != *in.TargetArn:
		return store.Key{}, invalid("TopicArn or TargetArn or PhoneNumber Reason: only one of them may be given")
	case strings.Contains(*target, ":endpoint/"):
		return store.Key{}, notImplemented("mobile push endpoints")
	}
	return topicKey(call, what, *target)
}

// Limits of PublishBatch.
const maxBatch = 10

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// PublishBatch accepts up to ten messages, each for itself.
func (s *Service) PublishBatch(ctx context.Context, in *api.PublishBatchInput) (*api.PublishBatchOutput, error) {
	k, err := topicKey(plane.FromContext(ctx), "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.PublishBatchRequestEntries); err != nil {
		return nil, err
	}
	out := &api.PublishBatchOutput{}
	var good []*message
	var ids, tokens []string
	for _, e := range in.PublishBatchRequestEntries {
		p := publicationOf(e)
		m, err := p.message(k.ID)
		if err != nil {
			out.Failed = append(out.Failed, failedEntry(e.Id, err))
			continue
		}
		good, ids = append(good, m), append(ids, e.Id)
		token := plane.Token(ctx)
		if token != "" {
			token += "/" + e.Id
		}
		tokens = append(tokens, token)
	}
	failures := make([]error, len(good))
	err = s.accept(ctx, k, good, tokens, func(i int, err error) error {
		failures[i] = err
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, m := range good {
		if failures[i] != nil {
			out.Failed = append(out.Failed, failedEntry(ids[i], failures[i]))
			continue
		}
		r := &api.PublishBatchResultEntry{Id: &ids[i], MessageId: &m.ID}
		if m.Sequence != "" {
			r.SequenceNumber = &m.Sequence
		}
		out.Successful = append(out.Successful, r)
	}
	return out, nil
}

func publicationOf(e *api.PublishBatchRequestEntry) publication {
	return publication{
		Message: &e.Message, Structure: e.MessageStructure, Subject: e.Subject, Attributes: e.MessageAttributes,
		Group: e.MessageGroupId, Dedup: e.MessageDeduplicationId,
	}
}

func failedEntry(id string, err error) *api.BatchResultErrorEntry {
	e := awserr.As(err)
	if e == nil {
		return &api.BatchResultErrorEntry{Id: id, Code: api.ErrInternalErrorException}
	}
	return &api.BatchResultErrorEntry{Id: id, Code: e.Code, Message: &e.Message, SenderFault: e.Status < 500}
}

// checkBatch checks what concerns the batch as a whole.
func checkBatch(entries []*api.PublishBatchRequestEntry) error {
	switch {
	case len(entries) == 0:
		return api.NewEmptyBatchRequestException("The batch request doesn't contain any entries.")
	case len(entries) > maxBatch:
		return api.NewTooManyEntriesInBatchRequestException("The batch request contains more entries than permissible.")
	}
	seen, size := map[string]bool{}, 0
	for _, e := range entries {
		if !batchID.MatchString(e.Id) {
			return api.NewInvalidBatchEntryIdException("The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
		if seen[e.Id] {
			return api.NewBatchEntryIdsNotDistinctException("Two or more batch entries in the request have the same Id.")
		}
		seen[e.Id] = true
		p := publicationOf(e)
		size += p.size()
	}
	if size > maxMessage {
		return api.NewBatchRequestTooLongException("The length of all the messages put together is more than the limit.")
	}
	return nil
}

// accept publishes messages in one transaction. judge is told of each whether
// it was accepted, nil, or why not; an error that it returns ends the whole.
func (s *Service) accept(ctx context.Context, k store.Key, all []*message, tokens []string, judge func(i int, err error) error) error {
	if len(all) == 0 {
		return s.exists(ctx, k)
	}
	for i, m := range all {
		m.Topic, m.ID, m.Time = topicARN(k), messageID(tokens[i]), plane.FromContext(ctx).Time
	}
	if err := s.presign(ctx, k, all); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		t, err := s.topic(tx, k)
		if err != nil {
			return err
		}
		subs, err := receivers(tx, topicARN(k))
		if err != nil {
			return err
		}
		for i, m := range all {
			err := s.publish(tx, &t, subs, m, tokens[i])
			if err != nil && awserr.As(err) == nil {
				return err
			}
			if err := judge(i, err); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) exists(ctx context.Context, k store.Key) error {
	return s.DB.View(ctx, func(tx *store.Tx) error {
		_, err := s.topic(tx, k)
		return err
	})
}

// messageID is random, or follows from a token, so that a call that is repeated
// is answered alike.
func messageID(token string) string {
	if token == "" {
		return uuid.NewString()
	}
	return uuid.NewHash(sha256.New(), uuid.Nil, []byte("sns.publish "+token), 8).String()
}

// publish hands one message to the subscriptions that want it.
func (s *Service) publish(tx *store.Tx, t *store.Record[topic], subs []*subscription, m *message, token string) error {
	if fifo(t.ID) {
		fresh, err := inOrder(tx, &t.Doc, m)
		if err != nil || !fresh {
			return err
		}
	} else if token != "" {
		first, err := store.Once(tx, "sns.publish "+token)
		if err != nil || !first {
			return err
		}
	}
	m.Version = t.Doc.signature()
	for _, sub := range subs {
		ok, err := s.passes(sub, m)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.dispatch(tx, m, sub); err != nil {
			return err
		}
	}
	return nil
}
