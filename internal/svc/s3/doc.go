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
// A client's marker inside a common prefix hops likewise, as in AWS.
//
// # What is refused
//
// Nothing is claimed that is not so. Objects are not encrypted at rest, so
// requests for encryption are answered NotImplemented and no encryption header
// is ever sent. Buckets behave as with ObjectOwnership BucketOwnerEnforced, the
// default since April 2023: ACLs other than private and
// bucket-owner-full-control are refused as AWS refuses them. Buckets are not
// versioned; "null" is the only version id. The storage classes GLACIER and
// DEEP_ARCHIVE are kept but cannot be read back, for RestoreObject is not here.
//
// One deviation is deliberate: there is one endpoint for all regions, so a
// bucket answers in whatever region the request is signed for, instead of
// PermanentRedirect. Its true region is in x-amz-bucket-region.
package s3
