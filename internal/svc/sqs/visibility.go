package sqs

import (
	"context"
	"errors"
	"fmt"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// ChangeMessageVisibility sets when a message in flight comes back: so many
// seconds from now, and at most 12 hours after it was received.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *api.ChangeMessageVisibilityInput) (*api.ChangeMessageVisibilityOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	h, err := s.changeable(rec, in.ReceiptHandle, &in.VisibilityTimeout)
	if err != nil {
		return nil, err
	}
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		return s.changeVisibility(tx, &rec.Doc, h, in.ReceiptHandle, in.VisibilityTimeout)
	})
	if err != nil {
		return nil, err
	}
	return &api.ChangeMessageVisibilityOutput{}, nil
}

// changeable checks the parameters of a change.
func (s *Service) changeable(rec *record, token string, timeout *int32) (handle, error) {
	if timeout == nil {
		return handle{}, missing("VisibilityTimeout")
	}
	if *timeout < 0 || *timeout > maxVisibility {
		return handle{}, invalidParameter(itoa(*timeout), "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.")
	}
	return s.open(rec.Key, token)
}

func (s *Service) changeVisibility(tx *store.Tx, q *queue, h handle, token string, timeout int32) error {
	now := s.now(tx)
	m, err := locate(tx, h)
	if errors.Is(err, store.ErrNotFound) || err == nil && m.receives != h.Receives {
		return invalidParameter(token, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	}
	if err != nil {
		return err
	}
	due := now + int64(timeout)*1e6
	if m.visible > now && due > m.takenAt+maxVisibility*1e6 {
		return invalidParameter(itoa(timeout), "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	if q.FIFO {
		if err := lockGroup(tx, q, m.group); err != nil {
			return err
		}
	}
	n, err := tx.Exec("update sqs_message set visible_at = ? where seq = ? and store = ? and receives = ? and visible_at > ?",
		due, h.Seq, h.Contents, h.Receives, now)
	if err != nil {
		return fmt.Errorf("change visibility: %w", err)
	}
	switch {
	case n == 0:
		return api.NewMessageNotInflight("The specified message isn't in flight.")
	case q.FIFO:
		return s.regroup(tx, q, m.group, now)
	default:
		// A waiting receiver may have to get up earlier than it thinks.
		s.arrived(tx, q.Contents, 1)
		return nil
	}
}

// ChangeMessageVisibilityBatch changes up to ten messages, each by itself.
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, in *api.ChangeMessageVisibilityBatchInput) (*api.ChangeMessageVisibilityBatchOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("ChangeMessageVisibilityBatchRequestEntry", in.Entries, func(e *api.ChangeMessageVisibilityBatchRequestEntry) string { return e.Id }); err != nil {
		return nil, err
	}
	errs := make([]error, len(in.Entries))
	handles := make([]handle, len(in.Entries))
	for i, e := range in.Entries {
		handles[i], errs[i] = s.changeable(rec, e.ReceiptHandle, e.VisibilityTimeout)
	}
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		for i, e := range in.Entries {
			if handles[i] == (handle{}) {
				continue
			}
			errs[i] = s.changeVisibility(tx, &rec.Doc, handles[i], e.ReceiptHandle, *e.VisibilityTimeout)
			if errs[i] != nil && awserr.As(errs[i]) == nil {
				return errs[i]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &api.ChangeMessageVisibilityBatchOutput{Successful: []*api.ChangeMessageVisibilityBatchResultEntry{}, Failed: []*api.BatchResultErrorEntry{}}
	for i, e := range in.Entries {
		if errs[i] == nil {
			out.Successful = append(out.Successful, &api.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
			continue
		}
		failed, err := failure(e.Id, errs[i])
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, failed)
	}
	return out, nil
}
