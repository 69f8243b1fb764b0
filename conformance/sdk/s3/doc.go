// Package s3 compares our s3 with the AWS SDK for Go v2.
package s3
