// Package session makes temporary security credentials and opens them again.
//
// Nothing is kept of a session: all that is to be known of it is in its session
// token, which every server on the same database can open, and nobody else.
//
//	AccessKeyID      ASIA..., which tells its account (package keyid)
//	SecretAccessKey  40 characters, random
//	SessionToken     base64url of
//	                   1 byte   version, 1
//	                   8 bytes  when it expires, Unix seconds, big-endian
//	                            the rest sealed (package seal): the secret and
//	                            the Claims, as compressed JSON
//
// The seal is AES-256-GCM under a key of the database and names the version of
// that key, so that sessions outlive a rotation of the master key. The version,
// the expiry and the access key id are authenticated with it: a token opens
// under the id it was issued with, unchanged to the last bit, or not at all.
//
// A session token proves nothing by itself. The door opens it to learn the
// secret, and the request's signature, which covers the token, has to be made
// with that.
//
// # What ends a session
//
// Its expiry, and what it stands on: a session of a role that was deleted, even
// if one of the same name was made since, has the RoleID of the old one, and
// whoever looks up its permissions finds none. There is no list of revoked
// tokens; policies can deny by aws:TokenIssueTime, as in AWS.
//
// # Hostile tokens
//
// A token that is too long, malformed, of another version or expired is refused
// before anything is decrypted, and a forged one by one pass of AES-GCM over at
// most MaxToken bytes. Only tokens that did open are remembered.
package session
