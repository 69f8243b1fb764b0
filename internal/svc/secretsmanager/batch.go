package secretsmanager

import (
	"context"
	"net/http"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// maxBatch is how many secrets BatchGetSecretValue reads at once.
const maxBatch = 20

// BatchGetSecretValue returns the current values of several secrets, which are
// named or filtered for. Each is read as if by GetSecretValue, permissions
// included; what cannot be read is in Errors.
func (s *Service) BatchGetSecretValue(ctx context.Context, in *api.BatchGetSecretValueInput) (*api.BatchGetSecretValueOutput, error) {
	call := plane.FromContext(ctx)
	out := &api.BatchGetSecretValueOutput{SecretValues: []*api.SecretValueEntry{}, Errors: []*api.APIErrorType{}}
	ids, token, err := s.batch(ctx, call, in)
	if err != nil {
		return nil, err
	}
	out.NextToken = token
	for _, id := range ids {
		e, err := s.readOne(ctx, call, id)
		if err == nil {
			out.SecretValues = append(out.SecretValues, e)
			continue
		}
		answer := awserr.As(err)
		if answer == nil || answer.Status >= http.StatusInternalServerError {
			return nil, err
		}
		out.Errors = append(out.Errors, &api.APIErrorType{SecretId: &id, ErrorCode: &answer.Code, Message: &answer.Message})
	}
	return out, nil
}

// batch returns the ids of the secrets to be read.
func (s *Service) batch(ctx context.Context, call *plane.Call, in *api.BatchGetSecretValueInput) ([]string, *string, error) {
	switch {
	case (len(in.SecretIdList) > 0) == (len(in.Filters) > 0):
		return nil, nil, api.NewInvalidParameterException("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case len(in.SecretIdList) > 0 && in.MaxResults != nil:
		return nil, nil, api.NewInvalidParameterException(
			"'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	case len(in.SecretIdList) > 0:
		return in.SecretIdList, nil, nil
	}
	l, err := newListing(in.Filters, nil, nil, false)
	if err != nil {
		return nil, nil, err
	}
	found, token, err := s.list(ctx, call, l, int(deref(in.MaxResults)), maxBatch, in.NextToken)
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = *found[i].ARN
	}
	return ids, token, err
}

// readOne reads a secret for a batch, if the caller may.
func (s *Service) readOne(ctx context.Context, call *plane.Call, id string) (*api.SecretValueEntry, error) {
	if err := s.Plane.Authorize(ctx, call, s.readNeed(call, id, "", "")); err != nil {
		return nil, err
	}
	return s.read(ctx, call, id, "", "")
}
