// Package autoscaling compares our autoscaling with the AWS SDK for Go v2.
package autoscaling
