// Package sts compares our sts with the AWS SDK for Go v2.
package sts
