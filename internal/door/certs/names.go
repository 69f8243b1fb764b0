package certs

import "strings"

// ours are the suffixes under which Nephele stands in for AWS: those of its
// partitions (with the dual-stack and the China one), the names that browsers
// and resolvers send to loopback by themselves (RFC 6761 section 6.3), and the
// one that Docker gives the host.
var ours = []string{
	"localhost", "amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws",
	"host.docker.internal", "localhost.localstack.cloud", "nephele.internal", "nephele.dev",
}

// Covers reports whether the authority issues certificates for a DNS name.
// IP addresses are always covered: a certificate for the one that was dialled.
func (a *Authority) Covers(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if isIP(name) {
		return true
	}
	if !validName(name) {
		return false
	}
	// A single label is a name of the local network or of a container.
	if !strings.Contains(name, ".") {
		return true
	}
	return under(name, ours) || under(name, a.names)
}

// under reports whether name is one of suffixes or has one after a dot.
func under(name string, suffixes []string) bool {
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(name, s); ok && (rest == "" || strings.HasSuffix(rest, ".")) {
			return true
		}
	}
	return false
}

// validName reports whether name is a host name of RFC 1123, of at most 253
// octets; underscores are let through, for buckets have them.
func validName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			ok := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
			if !ok {
				return false
			}
		}
	}
	return true
}

// family returns the names that a certificate made for name carries, so that
// few are needed: name itself, and the wildcard beside it when its parent lies
// below one of our suffixes. There is none right below a top-level name: it
// would be too much (*.com beside amazonaws.com), or refused by browsers
// (*.localhost).
func (a *Authority) family(name string) []string {
	names := []string{name}
	_, parent, ok := strings.Cut(name, ".")
	if ok && strings.Contains(parent, ".") && a.Covers(parent) {
		names = append(names, "*."+parent)
	}
	return names
}

func lower(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if n = strings.ToLower(strings.Trim(n, ".")); n != "" {
			out = append(out, n)
		}
	}
	return out
}
