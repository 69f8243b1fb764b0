// Package v1cloudwatch compares our cloudwatch with the AWS SDK for Go v1, which speaks
// awsQuery to it: the same operations as in package cloudwatch on another protocol.
package v1cloudwatch
