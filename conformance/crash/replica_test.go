package crash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"
)

// replicaErrand makes canaries with a replica abroad, updates them, and takes
// replicas away again. The first of them may run.
type replicaErrand struct {
	*aviary
	rng    *rand.Rand
	runs   bool // the first is started
	made   int
	active []*replicaLife
	kept   []*replicaLife
}

type replicaLife struct {
	name    string
	days    []int32 // that failures are kept: as acknowledged, and asked for since
	updated bool
	started bool
	ends    bool // it is to be taken away
}

// Members that the SDK's models do not have yet.
type location struct {
	Location string
}

type places struct {
	Status              struct{ State types.CanaryState }
	FailureRetention    int32 `json:"FailureRetentionPeriodInDays"`
	MultiLocationConfig *struct {
		LocationType, ReplicationState string
		Replicas                       []location
	}
}

func (*replicaErrand) prepare(context.Context, *testing.T)  {}
func (*replicaErrand) rebooted(context.Context, *testing.T) {}

// send signs and sends a request that the SDK has no members for.
func (a *aviary) send(ctx context.Context, region, method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if err := v4.NewSigner().SignHTTP(ctx, root, req, hex.EncodeToString(sum[:]), "synthetics", region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusOK {
		return errors.Join(err, json.Unmarshal(answer, out))
	}
	return &smithy.GenericAPIError{Code: resp.Header.Get("X-Amzn-Errortype"), Message: string(answer)}
}

func (e *replicaErrand) once(ctx context.Context, t *testing.T) {
	if len(e.active) < 2 {
		e.hatch(ctx, t)
		return
	}
	at := e.rng.IntN(len(e.active))
	l := e.active[at]
	seen := e.see(ctx, t, home, l.name)
	if seen == nil || transitional(seen.Status.State) || seen.Status.State == types.CanaryStateRunning ||
		seen.MultiLocationConfig != nil && seen.MultiLocationConfig.ReplicationState == "InProgress" {
		return
	}
	switch {
	case !l.updated:
		e.update(ctx, t, l)
	case e.runs && l.name == replicaName(0) && seen.Status.State == types.CanaryStateReady:
		l.started = e.start(ctx, t, l.name) || l.started
	case l.ends && seen.MultiLocationConfig != nil:
		e.change(ctx, t, l, map[string]any{"RemoveReplicaLocations": []string{abroad}})
	case l.ends:
		e.remove(ctx, t, l.name)
		e.active = slices.Delete(e.active, at, at+1)
	default:
		e.kept = append(e.kept, l)
		e.active = slices.Delete(e.active, at, at+1)
	}
}

func replicaName(n int) string { return fmt.Sprintf("twin-%d", n) }

func (e *replicaErrand) hatch(ctx context.Context, t *testing.T) {
	l := &replicaLife{name: replicaName(e.made), days: []int32{31}, ends: e.made%2 == 1}
	e.made++
	body := map[string]any{
		"Name": l.name, "ArtifactS3Location": "s3://" + bucket + "/" + l.name, "ExecutionRoleArn": e.role, "RuntimeVersion": "syn-nodejs-puppeteer-16.0",
		"Code":     map[string]any{"Handler": "index.handler", "ZipFile": scriptZip()},
		"Schedule": map[string]any{"Expression": once}, "RunConfig": map[string]any{"TimeoutInSeconds": 300},
		"AddReplicaLocations": []location{{abroad}},
	}
	e.registry.note(l.name, func(*standing) {})
	created := asked(ctx, t, "CreateCanary with a replica", func() error {
		err := e.send(ctx, home, http.MethodPost, "/canary", body, &struct{}{})
		if code(err) == "ValidationException" && e.see(ctx, t, home, l.name) != nil {
			return nil // it was an earlier attempt
		}
		return err
	})
	if created {
		e.registry.note(l.name, func(s *standing) { s.created = true })
		e.active = append(e.active, l)
	}
}

// see asks for a canary until it is answered; nil when there is none.
func (e *replicaErrand) see(ctx context.Context, t *testing.T, region, name string) *places {
	t.Helper()
	var seen struct{ Canary *places }
	asked(ctx, t, "GetCanary "+name, func() error {
		return e.send(ctx, region, http.MethodGet, "/canary/"+name, nil, &seen)
	}, "ResourceNotFoundException")
	return seen.Canary
}

func (e *replicaErrand) update(ctx context.Context, t *testing.T, l *replicaLife) {
	t.Helper()
	days := 32 + int32(e.rng.IntN(100))
	l.days = append(l.days, days)
	l.updated = e.change(ctx, t, l, map[string]any{
		"FailureRetentionPeriodInDays": days,
		"Code":                         map[string]any{"Handler": "index.handler", "ZipFile": scriptZip()},
	})
	if l.updated {
		l.days = []int32{days}
	}
}

// change asks for an update once: the next look tells what came of it.
func (e *replicaErrand) change(ctx context.Context, t *testing.T, l *replicaLife, body any) bool {
	t.Helper()
	err := e.send(ctx, home, http.MethodPatch, "/canary/"+l.name, body, &struct{}{})
	if code(err) != "" {
		t.Errorf("UpdateCanary of %s: %v", l.name, err)
	}
	return err == nil
}

// verify checks that replicas and primaries know of each other and agree.
func (e *replicaErrand) verify(ctx context.Context, t *testing.T) {
	there := map[string]types.Canary{}
	for _, c := range all(ctx, t, clients{synthetics: e.regions[abroad]}) {
		there[*c.Name] = c
	}
	replicas := len(there)
	for _, c := range all(ctx, t, clients{synthetics: e.Client}) {
		seen := e.see(ctx, t, home, *c.Name)
		if seen == nil || seen.MultiLocationConfig == nil {
			continue
		}
		r, exists := there[*c.Name]
		delete(there, *c.Name)
		if m := seen.MultiLocationConfig; !exists || m.ReplicationState != "InSync" || len(m.Replicas) != 1 {
			t.Errorf("%s says of its replicas %+v, and there is one: %v", *c.Name, m, exists)
		}
		if exists && (r.Status.State != c.Status.State || *r.FailureRetentionPeriodInDays != *c.FailureRetentionPeriodInDays) {
			t.Errorf("%s is %s and keeps failures %d days, its replica is %s and keeps them %d", *c.Name,
				c.Status.State, *c.FailureRetentionPeriodInDays, r.Status.State, *r.FailureRetentionPeriodInDays)
		}
	}
	for name := range there {
		t.Errorf("the replica of %s is there without it", name)
	}
	for _, l := range append(e.kept, e.active...) {
		if seen := e.see(ctx, t, home, l.name); seen != nil && !slices.Contains(l.days, seen.FailureRetention) {
			t.Errorf("%s keeps failures %d days, want one of %v", l.name, seen.FailureRetention, l.days)
		}
	}
	e.verifyTwinRuns(ctx, t)
	t.Logf("replicas: %d canaries made, %d with replicas at last", e.made, replicas)
}

// verifyTwinRuns checks that the canary that was started ran once in each place.
func (e *replicaErrand) verifyTwinRuns(ctx context.Context, t *testing.T) {
	seen := e.see(ctx, t, home, replicaName(0))
	if seen == nil || seen.Status.State != types.CanaryStateStopped {
		return
	}
	runs := e.aviary.runs(ctx, t, replicaName(0), types.RunTypeCanaryRun)
	away, err := e.regions[abroad].GetCanaryRuns(ctx, &synthetics.GetCanaryRunsInput{Name: new(replicaName(0))})
	if err != nil || len(runs) != 2 || len(away.CanaryRuns) != 1 {
		t.Errorf("%s has %d runs, its replica %+v: %v", replicaName(0), len(runs), away, err)
	}
	for _, r := range runs {
		if r.Status.State != types.CanaryRunStatePassed {
			t.Errorf("%s: run %s is %s: %v", replicaName(0), *r.Id, r.Status.State, r.Status.StateReason)
		}
	}
	e.checkReports(ctx, t, replicaName(0), runs)
	e.checkMetric(ctx, t, replicaName(0), "SuccessPercent", 2, 200)
}
