// Package sns answers Amazon Simple Notification Service.
//
// AWS promises: a message that Publish has accepted is delivered to every
// confirmed subscription of the topic whose filter policy it passes, at least
// once, with retries; FIFO topics deliver in order within a group and once
// within five minutes; HTTP endpoints and mailboxes receive nothing before they
// have confirmed; messages are signed, and the certificate is published.
//
//	Publish ── one transaction ──┬─▶ courier, class sns.queue ──▶ SQS SendMessage
//	  filter each subscription   ├─▶ sns_delivery, flow sns.delivery ──▶ HTTP POST
//	                             └─▶ outbox
//	given up ── same transaction ──▶ courier, class sns.dead-letter ──▶ SQS SendMessage
//
// The fan-out commits with the acceptance: either all deliveries are rows or
// the publisher has an error. Each delivery has an id that follows from message
// and subscription, so a step that is repeated after a crash delivers the same
// message, with the same MessageId, again; to a FIFO queue it has its effect
// once.
//
// # A subscription's life
//
//	Subscribe ──▶ pending ──ConfirmSubscription──▶ confirmed ──Unsubscribe──▶ deleted
//	               │  ▲                                ▲                        │ │
//	  48 h, forgotten │ Subscribe again: new message   └── ConfirmSubscription ─┘ │
//	               ▼  └                                     (the link sent)       ▼
//	             (gone)                                              48 h, forgotten
//
// A queue in the account of who subscribes it is confirmed at once. Links in
// messages lead to the address under which the subscriber reached us, and need
// no signature.
//
// # Delivery to HTTP endpoints
//
// Attempts are made in a lane of their own. 429, 5xx and broken connections are
// tried again by the delivery policy of the subscription, else of the topic:
// phases without delay, with the least, with growing delays, with the most.
// Other answers are final, redirects among them. How fast "arithmetic" and
// "exponential" grow is not documented; here their steps grow evenly, and
// double. Where connections may go is decided outside (Deps.Dial). Of HTTP
// authentication, "basic" is known.
//
// # Signatures
//
// One RSA key is made per database, on first use, and shared by all servers on
// it. Version 1 is SHA-1, version 2 SHA-256. FIFO topics do not sign. The key
// is sealed (package seal); one whose master key is lost is replaced, which
// receivers do not notice: a message names the certificate that it is verified
// with.
//
// # Not here
//
// Text messages, mobile push, Lambda functions and Firehose streams, logging
// of delivery status, data protection policies, message archives and active
// tracing answer that they are not implemented. With authorization,
// the policy of a topic lets in other accounts and AWS services; one that nobody
// has set lets services in for resources of the owner's account.
package sns
