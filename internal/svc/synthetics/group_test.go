package synthetics_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// eachServer runs f with clients of a server on each database, in two regions.
func eachServer(t *testing.T, f func(t *testing.T, east, west *user)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		options := []nepheletest.Option{nepheletest.WithSettle(0)}
		if c.URL != "" {
			options = append(options, nepheletest.WithPostgres(c.URL))
		}
		server := nepheletest.Start(t, options...)
		east := userOf(t, server)
		there := server.Config.Copy()
		there.Region = "eu-west-1"
		f(t, east, &user{canaries: synthetics.NewFromConfig(there)})
	})
}

// idle creates a canary that is not started, and returns its ARN.
func (u *user) idle(t *testing.T, name, region string) *string {
	t.Helper()
	if _, err := u.canaries.CreateCanary(t.Context(), scripted(t, name, aws.String("arn:aws:iam::000000000000:role/canary"), "", nil)); err != nil {
		t.Fatal(err)
	}
	u.await(t, name, types.CanaryStateReady)
	return aws.String("arn:aws:synthetics:" + region + ":000000000000:canary:" + name)
}

func (u *user) group(t *testing.T, name string) *types.Group {
	t.Helper()
	out, err := u.canaries.CreateGroup(t.Context(), &synthetics.CreateGroupInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.Group
}

func (u *user) join(t *testing.T, group, canary *string) error {
	t.Helper()
	_, err := u.canaries.AssociateResource(t.Context(), &synthetics.AssociateResourceInput{GroupIdentifier: group, ResourceArn: canary})
	return err
}

func (u *user) members(t *testing.T, group *string) []string {
	t.Helper()
	out, err := u.canaries.ListGroupResources(t.Context(), &synthetics.ListGroupResourcesInput{GroupIdentifier: group})
	if err != nil {
		t.Fatal(err)
	}
	return out.Resources
}

// answered checks the class and status of a refusal.
func answered(t *testing.T, what string, err error, code string, status int) {
	t.Helper()
	answer, ok := errors.AsType[smithy.APIError](err)
	var response interface{ HTTPStatusCode() int }
	if !ok || answer.ErrorCode() != code || !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Errorf("%s: got %v, want %s with status %d", what, err, code, status)
	}
}

// A group is made in one region, is seen from every one, and has canaries of
// all of them.
func TestGroupsAreGlobal(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, east, west *user) {
		made, err := east.canaries.CreateGroup(t.Context(), &synthetics.CreateGroupInput{Name: aws.String("Läden"), Tags: map[string]string{"team": "shop"}})
		if err != nil {
			t.Fatal(err)
		}
		g := made.Group
		if !strings.HasPrefix(*g.Arn, "arn:aws:synthetics:us-east-1:000000000000:group:") || !strings.HasSuffix(*g.Arn, ":"+*g.Id) || g.CreatedTime == nil {
			t.Errorf("group %+v", g)
		}
		for _, by := range []*string{g.Name, g.Id, g.Arn} {
			got, err := west.canaries.GetGroup(t.Context(), &synthetics.GetGroupInput{GroupIdentifier: by})
			if err != nil || *got.Group.Arn != *g.Arn || got.Group.Tags["team"] != "shop" {
				t.Errorf("group %s from elsewhere: %v", *by, err)
			}
		}
		here, there := east.idle(t, "here", "us-east-1"), west.idle(t, "there", "eu-west-1")
		if err := errors.Join(east.join(t, g.Name, here), west.join(t, g.Arn, there), west.join(t, g.Id, there)); err != nil {
			t.Fatal(err)
		}
		for _, u := range []*user{east, west} {
			if got := u.members(t, g.Name); !slices.Equal(got, []string{*here, *there}) {
				t.Errorf("members %v", got)
			}
		}
		answered(t, "a canary of another region", east.join(t, g.Name, there), "ValidationException", 400)
		of, err := west.canaries.ListAssociatedGroups(t.Context(), &synthetics.ListAssociatedGroupsInput{ResourceArn: there})
		if err != nil || len(of.Groups) != 1 || *of.Groups[0].Name != *g.Name || *of.Groups[0].Id != *g.Id {
			t.Errorf("groups of a canary: %+v, %v", of, err)
		}
	})
}

