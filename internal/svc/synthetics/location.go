package synthetics

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/store"
)

// A canary in several locations is one in each of them, under one name (CloudWatch
// User Guide, "Multilocation canaries"). The primary is the one that is managed:
// what happens to it happens to its replicas in the same transaction, and their
// flows take them where it leads, each for itself. All of them run on this
// machine: a location says where records, logs and metrics are, and not from where
// a site is seen.

// maxReplicas is how many replicas a canary may have.
const maxReplicas = 50

// copied is a replica and the key of the copy of new code that was made for it.
type copied struct {
	ref
	code string
}

// locations checks a request's changes to a canary's replicas, and returns those
// to be added and removed.
func (p *patch) locations(c *config, present []string) (add []string, err error) {
	for _, l := range p.addLocations {
		switch {
		case l.VpcConfig != nil && inVPC(l.VpcConfig):
			return nil, notImplemented("VpcConfig")
		case l.KmsKeyArn != nil && *l.KmsKeyArn != "":
			return nil, notImplemented("KmsKeyArn")
		case l.Location == p.region:
			return nil, invalid("The primary location %s cannot be a replica location", l.Location)
		case slices.Contains(p.removeLocations, l.Location):
			return nil, invalid("Location %s cannot be added and removed in the same request", l.Location)
		case slices.Contains(present, l.Location) || slices.Contains(add, l.Location):
			return nil, invalid("Location %s is a replica location already", l.Location)
		}
		add = append(add, l.Location)
	}
	for _, l := range p.removeLocations {
		if !slices.Contains(present, l) {
			return nil, invalid("Location %s is not a replica location", l)
		}
	}
	return add, p.checkLocations(c, add, present)
}

func (p *patch) checkLocations(c *config, add, present []string) error {
	stay := len(present) + len(add) - len(p.removeLocations)
	switch {
	case stay == 0:
		return nil
	case !c.runtime().MultiLocation():
		return invalid("Replica locations are not supported for runtime version %s", c.Runtime)
	case stay > maxReplicas:
		return invalid("A canary can have at most %d replica locations", maxReplicas)
	case len(add) > 0 && p.code == nil:
		return invalid("Code is required when replica locations are added")
	case len(c.Visual) > 0:
		return notImplemented("visual monitoring in several locations")
	}
	return nil
}

// multi reports whether the canary is one of several locations.
func (d *canary) multi() bool { return d.Primary != "" || len(d.Replicas) > 0 }

// reportsTo is the region of the primary of a canary in several locations; "" for
// one in a single one.
func (d *canary) reportsTo(own string) string {
	if len(d.Replicas) > 0 {
		return own
	}
	return d.Primary
}

// replica returns the canary's replica in a region; nil when it is gone.
func (s *Service) replica(tx *store.Tx, rec *store.Record[canary], region string) (*store.Record[canary], error) {
	return s.inRegion(tx, rec, region, func(d *canary) bool { return d.Primary == rec.Region })
}

// primary returns the canary that a replica belongs to.
func (s *Service) primary(tx *store.Tx, rec *store.Record[canary]) (*store.Record[canary], error) {
	return s.inRegion(tx, rec, rec.Doc.Primary, func(d *canary) bool { return slices.Contains(d.Replicas, rec.Region) })
}

