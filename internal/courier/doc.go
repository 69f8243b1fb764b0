// Package courier makes API calls to other services that must not be lost: a
// notification of an object, the action of an alarm, the delivery to a queue.
//
// A service puts a Message into the transaction that decides it. After the
// commit the courier makes the call through the plane, as the service
// principal that the message names, and repeats it until it succeeds or the
// message's class gives it up:
//
//	Send ──commit──▶ due ──call──▶ answered ──commit──▶ Class.Sent, gone
//	                  ▲   │
//	                  └───┤ failed, and worth another attempt (Class.Backoff)
//	                      └─▶ Permanent, MaxAttempts or MaxAge ──commit──▶ Class.GivenUp, gone
//
// # What is promised
//
//   - A message of a committed transaction is called until it ends, through
//     kill -9 and on any replica. Its end and what the hooks write are one
//     transaction.
//   - At least once: a call may be repeated after a crash. The message's ID
//     travels with it as the plane's token, so a handler that honours tokens
//     has its effect once.
//   - Messages with the same Class and Order are called one after the other, in
//     the order in which their transactions were committed; the next begins
//     when the one before has ended, well or not. Other messages have no order.
//
// # How
//
// A message is a work row of the engine, of a kind of its class, whose state is
// the message. An ordered one also has a row in courier_line, and becomes a
// work row when it is the first of its line.
package courier
