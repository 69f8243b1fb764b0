// Package rum compares our rum with the AWS SDK for Go v2.
package rum
