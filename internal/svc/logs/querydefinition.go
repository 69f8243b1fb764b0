package logs

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// definition is a saved query; its key's ID is its id.
type definition struct {
	Name     string
	Text     string
	Groups   []string
	Language api.QueryLanguage
	Modified int64 // milliseconds
	Token    string
	Params   []*api.QueryParameter
}

// PutQueryDefinition saves a query under a new id, or changes a saved one.
func (s *Service) PutQueryDefinition(ctx context.Context, in *api.PutQueryDefinitionInput) (*api.PutQueryDefinitionOutput, error) {
	call := plane.FromContext(ctx)
	d := definition{
		Name: in.Name, Text: in.QueryString, Groups: in.LogGroupNames, Language: api.QueryLanguageCwli,
		Modified: call.Time.UnixMilli(), Params: in.Parameters,
	}
	if in.QueryLanguage != nil {
		d.Language = *in.QueryLanguage
	}
	if in.ClientToken != nil {
		d.Token = *in.ClientToken
	}
	id := uuid.NewString()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if in.QueryDefinitionId != nil {
			id = *in.QueryDefinitionId
			return s.redefine(tx, key(call, id), d)
		}
		if d.Token != "" {
			same, err := s.definitionByToken(tx, call, d.Token)
			if err != nil || same != "" {
				id = same
				return err
			}
		}
		_, err := s.definitions.Create(tx, key(call, id), d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.PutQueryDefinitionOutput{QueryDefinitionId: &id}, nil
}

func (s *Service) redefine(tx *store.Tx, k store.Key, d definition) error {
	rec, err := s.definitions.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return noDefinition()
	}
	if err != nil {
		return err
	}
	rec.Doc = d
	return s.definitions.Put(tx, &rec)
}

func noDefinition() error {
	return api.NewResourceNotFoundException("The specified query definition does not exist.")
}

// definitionByToken finds what an earlier call with the same client token made.
func (s *Service) definitionByToken(tx *store.Tx, call *plane.Call, token string) (id string, err error) {
	all, err := s.definitions.List(tx, call.Caller.Account, call.Caller.Region, store.ListOptions{})
	for _, rec := range all {
		if rec.Doc.Token == token {
			return rec.ID, err
		}
	}
	return "", err
}

// DeleteQueryDefinition deletes a saved query.
func (s *Service) DeleteQueryDefinition(ctx context.Context, in *api.DeleteQueryDefinitionInput) (*api.DeleteQueryDefinitionOutput, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		err := s.definitions.Delete(tx, key(plane.FromContext(ctx), in.QueryDefinitionId))
		if errors.Is(err, store.ErrNotFound) {
			return noDefinition()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteQueryDefinitionOutput{Success: new(true)}, nil
}

// DescribeQueryDefinitions lists saved queries by their ids.
func (s *Service) DescribeQueryDefinitions(ctx context.Context, in *api.DescribeQueryDefinitionsInput) (*api.DescribeQueryDefinitionsOutput, error) {
	call := plane.FromContext(ctx)
	sc := scope(ctx, in.QueryDefinitionNamePrefix, in.QueryLanguage)
	opts := store.ListOptions{}
	if err := s.open(sc, in.NextToken, &opts.After); err != nil {
		return nil, err
	}
	var all []store.Record[definition]
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = s.definitions.List(tx, call.Caller.Account, call.Caller.Region, opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	limit := pageSize(in.MaxResults, 1000)
	out := &api.DescribeQueryDefinitionsOutput{QueryDefinitions: []*api.QueryDefinition{}}
	last := ""
	for i := range all {
		if !wantedDefinition(&all[i], in) {
			continue
		}
		if len(out.QueryDefinitions) == limit {
			out.NextToken, err = s.seal(sc, last)
			break
		}
		out.QueryDefinitions = append(out.QueryDefinitions, describeDefinition(&all[i]))
		last = all[i].ID
	}
	return out, err
}

func wantedDefinition(r *store.Record[definition], in *api.DescribeQueryDefinitionsInput) bool {
	if in.QueryLanguage != nil && *in.QueryLanguage != r.Doc.Language {
		return false
	}
	return in.QueryDefinitionNamePrefix == nil || strings.HasPrefix(r.Doc.Name, *in.QueryDefinitionNamePrefix)
}

func describeDefinition(r *store.Record[definition]) *api.QueryDefinition {
	return &api.QueryDefinition{
		QueryLanguage: &r.Doc.Language, QueryDefinitionId: &r.ID, Name: &r.Doc.Name, QueryString: &r.Doc.Text,
		LastModified: &r.Doc.Modified, LogGroupNames: r.Doc.Groups, Parameters: r.Doc.Params,
	}
}
