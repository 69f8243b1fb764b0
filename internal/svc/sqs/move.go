package sqs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// The flow that moves messages out of a dead-letter queue.
const (
	moveKind = "sqs.move" // key: the record's key
	moveLane = "sqs.move"

	maxRate  = 500 // messages a second that may be asked for
	moveRows = 100 // messages moved in one transaction
	maxTasks = 10  // that are listed
)

// What a move task may be, in AWS's words.
const (
	moveRunning    = "RUNNING"
	moveCompleted  = "COMPLETED"
	moveCancelling = "CANCELLING"
	moveCancelled  = "CANCELLED"
	moveFailed     = "FAILED"
)

// move is a task that moves messages. Its record's ID is the source's name and
// when it began, counted backwards, so that the newest come first.
type move struct {
	Task        string
	Source      string // ARN
	Destination string `json:",omitempty"` // ARN; "" is where each message came from
	Rate        int32  `json:",omitempty"` // messages a second; 0 is as many as can be
	Status      string
	Moved       int64
	ToMove      int64
	Started     int64  // microseconds
	Failure     string `json:",omitempty"`
}

func (m *move) active() bool { return m.Status == moveRunning || m.Status == moveCancelling }

// taskHandle names a task to clients, in AWS's form.
type taskHandle struct {
	Task   string `json:"taskId"`
	Source string `json:"sourceArn"`
}

func (m *move) handle() string {
	b, _ := json.Marshal(taskHandle{m.Task, m.Source})
	return base64.StdEncoding.EncodeToString(b)
}

// readHandle reads a handle; false for what is none.
func readHandle(text string) (h taskHandle, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	return h, err == nil && json.Unmarshal(raw, &h) == nil && h.Task != ""
}

func noResource(name string) *awserr.Error {
	return api.NewResourceNotFoundException("The resource that you specified for the %s parameter doesn't exist.", name)
}

// queueByARN finds a queue, or answers that the parameter names none.
func (s *Service) queueByARN(tx *store.Tx, value, parameter string) (record, error) {
	k, ok := parseARN(value)
	if !ok {
		return record{}, invalidValue("You must use this format to specify the %s: arn:<partition>:<service>:<region>:<account-id>:<resource-id>", parameter)
	}
	rec, err := s.queues.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return rec, noResource(parameter)
	}
	return rec, err
}

// StartMessageMoveTask begins to move the messages of a dead-letter queue to
// another queue, or back to where they came from.
func (s *Service) StartMessageMoveTask(ctx context.Context, in *api.StartMessageMoveTaskInput) (*api.StartMessageMoveTaskOutput, error) {
	m := move{Task: newMessageID(), Source: in.SourceArn, Status: moveRunning}
	if in.DestinationArn != nil {
		m.Destination = *in.DestinationArn
	}
	if r := in.MaxNumberOfMessagesPerSecond; r != nil {
		if *r < 1 || *r > maxRate {
			return nil, invalidParameter(itoa(*r), "MaxNumberOfMessagesPerSecond", "MaxNumberOfMessagesPerSecond must be an integer between 1 and 500.")
		}
		m.Rate = *r
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error { return s.startMove(tx, m) })
	if err != nil {
		return nil, err
	}
	return &api.StartMessageMoveTaskOutput{TaskHandle: new(m.handle())}, nil
}

