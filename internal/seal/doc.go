// Package seal keeps secrets unreadable in the database: access keys, key
// material, secret values, signing keys.
//
// Two kinds of key do it:
//
//	master keys   outside the database: a file or the environment    (Ring)
//	   wrap
//	data keys     in the database, each wrapped by one master key    (Sealer)
//	   seal
//	records       wherever their rooms keep them
//
// A record is sealed with AES-256-GCM under a key that HKDF derives from the
// newest data key and the record's purpose. What the record belongs to (its
// account, ARN, version) is authenticated with it, so that a record moved to
// another place does not open there.
//
// # Rotation
//
// A new master key is put first in the ring, in front of the old one. The next
// server to open the database wraps the data keys again, under the new one, and
// makes a data key for the records to come; after that the old master key can be
// taken away. Records are not touched: their data key still opens them.
//
// Where several servers share a database, one that has not been given the new
// master key keeps what it has opened and goes on sealing under it, but what the
// others seal anew answers ErrLost there until it is started with both. Nobody
// notices when the new key is first put behind the old one in every ring, which
// makes it open but not wrap, and in front afterwards.
//
// # Loss
//
// A database that was sealed under a master key that is not in the ring does not
// open (ErrUnknownMaster), so that a server with the wrong file does no harm.
// Options.AcceptLoss opens it all the same: what the lost key sealed answers
// ErrLost from then on and everything else works; new records are sealed under
// the new key. The lost key's records open again when it is back in the ring.
//
// Only memory holds keys in the clear. A reader of the database alone, or of the
// master key alone, learns nothing.
package seal
