// Package v1sqs compares our sqs with the AWS SDK for Go v1, which speaks
// awsQuery to it: the same operations as in package sqs on another protocol.
package v1sqs
