package s3

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/policy"
)

const publicPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`

// with is publicPolicy with one part replaced.
func with(old, replacement string) string {
	if !strings.Contains(publicPolicy, old) {
		panic(old)
	}
	return strings.Replace(publicPolicy, old, replacement, 1)
}

func refusedPolicy(text, bucket string) *awserr.Error {
	doc, err := parsePolicy(text)
	if err != nil {
		return err
	}
	return doc.check(bucket)
}

func TestPolicyRefusals(t *testing.T) {
	t.Parallel()
	for policy, text := range map[string]string{
		"":                            "must be valid JSON",
		"[]":                          "must be valid JSON",
		"{":                           "must be valid JSON",
		`{"Version":"2012-10-17"}`:    "Missing required field Statement",
		with("2012-10-17", "2020"):    "valid version string",
		with(`"Sid"`, `"Other"`):      "Unknown field Other",
		with("Allow", "Maybe"):        "Invalid effect: Maybe",
		with(`"Effect":"Allow",`, ""): "Missing required field Effect",
		with(`"Principal":"*",`, ""):  "Missing required field Principal",
		with(`"Principal":"*"`, `"Principal":{"AWS":"nobody"}`):                   "Invalid principal",
		with(`"Principal":"*"`, `"Principal":{"Other":"*"}`):                      "Invalid principal",
		with(`"Action":"s3:GetObject",`, ""):                                      "Missing required field Action",
		with("s3:GetObject", "sqs:SendMessage"):                                   "invalid action",
		with(`,"Resource":"arn:aws:s3:::bucket/*"`, ""):                           "Missing required field Resource",
		with("bucket/*", "other/*"):                                               "invalid resource",
		with("bucket/*", "bucket"):                                                "Action does not apply to any resource(s)",
		with("s3:GetObject", "s3:ListBucket"):                                     "Action does not apply to any resource(s)",
		with(`"Sid"`, `"Condition":{"Near":{"aws:SourceIp":"10.0.0.0/8"}},"Sid"`): "Invalid Condition type",
		with(`"Sid"`, `"Condition":{"Bool":{"nokey":"1"}},"Sid"`):                 "condition key",
		with("Read", strings.Repeat("a", maxPolicy)):                              "maximum allowed document size",
		with(`}]}`, `},{"Sid":"Read","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`): "must be unique",
	} {
		if err := refusedPolicy(policy, "bucket"); err == nil || err.Code != "MalformedPolicy" || !strings.Contains(err.Message, text) {
			t.Errorf("%.80s: %v, want %q", policy, err, text)
		}
	}
}

func TestPolicyForms(t *testing.T) {
	t.Parallel()
	for policy, public := range map[string]bool{
		publicPolicy: true,
		with(`"Principal":"*"`, `"Principal":{"AWS":"*"}`):                                                 true,
		with(`"Principal":"*"`, `"Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:role/r"]}`): false,
		with(`"Principal":"*"`, `"Principal":{"Service":"cloudfront.amazonaws.com"}`):                      false,
		with("Allow", "Deny"): false,
		with(`"Sid"`, `"Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}},"Sid"`):                      false,
		with(`"Sid"`, `"Condition":{"IpAddress":{"aws:SourceIp":["0.0.0.0/0"]}},"Sid"`):                       true,
		with(`"Sid"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}},"Sid"`):                      false,
		with(`"Sid"`, `"Condition":{"Bool":{"aws:SecureTransport":false}},"Sid"`):                             true,
		with(`"Resource":"arn:aws:s3:::bucket/*"`, `"Resource":["arn:aws:s3:::bucket/a","arn:aws:s3:::bu*"]`): true,
		with("s3:GetObject", "s3:*"): true,
		with(`[{`, `{`):              true, // one statement without a list, see below
	} {
		policy = strings.Replace(policy, `"Statement":{"Sid":"Read","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`,
			`"Statement":{"Sid":"Read","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}}`, 1)
		if err := refusedPolicy(policy, "bucket"); err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		if doc, _ := parsePolicy(policy); doc.public() != public {
			t.Errorf("%s: public %v", policy, !public)
		}
	}
}

