package s3

import (
	"context"
	"slices"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

const maxRoutingRules = 50

func errNoWebsite() *awserr.Error {
	return notFound("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
}

// PutBucketWebsite makes a website of a bucket. See site.go for how it answers.
func (s *Service) PutBucketWebsite(ctx context.Context, in *api.PutBucketWebsiteInput) (*api.PutBucketWebsiteOutput, error) {
	if err := checkWebsite(in.WebsiteConfiguration); err != nil {
		return nil, err
	}
	return &api.PutBucketWebsiteOutput{}, s.putConfig(ctx, in.Bucket, in.ExpectedBucketOwner, websiteConfig, in.WebsiteConfiguration)
}

// GetBucketWebsite answers the configuration, or NoSuchWebsiteConfiguration.
func (s *Service) GetBucketWebsite(ctx context.Context, in *api.GetBucketWebsiteInput) (*api.GetBucketWebsiteOutput, error) {
	c, err := readConfig[api.WebsiteConfiguration](ctx, s, in.Bucket, in.ExpectedBucketOwner, websiteConfig, errNoWebsite())
	return &api.GetBucketWebsiteOutput{
		RedirectAllRequestsTo: c.RedirectAllRequestsTo, IndexDocument: c.IndexDocument,
		ErrorDocument: c.ErrorDocument, RoutingRules: c.RoutingRules,
	}, err
}

// DeleteBucketWebsite ends the website.
func (s *Service) DeleteBucketWebsite(ctx context.Context, in *api.DeleteBucketWebsiteInput) (*api.DeleteBucketWebsiteOutput, error) {
	return &api.DeleteBucketWebsiteOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, websiteConfig)
}

func checkWebsite(c *api.WebsiteConfiguration) *awserr.Error {
	if c == nil {
		return errMalformedXML()
	}
	if r := c.RedirectAllRequestsTo; r != nil {
		if c.IndexDocument != nil || c.ErrorDocument != nil || len(c.RoutingRules) > 0 {
			return errInvalidArgument("RedirectAllRequestsTo", "not null",
				"RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
		}
		if r.HostName == "" {
			return errMalformedXML()
		}
		return checkSiteProtocol(r.Protocol)
	}
	if c.IndexDocument == nil {
		return errInvalidArgument("IndexDocument", "null",
			"A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	}
	if s := c.IndexDocument.Suffix; s == "" || strings.Contains(s, "/") {
		return errInvalidArgument("IndexDocument", s, "The IndexDocument Suffix is not well formed")
	}
	if c.ErrorDocument != nil && c.ErrorDocument.Key == "" {
		return errInvalidArgument("ErrorDocument", "", "The ErrorDocument Key is not well formed")
	}
	if n := len(c.RoutingRules); n > maxRoutingRules {
		return errInvalidRequest("%d routing rules provided, the number of routing rules in a website configuration is limited to %d.", n, maxRoutingRules)
	}
	for _, r := range c.RoutingRules {
		if err := checkRoutingRule(r); err != nil {
			return err
		}
	}
	return nil
}

func checkSiteProtocol(p *api.Protocol) *awserr.Error {
	if p == nil || *p == "http" || *p == "https" {
		return nil
	}
	return errInvalidRequest("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.")
}

func checkRoutingRule(r *api.RoutingRule) *awserr.Error {
	if r == nil || r.Redirect == nil {
		return errMalformedXML()
	}
	if c := r.Condition; c != nil {
		if c.HttpErrorCodeReturnedEquals == nil && c.KeyPrefixEquals == nil {
			return errInvalidRequest("Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.")
		}
		if code := c.HttpErrorCodeReturnedEquals; code != nil && !isStatus(*code, 400, 599) {
			return errInvalidRequest("The provided HTTP error code (%s) is not valid. Valid codes are 4XX or 5XX.", *code)
		}
	}
	d := r.Redirect
	switch {
	case d.HostName == nil && d.HttpRedirectCode == nil && d.Protocol == nil && d.ReplaceKeyPrefixWith == nil && d.ReplaceKeyWith == nil:
		return errMalformedXML()
	case d.ReplaceKeyPrefixWith != nil && d.ReplaceKeyWith != nil:
		return errInvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
	case d.HttpRedirectCode != nil && !isStatus(*d.HttpRedirectCode, 301, 399):
		return errInvalidRequest("The provided HTTP redirect code (%s) is not valid. Valid codes are 3XX except 300.", *d.HttpRedirectCode)
	}
	return checkSiteProtocol(d.Protocol)
}

func isStatus(code string, least, most int) bool {
	n, err := strconv.Atoi(code)
	return err == nil && len(code) == 3 && n >= least && n <= most
}

// redirectRule returns the first rule that redirects a request for key: before
// the object is looked for (status 0), those without a condition on the error;
// afterwards, those for the error that came of it.
func redirectRule(rules []*api.RoutingRule, key string, status int) *api.RoutingRule {
	i := slices.IndexFunc(rules, func(r *api.RoutingRule) bool {
		c := r.Condition
		if c == nil {
			return status == 0
		}
		if want := c.HttpErrorCodeReturnedEquals; (want != nil) != (status != 0) || want != nil && *want != strconv.Itoa(status) {
			return false
		}
		return c.KeyPrefixEquals == nil || strings.HasPrefix(key, *c.KeyPrefixEquals)
	})
	if i < 0 {
		return nil
	}
	return rules[i]
}
