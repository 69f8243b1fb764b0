package sqs

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// fifoSuffix ends the names of FIFO queues.
const fifoSuffix = ".fifo"

// maxName is the length of a queue's name, suffix included.
const maxName = 80

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func checkName(name string, fifo bool) error {
	if fifo {
		base, ok := strings.CutSuffix(name, fifoSuffix)
		if !ok || len(name) > maxName || !nameForm.MatchString(base) {
			return invalidValue("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, " +
				"must end with .fifo suffix and be 1 to 80 in length.")
		}
		return nil
	}
	if len(name) > maxName || !nameForm.MatchString(name) {
		return invalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

// CreateQueue makes a queue, or finds the one that has the name and the
// attributes that are given.
func (s *Service) CreateQueue(ctx context.Context, in *api.CreateQueueInput) (*api.CreateQueueOutput, error) {
	fifo := in.Attributes[attrFIFO] == yes
	if err := checkName(in.QueueName, fifo); err != nil {
		return nil, err
	}
	if err := checkAttributes(in.Attributes, fifo); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	k := ownKey(ctx, in.QueueName)
	err := s.db.Update(ctx, func(tx *store.Tx) error { return s.create(tx, k, fifo, in) })
	if err != nil {
		return nil, err
	}
	return &api.CreateQueueOutput{QueueUrl: new(queueURL(ctx, k))}, nil
}

func (s *Service) create(tx *store.Tx, k store.Key, fifo bool, in *api.CreateQueueInput) error {
	existing, err := s.queues.Get(tx, k)
	if err == nil {
		if name := existing.Doc.differing(in.Attributes); name != "" {
			return api.NewQueueNameExists("A queue already exists with the same name and a different value for attribute %s", name)
		}
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := s.checkDeleted(tx, k); err != nil {
		return err
	}
	if err := s.checkRedrive(tx, k, fifo, in.Attributes[attrRedrive]); err != nil {
		return err
	}
	now := tx.Now().Unix()
	q := queue{ID: newID(), Contents: newID(), FIFO: fifo, Created: now, Modified: now}
	q.set(in.Attributes)
	if err := q.checkTogether(); err != nil {
		return err
	}
	if _, err := s.queues.Create(tx, k, q); err != nil {
		return err
	}
	if len(in.Tags) > 0 {
		if err := s.queues.SetTags(tx, k, in.Tags); err != nil {
			return err
		}
	}
	s.changed(tx)
	return s.putSweep(tx, k, &q)
}

// newID names a queue or its contents.
func newID() int64 { return rand.Int64() } //nolint:gosec // a name, not a secret

// checkDeleted refuses the name of a queue that was deleted too recently.
func (s *Service) checkDeleted(tx *store.Tx, k store.Key) error {
	if s.cooldown == 0 {
		return nil
	}
	t, err := s.deleted.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if tx.Now().Before(store.FromMicros(t.Doc.At).Add(s.cooldown)) {
		return api.NewQueueDeletedRecently("You must wait %d seconds after deleting a queue before you can create another with the same name.",
			int(s.cooldown/time.Second))
	}
	return s.deleted.Delete(tx, k)
}

// DeleteQueue deletes a queue and what is in it.
func (s *Service) DeleteQueue(ctx context.Context, in *api.DeleteQueueInput) (*api.DeleteQueueOutput, error) {
	k, err := parseURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.queues.Get(tx, k)
		if err != nil {
			return found(err)
		}
		if err := s.queues.Delete(tx, k); err != nil {
			return err
		}
		if err := s.bury(tx, k); err != nil {
			return err
		}
		s.changed(tx)
		return errors.Join(
			s.engine.Delete(tx, sweepKind, sweepKey(&rec.Doc)),
			s.putDrain(tx, rec.Doc.Contents, rec.Doc.ID),
		)
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteQueueOutput{}, nil
}

// bury remembers when a queue of that name was deleted.
func (s *Service) bury(tx *store.Tx, k store.Key) error {
	if s.cooldown == 0 {
		return nil
	}
	if err := s.deleted.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err := s.deleted.Create(tx, k, tombstone{At: store.Micros(tx.Now())})
	return err
}

// GetQueueUrl finds a queue by its name.
func (s *Service) GetQueueUrl(ctx context.Context, in *api.GetQueueUrlInput) (*api.GetQueueUrlOutput, error) {
	k := ownKey(ctx, in.QueueName)
	if in.QueueOwnerAWSAccountId != nil && *in.QueueOwnerAWSAccountId != "" {
		k.Account = *in.QueueOwnerAWSAccountId
	}
	if err := checkName(in.QueueName, strings.HasSuffix(in.QueueName, fifoSuffix)); err != nil {
		return nil, err
	}
	if _, err := s.lookup(ctx, k); err != nil {
		return nil, found(err)
	}
	return &api.GetQueueUrlOutput{QueueUrl: new(queueURL(ctx, k))}, nil
}

// maxPage is how many queues are listed at a time.
const maxPage = 1000

// pageOf checks MaxResults and opens NextToken. AWS answers a token only where
// MaxResults was given; without it the first 1,000 are all there is.
func (s *Service) pageOf(sc page.Scope, token *string, asked *int32) (after string, limit int, err error) {
	limit = maxPage
	if asked != nil {
		limit = int(*asked)
		if limit < 1 || limit > maxPage {
			return "", 0, invalidParameter(itoa(*asked), "MaxResults", "MaxResults must be an integer between 1 and 1000.")
		}
	}
	if token != nil && *token != "" && s.pages.Open(sc, *token, &after) != nil {
		return "", 0, invalidParameter(*token, "NextToken", "The specified token is invalid.")
	}
	return after, limit, nil
}

// scope binds the tokens of a listing.
func scope(ctx context.Context, filters ...any) page.Scope {
	call := plane.FromContext(ctx)
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "sqs:" + call.Operation.Name, Filters: filters,
	}
}

// ListQueues lists the account's queues by name.
func (s *Service) ListQueues(ctx context.Context, in *api.ListQueuesInput) (*api.ListQueuesOutput, error) {
	prefix := ""
	if in.QueueNamePrefix != nil {
		prefix = *in.QueueNamePrefix
	}
	sc := scope(ctx, prefix)
	after, limit, err := s.pageOf(sc, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx).Caller
	var recs []record
	err = s.db.View(ctx, func(tx *store.Tx) error {
		recs, err = s.queues.List(tx, call.Account, call.Region, store.ListOptions{Prefix: prefix, After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListQueuesOutput{}
	out.QueueUrls, out.NextToken, err = s.listed(ctx, sc, recs, limit, in.MaxResults != nil)
	return out, err
}

// listed makes a page of at most limit URLs.
func (s *Service) listed(ctx context.Context, sc page.Scope, recs []record, limit int, paged bool) (urls []string, token *string, err error) {
	if len(recs) > limit {
		recs = recs[:limit]
		if paged {
			t, err := s.pages.Seal(sc, recs[limit-1].ID)
			if err != nil {
				return nil, nil, err
			}
			token = &t
		}
	}
	for i := range recs {
		urls = append(urls, queueURL(ctx, recs[i].Key))
	}
	return urls, token, nil
}

// ListDeadLetterSourceQueues lists the queues whose redrive policy names this
// one.
func (s *Service) ListDeadLetterSourceQueues(ctx context.Context, in *api.ListDeadLetterSourceQueuesInput) (*api.ListDeadLetterSourceQueuesOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	sc := scope(ctx, rec.Doc.ID)
	after, limit, err := s.pageOf(sc, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	var recs []record
	err = s.db.View(ctx, func(tx *store.Tx) error {
		recs, err = s.sources(tx, rec.Key, after)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListDeadLetterSourceQueuesOutput{}
	out.QueueUrls, out.NextToken, err = s.listed(ctx, sc, recs, limit, in.MaxResults != nil)
	if out.QueueUrls == nil {
		out.QueueUrls = []string{}
	}
	return out, err
}

// sources are the queues that send their dead letters to k. Only queues of the
// same account and region may.
func (s *Service) sources(tx *store.Tx, k store.Key, after string) ([]record, error) {
	all, err := s.queues.List(tx, k.Account, k.Region, store.ListOptions{After: after})
	if err != nil {
		return nil, err
	}
	var recs []record
	for i := range all {
		if p := all[i].Doc.redrive(); p != nil && p.target == k {
			recs = append(recs, all[i])
		}
	}
	return recs, nil
}
