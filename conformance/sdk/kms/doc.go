// Package kms compares our kms with the AWS SDK for Go v2.
package kms
