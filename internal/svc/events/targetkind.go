package events

import (
	"strings"

	"nephele.dev/nephele/internal/api/all"
	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/shape"
)

// targetKind is how a target is called.
type targetKind uint8

const (
	unknownTarget targetKind = iota
	topicTarget
	queueTarget
	logTarget
	busTarget
	functionTarget
	commandTarget
	automationTarget
	callTarget // any operation
)

// destination is a target's ARN, read.
type destination struct {
	kind targetKind
	arn  arn.ARN
	name string           // of the queue, log group, bus or document
	op   *shape.Operation // of a callTarget
}

// destinationOf reads the ARN of a target; the kind of one that is not
// implemented is unknownTarget.
func destinationOf(text string) (destination, bool) {
	a, err := arn.Parse(text)
	if err != nil || a.Service == "" || a.Resource == "" {
		return destination{}, false
	}
	d := destination{arn: a, name: a.Resource}
	kind, id := a.Split()
	switch {
	case a.Service == "sns":
		d.kind = topicTarget
	case a.Service == "sqs":
		d.kind = queueTarget
	case a.Service == "logs" && strings.HasPrefix(a.Resource, "log-group:"):
		d.kind = logTarget
		d.name = strings.TrimSuffix(strings.TrimPrefix(a.Resource, "log-group:"), ":*")
	case a.Service == "events" && kind == "event-bus":
		d.kind, d.name = busTarget, id
	case a.Service == "lambda" && strings.HasPrefix(a.Resource, "function:"):
		d.kind = functionTarget
	case a.Service == "ssm" && strings.HasPrefix(a.Resource, "document/"):
		d.kind, d.name = commandTarget, strings.TrimPrefix(a.Resource, "document/")
	case a.Service == "ssm" && strings.HasPrefix(a.Resource, "automation-definition/"):
		d.kind, d.name = automationTarget, strings.TrimPrefix(a.Resource, "automation-definition/")
	case a.Service == "scheduler" && strings.HasPrefix(a.Resource, "aws-sdk:"):
		d.op = operationOf(strings.TrimPrefix(a.Resource, "aws-sdk:"))
		d.kind = callTarget
		return d, d.op != nil
	}
	return d, true
}

// sdkNames are the services whose name in the universal form is not the API
// package's.
var sdkNames = map[string]string{
	"cloudwatchlogs": "logs", "eventbridge": "events", "elasticloadbalancing": "elb", "elasticloadbalancingv2": "elbv2",
}

// operationOf finds "service:action", the action in camel case.
func operationOf(text string) *shape.Operation {
	service, action, ok := strings.Cut(text, ":")
	if !ok || action == "" {
		return nil
	}
	if name, ok := sdkNames[service]; ok {
		service = name
	}
	for _, s := range all.Services() {
		if s.Name == service {
			return s.Operation(strings.ToUpper(action[:1]) + action[1:])
		}
	}
	return nil
}

// checkTarget refuses what PutTargets refuses.
func checkTarget(t *api.Target) error {
	d, ok := destinationOf(t.Arn)
	if !ok {
		return invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.Arn)
	}
	if d.kind == unknownTarget {
		return notImplemented("targets of " + d.arn.Service)
	}
	if what := foreign(t); what != "" {
		return invalid("Parameter %s is not supported for target %s.", what, t.Id)
	}
	switch {
	case d.kind == queueTarget && strings.HasSuffix(d.name, ".fifo") && (t.SqsParameters == nil || t.SqsParameters.MessageGroupId == nil):
		return invalid("Parameter(s) SqsParameters must be specified for target: %s.", t.Id)
	case d.kind == commandTarget && t.RunCommandParameters == nil:
		return invalid("Parameter(s) RunCommandParameters must be specified for target: %s.", t.Id)
	}
	if err := checkDeadLetter(t.DeadLetterConfig); err != nil {
		return err
	}
	if d.kind == busTarget && (t.Input != nil || t.InputPath != nil || t.InputTransformer != nil) {
		return invalid("Input, InputPath and InputTransformer are not supported for target %s: event buses receive whole events.", t.Id)
	}
	_, err := payloadOf(t)
	return err
}

// foreign names parameters for services whose targets are not implemented.
func foreign(t *api.Target) string {
	switch {
	case t.KinesisParameters != nil:
		return "KinesisParameters"
	case t.EcsParameters != nil:
		return "EcsParameters"
	case t.BatchParameters != nil:
		return "BatchParameters"
	case t.HttpParameters != nil:
		return "HttpParameters"
	case t.RedshiftDataParameters != nil:
		return "RedshiftDataParameters"
	case t.SageMakerPipelineParameters != nil:
		return "SageMakerPipelineParameters"
	case t.AppSyncParameters != nil:
		return "AppSyncParameters"
	}
	return ""
}
