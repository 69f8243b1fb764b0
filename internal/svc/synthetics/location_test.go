package synthetics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// in is a client of another region.
func (b *bench) in(region string) api.Client {
	return api.Client{Invoker: b.Plane.(*plane.Plane).As(plane.RootCaller(testAccount, region))}
}

// spread is a request for a canary in several locations.
func spread(name string, regions ...string) *api.CreateCanaryInput {
	in := createInput(name)
	in.RuntimeVersion = "syn-nodejs-puppeteer-16.0"
	in.RunConfig = &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"SITE": "example.com"}}
	in.AddReplicaLocations = locations(regions...)
	return in
}

func locations(regions ...string) (all []*api.AddReplicaLocationInput) {
	for _, r := range regions {
		all = append(all, &api.AddReplicaLocationInput{Location: r})
	}
	return all
}

// seen is what a region shows of canary c.
func (b *bench) seen(t *testing.T, region string) *api.Canary {
	t.Helper()
	out, err := b.in(region).GetCanary(t.Context(), &api.GetCanaryInput{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	return out.Canary
}

// states are those of canary c where it is; "" where it is not.
func (b *bench) states(t *testing.T, regions ...string) (all []string) {
	t.Helper()
	for _, r := range regions {
		out, err := b.in(r).GetCanary(t.Context(), &api.GetCanaryInput{Name: "c"})
		switch {
		case err == nil:
			all = append(all, string(*out.Canary.Status.State))
		case awserr.Is(err, "ResourceNotFoundException"):
			all = append(all, "")
		default:
			t.Fatal(err)
		}
	}
	return all
}

// TestReplicas follows a canary in three locations through its life: what happens
// to the primary happens to its replicas, and the primary shows all runs.
func TestReplicas(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		const paris, tokyo = "eu-west-3", "ap-northeast-1"
		everywhere := []string{testRegion, paris, tokyo}
		created, err := b.api.CreateCanary(t.Context(), spread("c", paris, tokyo))
		if err != nil {
			t.Fatal(err)
		}
		if m := created.Canary.MultiLocationConfig; *m.LocationType != "Primary" || *m.ReplicationState != "InProgress" || len(m.Replicas) != 2 {
			t.Errorf("created as %+v", m)
		}
		pass(time.Second)
		if m := b.seen(t, testRegion).MultiLocationConfig; *m.ReplicationState != "InSync" || *m.Replicas[0].Location != paris || *m.Replicas[0].CanaryState != stateReady {
			t.Errorf("replicated as %+v", m)
		}
		there := b.seen(t, paris)
		if m := there.MultiLocationConfig; *m.LocationType != "Replica" || *m.PrimaryLocation != testRegion || *there.Id == *created.Canary.Id {
			t.Errorf("a replica is %+v", m)
		}
		b.call(t, "StartCanary", "c")
		pass(time.Minute)
		if got := b.states(t, everywhere...); !slices.Equal(got, []string{"RUNNING", "RUNNING", "RUNNING"}) {
			t.Errorf("after the start: %v", got)
		}
		b.checkReplicaRuns(t, everywhere)

		days := int32(7)
		if _, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", FailureRetentionPeriodInDays: &days, Code: createInput("c").Code}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		for _, r := range everywhere {
			if got := b.seen(t, r); *got.FailureRetentionPeriodInDays != 7 || *got.Status.StateReasonCode != "UPDATE_COMPLETE" {
				t.Errorf("%s after the update: %+v", r, got)
			}
		}
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		if got := b.states(t, everywhere...); !slices.Equal(got, []string{"STOPPED", "STOPPED", "STOPPED"}) {
			t.Errorf("after the stop: %v", got)
		}
		b.takeDown(t, paris, tokyo)
	})
}

