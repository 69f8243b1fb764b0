// Package plane is the call: everything that happens to a request between the
// door that decoded it and the service that answers it, and the way by which
// services call each other.
//
// Invoke takes a call through its stages, in this order:
//
//	implemented?  an operation without a handler answers NotImplemented, 501
//	validate      every violated constraint of the input in one error
//	authorize     the policy.Evaluator decides; a refusal is AWS's access-denied
//	handle        the service's handler, panics caught
//	settle        a mutating call may wait until the work it left has rested
//	audit         one structured log event and the Audit hook, whatever happened
//
// Whatever fails, the caller gets an *awserr.Error: a handler's own, or the
// service's name for an internal failure, whose cause is logged with the
// request id and never sent.
//
// A service that needs another calls it through As or AsService, under the
// identity of its caller or of itself, so that validation, authorization and
// audit hold there too. Such a call happens inside the outer one: it keeps the
// outer BaseURL, is not settled by itself, and passes the gate with it.
//
// The gate (Freeze) stands before all outer calls. A reset of the server shuts
// it, waits for the calls that are inside, and opens it again: no call ever
// sees half of a reset.
package plane