// A canary that is deleted leaves its groups, and a later one of its name is not
// in them; a group that is deleted leaves its canaries alone.
func TestGroupsAndCanariesEnd(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, east, _ *user) {
		g := east.group(t, "shops")
		one, two := east.idle(t, "one", "us-east-1"), east.idle(t, "two", "us-east-1")
		if err := errors.Join(east.join(t, g.Id, one), east.join(t, g.Id, two)); err != nil {
			t.Fatal(err)
		}
		if _, err := east.canaries.DeleteCanary(t.Context(), &synthetics.DeleteCanaryInput{Name: aws.String("one"), DeleteLambda: true}); err != nil {
			t.Fatal(err)
		}
		house{user: east}.awaitGone(t, "one")
		if got := east.members(t, g.Id); !slices.Equal(got, []string{*two}) {
			t.Errorf("members %v", got)
		}
		east.idle(t, "one", "us-east-1")
		if got := east.members(t, g.Id); len(got) != 1 {
			t.Errorf("a new canary of the name is a member: %v", got)
		}
		leave := &synthetics.DisassociateResourceInput{GroupIdentifier: g.Name, ResourceArn: two}
		_, err := east.canaries.DisassociateResource(t.Context(), leave)
		if err != nil || len(east.members(t, g.Id)) != 0 {
			t.Errorf("after leaving: %v, %v", east.members(t, g.Id), err)
		}
		_, err = east.canaries.DisassociateResource(t.Context(), leave)
		answered(t, "leaving twice", err, "ResourceNotFoundException", 404)
		if err := east.join(t, g.Id, two); err != nil {
			t.Fatal(err)
		}
		if _, err := east.canaries.DeleteGroup(t.Context(), &synthetics.DeleteGroupInput{GroupIdentifier: g.Arn}); err != nil {
			t.Fatal(err)
		}
		_, err = east.canaries.GetGroup(t.Context(), &synthetics.GetGroupInput{GroupIdentifier: g.Id})
		answered(t, "a deleted group", err, "ResourceNotFoundException", 404)
		east.await(t, "two", types.CanaryStateReady)
	})
}

func TestGroupQuotas(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, east, _ *user) {
		var names []string
		for i := range 20 {
			names = append(names, *east.group(t, fmt.Sprintf("group %02d", i)).Name)
		}
		_, err := east.canaries.CreateGroup(t.Context(), &synthetics.CreateGroupInput{Name: aws.String("one more")})
		answered(t, "group 21", err, "ServiceQuotaExceededException", 402)
		_, err = east.canaries.CreateGroup(t.Context(), &synthetics.CreateGroupInput{Name: &names[0]})
		answered(t, "a name that is taken", err, "ConflictException", 409)
		canary := east.idle(t, "member", "us-east-1")
		for i := range 10 {
			if err := east.join(t, &names[i], canary); err != nil {
				t.Fatal(err)
			}
		}
		answered(t, "membership 11", east.join(t, &names[10], canary), "ServiceQuotaExceededException", 402)
		for i := range 9 {
			if err := east.join(t, &names[0], east.idle(t, fmt.Sprint("extra-", i), "us-east-1")); err != nil {
				t.Fatal(err)
			}
		}
		answered(t, "canary 11", east.join(t, &names[0], east.idle(t, "surplus", "us-east-1")), "ServiceQuotaExceededException", 402)
		if err := east.join(t, &names[0], canary); err != nil {
			t.Errorf("joining a full group again: %v", err)
		}
		east.pages(t, names, canary)
	})
}

// pages walks the listings in small pages.
func (u *user) pages(t *testing.T, names []string, canary *string) {
	t.Helper()
	var groups, members, of []string
	for p := synthetics.NewListGroupsPaginator(u.canaries, &synthetics.ListGroupsInput{MaxResults: aws.Int32(7)}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.Groups {
			groups = append(groups, *g.Name)
		}
	}
	for p := synthetics.NewListGroupResourcesPaginator(u.canaries, &synthetics.ListGroupResourcesInput{GroupIdentifier: &names[0], MaxResults: aws.Int32(3)}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, page.Resources...)
	}
	for p := synthetics.NewListAssociatedGroupsPaginator(u.canaries, &synthetics.ListAssociatedGroupsInput{ResourceArn: canary, MaxResults: aws.Int32(4)}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.Groups {
			of = append(of, *g.Name)
		}
	}
	if d := cmp.Diff(names, groups); d != "" {
		t.Errorf("ListGroups (- want):\n%s", d)
	}
	if d := cmp.Diff(names[:10], of); d != "" {
		t.Errorf("ListAssociatedGroups (- want):\n%s", d)
	}
	if len(members) != 10 || members[0] != *canary {
		t.Errorf("ListGroupResources: %v", members)
	}
	_, err := u.canaries.ListGroups(t.Context(), &synthetics.ListGroupsInput{NextToken: aws.String("forged-token")})
	answered(t, "a forged token", err, "ValidationException", 400)
}

