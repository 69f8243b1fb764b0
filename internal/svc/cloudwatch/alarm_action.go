package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/alarm"
	"nephele.dev/nephele/internal/api/autoscaling"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
)

// actionClass is the courier's class of actions.
const actionClass = "cloudwatch.action"

// actionNote is what the result of an action is written down with.
type actionNote struct {
	Alarm   alarmKey
	Kind    api.AlarmType
	Action  string
	Changed int64 // milliseconds: the change that led to the action
}

// act takes the actions of a's state. Each is a message of the courier; how it
// ends is an item of the alarm's history.
func (b *alarmBook) act(a *alarmRecord, old alarmStatus, value *float64) error {
	if !deref(a.actionsEnabled()) {
		return nil
	}
	for _, action := range a.actions(a.Status.State) {
		if err := b.send(a, old, action, value); err != nil {
			return err
		}
	}
	return nil
}

func (b *alarmBook) send(a *alarmRecord, old alarmStatus, action string, value *float64) error {
	m, err := actionCall(a, old, action, value)
	if err != nil {
		return fmt.Errorf("action of alarm %q: %w", a.Name, err)
	}
	note := actionNote{a.alarmKey, a.Kind, action, a.Status.Updated.UnixMilli()}
	if m.Service == "" { // nothing here could be called
		return b.recordAction(note, "", fmt.Sprintf("Nephele does not implement the action %s yet.", action))
	}
	m.Class, m.Principal, m.Source, m.Note = actionClass, principal, a.arn(), note
	return b.s.courier.Send(b.tx, m)
}

// actionCall is the call that an action stands for: by the service and resource
// of its ARN. There is none where Service is empty.
func actionCall(a *alarmRecord, old alarmStatus, action string, value *float64) (m courier.Message, err error) {
	parts := strings.SplitN(action, ":", 6)
	m.Region, m.Account = parts[3], parts[4]
	resource := parts[5]
	switch parts[2] {
	case "sns":
		message, err := encodeJSON(notificationOf(a, old))
		if err != nil {
			return m, err
		}
		m.Service, m.Operation = "sns", "Publish"
		m.Input = &sns.PublishInput{TopicArn: &action, Subject: new(cut(subject(a), maxSubject)), Message: message}
	case "autoscaling":
		m.Service, m.Operation = "autoscaling", "ExecutePolicy"
		m.Input = scalingCall(a, action, value)
	case "ssm":
		ssmCall(&m, a, resource)
	case "lambda":
		payload, err := encodeJSON(lambdaEvent(a, old))
		if err != nil {
			return m, err
		}
		m.Service, m.Operation = "lambda", "Invoke"
		m.Input = &lambda.InvokeInput{FunctionName: action, InvocationType: new(lambda.InvocationTypeEvent), Payload: []byte(payload)}
	case "automate", "swf":
		m.Account = a.Account
		instanceCall(&m, a, resource)
	}
	return m, nil
}

// scalingCall executes a scaling policy, which takes the datapoint where one led
// to the state.
func scalingCall(a *alarmRecord, action string, value *float64) *autoscaling.ExecutePolicyInput {
	in := &autoscaling.ExecutePolicyInput{PolicyName: action, HonorCooldown: new(true)}
	if _, rest, ok := strings.Cut(action, "autoScalingGroupName/"); ok {
		group, _, _ := strings.Cut(rest, ":policyName/")
		in.AutoScalingGroupName = &group
	}
	if m := a.Config.Metric; m != nil && value != nil {
		in.MetricValue, in.BreachThreshold = value, m.Threshold
	}
	return in
}

// ssmCall opens an OpsItem ("opsitem:2#CATEGORY=Security") or starts an
// automation ("document/Name", "automation-definition/Name:2").
func ssmCall(m *courier.Message, a *alarmRecord, resource string) {
	kind, rest, _ := strings.Cut(resource, "/")
	switch {
	case strings.HasPrefix(resource, "opsitem:"):
		m.Service, m.Operation = "ssm", "CreateOpsItem"
		m.Input = opsItem(a, strings.TrimPrefix(resource, "opsitem:"))
	case kind == "document" || kind == "automation-definition":
		name, version, versioned := strings.Cut(rest, ":")
		in := &ssm.StartAutomationExecutionInput{DocumentName: name}
		if versioned {
			in.DocumentVersion = &version
		}
		m.Service, m.Operation, m.Input = "ssm", "StartAutomationExecution", in
	}
}