// checkReplicaRuns looks at the first run of each location.
func (b *bench) checkReplicaRuns(t *testing.T, regions []string) {
	t.Helper()
	prefixes := map[string]string{}
	for _, r := range b.runs(t) {
		prefixes[*r.Location] = *r.ArtifactS3Location
	}
	if got := slices.Sorted(maps.Keys(prefixes)); !slices.Equal(got, slices.Sorted(slices.Values(regions))) {
		t.Errorf("the primary shows runs in %v", got)
	}
	if strings.Contains(prefixes[testRegion], "/"+regions[0]+"/") || !strings.Contains(prefixes[regions[1]], "/"+regions[1]+"/") {
		t.Errorf("artifacts in %v", prefixes)
	}
	own, err := b.in(regions[1]).GetCanaryRuns(t.Context(), &api.GetCanaryRunsInput{Name: "c"})
	if err != nil || len(own.CanaryRuns) != 1 || *own.CanaryRuns[0].Location != regions[1] {
		t.Errorf("a replica shows %+v, %v", own, err)
	}
	for _, job := range b.runner.jobs {
		if job.Env["SITE"] != "example.com" {
			t.Errorf("a run has the environment %v", job.Env)
		}
	}
	for metric, want := range map[string]float64{
		"SuccessPercent|CanaryName=c,Location=" + testRegion: 1, "SuccessPercent|CanaryName=c,Location=" + regions[1]: 1,
		"Duration|CanaryName=c,Location=" + regions[2]: 1, "SuccessPercent|CanaryName=c": 5, // 3 of their own, 2 reported to the primary
	} {
		if got := b.world.count(metric); got != want {
			t.Errorf("%s: %v datapoints, want %v", metric, got, want)
		}
	}
}

// takeDown removes the replicas, and then the canary.
func (b *bench) takeDown(t *testing.T, regions ...string) {
	t.Helper()
	_, err := b.api.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: "c"})
	if !awserr.Is(err, "ConflictException") {
		t.Errorf("deleting a canary that has replicas: %v", err)
	}
	if _, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RemoveReplicaLocations: regions}); err != nil {
		t.Fatal(err)
	}
	_, err = b.api.StartCanary(t.Context(), &api.StartCanaryInput{Name: "c"})
	if !awserr.Is(err, "ConflictException") {
		t.Errorf("starting while replicas are removed: %v", err)
	}
	pass(time.Second)
	if got := b.states(t, append(regions, testRegion)...); !slices.Equal(got, []string{"", "", "STOPPED"}) {
		t.Errorf("after the removal: %v", got)
	}
	if m := b.seen(t, testRegion).MultiLocationConfig; m != nil {
		t.Errorf("after the removal the canary is %+v", m)
	}
	b.call(t, "DeleteCanary", "c")
	pass(2 * time.Hour)
	for info, err := range b.Blob.List(t.Context(), "synthetics/") {
		t.Errorf("%s is left (%v)", info.Key, err)
	}
}

// A replica that is added to a canary that runs, runs as well; one that is removed
// does so no more.
func TestReplicasComeAndGo(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-nodejs-puppeteer-16.0" })
		_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", Code: createInput("c").Code, AddReplicaLocations: locations("eu-west-3")})
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := b.states(t, testRegion, "eu-west-3"); !slices.Equal(got, []string{"RUNNING", "RUNNING"}) {
			t.Errorf("after the addition: %v", got)
		}
		out, err := b.in("eu-west-3").GetCanaryRuns(t.Context(), &api.GetCanaryRunsInput{Name: "c"})
		if err != nil || len(out.CanaryRuns) != 1 {
			t.Errorf("runs of the replica: %+v, %v", out, err)
		}
		if _, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RemoveReplicaLocations: []string{"eu-west-3"}}); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := b.states(t, testRegion, "eu-west-3"); !slices.Equal(got, []string{"RUNNING", ""}) {
			t.Errorf("after the removal: %v", got)
		}
	})
}

