// Package protocol runs the protocol test suites of the AWS SDK for Go v1 over
// the codecs. Each case is a small model, parameters and the message that they
// make; shapes are built from the model when the test runs, their Go types by
// reflect.StructOf.
//
// The suites describe clients. Input cases are encoded as a client does and
// compared with the message, and the message is decoded as a server does and
// compared with the parameters. Output cases are decoded as a client does, and
// encoded as a server does and decoded again.
package protocol
