// Package page makes the opaque tokens of paginated listings (NextToken,
// Marker, ContinuationToken).
//
// A token holds the position where the next page starts, as the service that
// made it sees fit: usually the last identifier of the page before. It is
// sealed with AES-GCM under a key of the server, so that nobody can read or
// forge positions, and bound to a Scope: account, region, operation and the
// filters of the listing. A token of another listing, of another account, or
// one that was cut or changed on its way, does not open; Open then returns
// ErrInvalid, which services turn into their own error (InvalidNextToken,
// ValidationException ...).
//
// Tokens do not expire, as the position they hold stays meaningful, and they
// hold no page size, which a caller may change from page to page. The same
// position gives the same token: the nonce is derived from the key, the scope and
// the position (the construction of SIV modes), so that sealing needs no source
// of randomness and a listing that is repeated reads the same.
//
// The text of a token uses letters, digits, '-' and '_' alone, which is within
// every pattern that AWS models for tokens. It is 40 characters longer than 4/3
// of the position's JSON.
package page
