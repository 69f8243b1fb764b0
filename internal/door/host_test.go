package door

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/shape"
)

func testHosts() *hosts {
	return newHosts([]string{"nephele.example.com"}, []*shape.Service{
		{Name: "ssm", EndpointPrefix: "ssm", SigningName: "ssm"},
		{Name: "s3", EndpointPrefix: "s3", SigningName: "s3"},
		{Name: "cloudwatch", EndpointPrefix: "monitoring", SigningName: "monitoring"},
		{Name: "rum", EndpointPrefix: "rum", SigningName: "rum"},
	})
}

func TestReadHost(t *testing.T) {
	t.Parallel()
	h := testHosts()
	for host, want := range map[string]hostInfo{
		"localhost":                              {},
		"localhost:4566":                         {},
		"127.0.0.1:4566":                         {},
		"[::1]:4566":                             {},
		"":                                       {},
		"example.com":                            {},
		"ssm.us-east-1.amazonaws.com":            {service: "ssm", region: "us-east-1"},
		"SSM.US-EAST-1.amazonaws.com:443":        {service: "ssm", region: "us-east-1"},
		"ssm.amazonaws.com.":                     {service: "ssm"},
		"ssm-fips.us-gov-west-1.amazonaws.com":   {service: "ssm", region: "us-gov-west-1"},
		"streaming-ssm.us-east-1.amazonaws.com":  {service: "ssm", region: "us-east-1"},
		"stream-ssm.localhost":                   {service: "ssm"},
		"streaming-127.0.0.1:4566":               {},
		"streaming-localhost:4566":               {},
		"monitoring.us-east-1.amazonaws.com":     {service: "monitoring", region: "us-east-1"},
		"dataplane.rum.us-east-1.amazonaws.com":  {service: "rum", region: "us-east-1"},
		"ssm.us-east-1.api.aws":                  {service: "ssm", region: "us-east-1"},
		"ssm.localhost:4566":                     {service: "ssm"},
		"ssm.us-east-1.localhost":                {service: "ssm", region: "us-east-1"},
		"ssm.localhost.localstack.cloud":         {service: "ssm"},
		"nosuch.us-east-1.amazonaws.com":         {},
		"s3.amazonaws.com":                       {service: "s3"},
		"s3.localhost":                           {service: "s3"},
		"b.s3.amazonaws.com":                     {service: "s3", bucket: "b"},
		"my.dotted.b.s3.eu-west-1.amazonaws.com": {service: "s3", region: "eu-west-1", bucket: "my.dotted.b"},
		"b.s3-us-west-2.amazonaws.com":           {service: "s3", region: "us-west-2", bucket: "b"},
		"b.s3-accelerate.amazonaws.com":          {service: "s3", bucket: "b"},
		"b.s3.dualstack.us-west-2.amazonaws.com": {service: "s3", region: "us-west-2", bucket: "b"},
		"s3-like.s3.us-west-2.amazonaws.com":     {service: "s3", region: "us-west-2", bucket: "s3-like"},
		"b.s3.us-east-1.localhost:4566":          {service: "s3", region: "us-east-1", bucket: "b"},
		"b.localhost":                            {maybe: "b"},
		"dotted.b.localhost":                     {maybe: "dotted.b"},
		"b.nephele.example.com":                  {maybe: "b"},
		"nephele.example.com":                    {},
		"b.s3.nephele.example.com":               {service: "s3", bucket: "b"},
		"evilamazonaws.com":                      {},
		"....localhost":                          {},
		"a..s3.amazonaws.com":                    {},
	} {
		want.aws = want.service != "" && (strings.Contains(strings.ToLower(host), ".amazonaws.com") || strings.HasSuffix(host, ".api.aws"))
		if got := h.read(host); got != want {
			t.Errorf("%q: %+v, want %+v", host, got, want)
		}
	}
}

func FuzzHost(f *testing.F) {
	f.Add("b.s3.us-east-1.amazonaws.com:443")
	f.Add("[::1]:99")
	f.Add("..localhost")
	h := testHosts()
	f.Fuzz(func(t *testing.T, host string) {
		info := h.read(host)
		if info.bucket != "" && info.service != "s3" {
			t.Errorf("%q: a bucket of %q", host, info.service)
		}
		h.known(bare(host))
	})
}

func TestKnownAndLocalNames(t *testing.T) {
	t.Parallel()
	h := testHosts()
	for name, want := range map[string]struct{ known, local bool }{
		"localhost": {true, true}, "127.0.0.1": {true, true}, "::1": {true, true}, "10.0.0.1": {true, true},
		"8.8.8.8": {true, false}, "nephele": {true, true}, "app.localhost": {true, true}, "x.test": {true, true},
		"nephele.example.com": {true, true}, "ssm.us-east-1.amazonaws.com": {true, false}, "evil.com": {false, false},
		"streaming-127.0.0.1": {true, false}, "streaming-evil.com": {false, false},
		"localhost.evil.com": {false, false}, "notlocalhost.com": {false, false}, "::ffff:127.0.0.1": {true, true},
	} {
		if h.known(name) != want.known || h.local(name) != want.local {
			t.Errorf("%s: known %t, local %t", name, h.known(name), h.local(name))
		}
	}
}

func TestPeerBehindProxies(t *testing.T) {
	t.Parallel()
	d := &Door{opts: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct {
		remote, forwarded, proto, want string
		secure                         bool
	}{
		{remote: "1.2.3.4:5", want: "1.2.3.4"},
		{remote: "1.2.3.4:5", forwarded: "9.9.9.9", proto: "https", want: "1.2.3.4"},
		{remote: "10.0.0.1:5", forwarded: "9.9.9.9", proto: "https", want: "9.9.9.9", secure: true},
		{remote: "10.0.0.1:5", forwarded: "6.6.6.6, 9.9.9.9, 10.0.0.2", want: "9.9.9.9"},
		{remote: "10.0.0.1:5", forwarded: "junk", want: "10.0.0.1"},
		{remote: "10.0.0.1:5", want: "10.0.0.1"},
		{remote: "[::ffff:10.0.0.1]:5", forwarded: "2001:db8::1", want: "2001:db8::1"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}, URL: &url.URL{}, Host: "h"}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if p := d.peerOf(r); p.addr.String() != c.want || p.secure != c.secure {
			t.Errorf("%+v: %v", c, p)
		}
	}
}

func TestAdminPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/_nephele/health": true, "/_nephele/": true, "/_nephele": true, "//_nephele/reset": true, "/./_nephele/x": true,
		"/.././/_nephele/x": true, "/": false, "/bucket/_nephele/x": false, "/_nephelex": false,
	} {
		if isAdmin(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
