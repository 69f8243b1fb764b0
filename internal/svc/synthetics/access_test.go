package synthetics

import (
	"slices"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// callOf is a call of an operation by the account's root.
func callOf(operation, region string) *plane.Call {
	return &plane.Call{Caller: plane.RootCaller(testAccount, region), Operation: operationNamed(operation)}
}

func operationNamed(name string) *shape.Operation {
	all := api.Service().Operations()
	return all[slices.IndexFunc(all, func(op *shape.Operation) bool { return op.Name == name })]
}

// said is needs as text: each action with what it is on.
func said(needs []policy.Need) string {
	var all []string
	for _, n := range needs {
		all = append(all, n.Action+" "+strings.Join(n.Resources, " "))
	}
	return strings.Join(all, "; ")
}

// TestGroupsByAnyName: a group is the same for policies by whatever it is called,
// and from whatever region.
func TestGroupsByAnyName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		out, err := b.api.CreateGroup(t.Context(), &api.CreateGroupInput{Name: "shops", Tags: map[string]string{"team": "web"}})
		if err != nil {
			t.Fatal(err)
		}
		g := out.Group
		for _, by := range []string{"shops", *g.Id, *g.Arn} {
			for operation, in := range map[string]any{
				"GetGroup": &api.GetGroupInput{GroupIdentifier: by}, "DeleteGroup": &api.DeleteGroupInput{GroupIdentifier: by},
				"AssociateResource":    &api.AssociateResourceInput{GroupIdentifier: by},
				"DisassociateResource": &api.DisassociateResourceInput{GroupIdentifier: by},
				"ListGroupResources":   &api.ListGroupResourcesInput{GroupIdentifier: by},
			} {
				want := "synthetics:" + operation + " " + *g.Arn
				if got := said(b.Needs(callOf(operation, "eu-west-1"), in)); got != want {
					t.Errorf("%s by %s needs %s, want %s", operation, by, got, want)
				}
			}
		}
		facts, err := b.Facts(t.Context(), nil, *g.Arn)
		if err != nil || facts.Account != testAccount || !slices.Equal(facts.Keys["aws:resourcetag/team"], []string{"web"}) {
			t.Errorf("facts %+v, %v", facts, err)
		}
		elsewhere := strings.Replace(*g.Arn, testRegion, "eu-west-1", 1)
		facts, err = b.Facts(t.Context(), nil, elsewhere)
		if err != nil || len(facts.Keys) != 0 {
			t.Errorf("what is no group has %+v, %v", facts, err)
		}
	})
}

// TestNeedsOfReplicas: who adds and removes replicas may do so in their regions.
func TestNeedsOfReplicas(t *testing.T) {
	t.Parallel()
	s := New(Deps{})
	needs := s.Needs(callOf("UpdateCanary", testRegion), &api.UpdateCanaryInput{
		Name: "c", AddReplicaLocations: locations("eu-west-1"), RemoveReplicaLocations: []string{"eu-west-3"},
	})
	const canary = "arn:aws:synthetics:us-east-1:000000000000:canary:c"
	want := "synthetics:UpdateCanary " + canary + "; synthetics:ReplicateCanary " +
		strings.Replace(canary, testRegion, "eu-west-1", 1) + " " + strings.Replace(canary, testRegion, "eu-west-3", 1)
	if got := said(needs); got != want {
		t.Errorf("needs %s, want %s", got, want)
	}
	keys := needs[0].Keys
	if !slices.Equal(keys["synthetics:addreplicalocations"], []string{"eu-west-1"}) || !slices.Equal(keys["synthetics:removereplicalocations"], []string{"eu-west-3"}) {
		t.Errorf("condition keys %v", keys)
	}
	if plain := s.Needs(callOf("UpdateCanary", testRegion), &api.UpdateCanaryInput{Name: "c"}); said(plain) != "synthetics:UpdateCanary "+canary {
		t.Errorf("without replicas: %s", said(plain))
	}
}

// TestRoleOfADryRun: a role that was tried is handed over by whoever puts it in
// force.
func TestRoleOfADryRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		const other = "arn:aws:iam::000000000000:role/other"
		b.create(t, nil)
		same := b.dryRun(t, nil)
		pass(time.Minute)
		changed := b.dryRun(t, func(in *api.StartCanaryDryRunInput) { in.ExecutionRoleArn = new(other) })
		pass(time.Minute)
		update := "synthetics:UpdateCanary " + canaryARN(store.Key{Account: testAccount, Region: testRegion, ID: "c"})
		for id, want := range map[string]string{same: update, changed: update + "; iam:PassRole " + other, newID(): update} {
			if got := said(b.Needs(callOf("UpdateCanary", testRegion), &api.UpdateCanaryInput{Name: "c", DryRunId: &id})); got != want {
				t.Errorf("needs %s, want %s", got, want)
			}
		}
	})
}

// TestRoleOfADryRunThatCannotBeRead: where the database does not answer, nobody
// gets round handing a role over.
func TestRoleOfADryRunThatCannotBeRead(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	s := New(Deps{DB: db})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got := said(s.Needs(callOf("UpdateCanary", testRegion), &api.UpdateCanaryInput{Name: "c", DryRunId: new(newID())}))
	if !strings.HasSuffix(got, "; iam:PassRole *") {
		t.Errorf("needs %s", got)
	}
}
