package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// groupErrand fills and empties groups. Each step is asked for until it is
// answered, so that the members are known.
type groupErrand struct {
	*aviary
	rng     *rand.Rand
	made    int
	groups  map[string][]string // the members of each
	members []string            // canaries that are there
	removed []string
}

const mostGroups, mostMembers = 4, 8

func (e *groupErrand) prepare(context.Context, *testing.T) { e.groups = map[string][]string{} }

func birdARN(name string) *string {
	return aws.String("arn:aws:synthetics:" + home + ":000000000000:canary:" + name)
}

func (e *groupErrand) once(ctx context.Context, t *testing.T) {
	switch n := e.rng.IntN(10); {
	case len(e.groups) < mostGroups:
		e.newGroup(ctx, t)
	case len(e.members) < 3 || n == 0 && len(e.members) < mostMembers:
		name := fmt.Sprintf("member-%d", e.made)
		e.made++
		if e.create(ctx, t, e.request(name, e.checks("ok"), 0)) {
			until(ctx, func() bool { return e.state(ctx, t, name) == types.CanaryStateReady })
			e.members = append(e.members, name)
		}
	case n == 1:
		e.dropMember(ctx, t)
	case n == 2:
		e.dropGroup(ctx, t)
	default:
		e.move(ctx, t)
	}
}

func (e *groupErrand) newGroup(ctx context.Context, t *testing.T) {
	name := fmt.Sprintf("flock-%d", e.made)
	e.made++
	made := asked(ctx, t, "CreateGroup", func() error {
		_, err := e.CreateGroup(ctx, &synthetics.CreateGroupInput{Name: &name})
		return err
	}, "ConflictException")
	if made {
		e.groups[name] = nil
	}
}

func (e *groupErrand) dropGroup(ctx context.Context, t *testing.T) {
	name := e.anyGroup()
	asked(ctx, t, "DeleteGroup", func() error {
		_, err := e.DeleteGroup(ctx, &synthetics.DeleteGroupInput{GroupIdentifier: &name})
		return err
	}, "ResourceNotFoundException")
	delete(e.groups, name)
}

// dropMember deletes a canary, which leaves its groups.
func (e *groupErrand) dropMember(ctx context.Context, t *testing.T) {
	at := e.rng.IntN(len(e.members))
	name := e.members[at]
	e.members = slices.Delete(e.members, at, at+1)
	e.remove(ctx, t, name)
	e.removed = append(e.removed, name)
	for g, in := range e.groups {
		e.groups[g] = slices.DeleteFunc(in, func(m string) bool { return m == name })
	}
}

func (e *groupErrand) anyGroup() string {
	names := []string{}
	for name := range e.groups {
		names = append(names, name)
	}
	slices.Sort(names)
	return names[e.rng.IntN(len(names))]
}

// move has a canary join a group, or leave the one that it is in.
func (e *groupErrand) move(ctx context.Context, t *testing.T) {
	group, name := e.anyGroup(), e.members[e.rng.IntN(len(e.members))]
	if slices.Contains(e.groups[group], name) {
		asked(ctx, t, "DisassociateResource", func() error {
			_, err := e.DisassociateResource(ctx, &synthetics.DisassociateResourceInput{GroupIdentifier: &group, ResourceArn: birdARN(name)})
			return err
		}, "ResourceNotFoundException")
		e.groups[group] = slices.DeleteFunc(e.groups[group], func(m string) bool { return m == name })
		return
	}
	asked(ctx, t, "AssociateResource", func() error {
		_, err := e.AssociateResource(ctx, &synthetics.AssociateResourceInput{GroupIdentifier: &group, ResourceArn: birdARN(name)})
		return err
	})
	e.groups[group] = append(e.groups[group], name)
}

func (e *groupErrand) rebooted(ctx context.Context, t *testing.T) { e.compare(ctx, t, false) }

func (e *groupErrand) verify(ctx context.Context, t *testing.T) {
	e.compare(ctx, t, true)
	t.Logf("groups: %d groups and canaries made, %v at last", e.made, e.groups)
}

// compare looks at both sides. Canaries that are being deleted may be members
// until they are gone.
func (e *groupErrand) compare(ctx context.Context, t *testing.T, atLast bool) {
	for group, want := range e.groups {
		out, err := e.ListGroupResources(ctx, &synthetics.ListGroupResourcesInput{GroupIdentifier: &group})
		if err != nil {
			t.Errorf("ListGroupResources %s: %v", group, err)
			continue
		}
		var got []string
		for _, r := range out.Resources {
			name := r[strings.LastIndex(r, ":")+1:]
			if atLast || !slices.Contains(e.removed, name) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the members %v, want %v", group, got, want)
		}
	}
	for _, name := range e.members {
		out, err := e.ListAssociatedGroups(ctx, &synthetics.ListAssociatedGroupsInput{ResourceArn: birdARN(name)})
		if err != nil {
			t.Errorf("ListAssociatedGroups %s: %v", name, err)
			continue
		}
		for _, g := range out.Groups {
			if !slices.Contains(e.groups[*g.Name], name) {
				t.Errorf("%s says it is in %s", name, *g.Name)
			}
		}
	}
}
