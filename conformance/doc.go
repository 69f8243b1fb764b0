// Package conformance holds Nephele to what others say about the AWS
// protocols. It is a module of its own so that the server does not depend on
// the clients it is tested with.
//
//	protocol   the protocol test suites of the AWS SDK for Go v1: models and
//	           messages as JSON, in both directions
//	snapshots  the wire snapshots in the service modules of the AWS SDK for
//	           Go v2: one request for each operation, and answers
//	tour       the README and the other documents, done as they say
//	sdk/...    the AWS SDK for Go v2 itself: what it sends we read equal, what
//	           we send it reads equal, operation by operation; one package for
//	           each service, so that a changed service compiles alone
//
// The suites and snapshots are read from the module cache and never copied.
package conformance
