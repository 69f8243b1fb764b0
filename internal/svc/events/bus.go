package events

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// defaultBus is there in every account and region without being created.
const defaultBus = "default"

// bus is an event bus. The default one has a record only once something about
// it was set.
type bus struct {
	Description *string               `json:",omitempty"`
	KmsKey      *string               `json:",omitempty"`
	DeadLetter  *api.DeadLetterConfig `json:",omitempty"`
	Log         *api.LogConfig        `json:",omitempty"`
	Policy      json.RawMessage       `json:",omitempty"`
}

func busARN(k store.Key) string {
	return arn.New("events", "event-bus", k.Region, k.Account, k.ID).String()
}

// busKey reads the name or ARN of a bus; none is the default bus of the caller.
func busKey(call *plane.Call, name *string) (store.Key, error) {
	k := store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: defaultBus}
	if name == nil {
		return k, nil
	}
	if !arn.Is(*name) {
		k.ID = *name
		return k, nil
	}
	a, err := arn.Parse(*name)
	kind, id := a.Split()
	if err != nil || a.Service != "events" || kind != "event-bus" || id == "" {
		return k, invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", *name)
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: id}, nil
}

// ownBus is busKey for operations that other accounts and regions cannot ask for.
func ownBus(ctx context.Context, name *string) (store.Key, error) {
	call := plane.FromContext(ctx)
	k, err := busKey(call, name)
	if err == nil && (k.Account != call.Caller.Account || k.Region != call.Caller.Region) {
		err = noBus(k.ID)
	}
	return k, err
}

func noBus(name string) *awserr.Error {
	return api.NewResourceNotFoundException("Event bus %s does not exist.", name)
}

// bus returns the record of a bus; that of the default bus may be at version 0.
func (s *Service) bus(tx *store.Tx, k store.Key) (store.Record[bus], error) {
	r, err := s.buses.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		if k.ID != defaultBus {
			return r, noBus(k.ID)
		}
		return store.Record[bus]{Key: k}, nil
	}
	return r, err
}

// saveBus writes a record that bus returned.
func (s *Service) saveBus(tx *store.Tx, r *store.Record[bus]) error {
	if r.Version > 0 {
		return s.buses.Put(tx, r)
	}
	_, err := s.buses.Create(tx, r.Key, r.Doc)
	return err
}

// CreateEventBus makes a bus for events of its own.
func (s *Service) CreateEventBus(ctx context.Context, in *api.CreateEventBusInput) (*api.CreateEventBusOutput, error) {
	if in.EventSourceName != nil {
		return nil, notImplemented("partner event sources")
	}
	if strings.Contains(in.Name, "/") {
		return nil, invalid("Event bus name must not contain '/'.")
	}
	if in.Name == defaultBus {
		return nil, api.NewResourceAlreadyExistsException("Event bus %s already exists.", in.Name)
	}
	k, _ := ownBus(ctx, &in.Name)
	doc := bus{Description: in.Description, KmsKey: in.KmsKeyIdentifier, DeadLetter: in.DeadLetterConfig, Log: in.LogConfig}
	if err := checkDeadLetter(doc.DeadLetter); err != nil {
		return nil, err
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.buses.Create(tx, k, doc); err != nil {
			return err
		}
		return setTags(tx, s.buses, k, in.Tags)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, api.NewResourceAlreadyExistsException("Event bus %s already exists.", in.Name)
	}
	if err != nil {
		return nil, err
	}
	return &api.CreateEventBusOutput{
		EventBusArn: new(busARN(k)), Description: doc.Description, KmsKeyIdentifier: doc.KmsKey,
		DeadLetterConfig: doc.DeadLetter, LogConfig: doc.Log,
	}, nil
}

