package sqs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/store"
)

func sortBySeq(rows []*received) {
	slices.SortFunc(rows, func(a, b *received) int { return cmp.Compare(a.seq, b.seq) })
}

// deleteRows deletes messages by their rows.
func deleteRows(tx *store.Tx, seqs []int64) error {
	for chunk := range slices.Chunk(seqs, 100) {
		args := make([]any, len(chunk))
		for i, seq := range chunk {
			args[i] = seq
		}
		if _, err := tx.Exec("delete from sqs_message where seq in (?"+strings.Repeat(", ?", len(args)-1)+")", args...); err != nil {
			return fmt.Errorf("delete messages: %w", err)
		}
	}
	return nil
}

// toDeadLetters moves messages into the dead-letter queue and reports whether
// there is one. They keep their id and count of receives; in a FIFO queue they
// count as sent now, in a standard one as sent when they were.
func (s *Service) toDeadLetters(tx *store.Tx, rec *record, p *redrivePolicy, dead []*received, now int64) (bool, error) {
	target, err := s.queues.Get(tx, p.target)
	if errors.Is(err, store.ErrNotFound) || err == nil && target.Doc.FIFO != rec.Doc.FIFO {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	source := queueARN(rec.Key)
	for _, m := range dead {
		sent, due := m.sentAt, now
		if rec.Doc.FIFO {
			sent = now
			err := tx.Row(`insert into sqs_group (store, grp, ready_at, tail_at) values (?, ?, ?, ?)
				on conflict (store, grp) do update set tail_at = case when sqs_group.tail_at > excluded.tail_at then sqs_group.tail_at else excluded.tail_at end
				returning tail_at`, target.Doc.Contents, *m.group, due, due).Scan(&due)
			if err != nil {
				return false, fmt.Errorf("lock message group: %w", err)
			}
		}
		_, err := tx.Exec("update sqs_message set store = ?, visible_at = ?, sent_at = ?, tries = 0, taken_at = 0, receives = ?, source = ? where seq = ?",
			target.Doc.Contents, due, sent, m.receives, source, m.seq)
		if err != nil {
			return false, fmt.Errorf("move dead letter: %w", err)
		}
	}
	s.arrived(tx, target.Doc.Contents, len(dead))
	return true, nil
}
