// Package events compares our events with the AWS SDK for Go v2.
package events
