// Package nepheletest gives a Go test an AWS of its own: a Nephele server
// inside the test's process, on a free loopback port and a temporary
// directory, ready in milliseconds and gone when the test ends.
//
//	srv := nepheletest.Start(t)
//	client := synthetics.NewFromConfig(srv.Config)
//
// Servers share nothing, so that tests may run in parallel. One that many
// subtests share can be emptied between them with Reset.
//
// A server settles: a mutating call is answered when the work that it leaves
// behind has come to rest, so that tests need not poll (see WithSettle).
package nepheletest