func opsItem(a *alarmRecord, options string) *ssm.CreateOpsItemInput {
	severity, category, _ := strings.Cut(options, "#CATEGORY=")
	in := &ssm.CreateOpsItemInput{
		Title: "CloudWatch alarm - '" + a.Name + "' is in '" + string(a.Status.State) + "' state", Source: "CloudWatch Alarm",
		Description: a.Status.Reason,
		OperationalData: map[string]*ssm.OpsItemDataValue{
			"/aws/resources": {Value: new(`[{"arn":"` + a.arn() + `"}]`), Type: new(ssm.OpsItemDataTypeSearchableString)},
			"/aws/dedup":     {Value: new(`{"dedupString":"CloudWatch alarm - ` + a.arn() + `"}`), Type: new(ssm.OpsItemDataTypeSearchableString)},
		},
	}
	if severity != "" {
		in.Severity = &severity
	}
	if category != "" {
		in.Category = &category
	}
	return in
}

// instanceCall acts on the instance of the alarm's dimension InstanceId:
// "stop" of arn:aws:automate, "action/actions/AWS_EC2.InstanceId.Stop/1.0" of
// arn:aws:swf.
func instanceCall(m *courier.Message, a *alarmRecord, resource string) {
	verb := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(resource, "action/actions/AWS_EC2.InstanceId."), "/1.0"))
	var ids []string
	if c := a.Config.Metric; c != nil {
		for _, d := range c.Dimensions {
			if d != nil && d.Name == "InstanceId" {
				ids = append(ids, d.Value)
			}
		}
	}
	switch verb {
	case "stop":
		m.Operation, m.Input = "StopInstances", &ec2.StopInstancesInput{InstanceIds: ids}
	case "terminate":
		m.Operation, m.Input = "TerminateInstances", &ec2.TerminateInstancesInput{InstanceIds: ids}
	case "reboot":
		m.Operation, m.Input = "RebootInstances", &ec2.RebootInstancesInput{InstanceIds: ids}
	default:
		return
	}
	m.Service = "ec2"
}

// lambdaEvent is what a function is invoked with.
func lambdaEvent(a *alarmRecord, old alarmStatus) any {
	return map[string]any{
		"source": "aws.cloudwatch", "alarmArn": a.arn(), "accountId": a.Account, "time": stamp(a.Status.Updated), "region": a.Region,
		"alarmData": stateChangeDetail{a.Name, eventStateOf(a.Status), eventStateOf(old), eventConfigurationOf(a)},
	}
}

// The courier's hooks.

func (s *Service) actionSent(tx *store.Tx, m *courier.Sent) error {
	return s.actionEnded(tx, m.Message, "")
}

func (s *Service) actionFailed(tx *store.Tx, m *courier.Failed) error {
	return s.actionEnded(tx, m.Message, m.Err.Message)
}

func (s *Service) actionEnded(tx *store.Tx, m courier.Envelope, failure string) error {
	var note actionNote
	if err := m.NoteInto(&note); err != nil {
		return err
	}
	var published string
	if m.Service == "sns" {
		var in sns.PublishInput
		if err := m.InputInto(&in); err != nil {
			return err
		}
		published = in.Message
	}
	return s.alarmBook(tx).recordAction(note, published, failure)
}

// recordAction writes how an action ended; failure is empty when it went well.
func (b *alarmBook) recordAction(n actionNote, message, failure string) error {
	data := struct {
		ActionState          string  `json:"actionState"`
		StateUpdateTimestamp int64   `json:"stateUpdateTimestamp"`
		NotificationResource string  `json:"notificationResource"`
		PublishedMessage     *string `json:"publishedMessage"`
		Error                *string `json:"error"`
	}{"Succeeded", n.Changed, n.Action, nil, nil}
	if message != "" {
		published, err := encodeJSON(map[string]string{"default": message})
		if err != nil {
			return err
		}
		data.PublishedMessage = &published
	}
	summary := "Successfully executed action " + n.Action
	if failure != "" {
		data.ActionState, data.Error = "Failed", &failure
		summary = "Failed to execute action " + n.Action + ". Received error: " + quote(failure)
	}
	text, err := encodeJSON(data)
	if err == nil && len(text) > maxHistoryData {
		data.PublishedMessage = nil // the item has no room for it
		text, err = encodeJSON(data)
	}
	if err != nil {
		return err
	}
	return b.recordText(n.Alarm, n.Kind, api.HistoryItemTypeAction, summary, text)
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(text)
}

// scales reports whether one of the actions of a state scales a group: those are
// repeated each minute that the state lasts.
func (a *alarmRecord) scales(s alarm.State) bool {
	return deref(a.actionsEnabled()) && slices.ContainsFunc(a.actions(s), isScaling)
}

func isScaling(action string) bool {
	parts := strings.SplitN(action, ":", 4)
	return len(parts) == 4 && parts[2] == "autoscaling"
}
