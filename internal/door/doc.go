// Package door is the front of the house: it turns HTTP into calls of the plane.
//
// One listener speaks plain HTTP and TLS on the same port: the first byte of a
// connection tells (22 begins a TLS record, RFC 8446 section 5.1). A request
// then passes, in this order,
//
//	admin         paths below /_nephele/ are ours
//	browser       who may call from a web page; CORS preflights end here
//	service       by credential scope, else host name, X-Amz-Target, path
//	authenticate  SigV4 in headers, query or chunks (package sigv4)
//	body          limits by the length announced, then by the bytes that come
//	route         operation and protocol (wire.Router)
//	decode        wire.Codec
//	invoke        plane: validate, authorize, handle, settle, audit
//	encode        wire.Codec
//
// and whatever fails on the way is answered in the protocol that the caller
// speaks, with the codes of the service it meant. A body is bounded before it
// is held, and held whole only where the operation is not a streaming one.
//
// # Identity
//
// With Options.Auth a caller is whom Credentials says after the signature has
// been verified; requests without a signature go on as anonymous and reach
// operations that AWS leaves open (shape.Operation.Anonymous). Those of S3
// reach the authorizer, which lets them in where a bucket's policy or an access
// control list does. Without Auth nobody is
// asked for a signature: the account is the configured one, or the access key
// id when that is 12 digits.
// A request to one of AWS's own host names must be signed for the service and
// the region that the name tells; elsewhere the signature's scope tells them.
// Identical requests may be repeated within the 15 minutes of allowed clock
// skew, as in AWS: idempotency is the matter of client tokens.
//
// # Browsers
//
// With Auth any origin may call, for a signature cannot be made by a page that
// does not hold a key. Without Auth a page on a foreign origin could act as
// root; so only pages from loopback origins, and from those in
// Options.AllowedOrigins, are answered. Paths below /_nephele/ also refuse host
// names that are not ours, which ends DNS rebinding. With Auth, a document from a
// bucket in the path is shown without an origin (CSP sandbox), for the console has
// the same one, and access keys of people.
//
// # Slow and hostile peers
//
// Headers must arrive within Timeouts.Header and be at most MaxHeaderBytes.
// Bodies and answers have no overall limit of time, for objects are large, but
// each must move: a peer that neither sends nor takes a byte for Timeouts.Stall
// is cut off.
//
// Where a signature covers the body, it can be verified only when the whole body
// is there, and until then anybody may have sent it who has seen an access key
// id. All such bodies together, and those of strangers, get Options.Unproven of
// memory; who comes when that is used up is asked to come again (503,
// Retry-After). The body of an operation that Nephele does not have is not kept.
package door
