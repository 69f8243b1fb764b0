// Package arn reads and writes Amazon Resource Names.
//
//	arn:partition:service:region:account-id:resource
//
// The first five parts are the same everywhere; the resource is not. Most
// services write type/id or type:id; S3, SNS and SQS write an id without a type;
// some ids hold slashes and colons of their own. Parse splits the first parts,
// Split divides the resource by the rules of its service, and New builds an ARN
// from a service, a type and an id, leaving out the region and account where
// the service does (IAM, CloudFront and S3 have no region, S3 and public images
// no account). The forms are those of the Service Authorization Reference.
package arn
