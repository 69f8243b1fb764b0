package sns

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// policyDocument is a topic's policy. Statements that we did not make are kept
// as they are.
type policyDocument struct {
	Version   string `json:"Version,omitempty"`
	ID        string `json:"Id,omitempty"`
	Statement []any  `json:"Statement"`
}

type statement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Principal map[string]any `json:"Principal"`
	Action    any            `json:"Action"`
	Resource  string         `json:"Resource"`
	Condition map[string]any `json:"Condition,omitempty"`
}

// maxPolicy is the size of a topic's policy in bytes.
const maxPolicy = 30 << 10

// policyText checks that a policy is one by its form, that it can be
// evaluated, and writes it without blanks.
func policyText(text string) (string, error) {
	var p struct {
		Statement json.RawMessage
	}
	if len(text) > maxPolicy {
		return "", invalid("Policy too large")
	}
	if json.Unmarshal([]byte(text), &p) != nil || len(p.Statement) == 0 {
		return "", invalid("Policy Error: null")
	}
	if _, err := policy.Parse(text, policy.ResourceUse); err != nil {
		return "", invalid("Policy Error: %s", err)
	}
	var whole json.RawMessage = []byte(text)
	return compact(whole), nil
}

var label = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// AddPermission adds a statement to a topic's policy.
func (s *Service) AddPermission(ctx context.Context, in *api.AddPermissionInput) (*api.AddPermissionOutput, error) {
	if !label.MatchString(in.Label) {
		return nil, invalid("Label")
	}
	var who, what []string
	for _, id := range in.AWSAccountId {
		if !arn.IsAccount(id) {
			return nil, invalid("AWSAccountId")
		}
		who = append(who, "arn:aws:iam::"+id+":root")
	}
	for _, name := range in.ActionName {
		if name != "*" && !slices.Contains(defaultActions, "SNS:"+name) {
			return nil, invalid("Policy statement action out of service scope!")
		}
		what = append(what, "SNS:"+name)
	}
	if len(who) == 0 || len(what) == 0 {
		return nil, invalid("AWSAccountId and ActionName must not be empty")
	}
	err := s.changePolicy(ctx, in.TopicArn, func(k store.Key, p *policyDocument) error {
		if p.find(in.Label) >= 0 {
			return invalid("Statement already exists")
		}
		p.Statement = append(p.Statement, statement{
			Sid: in.Label, Effect: "Allow", Principal: map[string]any{"AWS": oneOrMany(who)},
			Action: oneOrMany(what), Resource: topicARN(k),
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.AddPermissionOutput{}, nil
}

// RemovePermission takes a statement out of a topic's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	err := s.changePolicy(ctx, in.TopicArn, func(_ store.Key, p *policyDocument) error {
		i := p.find(in.Label)
		if i < 0 {
			return invalid("Statement not found")
		}
		p.Statement = slices.Delete(p.Statement, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.RemovePermissionOutput{}, nil
}

// changePolicy changes a topic's policy, which may be the default one.
func (s *Service) changePolicy(ctx context.Context, text string, change func(store.Key, *policyDocument) error) error {
	return s.changeTopic(ctx, text, func(k store.Key, t *topic) error {
		var p policyDocument
		if err := json.Unmarshal([]byte(effectiveAttributes(k, t)[attrPolicy]), &p); err != nil {
			return invalid("Policy Error: null")
		}
		if err := change(k, &p); err != nil {
			return err
		}
		changed := compact(p)
		if len(changed) > maxPolicy {
			return invalid("Policy too large")
		}
		t.Attributes[attrPolicy] = changed
		return nil
	})
}

// find is the place of the statement with an id, or -1.
func (p *policyDocument) find(sid string) int {
	return slices.IndexFunc(p.Statement, func(s any) bool {
		m, ok := s.(map[string]any)
		return ok && m["Sid"] == sid
	})
}

// oneOrMany writes a list of one as its element, as policies are written.
func oneOrMany(all []string) any {
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// GetDataProtectionPolicy returns a topic's data protection policy: none can be
// set, so it is empty.
func (s *Service) GetDataProtectionPolicy(ctx context.Context, in *api.GetDataProtectionPolicyInput) (*api.GetDataProtectionPolicyOutput, error) {
	k, err := topicKey(plane.FromContext(ctx), "ResourceArn", in.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		_, err := s.topic(tx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.GetDataProtectionPolicyOutput{DataProtectionPolicy: new("")}, nil
}
