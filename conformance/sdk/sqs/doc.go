// Package sqs compares our sqs with the AWS SDK for Go v2.
package sqs
