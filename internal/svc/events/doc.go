// Package events is Amazon EventBridge: event buses, rules with patterns and
// schedules, and the delivery of events to targets.
//
// # What happens to an event
//
//	PutEvents ─▶ matched with the rules of its bus ─▶ a courier message for each target
//	             └──────────────── one transaction ────────────────┘        │
//	             a target's call, repeated by its retry policy ◀────────────┘
//	             └─ given up ─▶ the target's dead-letter queue
//
// An event that PutEvents has acknowledged is matched already, and its
// deliveries are rows of the same transaction; no event is lost between the
// answer and the targets. Under a token (plane.WithToken) PutEvents has its
// effect once, and answers the same identifiers again.
//
// The rules of a bus are kept in memory, compiled, under the version of the bus
// (table events_bus), which every change of a rule moves. PutEvents reads the
// version in its transaction, so that a rule counts from the moment that its
// change is acknowledged, on every replica.
//
// # Schedules
//
// A rule with a schedule is a row of the engine. Its next time is counted from
// when this one was due, so that it never drifts; ticks that were missed, with
// the server down for example, collapse into one. A rate counts from when the
// rule was created, enabled, or given the schedule.
//
// # Targets
//
//	arn:aws:sns:R:A:T                            Publish
//	arn:aws:sqs:R:A:Q                            SendMessage
//	arn:aws:logs:R:A:log-group:G[:*]             PutLogEvents, a stream for each event
//	arn:aws:events:R:A:event-bus/B               matched there, in the same transaction
//	arn:aws:lambda:R:A:function:F                Invoke, asynchronous
//	arn:aws:ssm:R:A:document/D                   SendCommand (Run Command)
//	arn:aws:ssm:R:A:automation-definition/D:V    StartAutomationExecution
//	arn:aws:scheduler:::aws-sdk:SERVICE:ACTION   any operation; the target's input is the operation's
//
// The calls are made through the plane as events.amazonaws.com; what the plane
// does not implement fails at once and goes to the dead-letter queue. The last
// form is EventBridge Scheduler's; rules of AWS do not know it. Targets of other
// services are refused by PutTargets as not implemented.
//
// An event that came over from another bus is not sent on to a third, as AWS
// has it, so that buses cannot form a loop.
//
// # Metrics
//
// TriggeredRules, Invocations, FailedInvocations and InvocationsSentToDlq of
// AWS/Events, by rule, are counted in the process and published once a minute;
// a killed server loses those of its last minute.
//
// # Not here
//
// Archives, replays, pipes, endpoints, partner event sources, connections and
// API destinations are not implemented. LogConfig, KmsKeyIdentifier and the
// DeadLetterConfig of a bus are kept and described, and have no effect: nothing
// is encrypted with keys of KMS, and there are no log deliveries.
package events
