package sqs

import (
	"context"
	"slices"
	"strconv"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

func itoa[T int | int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// computed are the attributes that nobody sets.
var computed = []string{
	string(api.QueueAttributeNameQueueArn), string(api.QueueAttributeNameCreatedTimestamp), string(api.QueueAttributeNameLastModifiedTimestamp),
	string(api.QueueAttributeNameApproximateNumberOfMessages), string(api.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
	string(api.QueueAttributeNameApproximateNumberOfMessagesDelayed),
}

// GetQueueAttributes answers the attributes that are asked for, and of those
// the ones that the queue has.
func (s *Service) GetQueueAttributes(ctx context.Context, in *api.GetQueueAttributesInput) (*api.GetQueueAttributesOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedAttributes(in.AttributeNames)
	if err != nil || len(wanted) == 0 {
		return &api.GetQueueAttributesOutput{}, err
	}
	all := map[string]string{}
	for name := range wanted {
		if v := rec.Doc.value(name); v != "" {
			all[name] = v
		}
	}
	all[computed[0]], all[computed[1]], all[computed[2]] = queueARN(rec.Key), itoa(rec.Doc.Created), itoa(rec.Doc.Modified)
	if wanted[computed[3]] || wanted[computed[4]] || wanted[computed[5]] {
		c, err := s.count(ctx, &rec.Doc)
		if err != nil {
			return nil, err
		}
		all[computed[3]], all[computed[4]], all[computed[5]] = itoa(c.visible), itoa(c.inFlight), itoa(c.delayed)
	}
	for name := range all {
		if !wanted[name] {
			delete(all, name)
		}
	}
	return &api.GetQueueAttributesOutput{Attributes: all}, nil
}

func (s *Service) count(ctx context.Context, q *queue) (c counts, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err = q.count(tx, s.now(tx))
		return err
	})
	return c, err
}

// wantedAttributes is the set of names that is asked for; All is all.
func wantedAttributes(names []api.QueueAttributeName) (map[string]bool, error) {
	wanted := map[string]bool{}
	for _, n := range names {
		name := string(n)
		if n == api.QueueAttributeNameAll {
			for a := range attributes {
				wanted[a] = true
			}
			for _, a := range computed {
				wanted[a] = true
			}
			continue
		}
		if _, ok := attributes[name]; !ok && !isComputed(name) {
			return nil, unknownAttribute(name)
		}
		wanted[name] = true
	}
	return wanted, nil
}

func isComputed(name string) bool {
	return slices.Contains(computed, name)
}

// SetQueueAttributes changes the attributes that are given.
func (s *Service) SetQueueAttributes(ctx context.Context, in *api.SetQueueAttributesInput) (*api.SetQueueAttributesOutput, error) {
	if len(in.Attributes) == 0 {
		return nil, missing("Attribute.Name")
	}
	err := s.change(ctx, in.QueueUrl, func(tx *store.Tx, rec *record) error {
		if _, ok := in.Attributes[attrFIFO]; ok && (!rec.Doc.FIFO || in.Attributes[attrFIFO] != yes) {
			return unknownAttribute(attrFIFO)
		}
		if err := checkAttributes(in.Attributes, rec.Doc.FIFO); err != nil {
			return err
		}
		if err := s.checkRedrive(tx, rec.Key, rec.Doc.FIFO, in.Attributes[attrRedrive]); err != nil {
			return err
		}
		rec.Doc.set(in.Attributes)
		if err := rec.Doc.checkTogether(); err != nil {
			return err
		}
		return s.putSweep(tx, rec.Key, &rec.Doc)
	})
	if err != nil {
		return nil, err
	}
	return &api.SetQueueAttributesOutput{}, nil
}

// change runs f on a queue and keeps what it makes of it.
func (s *Service) change(ctx context.Context, address string, f func(tx *store.Tx, rec *record) error) error {
	k, err := parseURL(ctx, address)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.queues.Get(tx, k)
		if err != nil {
			return found(err)
		}
		if err := f(tx, &rec); err != nil {
			return err
		}
		rec.Doc.Modified = tx.Now().Unix()
		s.changed(tx)
		return s.queues.Put(tx, &rec)
	})
}

// Limits of tags, from the API reference.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(tags map[string]string) error {
	for k, v := range tags {
		switch {
		case k == "":
			return invalidValue("Tag keys must be between 1 and 128 characters in length.")
		case tagrule.Reserved(k):
			return invalidValue("Tag keys must not begin with \"aws:\".")
		case len([]rune(k)) > maxTagKey:
			return invalidValue("Tag keys must be between 1 and 128 characters in length.")
		case len([]rune(v)) > maxTagValue:
			return invalidValue("Tag values must be between 0 and 256 characters in length.")
		}
	}
	if len(tags) > tagrule.Max {
		return tooManyTags()
	}
	return nil
}

func tooManyTags() error {
	return invalidValue("Too many tags added for queue. Maximum allowed is %d.", tagrule.Max)
}

// TagQueue adds tags, over those of the same keys.
func (s *Service) TagQueue(ctx context.Context, in *api.TagQueueInput) (*api.TagQueueOutput, error) {
	if len(in.Tags) == 0 {
		return nil, missing("Tags")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	err := s.tagged(ctx, in.QueueUrl, func(tx *store.Tx, k store.Key) error {
		return s.queues.AddTags(tx, k, in.Tags, tagrule.Max, tooManyTags())
	})
	if err != nil {
		return nil, err
	}
	return &api.TagQueueOutput{}, nil
}

// UntagQueue removes tags by their keys.
func (s *Service) UntagQueue(ctx context.Context, in *api.UntagQueueInput) (*api.UntagQueueOutput, error) {
	err := s.tagged(ctx, in.QueueUrl, func(tx *store.Tx, k store.Key) error { return s.queues.RemoveTags(tx, k, in.TagKeys) })
	if err != nil {
		return nil, err
	}
	return &api.UntagQueueOutput{}, nil
}

// tagged runs f with the key of an existing queue.
func (s *Service) tagged(ctx context.Context, address string, f func(*store.Tx, store.Key) error) error {
	k, err := parseURL(ctx, address)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.queues.Get(tx, k); err != nil {
			return found(err)
		}
		return f(tx, k)
	})
}

// ListQueueTags answers the tags of a queue.
func (s *Service) ListQueueTags(ctx context.Context, in *api.ListQueueTagsInput) (*api.ListQueueTagsOutput, error) {
	rec, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &api.ListQueueTagsOutput{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		out.Tags, err = s.queues.Tags(tx, rec.Key)
		return err
	})
	if len(out.Tags) == 0 {
		out.Tags = nil // a queue without tags answers with no member at all
	}
	return out, err
}
