package events

import (
	"context"
	"encoding/json"
	"slices"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

const maxPolicy = 10 << 10 // bytes

// statement is one of a bus's policy, as PutPermission writes it.
type statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal any                          `json:"Principal"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// busPolicy is a bus's resource policy. Statements stay as they were written.
type busPolicy struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// PutPermission adds a statement to the policy of a bus, in place of one with
// the same identifier, or sets the whole policy.
func (s *Service) PutPermission(ctx context.Context, in *api.PutPermissionInput) (*api.PutPermissionOutput, error) {
	k, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	put, err := permission(k, in)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.bus(tx, k)
		if err != nil {
			return err
		}
		if r.Doc.Policy, err = put(r.Doc.Policy); err != nil {
			return err
		}
		if len(r.Doc.Policy) > maxPolicy {
			return api.NewPolicyLengthExceededException("Event bus policy exceeded %d bytes.", maxPolicy)
		}
		return s.saveBus(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutPermissionOutput{}, nil
}

// permission checks the input, and returns how it changes a policy.
func permission(k store.Key, in *api.PutPermissionInput) (func(json.RawMessage) (json.RawMessage, error), error) {
	if in.Policy != nil {
		if len(*in.Policy) > maxPolicy {
			return nil, api.NewPolicyLengthExceededException("Event bus policy exceeded %d bytes.", maxPolicy)
		}
		if _, err := policy.Parse(*in.Policy, policy.ResourceUse); err != nil {
			return nil, invalid("Parameter Policy is not valid. Reason: %s", err)
		}
		return func(json.RawMessage) (json.RawMessage, error) { return json.RawMessage(*in.Policy), nil }, nil
	}
	switch {
	case in.Action == nil || *in.Action != "events:PutEvents":
		return nil, invalid("Provided value in parameter 'action' is not supported.")
	case in.Principal == nil:
		return nil, invalid("Parameter(s) Principal must be specified.")
	case in.StatementId == nil:
		return nil, invalid("Parameter(s) StatementId must be specified.")
	}
	st := statement{
		Sid: *in.StatementId, Effect: "Allow", Principal: *in.Principal, Action: *in.Action, Resource: busARN(k),
	}
	if *in.Principal != "*" {
		st.Principal = map[string]string{"AWS": arn.New("iam", "", "", *in.Principal, "root").String()}
	}
	if c := in.Condition; c != nil {
		st.Condition = map[string]map[string]string{c.Type: {c.Key: c.Value}}
	}
	return st.into, nil
}

// into adds the statement to a policy.
func (st statement) into(text json.RawMessage) (json.RawMessage, error) {
	p, err := readPolicy(text)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	p.Statement = append(slices.DeleteFunc(p.Statement, hasSid(st.Sid)), raw)
	return json.Marshal(p)
}

func readPolicy(text json.RawMessage) (busPolicy, error) {
	p := busPolicy{Version: "2012-10-17"}
	if len(text) == 0 {
		return p, nil
	}
	var lone struct{ Statement json.RawMessage }
	if err := json.Unmarshal(text, &lone); err == nil && lone.Statement[0] == '{' { // IAM allows one without a list
		p.Statement = []json.RawMessage{lone.Statement}
		return p, nil
	}
	return p, json.Unmarshal(text, &p)
}

func hasSid(sid string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		var st struct{ Sid string }
		return json.Unmarshal(raw, &st) == nil && st.Sid == sid
	}
}

// RemovePermission removes a statement from the policy of a bus, or all.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	k, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	all := in.RemoveAllPermissions != nil && *in.RemoveAllPermissions
	if !all && in.StatementId == nil {
		return nil, invalid("Parameter StatementId is required.")
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.bus(tx, k)
		if err != nil {
			return err
		}
		if all {
			r.Doc.Policy = nil
		} else if r.Doc.Policy, err = without(r.Doc.Policy, *in.StatementId); err != nil {
			return err
		}
		return s.saveBus(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return &api.RemovePermissionOutput{}, nil
}

// without removes a statement; the last one takes the policy with it.
func without(text json.RawMessage, sid string) (json.RawMessage, error) {
	if len(text) == 0 {
		return nil, api.NewResourceNotFoundException("EventBus does not have a policy.")
	}
	p, err := readPolicy(text)
	if err != nil {
		return nil, err
	}
	had := len(p.Statement)
	p.Statement = slices.DeleteFunc(p.Statement, hasSid(sid))
	switch len(p.Statement) {
	case had:
		return nil, api.NewResourceNotFoundException("Statement with the provided id does not exist.")
	case 0:
		return nil, nil
	}
	return json.Marshal(p)
}
