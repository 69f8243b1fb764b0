package sqs

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/store"
)

// policyDoc is a queue's policy as AddPermission writes it. Statements of
// others are kept as they are.
type policyDoc struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// statement is one permission.
type statement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Principal map[string]any `json:"Principal"`
	Action    any            `json:"Action"`
	Resource  string         `json:"Resource"`
}

// maxActions is how many actions one permission may name, and maxStatements
// how many a policy may hold.
const (
	maxActions    = 7
	maxStatements = 20
)

var (
	labelForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	shareable = []string{
		"*", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
		"ListDeadLetterSourceQueues", "PurgeQueue",
	}
)

// AddPermission adds a statement to the queue's policy.
func (s *Service) AddPermission(ctx context.Context, in *api.AddPermissionInput) (*api.AddPermissionOutput, error) {
	if err := checkPermission(in); err != nil {
		return nil, err
	}
	err := s.change(ctx, in.QueueUrl, func(_ *store.Tx, rec *record) error {
		doc, err := readPolicy(rec)
		if err != nil {
			return err
		}
		if doc.find(in.Label) >= 0 {
			return invalidParameter(in.Label, "Label", "Already exists.")
		}
		if len(doc.Statement) >= maxStatements {
			return api.NewOverLimit("%d statements were found, maximum allowed is %d.", len(doc.Statement)+1, maxStatements)
		}
		added, err := json.Marshal(permission(rec.Key, in))
		if err != nil {
			return err
		}
		doc.Statement = append(doc.Statement, added)
		return doc.write(rec)
	})
	if err != nil {
		return nil, err
	}
	return &api.AddPermissionOutput{}, nil
}

func checkPermission(in *api.AddPermissionInput) error {
	switch {
	case !labelForm.MatchString(in.Label):
		return invalidParameter(in.Label, "Label", "Label can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
	case len(in.AWSAccountIds) == 0:
		return missing("PrincipalId")
	case len(in.Actions) == 0:
		return missing("Actions")
	case len(in.Actions) > maxActions:
		return api.NewOverLimit("%d Actions were found, maximum allowed is %d.", len(in.Actions), maxActions)
	}
	for _, id := range in.AWSAccountIds {
		if !arn.IsAccount(id) {
			return invalidParameter("["+id+"]", "PrincipalId", "Unable to verify.")
		}
	}
	for _, a := range in.Actions {
		if !slices.Contains(shareable, a) {
			return invalidParameter("SQS:"+a, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions.")
		}
	}
	return nil
}

// permission is the statement that lets accounts use a queue.
func permission(k store.Key, in *api.AddPermissionInput) statement {
	var who, what []string
	for _, id := range in.AWSAccountIds {
		who = append(who, "arn:aws:iam::"+id+":root")
	}
	for _, a := range in.Actions {
		what = append(what, "SQS:"+a)
	}
	return statement{
		Sid: in.Label, Effect: "Allow", Principal: map[string]any{"AWS": oneOrAll(who)}, Action: oneOrAll(what), Resource: queueARN(k),
	}
}

func oneOrAll(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// RemovePermission takes a statement out of the queue's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	err := s.change(ctx, in.QueueUrl, func(_ *store.Tx, rec *record) error {
		doc, err := readPolicy(rec)
		if err != nil {
			return err
		}
		i := doc.find(in.Label)
		if i < 0 {
			return invalidParameter(in.Label, "Label", "can't find label on existing policy.")
		}
		doc.Statement = slices.Delete(doc.Statement, i, i+1)
		return doc.write(rec)
	})
	if err != nil {
		return nil, err
	}
	return &api.RemovePermissionOutput{}, nil
}

// readPolicy reads the queue's policy, or begins one.
func readPolicy(rec *record) (*policyDoc, error) {
	text := rec.Doc.Attributes[attrPolicy]
	if text == "" {
		return &policyDoc{Version: "2008-10-17", ID: queueARN(rec.Key) + "/SQSDefaultPolicy"}, nil
	}
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, badAttribute(attrPolicy)
	}
	doc := &policyDoc{Version: raw.Version, ID: raw.ID}
	if json.Unmarshal(raw.Statement, &doc.Statement) != nil { // one, without a list around it
		doc.Statement = []json.RawMessage{raw.Statement}
	}
	return doc, nil
}

// find is the place of the statement with a label, or -1.
func (d *policyDoc) find(label string) int {
	return slices.IndexFunc(d.Statement, func(raw json.RawMessage) bool {
		var st struct{ Sid string }
		return json.Unmarshal(raw, &st) == nil && st.Sid == label
	})
}

// write makes the document the queue's policy; without statements there is
// none.
func (d *policyDoc) write(rec *record) error {
	if len(d.Statement) == 0 {
		rec.Doc.set(map[string]string{attrPolicy: ""})
		return nil
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	rec.Doc.set(map[string]string{attrPolicy: string(b)})
	return nil
}
