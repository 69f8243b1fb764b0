// Package elb compares our elb with the AWS SDK for Go v2.
package elb
