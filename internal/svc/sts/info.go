package sts

import (
	"context"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
)

// GetCallerIdentity tells the account, ARN and unique id behind the
// credentials of the call. For the root user the unique id is the account.
func (s *Service) GetCallerIdentity(ctx context.Context, _ *api.GetCallerIdentityInput) (*api.GetCallerIdentityOutput, error) {
	c := plane.FromContext(ctx).Caller
	return &api.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &c.ID}, nil
}

// GetAccessKeyInfo tells the account of an access key. The id itself says it,
// of keys that are gone and of AWS's as well; of a root user's key that was
// given to the server, only its own bearer learns it.
func (s *Service) GetAccessKeyInfo(ctx context.Context, in *api.GetAccessKeyInfoInput) (*api.GetAccessKeyInfoOutput, error) {
	c := plane.FromContext(ctx).Caller
	if in.AccessKeyId == c.AccessKeyID {
		return &api.GetAccessKeyInfoOutput{Account: &c.Account}, nil
	}
	account, ok := keyid.Account(in.AccessKeyId)
	if !ok {
		return nil, invalid("Request access key ID is invalid")
	}
	return &api.GetAccessKeyInfoOutput{Account: &account}, nil
}

// DecodeAuthorizationMessage opens the details of a refusal.
func (s *Service) DecodeAuthorizationMessage(_ context.Context, in *api.DecodeAuthorizationMessageInput) (*api.DecodeAuthorizationMessageOutput, error) {
	text, err := s.Decode(in.EncodedMessage)
	if err != nil {
		return nil, api.NewInvalidAuthorizationMessageException("The message is not valid.").Because(err)
	}
	return &api.DecodeAuthorizationMessageOutput{DecodedMessage: &text}, nil
}