func (s *Service) inRegion(tx *store.Tx, rec *store.Record[canary], region string, is func(*canary) bool) (*store.Record[canary], error) {
	key := rec.Key
	key.Region = region
	other, err := s.canaries.Get(tx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !is(&other.Doc) {
		return nil, nil
	}
	return &other, err
}

// everywhere does to a canary and to its replicas what an operation does. A
// replica whose state does not take it stays as it is, and shows it.
func (s *Service) everywhere(tx *store.Tx, rec *store.Record[canary], operation string, do func(*store.Tx, *store.Record[canary]) error) error {
	if err := do(tx, rec); err != nil {
		return err
	}
	for _, region := range rec.Doc.Replicas {
		r, err := s.replica(tx, rec, region)
		if err == nil && r != nil && slices.Contains(accepts[operation], r.Doc.State) {
			err = do(tx, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkPlace refuses operations on a replica, and on a canary whose replicas are
// still on their way.
func (s *Service) checkPlace(tx *store.Tx, rec *store.Record[canary]) error {
	if rec.Doc.Primary != "" {
		return invalid("Canary %s is a replica: the operation is permitted only in its primary location %s", rec.ID, rec.Doc.Primary)
	}
	if len(rec.Doc.Replicas) == 0 {
		return nil
	}
	shown, err := s.viewLocations(tx, rec)
	if err == nil && *shown.ReplicationState == api.ReplicationStateInProgress {
		return api.NewConflictException("Replication of canary %s is in progress", rec.ID)
	}
	return err
}

// checkRemovable refuses to delete a canary that has replicas.
func checkRemovable(rec *store.Record[canary]) error {
	if len(rec.Doc.Replicas) > 0 {
		return api.NewConflictException("Canary %s has replicas that must be removed first: %s", rec.ID, strings.Join(rec.Doc.Replicas, ", "))
	}
	return nil
}

// replicasOf notes which replicas a canary has that stay, and refuses new ones of
// a canary that is in a group.
func (s *Service) replicasOf(tx *store.Tx, rec *store.Record[canary], asked *patch, st *stagedParts) error {
	st.stay = nil
	for _, region := range rec.Doc.Replicas {
		r, err := s.replica(tx, rec, region)
		if err != nil {
			return err
		}
		if r != nil && !slices.Contains(asked.removeLocations, region) {
			st.stay = append(st.stay, copied{ref: refOf(r)})
		}
	}
	if len(asked.addLocations) == 0 {
		return nil
	}
	in, err := s.memberships(tx, rec)
	if err == nil && len(in) > 0 {
		return invalid("Canary %s is in a group: canaries in groups cannot have replicas", rec.ID)
	}
	return err
}

// newReplicas names the replicas that are to be made in regions, where no canary
// may have the name.
func (s *Service) newReplicas(ctx context.Context, key store.Key, regions []string) (made []copied, err error) {
	for _, region := range regions {
		key.Region = region
		if err := s.refuseTaken(ctx, key); err != nil {
			return nil, err
		}
		made = append(made, copied{ref: ref{Account: key.Account, Region: region, Name: key.ID, ID: newID()}})
	}
	return made, nil
}

// copyCode gives each replica a copy of new code.
func (s *Service) copyCode(ctx context.Context, to []copied, in *api.CanaryCodeInput) (err error) {
	for i := range to {
		if to[i].code, err = s.takeCode(ctx, to[i].ref, in); err != nil {
			return err
		}
	}
	return nil
}

// addReplica makes a replica of a canary as conf has it.
func (s *Service) addReplica(tx *store.Tx, rec *store.Record[canary], conf *config, to copied) error {
	mine, err := s.replicaConfig(rec, conf, to)
	if err != nil {
		return err
	}
	now := tx.Now()
	made, err := s.canaries.Create(tx, to.key(), canary{
		ID: to.ID, Engine: newID(), Config: *mine, State: stateCreating, Code: "CREATE_PENDING",
		Created: now, Modified: now, Primary: rec.Region,
	})
	if errors.Is(err, store.ErrExists) {
		return errNameTaken
	}
	if err != nil {
		return err
	}
	return s.Engine.Put(tx, kindCanary, to.ID, now, refOf(&made))
}

// replicaConfig is a canary's configuration as a replica has it: with its own copy
// of the code, and with environment variables sealed for it.
func (s *Service) replicaConfig(rec *store.Record[canary], conf *config, to copied) (*config, error) {
	whole := *rec
	whole.Doc.Config = *conf
	vars, err := s.environment(&whole)
	if err != nil {
		return nil, err
	}
	mine := *conf
	mine.cloneVisual()
	mine.Code.Key, mine.Sealed, mine.Environment = to.code, nil, vars
	return &mine, s.protect(to.ref, &mine)
}

// relocate begins what an update of a canary means for its replicas: those that
// are removed are deleted, those that stay are updated, and new ones are made.
func (s *Service) relocate(tx *store.Tx, rec *store.Record[canary], conf *config, asked *patch, st *stagedParts) error {
	for _, region := range slices.Clone(rec.Doc.Replicas) {
		r, err := s.replica(tx, rec, region)
		switch {
		case err != nil:
			return err
		case r == nil:
			continue
		case slices.Contains(asked.removeLocations, region):
			err = s.enter(tx, r, stateDeleting, "DELETE_IN_PROGRESS")
		case slices.Contains(accepts["UpdateCanary"], r.Doc.State):
			err = s.updateReplica(tx, rec, conf, r, st)
		}
		if err != nil {
			return err
		}
	}
	for _, to := range st.made {
		if err := s.addReplica(tx, rec, conf, to); err != nil {
			return err
		}
		rec.Doc.Replicas = append(rec.Doc.Replicas, to.Region)
	}
	return nil
}

func (s *Service) updateReplica(tx *store.Tx, rec *store.Record[canary], conf *config, r *store.Record[canary], st *stagedParts) error {
	to := copied{ref: refOf(r), code: r.Doc.Config.Code.Key}
	if st.code != "" {
		at := slices.IndexFunc(st.stay, func(c copied) bool { return c.ref == to.ref })
		if at < 0 {
			return api.NewConflictException("The replicas of canary %s have changed during the update", rec.ID)
		}
		to.code = st.stay[at].code
	}
	mine, err := s.replicaConfig(rec, conf, to)
	if err != nil {
		return err
	}
	return s.beginUpdate(tx, r, mine)
}

// followPrimary starts a new replica when its canary runs. The step that calls it
// is the one that would finish the start.
func (s *Service) followPrimary(tx *store.Tx, rec *store.Record[canary]) error {
	if rec.Doc.Primary == "" {
		return nil
	}
	p, err := s.primary(tx, rec)
	if err != nil || p == nil {
		return err
	}
	if p.Doc.State == stateRunning || p.Doc.State == stateUpdating && p.Doc.Resume == stateRunning {
		rec.Doc.start(tx.Now())
		return s.finishStart(tx, rec, trial{})
	}
	return nil
}

// leavePrimary takes a replica that is deleted off its canary's list.
func (s *Service) leavePrimary(tx *store.Tx, rec *store.Record[canary]) error {
	if rec.Doc.Primary == "" {
		return nil
	}
	p, err := s.primary(tx, rec)
	if err != nil || p == nil {
		return err
	}
	p.Doc.Replicas = slices.DeleteFunc(p.Doc.Replicas, func(region string) bool { return region == rec.Region })
	return s.canaries.Put(tx, p)
}

// viewLocations is what the API shows of a canary in several locations; nil of one
// in a single one.
func (s *Service) viewLocations(tx *store.Tx, rec *store.Record[canary]) (*api.MultiLocationConfig, error) {
	switch {
	case rec.Doc.Primary != "":
		return &api.MultiLocationConfig{LocationType: new(api.LocationTypeReplica), PrimaryLocation: new(rec.Doc.Primary)}, nil
	case len(rec.Doc.Replicas) == 0:
		return nil, nil
	}
	out := &api.MultiLocationConfig{LocationType: new(api.LocationTypePrimary), PrimaryLocation: new(rec.Region)}
	var worst api.ReplicationState
	for _, region := range rec.Doc.Replicas {
		r, err := s.replica(tx, rec, region)
		if err != nil {
			return nil, err
		}
		v := viewReplica(r, region)
		worst = worse(worst, *v.ReplicationStatus.State)
		out.Replicas = append(out.Replicas, v)
	}
	out.ReplicationState = &worst
	return out, nil
}

// worse is the state of two: one on its way comes before one that failed.
func worse(a, b api.ReplicationState) api.ReplicationState {
	rank := []api.ReplicationState{"", api.ReplicationStateInSync, api.ReplicationStateInconsistent, api.ReplicationStateInProgress}
	return slices.MaxFunc([]api.ReplicationState{a, b}, func(a, b api.ReplicationState) int {
		return cmp.Compare(slices.Index(rank, a), slices.Index(rank, b))
	})
}

func viewReplica(r *store.Record[canary], region string) *api.Replica {
	status := &api.ReplicationStatus{State: new(api.ReplicationStateInSync)}
	out := &api.Replica{Location: &region, ReplicationStatus: status}
	if r == nil {
		status.State = new(api.ReplicationStateInconsistent)
		return out
	}
	d := &r.Doc
	out.CanaryState, out.LastModified = new(d.State), new(d.Modified)
	switch {
	case strings.HasSuffix(string(d.State), "ING") && d.State != stateRunning: // on its way
		status.State = new(api.ReplicationStateInProgress)
	case d.State == stateError || d.Code == "ROLLBACK_COMPLETE":
		status.State, status.StateReasonCode = new(api.ReplicationStateInconsistent), new(string(d.Code))
		if d.Reason != "" {
			status.StateReason = new(d.Reason)
		}
	}
	return out
}

// whereRuns are the canary and, of a primary, its replicas, by id: those whose
// runs it shows.
func (s *Service) whereRuns(tx *store.Tx, rec *store.Record[canary]) (map[string]*store.Record[canary], error) {
	all := map[string]*store.Record[canary]{rec.Doc.ID: rec}
	for _, region := range rec.Doc.Replicas {
		r, err := s.replica(tx, rec, region)
		if err != nil {
			return nil, err
		}
		if r != nil {
			all[r.Doc.ID] = r
		}
	}
	return all, nil
}
