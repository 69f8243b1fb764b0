// Package wire speaks the AWS protocols: it turns HTTP requests into the
// generated input structs and outputs into responses, and for clients the
// other way round.
//
// There is one Codec for each protocol. A codec knows no service; it walks a
// shape.Shape and the Go value behind it side by side. What can be computed
// once for a shape (names on the wire, which member travels where, what is
// required) lives in a plan, built when the shape is first used and kept for
// the life of the process.
//
//	           document form        bindings              codec
//	awsJson    jsonread, jsonwrite  none                  rpc.go
//	rpcv2Cbor  cborread, cborwrite  none                  rpc.go
//	awsQuery   form in, xml out     none                  query.go
//	ec2Query   form in, xml out     none                  query.go
//	restJson1  jsonread, jsonwrite  path, query, headers  rest.go
//	restXml    xmlread, xmlwrite    path, query, headers  rest.go
//
// # What a decoder promises
//
// Members that the model does not know are skipped. A member that is null is
// absent. Members that are required but absent are not an error here: their
// paths are collected in Input.Missing, in AWS's notation, so that package
// plane can report them together with every other violated constraint.
// A value of the wrong type is an error at once, as it is at AWS.
//
// # Event streams
//
// An output member that is an event stream is an iter.Seq2 of pointers to a
// union and errors. Going out, each event is one frame
// (application/vnd.amazon.eventstream, eventframe.go), flushed before the next
// is asked for; an error becomes an exception or error frame and ends the
// stream. The RPC protocols send the output's other members in a first frame,
// initial-response; the REST protocols in headers. Coming in, the sequence reads
// the connection as it is ranged over. Event streams in requests are not read.
//
// # Limits
//
// A request can cost us no more than its size allows: nesting is cut at
// Limits.MaxDepth; every structure, list entry and map entry is charged
// against Limits.MaxMembers by its size in memory; a length in CBOR is checked
// against the bytes that are left before anything is allocated; list indexes
// of the query protocols only order the entries, so that Member.999999999 is
// one entry; XML knows no entities but the five of the standard; compressed
// bodies may not grow past Limits.MaxBody nor by more than a fixed ratio.
//
// # Why the readers are our own
//
// JSON and CBOR are read by hand over the byte slice. The libraries decode
// into Go types by struct tag or into any; ours has to follow a shape table,
// note absent members with their paths, and charge limits while it reads, which
// none of them offers below a full decode. fxamacker/cbor is the oracle in the
// tests. XML comes from encoding/xml's tokenizer.
package wire
