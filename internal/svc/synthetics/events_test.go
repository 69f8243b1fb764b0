package synthetics

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/synthetics"
)

// told is what the canary has put on the event bus, shortened.
func (b *bench) told(t *testing.T) (told []string, details []map[string]any) {
	t.Helper()
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	for _, e := range b.world.events {
		var d map[string]any
		if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil || *e.Source != "aws.synthetics" {
			t.Errorf("event %s %s: %v", *e.Source, *e.Detail, err)
		}
		line := strings.TrimPrefix(*e.DetailType, "Synthetics Canary ")
		if from, ok := d["previous-state"]; ok {
			line += " " + from.(string) + " " + d["current-state"].(string)
		}
		told, details = append(told, line), append(details, d)
	}
	b.world.events = nil
	return told, details
}

func TestEvents(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, nil)
		told, details := b.told(t)
		want := []string{"Status Change CREATING READY", "Status Change READY STARTING", "Status Change STARTING RUNNING", "TestRun Successful"}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Fatal(diff)
		}
		change, ended := details[0], details[3]
		if change["canary-name"] != "c" || change["canary-id"] == "" || change["account-id"] != testAccount || change["source-location"] != "NULL" ||
			change["message"] != "Canary status has changed" || change["updated-on"].(float64) < 946684800 {
			t.Errorf("%v", change)
		}
		timeline := ended["canary-run-timeline"].(map[string]any)
		run := b.runs(t)[0]
		if ended["canary-run-id"] != *run.Id || ended["artifact-location"] != *run.ArtifactS3Location || ended["test-run-status"] != "PASSED" ||
			ended["state-reason"] != "null" || timeline["completed"].(float64)-timeline["started"].(float64) < 0.9 {
			t.Errorf("%v", ended)
		}

		b.runner.mu.Lock()
		b.runner.fails = errors.New("broken")
		b.runner.mu.Unlock()
		pass(5 * time.Minute)
		told, details = b.told(t)
		if diff := cmp.Diff([]string{"TestRun Failure"}, told); diff != "" {
			t.Fatal(diff)
		}
		if details[0]["test-run-status"] != "FAILED" || details[0]["state-reason"] != "broken" {
			t.Errorf("%v", details[0])
		}

		const role = "arn:aws:iam::000000000000:role/other"
		if _, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{
			Name: "c", ExecutionRoleArn: new(role), Code: createInput("c").Code,
		}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		told, details = b.told(t)
		want = []string{"Status Change RUNNING UPDATING", "Status Change UPDATING RUNNING", "Status Change RUNNING STOPPING", "Status Change STOPPING STOPPED"}
		updated := []string{}
		for _, line := range told {
			if strings.HasPrefix(line, "Status") {
				updated = append(updated, line)
			}
		}
		if diff := cmp.Diff(want, updated); diff != "" {
			t.Fatal(diff)
		}
		layer := strings.TrimSuffix(*b.canaryAs(t, "").Code.SourceLocationArn, "2")
		changed := map[string]any{
			"executionArn":            map[string]any{"previous-value": testRole, "current-value": role},
			"testCodeLayerVersionArn": map[string]any{"previous-value": layer + "1", "current-value": layer + "2"},
		}
		found := false
		for _, d := range details {
			found = found || cmp.Equal(d["changed-config"], any(changed))
		}
		if !found {
			t.Errorf("no event says what changed: %v", details)
		}
	})
}
