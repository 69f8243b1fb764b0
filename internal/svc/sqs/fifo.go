package sqs

import (
	"encoding/json"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/store"
)

// claimFIFO takes messages group by group, those of the group that has waited
// longest first, as many of it as there are and in their order. A group of
// which something is in flight is not ready.
func (s *Service) claimFIFO(tx *store.Tx, rec *record, r *request, now int64) ([]*received, error) {
	if r.attempt != "" {
		again, err := repeatAttempt(tx, &rec.Doc, r, now)
		if err != nil || len(again) > 0 {
			return again, err
		}
	}
	var got []*received
	for len(got) < r.most {
		group, err := readyGroup(tx, &rec.Doc, now)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		kept, err := s.claimGroup(tx, rec, r, group, r.most-len(got), now)
		if err != nil {
			return nil, err
		}
		got = append(got, kept...)
		if len(kept) > 0 && r.visible == 0 {
			break // the group is ready again
		}
	}
	if r.attempt != "" && len(got) > 0 {
		return got, rememberAttempt(tx, &rec.Doc, r, got, now)
	}
	return got, nil
}

// readyGroup finds and locks the next group.
func readyGroup(tx *store.Tx, q *queue, now int64) (group string, err error) {
	query := "select grp from sqs_group where store = ? and ready_at <= ? order by ready_at limit 1"
	if tx.Dialect() == store.PostgreSQL {
		query += " for update skip locked"
	}
	err = tx.Row(query, q.Contents, now).Scan(&group)
	return group, err
}

// claimGroup takes up to n messages of a group that is locked and ready.
func (s *Service) claimGroup(tx *store.Tx, rec *record, r *request, group string, n int, now int64) ([]*received, error) {
	batch, err := store.All(store.Query(tx, scanReceived, taken+` where seq in (select seq from sqs_message
		where store = ? and grp = ? and grp is not null and visible_at <= ? order by seq limit ?) returning `+receivedColumns,
		now+r.visible, now, now, rec.Doc.Contents, group, now, n))
	if err != nil {
		return nil, fmt.Errorf("claim messages of a group: %w", err)
	}
	sortBySeq(batch)
	kept, err := s.sift(tx, rec, batch, now)
	if err != nil {
		return nil, err
	}
	if len(kept) > 0 && r.visible > 0 {
		_, err = tx.Exec("update sqs_group set ready_at = ? where store = ? and grp = ?", now+r.visible, rec.Doc.Contents, group)
		return kept, err
	}
	return kept, s.regroup(tx, &rec.Doc, group, now)
}

// headRows is how many messages at the head of a group can have been received:
// those of one receive, for the group is locked until they are gone or back.
const headRows = maxBatch

// regroup works out when a group is ready, after a change to what is in
// flight. Call it with the group's row locked.
func (s *Service) regroup(tx *store.Tx, q *queue, group string, now int64) error {
	type row struct {
		visible int64
		tries   int32
	}
	scan := func(r store.Row) (h row, err error) { return h, r.Scan(&h.visible, &h.tries) }
	head, err := store.All(store.Query(tx, scan, "select visible_at, tries from sqs_message where store = ? and grp = ? and grp is not null order by seq limit ?",
		q.Contents, group, headRows))
	if err != nil {
		return fmt.Errorf("read message group: %w", err)
	}
	if len(head) == 0 {
		_, err := tx.Exec("delete from sqs_group where store = ? and grp = ?", q.Contents, group)
		return err
	}
	ready := head[0].visible
	for _, h := range head {
		if h.tries > 0 && h.visible > now {
			ready = max(ready, h.visible)
		}
	}
	if _, err := tx.Exec("update sqs_group set ready_at = ? where store = ? and grp = ?", ready, q.Contents, group); err != nil {
		return err
	}
	if ready <= now {
		s.arrived(tx, q.Contents, 1)
	}
	return nil
}

// lockGroup waits until nobody else works on the group.
func lockGroup(tx *store.Tx, q *queue, group string) error {
	_, err := tx.Exec("update sqs_group set ready_at = ready_at where store = ? and grp = ?", q.Contents, group)
	return err
}

// attemptFor is how long a receive can be repeated.
const attemptFor = dedupFor

// rememberAttempt keeps what a named receive has handed out.
func rememberAttempt(tx *store.Tx, q *queue, r *request, got []*received, now int64) error {
	var handles []handle
	for _, m := range got {
		handles = append(handles, handle{Seq: m.seq, Receives: m.receives})
	}
	b, err := json.Marshal(handles)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into sqs_attempt (store, attempt, at, messages) values (?, ?, ?, ?)
		on conflict (store, attempt) do update set at = excluded.at, messages = excluded.messages`, q.Contents, r.attempt, now, string(b))
	return err
}

// repeatAttempt hands out again what an earlier request of the same name got,
// as long as all of it is still in flight, and starts its visibility timeout
// anew.
func repeatAttempt(tx *store.Tx, q *queue, r *request, now int64) ([]*received, error) {
	var text string
	err := tx.Row("select messages from sqs_attempt where store = ? and attempt = ? and at > ?",
		q.Contents, r.attempt, now-attemptFor.Microseconds()).Scan(&text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	var handles []handle
	if err == nil {
		err = json.Unmarshal([]byte(text), &handles)
	}
	if err != nil {
		return nil, fmt.Errorf("read receive attempt: %w", err)
	}
	var got []*received
	for _, h := range handles {
		m, err := scanReceived(tx.Row("select "+receivedColumns+" from sqs_message where seq = ? and store = ? and receives = ? and visible_at > ?",
			h.Seq, q.Contents, h.Receives, now))
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		got = append(got, m)
	}
	return got, again(tx, q, r, got, now)
}

func again(tx *store.Tx, q *queue, r *request, got []*received, now int64) error {
	for _, m := range got {
		if _, err := tx.Exec("update sqs_message set visible_at = ?, taken_at = ? where seq = ?", now+r.visible, now, m.seq); err != nil {
			return err
		}
		if _, err := tx.Exec("update sqs_group set ready_at = ? where store = ? and grp = ?", now+r.visible, q.Contents, *m.group); err != nil {
			return err
		}
	}
	return nil
}
