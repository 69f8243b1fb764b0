// Package synthetics compares our synthetics with the AWS SDK for Go v2.
package synthetics