// strangerMay reports whether a policy lets somebody unsigned read a key.
func strangerMay(t testing.TB, text, key string) bool {
	t.Helper()
	var c policy.Cache
	arn := objectARN("bucket", key)
	d := policy.Decide(&policy.Request{
		Principal: policy.Principal{Kind: policy.Anonymous}, Action: actionGet,
		Resources: []policy.Resource{{ARN: arn, Account: "123456789012", Policies: c.Policies("bucket", text, policy.ResourceUse)}},
	}, nil)
	return d.Effect == policy.Allow
}

func TestDenials(t *testing.T) {
	t.Parallel()
	deny := `{"Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::bucket/secret/*"}`
	for text, want := range map[string]string{
		"":                           "",
		publicPolicy:                 "",
		with(`}]}`, `},`+deny+`]}`):  `{"Version":"2012-10-17","Statement":[` + deny + `]}`,
		`{"Statement":` + deny + `}`: `{"Statement":[` + deny + `]}`,
		`{"Id":"x","Statement":` + deny + `,"Version":"2008-10-17"}`: `{"Version":"2008-10-17","Statement":[` + deny + `]}`,
	} {
		if got := denials(text); got != want {
			t.Errorf("denials of %s: %s, want %s", text, got, want)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(publicPolicy)
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["*"]},"NotAction":["s3:*"],"NotResource":"arn:aws:s3:::bucket","Condition":{"Bool":{"a:b":[true,1]}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := parsePolicy(text)
		if err != nil {
			if err.Status != 400 {
				t.Fatal(err)
			}
			return
		}
		if doc.check("bucket") == nil && strangerMay(t, text, "k") && !doc.public() {
			t.Fatalf("not public, but anybody may read: %s", text)
		}
	})
}

// TestGlob compares glob with the plain recursive definition.
func TestGlob(t *testing.T) {
	t.Parallel()
	var slow func(p, s string) bool
	slow = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return slow(p[1:], s) || s != "" && slow(p, s[1:])
		}
		return s != "" && (p[0] == '?' || p[0] == s[0]) && slow(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern"), rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if glob(p, s) != slow(p, s) {
			t.Fatalf("glob(%q, %q) = %v", p, s, glob(p, s))
		}
	})
}

// TestMatchCORS holds matchCORS to what a rule means: the first rule by which
// origin, method and every header are allowed.
func TestMatchCORS(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"*", "http://a", "http://*", "*.b", "http://x.b", "x-amz-*", "X-Amz-Date", "etag"})
	methods := rapid.SliceOfN(rapid.SampledFrom(corsMethods), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		var rules []*api.CORSRule
		for range rapid.IntRange(0, 4).Draw(t, "rules") {
			rules = append(rules, &api.CORSRule{
				AllowedMethods: methods.Draw(t, "methods"), AllowedOrigins: rapid.SliceOfN(word, 1, 2).Draw(t, "origins"),
				AllowedHeaders: rapid.SliceOfN(word, 0, 2).Draw(t, "allowed"),
			})
		}
		origin, method := word.Draw(t, "origin"), rapid.SampledFrom(corsMethods).Draw(t, "method")
		headers := rapid.SliceOfN(word, 0, 2).Draw(t, "headers")
		any := func(patterns []string, text string) bool {
			for _, p := range patterns {
				if glob(p, text) {
					return true
				}
			}
			return false
		}
		var want *api.CORSRule
		for _, r := range rules {
			ok := any(r.AllowedMethods, method) && any(r.AllowedOrigins, origin)
			for _, h := range headers {
				lower := make([]string, len(r.AllowedHeaders))
				for i, a := range r.AllowedHeaders {
					lower[i] = strings.ToLower(a)
				}
				ok = ok && any(lower, strings.ToLower(h))
			}
			if ok {
				want = r
				break
			}
		}
		if got, _ := matchCORS(rules, origin, method, headers); got != want {
			t.Fatalf("matched %v, want %v", got, want)
		}
	})
}
