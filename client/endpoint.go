package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// A target is where calls of a service go, and the scope they are signed for.
type target struct {
	url     *url.URL
	region  string // in the credential scope
	service string // in the credential scope
	aws     bool   // the endpoint is AWS's own
}

// partitions of AWS by how their regions begin; the last takes the rest. The
// suffix is that of host names.
var partitions = []struct{ prefix, suffix string }{
	{"cn-", "amazonaws.com.cn"},
	{"us-gov-", "amazonaws.com"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"us-isof-", "csp.hci.ic.gov"},
	{"us-iso-", "c2s.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"eusc-", "amazonaws.eu"},
	{"", "amazonaws.com"},
}

// global services have one endpoint for the partition whose regions begin with
// prefix; "" is the commercial one.
var global = map[string][]struct{ prefix, host, region string }{
	"iam": {
		{"cn-", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{"us-gov-", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
		{"us-iso-", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
		{"us-isob-", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
		{"eusc-", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
		{"", "iam.amazonaws.com", "us-east-1"},
	},
	"cloudfront": {
		{"cn-", "cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
		{"", "cloudfront.amazonaws.com", "us-east-1"},
	},
}

// suffix is the end of host names in a region's partition.
func suffix(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.suffix
		}
	}
	return ""
}

// configured is the URL that configuration gives for a service, or "".
func (s *Session) configured(service string) string {
	if u := s.endpoints[service]; u != "" {
		return u
	}
	return s.endpoint
}

// resolve finds out where calls of svc go in a region.
func (s *Session) resolve(svc *shape.Service, region, given string) (target, error) {
	t := target{region: region, service: svc.SigningName}
	if t.service == "" {
		t.service = svc.EndpointPrefix
	}
	if given == "" {
		given = s.configured(svc.Name)
	}
	if given != "" {
		if t.region == "" {
			t.region = "us-east-1"
		}
		u, err := parseEndpoint(given)
		t.url = u
		return t, err
	}
	host, region, err := s.awsHost(svc, region)
	t.url, t.region, t.aws = &url.URL{Scheme: "https", Host: host}, region, true
	return t, err
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("invalid endpoint: %q is not an http or https URL", text)
	}
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}

// awsHost is the host name of a service of AWS, and the region to sign for.
func (s *Session) awsHost(svc *shape.Service, region string) (host, signing string, err error) {
	if s.fips || s.dual {
		return "", "", errors.New("FIPS and dual-stack endpoints are not known here: give the endpoint's URL")
	}
	if region == "" {
		if svc.Name != "iam" && svc.Name != "cloudfront" {
			return "", "", ErrNoRegion
		}
		region = "us-east-1"
	}
	if !validLabel(region) {
		return "", "", fmt.Errorf("invalid region: %q is no part of a host name", region)
	}
	sfx := suffix(region)
	for _, g := range global[svc.Name] {
		if strings.HasPrefix(region, g.prefix) && (g.prefix != "" || sfx == "amazonaws.com" && !strings.HasPrefix(region, "us-gov-")) {
			return g.host, g.region, nil
		}
	}
	return svc.EndpointPrefix + "." + region + "." + sfx, region, nil
}

// validLabel reports whether s can be a label of a host name (RFC 1123).
func validLabel(s string) bool {
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-'
}
