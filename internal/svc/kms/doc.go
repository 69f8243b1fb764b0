// Package kms answers AWS KMS.
package kms
