// Package cloudwatch compares our cloudwatch with the AWS SDK for Go v2.
package cloudwatch
