package sigv4

import (
	"net/http"
	"net/url"
	"strings"
)

// Hint is what a request claims, with nothing checked: enough to route it.
type Hint struct {
	AccessKeyID, Region, Service string
	Signed                       bool // there is a signature of some kind
	Legacy                       bool // of Signature Version 2
}

// HintOf reads the claim of a request in whatever form it has, those of
// Signature Version 2 and of half-made test requests included.
func HintOf(r *http.Request) Hint {
	if auth := r.Header.Get("Authorization"); auth != "" {
		if _, rest, ok := strings.Cut(auth, "Credential="); ok {
			credential, _, _ := strings.Cut(rest, ",")
			return hintOf(strings.TrimSpace(credential))
		}
		if rest, ok := strings.CutPrefix(auth, "AWS "); ok {
			id, _, _ := strings.Cut(rest, ":")
			return Hint{AccessKeyID: id, Service: "s3", Signed: true, Legacy: true}
		}
	}
	if !strings.Contains(r.URL.RawQuery, "Credential=") && !strings.Contains(r.URL.RawQuery, "AWSAccessKeyId=") {
		return Hint{}
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(value)
		switch {
		case err != nil:
		case name == "X-Amz-Credential":
			return hintOf(value)
		case name == "AWSAccessKeyId":
			return Hint{AccessKeyID: value, Service: "s3", Signed: true, Legacy: true}
		}
	}
	return Hint{}
}

func hintOf(credential string) Hint {
	h := Hint{AccessKeyID: credential, Signed: true}
	if p := strings.Split(credential, "/"); len(p) >= 5 {
		n := len(p)
		h.AccessKeyID, h.Region, h.Service = strings.Join(p[:n-4], "/"), p[n-3], p[n-2]
	}
	return h
}
