// Package snapshots reads the wire snapshots that the service modules of the
// AWS SDK for Go v2 carry: a request for each operation with every member set,
// and for some services the answers and errors.
//
// A snapshot passes when the router finds its operation, the codec decodes it
// with nothing missing, and what the codec makes of the decoded value again is
// the same message, whatever the order of its parts. The snapshots may be newer
// than our models: what differs only by members that the model does not have is
// drift, which is counted and logged. Anything else fails.
package snapshots
