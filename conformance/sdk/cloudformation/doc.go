// Package cloudformation compares our cloudformation with the AWS SDK for Go v2.
package cloudformation
