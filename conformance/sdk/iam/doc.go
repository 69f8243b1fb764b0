// Package iam compares our iam with the AWS SDK for Go v2.
package iam
