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
		return []string{in.SourceArn}
	case *api.ListMessageMoveTasksInput:
		return []string{in.SourceArn}
	case *api.CancelMessageMoveTaskInput:
		return nil
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
