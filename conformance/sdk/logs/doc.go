// Package logs compares our logs with the AWS SDK for Go v2.
package logs
