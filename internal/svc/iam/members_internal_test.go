package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/plane"
)

// membership is a model of users in groups, in a few names of each.
type membership struct {
	t      *rapid.T
	c      api.Client
	users  map[string]bool
	groups map[string]map[string]bool // users of a group
}

// TestMembership has the service agree with the model on who is in what,
// whatever is made, renamed and deleted.
func TestMembership(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	var accounts atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		caller := plane.RootCaller(fmt.Sprintf("%012d", accounts.Add(1)), "us-east-1")
		m := &membership{rt, api.Client{Invoker: s.Plane.As(caller)}, map[string]bool{}, map[string]map[string]bool{}}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		rt.Repeat(map[string]func(*rapid.T){
			"":            func(*rapid.T) { m.check() },
			"create user": func(rt *rapid.T) { m.createUser(name.Draw(rt, "user")) },
			"create group": func(rt *rapid.T) {
				g := name.Draw(rt, "group")
				_, err := m.c.CreateGroup(t.Context(), &api.CreateGroupInput{GroupName: g})
				m.expect(err, m.groups[g] == nil)
				if m.groups[g] == nil {
					m.groups[g] = map[string]bool{}
				}
			},
			"add": func(rt *rapid.T) {
				u, g := name.Draw(rt, "user"), name.Draw(rt, "group")
				_, err := m.c.AddUserToGroup(t.Context(), &api.AddUserToGroupInput{UserName: strings.ToUpper(u), GroupName: g})
				if m.expect(err, m.users[u] && m.groups[g] != nil) {
					m.groups[g][u] = true
				}
			},
			"remove": func(rt *rapid.T) {
				u, g := name.Draw(rt, "user"), name.Draw(rt, "group")
				_, err := m.c.RemoveUserFromGroup(t.Context(), &api.RemoveUserFromGroupInput{UserName: u, GroupName: g})
				if m.expect(err, m.groups[g][u]) {
					delete(m.groups[g], u)
				}
			},
			"rename user":  func(rt *rapid.T) { m.renameUser(name.Draw(rt, "from"), name.Draw(rt, "to")) },
			"rename group": func(rt *rapid.T) { m.renameGroup(name.Draw(rt, "from"), name.Draw(rt, "to")) },
			"delete user": func(rt *rapid.T) {
				u := name.Draw(rt, "user")
				_, err := m.c.DeleteUser(t.Context(), &api.DeleteUserInput{UserName: u})
				if m.expect(err, m.users[u] && len(m.of(u)) == 0) {
					delete(m.users, u)
				}
			},
			"delete group": func(rt *rapid.T) {
				g := name.Draw(rt, "group")
				_, err := m.c.DeleteGroup(t.Context(), &api.DeleteGroupInput{GroupName: g})
				if m.expect(err, m.groups[g] != nil && len(m.groups[g]) == 0) {
					delete(m.groups, g)
				}
			},
		})
	})
}

// expect demands that a call succeeded or did not, and says which.
func (m *membership) expect(err error, ok bool) bool {
	if (err == nil) != ok {
		m.t.Fatalf("error %v, want success %v", err, ok)
	}
	return ok
}

func (m *membership) createUser(u string) {
	_, err := m.c.CreateUser(m.t.Context(), &api.CreateUserInput{UserName: u})
	m.expect(err, !m.users[u])
	m.users[u] = true
}

func (m *membership) renameUser(from, to string) {
	_, err := m.c.UpdateUser(m.t.Context(), &api.UpdateUserInput{UserName: from, NewUserName: &to})
	if !m.expect(err, m.users[from] && (from == to || !m.users[to])) || from == to {
		return
	}
	delete(m.users, from)
	m.users[to] = true
	for _, in := range m.groups {
		if in[from] {
			delete(in, from)
			in[to] = true
		}
	}
}

func (m *membership) renameGroup(from, to string) {
	_, err := m.c.UpdateGroup(m.t.Context(), &api.UpdateGroupInput{GroupName: from, NewGroupName: &to})
	if !m.expect(err, m.groups[from] != nil && (from == to || m.groups[to] == nil)) || from == to {
		return
	}
	m.groups[to] = m.groups[from]
	delete(m.groups, from)
}

// of are the groups of a user.
func (m *membership) of(u string) (names []string) {
	for g, in := range m.groups {
		if in[u] {
			names = append(names, g)
		}
	}
	return slices.Sorted(slices.Values(names))
}

// check compares both directions.
func (m *membership) check() {
	for u := range m.users {
		out, err := m.c.ListGroupsForUser(m.t.Context(), &api.ListGroupsForUserInput{UserName: u})
		if err != nil {
			m.t.Fatal(err)
		}
		var got []string
		for _, g := range out.Groups {
			got = append(got, g.GroupName)
		}
		if diff := cmp.Diff(m.of(u), got); diff != "" {
			m.t.Fatalf("groups of %s: %s", u, diff)
		}
	}
	for g, in := range m.groups {
		out, err := m.c.GetGroup(m.t.Context(), &api.GetGroupInput{GroupName: g})
		if err != nil {
			m.t.Fatal(err)
		}
		var got []string
		for _, u := range out.Users {
			got = append(got, *u.UserName)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(in)), got); diff != "" {
			m.t.Fatalf("users of %s: %s", g, diff)
		}
	}
}
