// Package ssm compares our ssm with the AWS SDK for Go v2.
package ssm
