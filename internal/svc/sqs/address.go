package sqs

import (
	"context"
	"net/url"
	"strings"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// queueURL is a queue's URL at the address that the caller used.
func queueURL(ctx context.Context, k store.Key) string {
	return strings.TrimSuffix(plane.FromContext(ctx).BaseURL, "/") + "/" + k.Account + "/" + k.ID
}

// queueARN is a queue's ARN.
func queueARN(k store.Key) string {
	return arn.ARN{Partition: "aws", Service: "sqs", Region: k.Region, Account: k.Account, Resource: k.ID}.String()
}

// parseURL reads account and name from a queue's URL. The host does not count:
// sqs.REGION.amazonaws.com, REGION.queue.amazonaws.com and this server's own
// name all end in /ACCOUNT/NAME.
func parseURL(ctx context.Context, address string) (store.Key, error) {
	return keyOf(address, plane.FromContext(ctx).Caller.Region)
}

func keyOf(address, region string) (store.Key, error) {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) == 2 && parts[0] != "" && parts[1] != "" {
			return store.Key{Account: parts[0], Region: region, ID: parts[1]}, nil
		}
	}
	return store.Key{}, api.NewInvalidAddress("The address %s is not valid for this endpoint.", address)
}

// parseARN reads a queue's ARN.
func parseARN(s string) (store.Key, bool) {
	a, err := arn.Parse(s)
	if err != nil || a.Service != "sqs" || a.Region == "" || a.Account == "" {
		return store.Key{}, false
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}, true
}

// ownKey is the key of a queue of the caller's account.
func ownKey(ctx context.Context, name string) store.Key {
	c := plane.FromContext(ctx).Caller
	return store.Key{Account: c.Account, Region: c.Region, ID: name}
}
