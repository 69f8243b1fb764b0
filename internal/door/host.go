package door

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// suffixes are the names below which clients find AWS's services, with or
// without help of resolver settings. The last two are public names of the
// loopback address, below which virtual hosts need no settings.
var suffixes = []string{
	"amazonaws.com", "amazonaws.com.cn", "api.aws", "localhost.localstack.cloud", "localhost", "nephele.internal",
	"127.0.0.1.nip.io", "127.0.0.1.sslip.io",
}

// reserved are the top-level names that nobody can register (RFC 6761, RFC
// 6762, RFC 8375): no foreign web page has them as its origin.
var reserved = []string{"localhost", "local", "internal", "test", "lan", "home.arpa"}

// hosts reads meaning out of host names.
type hosts struct {
	suffixes []string
	names    []string                  // configured ones
	prefixes map[string]*shape.Service // by endpoint prefix
}

func newHosts(names []string, services []*shape.Service) *hosts {
	h := &hosts{prefixes: make(map[string]*shape.Service, len(services))}
	for _, n := range names {
		h.names = append(h.names, strings.ToLower(strings.Trim(n, ".")))
	}
	h.suffixes = append(append([]string{}, h.names...), suffixes...)
	for _, s := range services {
		if h.prefixes[s.EndpointPrefix] == nil {
			h.prefixes[s.EndpointPrefix] = s
		}
	}
	return h
}

// hostInfo is what a host name says. Fields are "" where it says nothing.
type hostInfo struct {
	service string // signing name
	region  string
	bucket  string // of a virtual-hosted S3 request
	maybe   string // a bucket, if the request turns out to be S3's
	site    bool   // of the bucket's website
	aws     bool   // the name is AWS's own, which no other service can have
}

// bare is a Host header without its port, lower case.
func bare(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// read takes a host name apart:
//
//	[prefix.][streaming-]SERVICE[-fips][.REGION].SUFFIX
//	[BUCKET.]s3[-REGION|-accelerate|-fips][.dualstack][.REGION].SUFFIX
//	BUCKET.s3-website[-REGION][.REGION].SUFFIX
//	BUCKET.localhost, and BUCKET below a configured name
func (h *hosts) read(host string) hostInfo {
	rest, suffix := h.cut(bare(host))
	if rest == "" || strings.HasPrefix(rest, ".") || strings.Contains(rest, "..") {
		return hostInfo{}
	}
	labels := strings.Split(rest, ".")
	aws := strings.HasPrefix(suffix, "amazonaws.com") || suffix == "api.aws"
	if info, ok := readS3(labels); ok {
		info.aws = aws
		return info
	}
	if info, ok := h.readService(labels); ok {
		info.aws = aws
		return info
	}
	if aws {
		return hostInfo{}
	}
	return hostInfo{maybe: rest}
}

// cut takes the longest known suffix off a name.
func (h *hosts) cut(name string) (rest, suffix string) {
	for _, s := range h.suffixes {
		if name == s {
			return "", s
		}
		r, ok := strings.CutSuffix(name, "."+s)
		if ok && len(s) > len(suffix) {
			rest, suffix = r, s
		}
	}
	return rest, suffix
}

// readS3 finds the label of S3 that has nothing but a region behind it.
func readS3(labels []string) (hostInfo, bool) {
	info := hostInfo{service: "s3"}
	for i, l := range slices.Backward(labels) {
		switch {
		case l == "s3-website" || strings.HasPrefix(l, "s3-website-"):
			if r := strings.TrimPrefix(l, "s3-website-"); info.region == "" && isRegion(r) {
				info.region = r
			}
			info.bucket = strings.Join(labels[:i], ".")
			info.site = info.bucket != ""
			return info, true
		case l == "s3" || strings.HasPrefix(l, "s3-"):
			if r := strings.TrimPrefix(l, "s3-"); info.region == "" && isRegion(r) {
				info.region = r
			}
			info.bucket = strings.Join(labels[:i], ".")
			return info, true
		case l == "dualstack":
		case isRegion(l):
			info.region = l
		default:
			return hostInfo{}, false
		}
	}
	return hostInfo{}, false
}

func (h *hosts) readService(labels []string) (hostInfo, bool) {
	var info hostInfo
	n := len(labels)
	if isRegion(labels[n-1]) && n > 1 {
		info.region = labels[n-1]
		n--
	}
	svc := h.prefixes[strings.TrimSuffix(unprefixed(labels[n-1]), "-fips")]
	if svc == nil {
		return info, false
	}
	info.service = signingName(svc)
	return info, true
}

// unprefixed is a label without what operations that stream put before it:
// streaming-logs, stream-logs.
func unprefixed(label string) string {
	for _, p := range []string{"streaming-", "stream-"} {
		if rest, ok := strings.CutPrefix(label, p); ok {
			return rest
		}
	}
	return label
}

// isRegion reports whether a label has the form of a region: "us-gov-west-1".
func isRegion(s string) bool {
	n := len(s)
	if n < 9 || n > 20 || s[n-1] < '0' || s[n-1] > '9' || s[n-2] != '-' || strings.Count(s, "-") < 2 {
		return false
	}
	for _, c := range []byte(s[:n-2]) {
		if c != '-' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func signingName(svc *shape.Service) string {
	if svc.SigningName != "" {
		return svc.SigningName
	}
	return svc.EndpointPrefix
}

// local reports whether only somebody near us can be behind a name: addresses
// of this machine or of private networks, single labels, reserved names and the
// configured ones. A web page that an attacker serves has no such origin.
func (h *hosts) local(name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return name != "" && !strings.Contains(name, ".") || under(name, reserved) || under(name, h.names)
}

// known reports whether a request may be meant for us when it names this host:
// any address, perhaps prefixed for a stream (no top-level domain is a number),
// local names and AWS's. DNS rebinding comes with another one.
func (h *hosts) known(name string) bool {
	if _, err := netip.ParseAddr(unprefixed(name)); err == nil || name == "" {
		return true
	}
	return h.local(name) || under(name, h.suffixes)
}

// under reports whether name is one of suffixes, or below one.
func under(name string, suffixes []string) bool {
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(name, s); ok && (rest == "" || strings.HasSuffix(rest, ".")) {
			return true
		}
	}
	return false
}
