package sqs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// errExpired is the answer of FIFO queues to a receipt handle whose visibility
// timeout is over.
func errExpired(token string) *awserr.Error {
	return invalidParameter(token, "ReceiptHandle", "The receipt handle has expired.")
}

// DeleteMessage deletes a message that was received. With a handle that a later
// receive has replaced, a standard queue answers success and keeps the message,
// and a FIFO queue refuses.
func (s *Service) DeleteMessage(ctx context.Context, in *api.DeleteMessageInput) (*api.DeleteMessageOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	h, err := s.open(rec.Key, in.ReceiptHandle)
	if err != nil {
		return nil, err
	}
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		if rec.Doc.FIFO {
			return s.deleteFIFO(tx, &rec.Doc, h, in.ReceiptHandle)
		}
		return deleteStandard(tx, []handle{h})
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteMessageOutput{}, nil
}

// deleteStandard deletes the messages that nobody has received since.
func deleteStandard(tx *store.Tx, handles []handle) error {
	args := make([]any, 0, 3*len(handles))
	for _, h := range handles {
		args = append(args, h.Seq, h.Contents, h.Receives)
	}
	const one = "seq = ? and store = ? and receives = ?"
	where := one
	if n := len(handles); n > 1 {
		where = "(" + one + strings.Repeat(") or ("+one, n-1) + ")"
	}
	if _, err := tx.Exec("delete from sqs_message where "+where, args...); err != nil {
		return fmt.Errorf("delete messages: %w", err)
	}
	return nil
}

// deleteFIFO deletes a message while its handle is good, and lets its group go
// on. A message that is gone already is deleted.
func (s *Service) deleteFIFO(tx *store.Tx, q *queue, h handle, token string) error {
	now := s.now(tx)
	m, err := locate(tx, h)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := lockGroup(tx, q, m.group); err != nil {
		return err
	}
	n, err := tx.Exec("delete from sqs_message where seq = ? and store = ? and receives = ? and visible_at > ?", h.Seq, h.Contents, h.Receives, now)
	if err != nil {
		return err
	}
	if n == 0 {
		return errExpired(token)
	}
	return s.regroup(tx, q, m.group, now)
}

// located is what a handle's message is now.
type located struct {
	group            string
	visible, takenAt int64
	receives         int32
}

// locate finds the message of a handle, or returns store.ErrNotFound.
func locate(tx *store.Tx, h handle) (m located, err error) {
	err = tx.Row("select coalesce(grp, ''), visible_at, taken_at, receives from sqs_message where seq = ? and store = ?", h.Seq, h.Contents).
		Scan(&m.group, &m.visible, &m.takenAt, &m.receives)
	return m, err
}

// DeleteMessageBatch deletes up to ten messages, each by itself.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *api.DeleteMessageBatchInput) (*api.DeleteMessageBatchOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("DeleteMessageBatchRequestEntry", in.Entries, func(e *api.DeleteMessageBatchRequestEntry) string { return e.Id }); err != nil {
		return nil, err
	}
	errs := make([]error, len(in.Entries))
	handles := make([]handle, len(in.Entries))
	for i, e := range in.Entries {
		handles[i], errs[i] = s.open(rec.Key, e.ReceiptHandle)
	}
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		var good []handle
		for i, e := range in.Entries {
			if handles[i] == (handle{}) {
				continue
			}
			if !rec.Doc.FIFO {
				good = append(good, handles[i])
				continue
			}
			if errs[i] = s.deleteFIFO(tx, &rec.Doc, handles[i], e.ReceiptHandle); errs[i] != nil && awserr.As(errs[i]) == nil {
				return errs[i]
			}
		}
		if len(good) == 0 {
			return nil
		}
		return deleteStandard(tx, good)
	})
	if err != nil {
		return nil, err
	}
	out := &api.DeleteMessageBatchOutput{Successful: []*api.DeleteMessageBatchResultEntry{}, Failed: []*api.BatchResultErrorEntry{}}
	for i, e := range in.Entries {
		if errs[i] == nil {
			out.Successful = append(out.Successful, &api.DeleteMessageBatchResultEntry{Id: e.Id})
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
