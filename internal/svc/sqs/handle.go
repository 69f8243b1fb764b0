package sqs

import (
	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/store"
)

// handle is what a receipt handle says: which message, and which of its
// receives it came from. The token that clients see is encrypted and bound to
// the queue, so that nobody makes one up.
type handle struct {
	Seq      int64 `json:"s"`
	Contents int64 `json:"c"`
	Receives int32 `json:"r"`
}

func handleScope(k store.Key) page.Scope {
	return page.Scope{Account: k.Account, Region: k.Region, Operation: "sqs:receipt", Filters: k.ID}
}

func (s *Service) seal(k store.Key, h handle) (string, error) {
	return s.pages.Seal(handleScope(k), h)
}

// open reads a receipt handle of a queue.
func (s *Service) open(k store.Key, token string) (handle, error) {
	var h handle
	if token == "" {
		return h, missing("ReceiptHandle")
	}
	if s.pages.Open(handleScope(k), token, &h) != nil {
		return h, api.NewReceiptHandleIsInvalid("The input receipt handle \"%s\" is not a valid receipt handle.", token)
	}
	return h, nil
}