// TestReplicaRules: what is refused changes nothing.
func TestReplicaRules(t *testing.T) {
	t.Parallel()
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("xx-%s-1", strings.Repeat(string(rune('a'+i%26)), 1+i/26))
	}
	tests := map[string]struct {
		change func(*api.CreateCanaryInput)
		code   string
		words  string
	}{
		"old runtime": {func(in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-nodejs-puppeteer-15.0" }, "ValidationException", "not supported for runtime version"},
		"primary":     {func(in *api.CreateCanaryInput) { in.AddReplicaLocations = locations(testRegion) }, "ValidationException", "primary location"},
		"twice":       {func(in *api.CreateCanaryInput) { in.AddReplicaLocations = locations("eu-west-3", "eu-west-3") }, "ValidationException", "already"},
		"no region":   {func(in *api.CreateCanaryInput) { in.AddReplicaLocations = locations("Paris") }, "ValidationException", "regular expression"},
		"many":        {func(in *api.CreateCanaryInput) { in.AddReplicaLocations = locations(many...) }, "ValidationException", "50"},
		"taken":       {func(in *api.CreateCanaryInput) { in.Name, in.AddReplicaLocations = "taken", locations("eu-west-3") }, "ValidationException", "already exists"},
		"VPC": {func(in *api.CreateCanaryInput) {
			in.AddReplicaLocations[0].VpcConfig = &api.VpcConfigInput{SubnetIds: []string{"subnet-1"}}
		}, "NotImplemented", "VpcConfig"},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		if _, err := b.in("eu-west-3").CreateCanary(t.Context(), createInput("taken")); err != nil {
			t.Fatal(err)
		}
		for name, test := range tests {
			in := spread("c", "eu-west-3")
			test.change(in)
			_, err := b.api.CreateCanary(t.Context(), in)
			if answer := awserr.As(err); answer == nil || answer.Code != test.code || !strings.Contains(answer.Message, test.words) {
				t.Errorf("%s: %v, want %s %q", name, err, test.code, test.words)
			}
		}
		if got := b.states(t, testRegion, "eu-west-3"); !slices.Equal(got, []string{"", ""}) {
			t.Errorf("refused requests left %v", got)
		}
	})
}

// Replicas are managed from their primary, and only canaries in one location are
// in groups.
func TestWhatReplicasRefuse(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		if _, err := b.api.CreateCanary(t.Context(), spread("c", "eu-west-3")); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		there := b.in("eu-west-3")
		group, err := b.api.CreateGroup(t.Context(), &api.CreateGroupInput{Name: "g"})
		if err != nil {
			t.Fatal(err)
		}
		join := &api.AssociateResourceInput{GroupIdentifier: *group.Group.Id, ResourceArn: "arn:aws:synthetics:us-east-1:000000000000:canary:c"}
		code := createInput("c").Code
		for what, call := range map[string]func() error{
			"start":  func() error { _, err := there.StartCanary(t.Context(), &api.StartCanaryInput{Name: "c"}); return err },
			"stop":   func() error { _, err := there.StopCanary(t.Context(), &api.StopCanaryInput{Name: "c"}); return err },
			"update": func() error { _, err := there.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c"}); return err },
			"delete": func() error { _, err := there.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: "c"}); return err },
			"group":  func() error { _, err := b.api.AssociateResource(t.Context(), join); return err },
			"add without code": func() error {
				_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", AddReplicaLocations: locations("eu-west-1")})
				return err
			},
			"remove what is not there": func() error {
				_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RemoveReplicaLocations: []string{"eu-west-1"}})
				return err
			},
			"add and remove": func() error {
				_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{
					Name: "c", Code: code, AddReplicaLocations: locations("eu-west-1"), RemoveReplicaLocations: []string{"eu-west-1"},
				})
				return err
			},
			"older runtime": func() error {
				_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RuntimeVersion: new("syn-nodejs-puppeteer-15.0")})
				return err
			},
		} {
			if err := call(); !awserr.Is(err, "ValidationException") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if got := b.states(t, testRegion, "eu-west-3"); !slices.Equal(got, []string{"READY", "READY"}) {
			t.Errorf("refusals left %v", got)
		}
	})
}
