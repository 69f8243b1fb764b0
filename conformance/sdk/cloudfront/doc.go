// Package cloudfront compares our cloudfront with the AWS SDK for Go v2.
package cloudfront
