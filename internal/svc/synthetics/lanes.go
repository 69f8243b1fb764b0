package synthetics

import (
	"sync"
	"time"

	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// The kinds of work.
const (
	kindCanary    = "synthetics.canary"     // key: canary id; leaves transitional states
	kindSchedule  = "synthetics.schedule"   // key: canary id; one tick a step
	kindRun       = "synthetics.run"        // key: run id; executes in a browser and publishes
	kindScript    = "synthetics.run.script" // the same without a browser
	kindNative    = "synthetics.run.native" // the same without a process
	kindPublish   = "synthetics.publish"    // key: run id; puts the metrics of a run that is over
	kindCode      = "synthetics.code"       // key: blob key; removes what nothing refers to
	kindRetention = "synthetics.retention"  // key: canary id; removes old runs daily
)

// The lanes that the work runs in. Those of runs have as many slots as the
// machine can bear runs of their class at a time.
const (
	LaneBrowser = "canary"        // scripts with a browser
	LaneScript  = "canary.script" // scripts without one
	LaneNative  = "canary.native" // checks that the server makes itself

	LanePublish = "canary.publish" // metrics, which wait for no worker
	LaneTicks   = "canary.tick"    // schedules, which wait for nobody's runs and operations

	laneAPI  = "api"
	laneBlob = "blob"
)

// Lanes are the lanes of runs.
func Lanes() []string { return []string{LaneBrowser, LaneScript, LaneNative} }

// Flows registers the service's flows with the engine, before it starts.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(kindCanary, laneAPI, engine.FlowFunc(s.stepCanary))
	e.Register(kindSchedule, LaneTicks, engine.FlowFunc(s.stepSchedule))
	e.Register(kindRun, LaneBrowser, engine.FlowFunc(s.stepRun))
	e.Register(kindScript, LaneScript, engine.FlowFunc(s.stepRun))
	e.Register(kindNative, LaneNative, engine.FlowFunc(s.stepRun))
	e.Register(kindPublish, LanePublish, engine.FlowFunc(s.stepPublish))
	e.Register(kindCode, laneBlob, engine.FlowFunc(s.stepCode))
	e.Register(kindRetention, laneBlob, engine.FlowFunc(s.stepRetention))
	s.Courier.Register(eventClass, courier.Class{})
}

// runKind is the kind of work that a run of the configuration is.
func (c *config) runKind() string {
	switch {
	case c.native():
		return kindNative
	case !c.runtime().HasBrowser():
		return kindScript
	default:
		return kindRun
	}
}

// launch inserts the runs of one occasion, one for each browser, and has them
// begin as soon as there are workers. Nothing happens if that was done before.
func (s *Service) launch(tx *store.Tx, rec *store.Record[canary], conf *config, occasion run) error {
	first := newID()
	for i, browser := range conf.browsers() {
		r := occasion
		r.ID, r.State, r.Browser = first, runRunning, browser
		if i > 0 {
			r.ID, r.ScheduledRunID = newID(), first
		}
		inserted, err := insertRun(tx, &r)
		if err != nil || !inserted {
			return err
		}
		if err := s.putRunOf(tx, rec, conf, &r); err != nil {
			return err
		}
	}
	return nil
}

// putRun has a run of the canary's configuration begin.
func (s *Service) putRun(tx *store.Tx, rec *store.Record[canary], r *run) error {
	return s.putRunOf(tx, rec, &rec.Doc.Config, r)
}

// putRunOf puts a run into its lane. Where more is due than fits, runs that are
// expected to be short go before long ones, as far as they have not waited
// longer: a canary whose runs take minutes does not take the workers from many
// whose runs take seconds, and has its turn after so many minutes.
func (s *Service) putRunOf(tx *store.Tx, rec *store.Record[canary], conf *config, r *run) error {
	now := tx.Now()
	rank := now.Add(s.pace.expected(r.CanaryID) - maxTimeout)
	return s.Engine.PutRanked(tx, conf.runKind(), r.ID, now, rank, runRef{Canary: refOf(rec), RunID: r.ID})
}

// pace is how long the canaries' latest runs took, as far as this process has
// seen any: it is for the order of runs that wait, and may be forgotten.
type pace struct {
	mu   sync.Mutex
	took map[string]time.Duration // by canary id
}

// maxPaces bounds the memory for canaries that are gone.
const maxPaces = 1 << 17

func (p *pace) expected(canaryID string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.took[canaryID], maxTimeout)
}

func (p *pace) note(canaryID string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.took == nil || len(p.took) >= maxPaces {
		p.took = map[string]time.Duration{}
	}
	p.took[canaryID] = took
}
