package sns

import (
	"context"
	"errors"
	"fmt"
	"time"

	sqsapi "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// toEndpoint puts a message on its way to an HTTP endpoint.
func (s *Service) toEndpoint(tx *store.Tx, m *message, sub *subscription) error {
	text, raw, err := s.body(m, sub)
	if err != nil {
		return err
	}
	d := delivery{Type: m.Type, MessageID: m.ID, Body: text, Raw: raw}
	id := deliveryID(m, sub)
	if _, err := tx.Exec("insert into sns_delivery (id, topic, subscription, doc) values (?, ?, ?, ?)", id, sub.Topic, sub.ID, d.encode()); err != nil {
		return fmt.Errorf("deliver to %s: %w", sub.arn(), err)
	}
	return s.Engine.Put(tx, deliveryKind, id, tx.Now(), nil)
}

// attempt is the state of a delivery's work row.
type attempt struct {
	Failed   int  // attempts so far
	Admitted bool // the throttle has given it its turn
}

// job is what a step reads of its delivery.
type job struct {
	delivery *delivery
	sub      *subscription
	policy   effectivePolicy
}

// deliver makes an attempt to deliver a message, and says when the next one is
// due. The message is the same each time, with the same id.
func (s *Service) deliver(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var at attempt
	if err := w.State(&at); err != nil {
		return engine.Next{}, err
	}
	j, err := s.job(ctx, w.Key)
	if errors.Is(err, store.ErrNotFound) { // the topic or the subscription is gone
		return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error { return dropDelivery(tx, w.Key) })
	}
	if err != nil {
		return engine.Next{}, err
	}
	if !at.Admitted && j.policy.Throttle != nil {
		turn, err := s.admit(ctx, w, j)
		if err != nil {
			return engine.Next{}, err
		}
		if turn.After(time.Now()) {
			at.Admitted = true
			return engine.At(turn).WithState(at), nil
		}
	}
	contentType := j.policy.Request.HeaderContentType
	if !j.delivery.Raw && j.delivery.Type != typeNotification {
		contentType = defaultContentType
	}
	err = s.post(ctx, j.delivery, j.sub, contentType)
	if err == nil {
		return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error { return dropDelivery(tx, w.Key) })
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return engine.Next{}, err
	}
	return s.failed(ctx, w, j, f, at.Failed+1)
}

// failed sets the next attempt, or gives the message up.
func (s *Service) failed(ctx context.Context, w *engine.Work, j *job, f *failure, attempts int) (engine.Next, error) {
	delays := j.policy.Retry.delays()
	if !f.Permanent && attempts <= len(delays) {
		return engine.At(time.Now().Add(delays[attempts-1])).WithState(attempt{Failed: attempts}), nil
	}
	s.Logger.Warn("message not delivered", "subscription", j.sub.arn(), "attempts", attempts, "error", f)
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		if err := dropDelivery(tx, w.Key); err != nil || j.delivery.Type != typeNotification {
			return err
		}
		return s.deadLetter(tx, j.sub, &sqsapi.SendMessageInput{MessageBody: j.delivery.Body}, f.Code, f.Message)
	})
}

// job reads a delivery with its subscription and policy as they are now, or
// returns store.ErrNotFound when it is not wanted any more.
func (s *Service) job(ctx context.Context, id string) (*job, error) {
	j := &job{}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		var topicName, subID string
		var doc []byte
		err := tx.Row("select topic, subscription, doc from sns_delivery where id = ?", id).Scan(&topicName, &subID, &doc)
		if err != nil {
			return err
		}
		if j.delivery, err = decodeDelivery(doc); err != nil {
			return err
		}
		if j.sub, err = getSubscription(tx, topicName, subID); err != nil {
			return err
		}
		if j.sub.State == deleted && j.delivery.Type == typeNotification {
			return store.ErrNotFound
		}
		a, err := arn.Parse(topicName)
		if err != nil {
			return err
		}
		t, err := s.topics.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: a.Resource})
		if err != nil {
			return err
		}
		j.policy = policyOf(t.Doc.Attributes[attrDelivery], j.sub.Doc.Attributes[attrDelivery])
		return nil
	})
	return j, err
}

func dropDelivery(tx *store.Tx, id string) error {
	_, err := tx.Exec("delete from sns_delivery where id = ?", id)
	return err
}

// admit gives a delivery its turn among those to the same subscription, which
// is throttled.
func (s *Service) admit(ctx context.Context, w *engine.Work, j *job) (turn time.Time, err error) {
	gap := time.Duration(float64(time.Second) / j.policy.Throttle.MaxReceivesPerSecond)
	err = w.Checkpoint(ctx, func(tx *store.Tx) error {
		turn = tx.Now()
		var next int64
		err := tx.Row("select next from sns_throttle where topic = ? and subscription = ?", j.sub.Topic, j.sub.ID).Scan(&next)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if at := store.FromMicros(next); err == nil && at.After(turn) {
			turn = at
		}
		_, err = tx.Exec(`insert into sns_throttle (topic, subscription, next) values (?, ?, ?)
			on conflict (topic, subscription) do update set next = excluded.next`, j.sub.Topic, j.sub.ID, store.Micros(turn.Add(gap)))
		return err
	})
	return turn, err
}