func (s *Service) startMove(tx *store.Tx, m move) error {
	source, err := s.queueByARN(tx, m.Source, "SourceArn")
	if err != nil {
		return err
	}
	if m.Destination != "" {
		to, err := s.queueByARN(tx, m.Destination, "DestinationArn")
		if err != nil {
			return err
		}
		if to.Key == source.Key {
			return invalidValue("Source and destination queues must be different.")
		}
		if to.Doc.FIFO != source.Doc.FIFO {
			return invalidValue("Source and destination queues must be of the same type.")
		}
	}
	dead, err := s.sources(tx, source.Key, "")
	if err != nil {
		return err
	}
	if len(dead) == 0 {
		return invalidValue("Source queue must be configured as a Dead Letter Queue.")
	}
	tasks, err := s.tasks(tx, source.Key, 1)
	if err != nil {
		return err
	}
	if len(tasks) > 0 && tasks[0].Doc.active() {
		return invalidValue("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	now := s.now(tx)
	c, err := source.Doc.count(tx, now)
	if err != nil {
		return err
	}
	m.Started, m.ToMove = now, c.visible
	k := store.Key{Account: source.Account, Region: source.Region, ID: fmt.Sprintf("%s/%016x", source.ID, uint64(1<<62-now))} //nolint:gosec // times are small
	if _, err := s.moves.Create(tx, k, m); err != nil {
		return err
	}
	return s.engine.Put(tx, moveKind, moveKey(k), tx.Now(), k)
}

func moveKey(k store.Key) string { return k.Account + "/" + k.Region + "/" + k.ID }

// tasks are the newest tasks that move messages out of a queue.
func (s *Service) tasks(tx *store.Tx, k store.Key, limit int) ([]store.Record[move], error) {
	return s.moves.List(tx, k.Account, k.Region, store.ListOptions{Prefix: k.ID + "/", Limit: limit})
}

// ListMessageMoveTasks lists the newest tasks of a source queue.
func (s *Service) ListMessageMoveTasks(ctx context.Context, in *api.ListMessageMoveTasksInput) (*api.ListMessageMoveTasksOutput, error) {
	limit := 1
	if n := in.MaxResults; n != nil {
		if *n < 1 || *n > maxTasks {
			return nil, invalidParameter(itoa(*n), "MaxResults", "MaxResults must be an integer between 1 and 10.")
		}
		limit = int(*n)
	}
	out := &api.ListMessageMoveTasksOutput{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rec, err := s.queueByARN(tx, in.SourceArn, "SourceArn")
		if err != nil {
			return err
		}
		tasks, err := s.tasks(tx, rec.Key, limit)
		out.Results = nil
		for i := range tasks {
			out.Results = append(out.Results, tasks[i].Doc.entry())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// entry is a task as it is listed. Only running ones have a handle.
func (m *move) entry() *api.ListMessageMoveTasksResultEntry {
	e := &api.ListMessageMoveTasksResultEntry{
		Status: &m.Status, SourceArn: &m.Source, ApproximateNumberOfMessagesMoved: &m.Moved,
		ApproximateNumberOfMessagesToMove: &m.ToMove, StartedTimestamp: new(m.Started / 1000),
	}
	if m.Status == moveRunning {
		e.TaskHandle = new(m.handle())
	}
	if m.Destination != "" {
		e.DestinationArn = &m.Destination
	}
	if m.Rate > 0 {
		e.MaxNumberOfMessagesPerSecond = &m.Rate
	}
	if m.Failure != "" {
		e.FailureReason = &m.Failure
	}
	return e
}

// CancelMessageMoveTask stops a task. What was moved stays moved.
func (s *Service) CancelMessageMoveTask(ctx context.Context, in *api.CancelMessageMoveTaskInput) (*api.CancelMessageMoveTaskOutput, error) {
	h, ok := readHandle(in.TaskHandle)
	if !ok {
		return nil, invalidParameter(in.TaskHandle, "TaskHandle", "The task handle is invalid.")
	}
	var moved int64
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		source, err := s.queueByARN(tx, h.Source, "SourceArn")
		if err != nil {
			return err
		}
		tasks, err := s.tasks(tx, source.Key, 1)
		if err != nil {
			return err
		}
		if len(tasks) == 0 || tasks[0].Doc.Task != h.Task {
			return api.NewResourceNotFoundException("Task does not exist.")
		}
		t := &tasks[0]
		if t.Doc.Status != moveRunning {
			return invalidValue("Only active tasks can be cancelled.")
		}
		t.Doc.Status, moved = moveCancelling, t.Doc.Moved
		if err := s.moves.Put(tx, t); err != nil {
			return err
		}
		return s.engine.Put(tx, moveKind, moveKey(t.Key), tx.Now(), t.Key)
	})
	if err != nil {
		return nil, err
	}
	return &api.CancelMessageMoveTaskOutput{ApproximateNumberOfMessagesMoved: &moved}, nil
}

// moveStep moves some messages. A task with a rate moves a tenth of it at a
// time.
func (s *Service) moveStep(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var k store.Key
	if err := w.State(&k); err != nil {
		return engine.Next{}, err
	}
	for {
		pause, ended := time.Duration(0), false
		err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
			pause, ended, err = s.moveSome(tx, k)
			return err
		})
		switch {
		case err != nil:
			return engine.Next{}, err
		case ended:
			return engine.Done(), nil
		case pause > 0:
			return engine.At(time.Now().Add(pause)), nil
		}
	}
}

func (s *Service) moveSome(tx *store.Tx, k store.Key) (pause time.Duration, ended bool, err error) {
	rec, err := s.moves.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) || err == nil && !rec.Doc.active() {
		return 0, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	t := &rec.Doc
	if t.Status == moveCancelling {
		t.Status = moveCancelled
		return 0, true, s.moves.Put(tx, &rec)
	}
	n := moveRows
	if t.Rate > 0 {
		n = max(1, int(t.Rate)/10)
		pause = time.Second * time.Duration(n) / time.Duration(t.Rate)
	}
	moved, err := s.moveBatch(tx, t, n)
	if a := awserr.As(err); a != nil {
		t.Status, t.Failure = moveFailed, a.Code
		return 0, true, s.moves.Put(tx, &rec)
	}
	if err != nil {
		return 0, false, err
	}
	t.Moved += int64(moved)
	if moved < n {
		t.Status, ended = moveCompleted, true
	}
	return pause, ended, s.moves.Put(tx, &rec)
}

// moveBatch moves up to n messages. They are new ones where they come to: with
// another id and sent now.
func (s *Service) moveBatch(tx *store.Tx, t *move, n int) (int, error) {
	source, err := s.queueByARN(tx, t.Source, "SourceArn")
	if err != nil {
		return 0, err
	}
	now := s.now(tx)
	batch, err := movable(tx, &source.Doc, t.Started, now, n)
	if err != nil {
		return 0, err
	}
	byQueue := map[string][]*message{}
	seqs := make([]int64, 0, len(batch))
	for _, m := range batch {
		to := t.Destination
		if to == "" && m.source != nil {
			to = *m.source
		}
		if to == "" {
			return 0, awserr.New("CouldNotDetermineMessageSource", 400, "A message was not moved here from another queue.")
		}
		byQueue[to] = append(byQueue[to], m.anew())
		seqs = append(seqs, m.seq)
	}
	for _, to := range sortedKeys(byQueue) { // before anything is put: an answer commits what was done
		if _, err := s.queueByARN(tx, to, "DestinationArn"); err != nil {
			return 0, err
		}
	}
	for _, to := range sortedKeys(byQueue) {
		if err := s.deliver(tx, to, byQueue[to], now); err != nil {
			return 0, err
		}
	}
	if err := deleteRows(tx, seqs); err != nil {
		return 0, err
	}
	if source.Doc.FIFO {
		err = s.regroupMoved(tx, &source.Doc, batch, now)
	}
	return len(batch), err
}

// movable lists messages that can be received and were there when the task
// began.
func movable(tx *store.Tx, q *queue, started, now int64, n int) ([]*received, error) {
	args := []any{q.Contents, now, started}
	query := "select " + receivedColumns + " from sqs_message where store = ? and visible_at <= ? and sent_at <= ?"
	if q.FIFO {
		query += " and grp in (select g.grp from sqs_group g where g.store = ? and g.ready_at <= ?)"
		args = append(args, q.Contents, now)
	}
	query += " order by visible_at, seq limit ?"
	if tx.Dialect() == store.PostgreSQL {
		query += " for update skip locked"
	}
	batch, err := store.All(store.Query(tx, scanReceived, query, append(args, n)...))
	if err != nil {
		return nil, fmt.Errorf("read messages to move: %w", err)
	}
	sortBySeq(batch)
	return batch, nil
}

// anew is the message as it is sent again.
func (m *received) anew() *message {
	out := &message{id: newMessageID(), sender: m.sender, body: m.body, raw: m.extra, delay: 0}
	if m.group != nil {
		out.group = *m.group
	}
	if m.dedup != nil {
		out.dedup = *m.dedup
	}
	return out
}

// deliver puts moved messages into a queue.
func (s *Service) deliver(tx *store.Tx, to string, messages []*message, now int64) error {
	target, err := s.queueByARN(tx, to, "DestinationArn")
	if err != nil {
		return err
	}
	if target.Doc.FIFO {
		for _, m := range messages {
			if err := s.append(tx, &target.Doc, m, now); err != nil {
				return err
			}
		}
	} else if err := insert(tx, target.Doc.Contents, messages, now, func(*message) int64 { return now }); err != nil {
		return err
	}
	s.arrived(tx, target.Doc.Contents, len(messages))
	return nil
}

func (s *Service) regroupMoved(tx *store.Tx, q *queue, batch []*received, now int64) error {
	seen := map[string]bool{}
	for _, m := range batch {
		seen[*m.group] = true
	}
	for _, g := range sortedKeys(seen) {
		if err := lockGroup(tx, q, g); err != nil {
			return err
		}
		if err := s.regroup(tx, q, g, now); err != nil {
			return err
		}
	}
	return nil
}
