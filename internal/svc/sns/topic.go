package sns

import (
	"context"
	"errors"
	"maps"
	"strings"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// topic is a topic; its key's ID is its name.
type topic struct {
	Attributes map[string]string // those that were set, by name, in their stored form
}

// pageSize is how many topics or subscriptions a page lists.
const pageSize = 100

// fifo reports whether a topic keeps order.
func fifo(name string) bool { return strings.HasSuffix(name, fifoSuffix) }

// CreateTopic makes a topic, or finds one that was made alike.
func (s *Service) CreateTopic(ctx context.Context, in *api.CreateTopicInput) (*api.CreateTopicOutput, error) {
	if in.DataProtectionPolicy != nil && *in.DataProtectionPolicy != "" {
		return nil, notImplemented("data protection policies")
	}
	attributes, err := newTopicAttributes(in.Name, in.Attributes)
	if err != nil {
		return nil, err
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	c := plane.FromContext(ctx).Caller
	k := store.Key{Account: c.Account, Region: c.Region, ID: in.Name}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.topics.Create(tx, k, topic{attributes}); !errors.Is(err, store.ErrExists) {
			if err != nil {
				return err
			}
			return s.topics.SetTags(tx, k, tags)
		}
		return s.alike(tx, k, attributes, tags)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateTopicOutput{TopicArn: new(topicARN(k))}, nil
}

// alike demands that an existing topic has these attributes and tags.
func (s *Service) alike(tx *store.Tx, k store.Key, attributes, tags map[string]string) error {
	r, err := s.topics.Get(tx, k)
	if err != nil {
		return err
	}
	has := effectiveAttributes(r.Key, &r.Doc)
	for name, value := range attributes {
		if has[name] != value {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	have, err := s.topics.Tags(tx, k)
	if err != nil {
		return err
	}
	for name, value := range tags {
		if old, ok := have[name]; !ok || old != value {
			return invalid("Tags Reason: Topic already exists with different tags")
		}
	}
	return nil
}

// DeleteTopic removes a topic with its subscriptions. One that does not exist
// is deleted already.
func (s *Service) DeleteTopic(ctx context.Context, in *api.DeleteTopicInput) (*api.DeleteTopicOutput, error) {
	k, err := topicKey(plane.FromContext(ctx), "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		if err := s.topics.Delete(tx, k); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		for _, table := range []string{"sns_subscription", "sns_delivery", "sns_throttle", "sns_sequence", "sns_dedup"} {
			if _, err := tx.Exec("delete from "+table+" where topic = ?", topicARN(k)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteTopicOutput{}, nil
}

// ListTopics lists the topics of the account in the region, 100 at a time.
func (s *Service) ListTopics(ctx context.Context, in *api.ListTopicsInput) (*api.ListTopicsOutput, error) {
	call := plane.FromContext(ctx)
	sc, opts := scope(call), store.ListOptions{Limit: pageSize + 1}
	if err := s.open(sc, in.NextToken, &opts.After); err != nil {
		return nil, err
	}
	out := &api.ListTopicsOutput{Topics: []*api.Topic{}}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		page, err := s.topics.List(tx, call.Caller.Account, call.Caller.Region, opts)
		if err != nil {
			return err
		}
		if len(page) > pageSize {
			page = page[:pageSize]
			if out.NextToken, err = s.seal(sc, page[pageSize-1].ID); err != nil {
				return err
			}
		}
		for i := range page {
			out.Topics = append(out.Topics, &api.Topic{TopicArn: new(topicARN(page[i].Key))})
		}
		return nil
	})
	return out, err
}

// topic returns a topic's record, or the answer that there is none.
func (s *Service) topic(tx *store.Tx, k store.Key) (store.Record[topic], error) {
	r, err := s.topics.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return r, noTopic()
	}
	return r, err
}

// changeTopic changes a topic's record.
func (s *Service) changeTopic(ctx context.Context, text string, change func(k store.Key, t *topic) error) error {
	k, err := topicKey(plane.FromContext(ctx), "TopicArn", text)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		r, err := s.topic(tx, k)
		if err != nil {
			return err
		}
		r.Doc.Attributes = maps.Clone(r.Doc.Attributes)
		if r.Doc.Attributes == nil {
			r.Doc.Attributes = map[string]string{}
		}
		if err := change(k, &r.Doc); err != nil {
			return err
		}
		return s.topics.Put(tx, &r)
	})
}
