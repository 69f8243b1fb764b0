// Package blob keeps bytes under keys: S3 object data, canary code and
// artifacts, anything too big for a database row.
//
// A Store is flat and dumb on purpose. It knows keys, sizes and bytes; what an
// object is called, its content type, tags and versions are rows in the
// database, written in the transaction that makes the blob visible. So there
// are no metadata sidecars, and a blob nobody points at is only garbage.
//
// # Order of writing
//
// Put is durable when it returns, and atomic: a reader sees the old bytes or
// the new ones, never half. The rule for users follows from that: Put first,
// commit the row that names the key second, delete the replaced key last. A
// crash in between leaves an orphan, never a row without its bytes. Keys are
// therefore fresh names (an id), not the user's object names.
//
// # Where the bytes live
//
// Open picks by URL:
//
//	file:///var/lib/nephele/blobs   a directory (the default)
//	s3://bucket?region=...          any S3-compatible bucket, by gocloud.dev
//	mem://                          memory, for tests
//
// Bucket parameters are gocloud's (endpoint, use_path_style, region, prefix
// and so on), with credentials from the usual AWS environment.
//
// The directory is ours and not gocloud's fileblob, for three reasons that a
// server cares about: fileblob never calls fsync, so "durable" would end at the
// page cache; it makes its temporary files in the system's temporary directory,
// which may be another file system; and wiping it means walking it, where ours
// is one rename. Layout below the directory:
//
//	objects/<key>~    the bytes; the tilde keeps key "a" apart from "a/b"
//	tmp/              uploads in progress and trees on their way out
//
// ?sync=off in a file URL leaves flushing to the operating system.
package blob
