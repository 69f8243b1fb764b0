package sqs

import (
	"reflect"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Resources tells which queue a call concerns, for authorization. What names
// no queue is refused by the handler.
func (s *Service) Resources(call *plane.Call, in any) []string {
	own := func(name string) []string {
		return []string{queueARN(store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: name})}
	}
	switch in := in.(type) {
	case *api.CreateQueueInput:
		return own(in.QueueName)
	case *api.GetQueueUrlInput:
		return own(in.QueueName)
	case *api.ListQueuesInput:
		return []string{"*"}
	case *api.StartMessageMoveTaskInput:
		return []string{canonical(in.SourceArn)}
	case *api.ListMessageMoveTasksInput:
		return []string{canonical(in.SourceArn)}
	case *api.CancelMessageMoveTaskInput:
		h, ok := readHandle(in.TaskHandle)
		if !ok {
			return nil
		}
		return []string{canonical(h.Source)}
	}
	v := reflect.Indirect(reflect.ValueOf(in)).FieldByName("QueueUrl") // the rest have one
	if !v.IsValid() || v.Kind() != reflect.String {
		return nil
	}
	k, err := keyOf(v.String(), call.Caller.Region)
	if err != nil {
		return nil
	}
	return []string{queueARN(k)}
}

// canonical is the ARN of a queue as policies know it, whatever partition the
// caller writes; what is no ARN of a queue stays as it is.
func canonical(text string) string {
	if k, ok := parseARN(text); ok {
		return queueARN(k)
	}
	return text
}