func TestGroupTags(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, east, west *user) {
		g := east.group(t, "tagged")
		tags := map[string]string{}
		for i := range 50 {
			tags[fmt.Sprint("key", i)] = "value"
		}
		if _, err := west.canaries.TagResource(t.Context(), &synthetics.TagResourceInput{ResourceArn: g.Arn, Tags: tags}); err != nil {
			t.Fatal(err)
		}
		_, err := east.canaries.TagResource(t.Context(), &synthetics.TagResourceInput{ResourceArn: g.Arn, Tags: map[string]string{"more": ""}})
		answered(t, "tag 51", err, "BadRequestException", 400)
		_, err = east.canaries.TagResource(t.Context(), &synthetics.TagResourceInput{ResourceArn: g.Arn, Tags: map[string]string{"AWS:x": ""}})
		answered(t, "a reserved tag", err, "BadRequestException", 400)
		_, err = east.canaries.UntagResource(t.Context(), &synthetics.UntagResourceInput{ResourceArn: g.Arn, TagKeys: []string{"key0", "absent"}})
		if err != nil {
			t.Fatal(err)
		}
		delete(tags, "key0")
		got, err := west.canaries.ListTagsForResource(t.Context(), &synthetics.ListTagsForResourceInput{ResourceArn: g.Arn})
		if err != nil || !cmp.Equal(got.Tags, tags) {
			t.Errorf("tags %v, %v", got, err)
		}
		moved := strings.Replace(*g.Arn, "us-east-1", "eu-west-1", 1)
		for _, name := range []string{moved, "arn:aws:synthetics:us-east-1:000000000000:group:none", "arn:aws:synthetics:us-east-1:111111111111:group:" + *g.Id} {
			_, err = east.canaries.ListTagsForResource(t.Context(), &synthetics.ListTagsForResourceInput{ResourceArn: &name})
			answered(t, name, err, "NotFoundException", 404)
		}
	})
}

// What is asked of groups and canaries that are not there.
func TestGroupsThatAreNotThere(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	g, canary := u.group(t, "there"), aws.String("arn:aws:synthetics:us-east-1:000000000000:canary:none")
	foreign := aws.String("arn:aws:synthetics:us-east-1:111111111111:canary:none")
	none := aws.String("none")
	for what, call := range map[string]func() error{
		"get": func() error {
			_, err := u.canaries.GetGroup(t.Context(), &synthetics.GetGroupInput{GroupIdentifier: none})
			return err
		},
		"get by a foreign ARN": func() error {
			_, err := u.canaries.GetGroup(t.Context(), &synthetics.GetGroupInput{GroupIdentifier: aws.String("arn:aws:synthetics:us-east-1:111111111111:group:" + *g.Id)})
			return err
		},
		"delete": func() error {
			_, err := u.canaries.DeleteGroup(t.Context(), &synthetics.DeleteGroupInput{GroupIdentifier: none})
			return err
		},
		"list": func() error {
			_, err := u.canaries.ListGroupResources(t.Context(), &synthetics.ListGroupResourcesInput{GroupIdentifier: none})
			return err
		},
		"join no group":        func() error { return u.join(t, none, canary) },
		"join with no canary":  func() error { return u.join(t, g.Id, canary) },
		"join with a stranger": func() error { return u.join(t, g.Id, foreign) },
		"the groups of nothing": func() error {
			_, err := u.canaries.ListAssociatedGroups(t.Context(), &synthetics.ListAssociatedGroupsInput{ResourceArn: canary})
			return err
		},
	} {
		answered(t, what, call(), "ResourceNotFoundException", 404)
	}
}
