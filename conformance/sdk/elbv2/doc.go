// Package elbv2 compares our elbv2 with the AWS SDK for Go v2.
package elbv2