// UpdateEventBus changes what is given of a bus.
func (s *Service) UpdateEventBus(ctx context.Context, in *api.UpdateEventBusInput) (*api.UpdateEventBusOutput, error) {
	k, err := ownBus(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	if err := checkDeadLetter(in.DeadLetterConfig); err != nil {
		return nil, err
	}
	var doc bus
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.bus(tx, k)
		if err != nil {
			return err
		}
		r.Doc.Description = given(in.Description, r.Doc.Description)
		r.Doc.KmsKey = given(in.KmsKeyIdentifier, r.Doc.KmsKey)
		r.Doc.DeadLetter = given(in.DeadLetterConfig, r.Doc.DeadLetter)
		r.Doc.Log = given(in.LogConfig, r.Doc.Log)
		doc = r.Doc
		return s.saveBus(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateEventBusOutput{
		Arn: new(busARN(k)), Name: &k.ID, Description: doc.Description, KmsKeyIdentifier: doc.KmsKey,
		DeadLetterConfig: doc.DeadLetter, LogConfig: doc.Log,
	}, nil
}

func given[T any](asked, had *T) *T {
	if asked != nil {
		return asked
	}
	return had
}

// DeleteEventBus deletes a bus that has no rules; one that is not there is
// deleted already.
func (s *Service) DeleteEventBus(ctx context.Context, in *api.DeleteEventBusInput) (*api.DeleteEventBusOutput, error) {
	if in.Name == defaultBus {
		return nil, invalid("Cannot delete event bus default.")
	}
	k, _ := ownBus(ctx, &in.Name)
	err := s.change(ctx, k, func(tx *store.Tx) error {
		rules, err := s.rules.List(tx, k.Account, k.Region, store.ListOptions{Prefix: k.ID + "/", Limit: 1})
		if err != nil {
			return err
		}
		if len(rules) > 0 {
			return invalid("Event bus %s can't be deleted since it has rules.", k.ID)
		}
		if err := s.buses.Delete(tx, k); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteEventBusOutput{}, nil
}

// DescribeEventBus describes the bus with the given name or ARN.
func (s *Service) DescribeEventBus(ctx context.Context, in *api.DescribeEventBusInput) (*api.DescribeEventBusOutput, error) {
	k, err := ownBus(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	var r store.Record[bus]
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = s.bus(tx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeEventBusOutput{
		Name: &k.ID, Arn: new(busARN(k)), Description: r.Doc.Description, KmsKeyIdentifier: r.Doc.KmsKey,
		DeadLetterConfig: r.Doc.DeadLetter, LogConfig: r.Doc.Log, Policy: policyText(r.Doc.Policy),
		CreationTime: known(r.Created), LastModifiedTime: known(r.Updated),
	}, nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ListEventBuses lists buses by name, the default one in its place.
func (s *Service) ListEventBuses(ctx context.Context, in *api.ListEventBusesInput) (*api.ListEventBusesOutput, error) {
	prefix := ""
	if in.NamePrefix != nil {
		prefix = *in.NamePrefix
	}
	sc := scope(ctx, prefix)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	own, _ := ownBus(ctx, nil)
	limit := pageSize(in.Limit)
	var records []store.Record[bus]
	err = s.db.View(ctx, func(tx *store.Tx) error {
		records, err = s.buses.List(tx, own.Account, own.Region, store.ListOptions{Prefix: prefix, After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(defaultBus, prefix) && after < defaultBus {
		records = withDefault(records, own)
	}
	records, token, err := cut(s, sc, records, limit, func(r store.Record[bus]) string { return r.ID })
	out := &api.ListEventBusesOutput{EventBuses: []*api.EventBus{}, NextToken: token}
	for _, r := range records {
		out.EventBuses = append(out.EventBuses, &api.EventBus{
			Name: &r.ID, Arn: new(busARN(r.Key)), Description: r.Doc.Description, Policy: policyText(r.Doc.Policy),
			CreationTime: known(r.Created), LastModifiedTime: known(r.Updated),
		})
	}
	return out, err
}

// withDefault puts the default bus among records, unless it has one.
func withDefault(records []store.Record[bus], own store.Key) []store.Record[bus] {
	i := 0
	for i < len(records) && records[i].ID < defaultBus {
		i++
	}
	if i < len(records) && records[i].ID == defaultBus {
		return records
	}
	out := append([]store.Record[bus]{}, records[:i]...)
	out = append(out, store.Record[bus]{Key: own})
	return append(out, records[i:]...)
}

func policyText(policy json.RawMessage) *string {
	if len(policy) == 0 {
		return nil
	}
	return new(string(policy))
}

// checkDeadLetter refuses what is not a queue.
func checkDeadLetter(c *api.DeadLetterConfig) error {
	if c == nil || c.Arn == nil {
		return nil
	}
	if a, err := arn.Parse(*c.Arn); err != nil || a.Service != "sqs" || strings.HasSuffix(a.Resource, ".fifo") {
		return invalid("Parameter DeadLetterConfig.Arn is not valid. Reason: %s is not the ARN of a standard SQS queue.", *c.Arn)
	}
	return nil
}
