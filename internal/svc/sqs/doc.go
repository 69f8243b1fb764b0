// Package sqs answers Amazon SQS.
package sqs
