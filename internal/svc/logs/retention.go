package logs

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// retentions are the days that a retention may have, from the API reference.
var retentions = []int32{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// PutRetentionPolicy has events of a group deleted that are older than so many
// days. Readers no longer see them when it returns.
func (s *Service) PutRetentionPolicy(ctx context.Context, in *api.PutRetentionPolicyInput) (*api.PutRetentionPolicyOutput, error) {
	if !slices.Contains(retentions, in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [%s]", in.RetentionInDays, join(retentions))
	}
	err := s.setRetention(ctx, in.LogGroupName, in.RetentionInDays)
	if err != nil {
		return nil, err
	}
	return &api.PutRetentionPolicyOutput{}, nil
}

func join(numbers []int32) string {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(int(n)))
	}
	return strings.Join(words, ", ")
}

// DeleteRetentionPolicy has the events of a group kept for ever.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in *api.DeleteRetentionPolicyInput) (*api.DeleteRetentionPolicyOutput, error) {
	if err := s.setRetention(ctx, in.LogGroupName, 0); err != nil {
		return nil, err
	}
	return &api.DeleteRetentionPolicyOutput{}, nil
}

func (s *Service) setRetention(ctx context.Context, name string, n int32) error {
	return s.changeGroup(ctx, name, func(tx *store.Tx, g *group) error {
		g.Retention = n
		if n == 0 {
			return s.engine.Delete(tx, retentionKind, g.ID)
		}
		k := key(plane.FromContext(ctx), name)
		return s.engine.Put(tx, retentionKind, g.ID, tx.Now(), retentionState{k.Account, k.Region, k.ID})
	})
}

// The flows. Both work in steps, each in a transaction of its own.
const (
	retentionKind    = "logs.retention"   // key: the group's ID
	purgeKind        = "logs.purge"       // key: the ID of a group that was deleted
	streamPurgeKind  = "logs.purgestream" // key: the ID of its group, a slash, the deleted stream in the journal
	housekeepingLane = "housekeeping"

	retentionEvery = time.Hour
	purgeAgain     = 10 * time.Minute
)

// retentionState names the group whose record holds the retention.
type retentionState struct{ Account, Region, Name string }

// retain deletes what a group's retention leaves behind.
func (s *Service) retain(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st retentionState
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	for more := true; more; {
		err := w.Checkpoint(ctx, func(tx *store.Tx) error {
			g, err := s.groups.Get(tx, store.Key{Account: st.Account, Region: st.Region, ID: st.Name})
			if errors.Is(err, store.ErrNotFound) || err == nil && (g.Doc.ID != w.Key || g.Doc.Retention == 0) {
				more = false
				return nil
			}
			if err == nil {
				more, err = journal.Expire(tx, w.Key, g.Doc.kept(tx.Now()))
			}
			return err
		})
		if err != nil {
			return engine.Next{}, err
		}
	}
	return engine.At(time.Now().Add(retentionEvery)), nil
}

// purgeState is where the streams of a deleted group are, and whether this is
// the second look.
type purgeState struct {
	Account, Region string
	Again           bool
}

// purge deletes what is left of a deleted group.
func (s *Service) purge(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st purgeState
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	for more := true; more; {
		err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
			more, err = s.purgeStep(tx, w.Key, &st)
			return err
		})
		if err != nil {
			return engine.Next{}, err
		}
	}
	if st.Again {
		return engine.Done(), nil
	}
	st.Again = true
	return engine.At(time.Now().Add(purgeAgain)).WithState(st), nil
}

func (s *Service) purgeStep(tx *store.Tx, id string, st *purgeState) (more bool, err error) {
	streams, err := s.streams.List(tx, st.Account, st.Region, store.ListOptions{Prefix: id + "/", Limit: listStep})
	if err != nil {
		return false, err
	}
	for i := range streams {
		if err := s.streams.Delete(tx, streams[i].Key); err != nil {
			return false, err
		}
	}
	more, err = journal.Purge(tx, id)
	if err == nil {
		err = s.purgeFilters(tx, id, st)
	}
	return more || len(streams) == listStep, err
}

// purgeFilters deletes the metric filters of a deleted group.
func (s *Service) purgeFilters(tx *store.Tx, id string, st *purgeState) error {
	filters, err := s.filters.List(tx, st.Account, st.Region, store.ListOptions{Prefix: metricFilterID(id, "")})
	if err != nil {
		return err
	}
	for i := range filters {
		if err := s.filters.Delete(tx, filters[i].Key); err != nil {
			return err
		}
	}
	_, err = tx.Exec("delete from logs_minute where log = ?", id)
	return err
}

// streamPurge says what of a deleted stream is to be deleted, and whether this
// is the second look.
type streamPurge struct {
	Log, Stream string
	Again       bool
}

// purgeStream deletes the events of a deleted stream.
func (s *Service) purgeStream(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st streamPurge
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	for more := true; more; {
		err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
			more, err = journal.PurgeStream(tx, st.Log, st.Stream)
			return err
		})
		if err != nil {
			return engine.Next{}, err
		}
	}
	if st.Again {
		return engine.Done(), nil
	}
	st.Again = true
	return engine.At(time.Now().Add(purgeAgain)).WithState(st), nil
}
