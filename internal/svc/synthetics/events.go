package synthetics

import (
	"encoding/json"
	"time"

	"nephele.dev/nephele/internal/api/events"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
)

// eventClass is the class of the messages that put events on the default bus.
const eventClass = "synthetics.event"

// epoch is a time as these events write it: seconds with a fraction.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Time(e).UnixMilli()) / 1000)
}

// statusChange is the detail of "Synthetics Canary Status Change".
type statusChange struct {
	Account        string                 `json:"account-id"`
	CanaryID       string                 `json:"canary-id"`
	Canary         string                 `json:"canary-name"`
	Current        api.CanaryState        `json:"current-state"`
	Previous       api.CanaryState        `json:"previous-state"`
	SourceLocation string                 `json:"source-location"`
	Updated        epoch                  `json:"updated-on"`
	Changed        map[string]valueChange `json:"changed-config,omitempty"`
	Message        string                 `json:"message"`
}

type valueChange struct {
	Previous string `json:"previous-value"`
	Current  string `json:"current-value"`
}

// testRun is the detail of "Synthetics Canary TestRun Successful" and
// "Synthetics Canary TestRun Failure".
type testRun struct {
	Account  string             `json:"account-id"`
	CanaryID string             `json:"canary-id"`
	Canary   string             `json:"canary-name"`
	RunID    string             `json:"canary-run-id"`
	Location string             `json:"artifact-location"`
	Status   api.CanaryRunState `json:"test-run-status"`
	Reason   string             `json:"state-reason"`
	Timeline struct {
		Started   epoch `json:"started"`
		Completed epoch `json:"completed"`
	} `json:"canary-run-timeline"`
	Message string `json:"message"`
}

// move writes a canary that goes to another state, and says so on the default
// event bus. changed is what an update changed; nil in other moves.
func (s *Service) move(tx *store.Tx, rec *store.Record[canary], to api.CanaryState, code api.CanaryStateReasonCode, changed map[string]valueChange) error {
	from := rec.Doc.State
	rec.Doc.State, rec.Doc.Code = to, code
	if err := s.canaries.Put(tx, rec); err != nil {
		return err
	}
	return s.emit(tx, rec, "Synthetics Canary Status Change", &statusChange{
		Account: rec.Account, CanaryID: rec.Doc.ID, Canary: rec.ID, Current: to, Previous: from, SourceLocation: "NULL",
		Updated: epoch(tx.Now()), Changed: changed, Message: "Canary status has changed",
	})
}

// changes says what a staged update changes of what the event shows.
func changes(rec *store.Record[canary]) map[string]valueChange {
	from, to := &rec.Doc.Config, rec.Doc.Staged
	all := map[string]valueChange{}
	if from.Role != to.Role {
		all["executionArn"] = valueChange{Previous: from.Role, Current: to.Role}
	}
	if from.Code.Key != to.Code.Key {
		updated := *rec
		updated.Doc.Layer++
		all["testCodeLayerVersionArn"] = valueChange{Previous: layerARN(rec), Current: layerARN(&updated)}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// emitRun says on the default event bus how a run ended.
func (s *Service) emitRun(tx *store.Tx, rec *store.Record[canary], r *run) error {
	kind := "Synthetics Canary TestRun Failure"
	if r.State == runPassed {
		kind = "Synthetics Canary TestRun Successful"
	}
	detail := &testRun{
		Account: rec.Account, CanaryID: rec.Doc.ID, Canary: rec.ID, RunID: r.ID, Location: r.Location,
		Status: r.State, Reason: r.Reason, Message: "Test run result is generated successfully",
	}
	if detail.Reason == "" {
		detail.Reason = "null"
	}
	detail.Timeline.Started, detail.Timeline.Completed = epoch(r.Started), epoch(r.Completed)
	return s.emit(tx, rec, kind, detail)
}

// emit puts an event on the default bus. Those of a canary arrive in their order.
func (s *Service) emit(tx *store.Tx, rec *store.Record[canary], kind string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return s.Courier.Send(tx, courier.Message{
		Class: eventClass, Order: rec.Doc.ID, Principal: principal, Account: rec.Account, Region: rec.Region,
		Service: "events", Operation: "PutEvents",
		Input: &events.PutEventsInput{Entries: []*events.PutEventsRequestEntry{{
			Source: new("aws.synthetics"), DetailType: &kind, Detail: new(string(text)),
		}}},
	})
}
