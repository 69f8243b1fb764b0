package iam

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

const (
	maxClientIDs   = 100
	maxThumbprints = 5
	thumbprintSize = 40 // hexadecimal digits of a SHA-1
)

// CreateOpenIDConnectProvider makes a provider whose tokens open sessions of
// roles that trust it.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, in *api.CreateOpenIDConnectProviderInput) (
	*api.CreateOpenIDConnectProviderOutput, error,
) {
	id, err := providerID(in.Url)
	if err != nil {
		return nil, err
	}
	if len(in.ClientIDList) > maxClientIDs {
		return nil, quota("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := identity.OIDCProvider{
		Account: plane.FromContext(ctx).Caller.Account, URL: id, ClientIDs: distinct(in.ClientIDList),
		Thumbprints: distinct(in.ThumbprintList), Tags: tags,
	}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		p.Created = tx.Now().Truncate(time.Second)
		_, err := identity.OIDCProviders.Create(tx, store.Key{Account: account, ID: id}, p)
		if errors.Is(err, store.ErrExists) {
			return api.NewEntityAlreadyExistsException("Provider with url %s already exists.", in.Url)
		}
		if err != nil {
			return err
		}
		return within(tx, account, identity.OIDCProviders, "OpenIdConnectProvidersPerAccount", maxProviders)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: new(p.ARN()), Tags: tagList(tags)}, nil
}

// providerID is the URL of a provider without its scheme.
func providerID(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", invalid("Invalid Open ID Connect Provider URL")
	}
	return identity.ProviderID(text), nil
}

func checkThumbprints(list []string) error {
	if len(list) > maxThumbprints {
		return api.NewInvalidInputException("Thumbprint list must contain fewer than %d entries.", maxThumbprints+1)
	}
	for _, t := range list {
		if len(t) != thumbprintSize || strings.Trim(t, "0123456789abcdefABCDEF") != "" {
			return api.NewInvalidInputException("Thumbprint must be %d hexadecimal digits: %s", thumbprintSize, t)
		}
	}
	return nil
}

// distinct leaves out what a list has twice.
func distinct(list []string) []string {
	var out []string
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// provider returns an account's provider by its ARN.
func (s *Service) provider(tx *store.Tx, account, arn string) (r store.Record[identity.OIDCProvider], err error) {
	owner, kind, id, ok := identity.SplitARN(arn)
	if !ok || kind != "oidc-provider" {
		return r, api.NewInvalidInputException("Invalid ARN: %s", arn)
	}
	if owner == account {
		r, err = identity.OIDCProviders.Get(tx, store.Key{Account: account, ID: id})
	}
	if owner != account || errors.Is(err, store.ErrNotFound) {
		return r, api.NewNoSuchEntityException("OpenIDConnect Provider not found for arn %s", arn)
	}
	return r, err
}

// changeProvider changes a provider.
func (s *Service) changeProvider(ctx context.Context, arn string, f func(*identity.OIDCProvider) error) error {
	return s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.provider(tx, account, arn)
		if err != nil {
			return err
		}
		if err := f(&r.Doc); err != nil {
			return err
		}
		return identity.OIDCProviders.Put(tx, &r)
	})
}

// GetOpenIDConnectProvider returns a provider.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, in *api.GetOpenIDConnectProviderInput) (
	*api.GetOpenIDConnectProviderOutput, error,
) {
	out := &api.GetOpenIDConnectProviderOutput{}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.provider(tx, account, in.OpenIDConnectProviderArn)
		p := &r.Doc
		out.Url, out.ClientIDList, out.ThumbprintList = &p.URL, append([]string{}, p.ClientIDs...), append([]string{}, p.Thumbprints...)
		out.CreateDate, out.Tags = &p.Created, tagList(p.Tags)
		return err
	})
	return out, err
}

// ListOpenIDConnectProviders lists the providers of the account.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, _ *api.ListOpenIDConnectProvidersInput) (
	*api.ListOpenIDConnectProvidersOutput, error,
) {
	out := &api.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []*api.OpenIDConnectProviderListEntry{}}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		all, err := identity.OIDCProviders.List(tx, account, "", store.ListOptions{})
		for i := range all {
			out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
				&api.OpenIDConnectProviderListEntry{Arn: new(all[i].Doc.ARN())})
		}
		return err
	})
	return out, err
}

// AddClientIDToOpenIDConnectProvider lets tokens for one more audience count.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, in *api.AddClientIDToOpenIDConnectProviderInput) (
	*api.AddClientIDToOpenIDConnectProviderOutput, error,
) {
	err := s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(p *identity.OIDCProvider) error {
		p.ClientIDs = distinct(append(p.ClientIDs, in.ClientID))
		if len(p.ClientIDs) > maxClientIDs {
			return quota("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
		}
		return nil
	})
	return &api.AddClientIDToOpenIDConnectProviderOutput{}, err
}

// RemoveClientIDFromOpenIDConnectProvider takes an audience away. One that is
// not there is away already.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, in *api.RemoveClientIDFromOpenIDConnectProviderInput) (
	*api.RemoveClientIDFromOpenIDConnectProviderOutput, error,
) {
	err := s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(p *identity.OIDCProvider) error {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == in.ClientID })
		return nil
	})
	return &api.RemoveClientIDFromOpenIDConnectProviderOutput{}, err
}

// UpdateOpenIDConnectProviderThumbprint replaces the thumbprints of a provider.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, in *api.UpdateOpenIDConnectProviderThumbprintInput) (
	*api.UpdateOpenIDConnectProviderThumbprintOutput, error,
) {
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	err := s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(p *identity.OIDCProvider) error {
		p.Thumbprints = distinct(in.ThumbprintList)
		return nil
	})
	return &api.UpdateOpenIDConnectProviderThumbprintOutput{}, err
}

// DeleteOpenIDConnectProvider removes a provider.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, in *api.DeleteOpenIDConnectProviderInput) (
	*api.DeleteOpenIDConnectProviderOutput, error,
) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.provider(tx, account, in.OpenIDConnectProviderArn)
		if err != nil {
			return err
		}
		return identity.OIDCProviders.Delete(tx, r.Key)
	})
	return &api.DeleteOpenIDConnectProviderOutput{}, err
}
