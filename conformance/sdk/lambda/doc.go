// Package lambda compares our lambda with the AWS SDK for Go v2.
package lambda
