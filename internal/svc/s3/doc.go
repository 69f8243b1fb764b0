// Package s3 is Amazon S3: buckets, objects and multipart uploads on the
// database and the blob store.
//
// # Objects
//
// A row in s3_object is the object; its bytes lie in a blob with a fresh name.
// PutObject streams the body into a blob, checking digests on the way, and
// commits the row after the blob is durable, so that a key always reads as one
// whole object, the old or the new. The replaced blob goes onto the garbage list
// in the same transaction. A multipart object is not put together: its row
// names the upload, and reading walks the parts' blobs. Completing an upload
// therefore costs one transaction, whatever its size.
//
//	        UploadPart (any number, any order)
//	           |
//	CreateMultipartUpload --> in progress --Complete--> object
//	                              |
//	                              +-------Abort-------> gone, parts are garbage
//
// The bytes of objects of up to maxSmall that are put whole lie in s3_small and
// are committed with the object's row: no file, nothing to flush, no garbage.
//
// # Versions
//
// s3_object holds the current object of each key, and s3_version everything
// else: noncurrent versions and all delete markers. So a listing of objects
// never meets what it must not show, however much lies behind, and a bucket that
// never had versions pays nothing for them. Either a key has a row in s3_object,
// or the newest of its rows in s3_version is a delete marker, which is then the
// current version (retired = 0), or the key has no rows at all.
//
//	put     s3_object --retire--> s3_version      (the null version is replaced)
//	delete  s3_object --retire--> s3_version, and a delete marker above
//	delete a version: the row goes; was it the current one, the next below is promoted
//
// Versions of a key are ordered by seq: the microsecond of their commit, but
// always above the key's greatest. A version id begins with it, so that a
// listing goes on behind a version by its id alone, even when that is gone.
//
// # Garbage
//
// Two flows, put by the first bucket, never end. "s3.garbage" deletes the blobs
// of the garbage list when they are due: at once for plain objects (an open
// reader keeps its bytes), after partGrace for parts, which readers open one
// after the other. "s3.orphans" looks once at every hour's blobs, a day later,
// and deletes those without a row: what a crash between blob and commit left.
// Blob names begin with the hour in which the upload began, and no upload may
// take longer than uploadLimit, so a blob that is looked at cannot be in flight.
//
// # Listing
//
// Keys are compared by their bytes on both databases. A page is a range scan
// from a key. With a delimiter it is one recursive query that hops along the
// index: from the first key of a common prefix straight behind the prefix, so
// that a page costs as many looks as it has lines, however much lies between.
// A client's marker inside a common prefix hops likewise, as in AWS. Versions
// and uploads are listed the same way; a listing of versions merges two tables.
//
// # Encryption
//
// Under a customer's key (SSE-C) the bytes are really encrypted: see
// customer.go. AES256, aws:kms and aws:kms:dsse are kept with the object and
// told as AWS tells them, the bucket's default included, but bytes lie in the
// blob store as they came, and a KMS key is a name.
//
// # Access
//
// The plane decides, by what Needs and Facts tell it: the actions that a call
// takes with the condition keys of the request, and of each bucket or object its
// owner, its policy, what lists give the caller, and the tags of the very version
// that is asked for. The public access block is heeded there, too. Three things
// are the handlers': DeleteObjects asks for each key by itself; a copy asks for
// its source's tags once it knows that there are any; and what is not there is
// told to those alone who may list.
//
// Access control lists count where the bucket's ownership lets them. In a
// bucket of BucketOwnerEnforced, the default, every list but the owner's full
// control is refused as AWS refuses it. Otherwise objects belong to the account
// that writes them: the bucket's policy can then only deny, and its owner needs
// a grant like anybody else, but may delete.
//
// A multipart upload keeps the condition keys of its beginning, by which its
// parts and its end are judged as well: a policy that demands encryption or an
// ACL demands it there, where clients say it.
//
// A service needs a grant of the bucket's policy, as at AWS (package access).
// s3:TlsVersion is never known.
//
// # Buckets
//
// Each configuration is a row of s3_bucket_config, checked when it is put. What
// every read or write of an object asks (ownership, encryption, whether there
// are lifecycle rules or notifications) also stands in the bucket's own row, so
// that it costs no query. New buckets have what AWS gives them: ownership
// BucketOwnerEnforced, all four settings of the public access block, AES256.
// Policies are judged for being public when they are put.
//
// # Lifecycle
//
// A bucket with rules has one work row, "s3.lifecycle", due at midnight UTC. It
// walks the current objects, the noncurrent versions, the delete markers and the
// uploads in the order of their age, a batch a step, up to the age that the
// rules speak of. What is to be done is chosen in one transaction and done in
// another, which looks again; the position is the row's state. A kill repeats a
// batch, in which what was done is not found again.
//
// # Events
//
// A change calls changed in its own transaction, which puts a message into the
// courier's hands for each topic and queue that wants it, and for EventBridge.
// Topics and queues must take a test event before a configuration is kept.
// Lambda functions are refused.
//
// # Pages and forms
//
// The door asks CORS for what a bucket says to web pages; where a bucket says
// nothing the door's own rules hold, by which local pages may call. Upload forms
// reach PutObject through the plane, with Call.Form set. ServeSite answers
// website hosts and calls through the plane as the visitor, who is anonymous.
//
// # What is refused
//
// The writing side of replication, logging, acceleration, request payment,
// analytics, inventory, metrics and intelligent tiering is not here; reading
// them answers what AWS answers for a bucket that never had them.
//
// Object lock, RestoreObject, SelectObjectContent and torrents are not here. The
// storage classes GLACIER and DEEP_ARCHIVE are kept but cannot be read back.
// MFA delete is refused. Customer's keys are taken over plain HTTP as well,
// where AWS insists on TLS.
//
// One deviation is deliberate: there is one endpoint for all regions, so a
// bucket answers in whatever region the request is signed for, instead of
// PermanentRedirect. Its true region is in x-amz-bucket-region.
package s3
