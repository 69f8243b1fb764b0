package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/nepheletest"
)

// The words of each family: the common errors of the services' API references,
// and the error table of S3's.
var (
	queryWords = words{
		"missing": {"MissingAuthenticationToken", 403}, "malformed": {"IncompleteSignature", 400}, "mismatch": {"SignatureDoesNotMatch", 403},
		"time": {"SignatureDoesNotMatch", 403}, "scope": {"SignatureDoesNotMatch", 403}, "unsigned": {"SignatureDoesNotMatch", 403},
		"key": {"InvalidClientTokenId", 403}, "token": {"InvalidClientTokenId", 403}, "expired": {"ExpiredToken", 403},
		"two": {"IncompleteSignature", 400}, "old": {"IncompleteSignature", 400}, "cut": {"MalformedRequest", 400}, "large": {"RequestEntityTooLarge", 413},
		"body": {"SignatureDoesNotMatch", 403}, "no body": {"MissingAction", 400},
	}
	jsonWords = words{
		"missing": {"MissingAuthenticationTokenException", 400}, "malformed": {"IncompleteSignatureException", 400}, "mismatch": {"InvalidSignatureException", 400},
		"time": {"InvalidSignatureException", 400}, "scope": {"InvalidSignatureException", 400}, "unsigned": {"InvalidSignatureException", 400},
		"key": {"UnrecognizedClientException", 400}, "token": {"UnrecognizedClientException", 400}, "expired": {"ExpiredTokenException", 400},
		"two": {"IncompleteSignatureException", 400}, "old": {"IncompleteSignatureException", 400}, "cut": {"MalformedRequestException", 400},
		"large": {"RequestEntityTooLargeException", 413}, "body": {"InvalidSignatureException", 400}, "no body": {"InvalidSignatureException", 400},
	}
	restWords = words{
		"missing": {"MissingAuthenticationTokenException", 403}, "malformed": {"IncompleteSignatureException", 403}, "mismatch": {"InvalidSignatureException", 403},
		"time": {"InvalidSignatureException", 403}, "scope": {"InvalidSignatureException", 403}, "unsigned": {"InvalidSignatureException", 403},
		"key": {"UnrecognizedClientException", 403}, "token": {"UnrecognizedClientException", 403}, "expired": {"ExpiredTokenException", 403},
		"two": {"IncompleteSignatureException", 403}, "old": {"IncompleteSignatureException", 403}, "cut": {"MalformedRequestException", 400},
		"large": {"RequestEntityTooLargeException", 413}, "body": {"InvalidSignatureException", 403}, "no body": {"InvalidSignatureException", 403},
	}
	s3Words = words{
		"missing": {"AccessDenied", 403}, "malformed": {"AuthorizationHeaderMalformed", 400}, "mismatch": {"SignatureDoesNotMatch", 403},
		"time": {"RequestTimeTooSkewed", 403}, "scope": {"AuthorizationHeaderMalformed", 400}, "unsigned": {"AccessDenied", 403},
		"key": {"InvalidAccessKeyId", 403}, "token": {"InvalidToken", 400}, "no token": {"InvalidAccessKeyId", 403}, "expired": {"ExpiredToken", 400},
		"two": {"InvalidArgument", 400}, "old": {"InvalidRequest", 400}, "cut": {"IncompleteBody", 400}, "large": {"EntityTooLarge", 400},
		"body": {"XAmzContentSHA256Mismatch", 400}, "link time": {"AccessDenied", 403},
	}
)

// tooLong is more than any of the operations below takes as a body, in bytes.
const tooLong = 17 << 20

// families are the services that the tests ask; kmsKey is a key on the server.
func families(kmsKey string) []*family {
	return []*family{
		{
			name: "iam (query)", service: "iam", words: queryWords,
			change: form("Action", "CreateGroup", "Version", "2010-05-08", "GroupName", "NAME"),
			list:   func() message { return form("Action", "ListGroups", "Version", "2010-05-08", "MaxItems", "1000")("") },
		},
		{
			name: "sts (query)", service: "sts", words: queryWords,
			change: form("Action", "GetCallerIdentity", "Version", "2011-06-15"),
			list:   func() message { return form("Action", "GetCallerIdentity", "Version", "2011-06-15")("") },
		},
		{
			name: "sns (query)", service: "sns", words: queryWords,
			change: form("Action", "CreateTopic", "Version", "2010-03-31", "Name", "NAME"),
			list:   func() message { return form("Action", "ListTopics", "Version", "2010-03-31")("") },
		},
		{
			name: "sqs (json 1.0)", service: "sqs", words: jsonWords,
			change: jsonCall("1.0", "AmazonSQS.CreateQueue", `{"QueueName":"NAME"}`),
			list:   func() message { return jsonCall("1.0", "AmazonSQS.ListQueues", `{}`)("") },
		},
		{
			name: "secretsmanager (json 1.1)", service: "secretsmanager", words: jsonWords,
			change: jsonCall("1.1", "secretsmanager.CreateSecret", `{"Name":"NAME","SecretString":"s","ClientRequestToken":"01234567890123456789012345678901"}`),
			list:   func() message { return jsonCall("1.1", "secretsmanager.ListSecrets", `{"MaxResults":100}`)("") },
		},
		{
			name: "kms (json 1.1)", service: "kms", words: jsonWords,
			change: jsonCall("1.1", "TrentService.CreateAlias", `{"AliasName":"alias/NAME","TargetKeyId":"`+kmsKey+`"}`),
			list:   func() message { return jsonCall("1.1", "TrentService.ListAliases", `{}`)("") },
		},
		{
			name: "logs (json 1.1)", service: "logs", words: jsonWords,
			change: jsonCall("1.1", "Logs_20140328.CreateLogGroup", `{"logGroupName":"NAME"}`),
			list:   func() message { return jsonCall("1.1", "Logs_20140328.DescribeLogGroups", `{}`)("") },
		},
		{
			name: "synthetics (rest-json)", service: "synthetics", words: restWords,
			change: rest("POST", "/canary", `{"Name":"NAME","ArtifactS3Location":"s3://bucket-1","ExecutionRoleArn":"arn:aws:iam::000000000000:role/canary",`+
				`"RuntimeVersion":"syn-nodejs-puppeteer-13.1","Schedule":{"Expression":"rate(5 minutes)"},"Code":{"Handler":"index.handler","ZipFile":"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}`),
			list: func() message { return rest("POST", "/canaries", `{}`)("") },
		},
		{
			name: "s3 (rest-xml)", service: "s3", words: s3Words,
			change: rest("PUT", "/bucket-1/NAME", `the body`),
			list:   func() message { return rest("GET", "/bucket-1?list-type=2", "")("") },
		},
		{
			name: "cloudwatch (cbor)", service: "monitoring", words: jsonWords,
			change: cbor("PutMetricAlarm", "AlarmName", "NAME", "MetricName", "m", "Namespace", "N", "Statistic", "Sum", "Period", 60,
				"EvaluationPeriods", 1, "Threshold", 1, "ComparisonOperator", "GreaterThanThreshold"),
			list: func() message { return cbor("DescribeAlarms", "MaxRecords", 100)("") },
		},
	}
}

// attack is one thing that is wrong with a request.
type attack struct {
	name   string
	want   string // of words; "" is accepted
	s3Want string // where S3 has another word
	sign   func(*signing)
	before func(*message) // it is signed
	after  func(*message)
	s3Only bool
	link   bool // of operations that a URL can name
	atAWS  bool // below AWS's own name of the service
}

func late(d time.Duration) func(*signing) {
	return func(s *signing) { s.at = s.at.Add(-d) }
}

func link(expires int, age time.Duration) func(*signing) {
	return func(s *signing) { s.presign, s.expires, s.at = true, expires, s.at.Add(-age) }
}

func inAuth(from, to string) func(*message) {
	return func(m *message) {
		auth := m.header.Get("Authorization")
		m.header.Set("Authorization", strings.Replace(auth, from, to, 1))
	}
}

// cutSignature takes the last digit off, which is not the same as a wrong one.
func cutSignature(m *message) {
	auth := m.header.Get("Authorization")
	m.header.Set("Authorization", auth[:len(auth)-1])
}

func turnSignature(m *message) {
	auth := m.header.Get("Authorization")
	last := "0"
	if strings.HasSuffix(auth, last) {
		last = "1"
	}
	m.header.Set("Authorization", auth[:len(auth)-1]+last)
}

var scopeDate = regexp.MustCompile(`/\d{8}/`)

var attacks = []attack{
	{name: "nothing wrong"},
	{name: "nearly too old", sign: late(14*time.Minute + 50*time.Second)},
	{name: "nearly too young", sign: late(-14*time.Minute - 50*time.Second)},
	{name: "a link", link: true, sign: link(300, time.Minute)},

	{name: "body", want: "body", after: func(m *message) {
		m.body = strings.NewReplacer("probe-", "forge-", "the body", "the bode", "2011-06-15", "2011-06-15&x=y").Replace(m.body)
	}},
	{name: "longer body", want: "body", s3Want: "mismatch", after: func(m *message) { m.body += " " }}, // the length is signed, too
	{name: "shorter body", want: "body", s3Want: "mismatch", after: func(m *message) { m.body = m.body[:len(m.body)-1] }},
	{name: "no body", want: "no body", s3Want: "mismatch", after: func(m *message) { m.body = "" }},
	{name: "path", want: "mismatch", s3Only: true, after: func(m *message) { m.target = strings.Replace(m.target, "probe-", "probe-forged-", 1) }},
	{name: "query", want: "mismatch", after: func(m *message) { m.target += "?x-forged=1" }},
	{name: "method", want: "mismatch", s3Only: true, after: func(m *message) { m.method = "DELETE" }},
	{name: "host", want: "mismatch", after: func(m *message) { m.host = "localhost" + m.host[strings.LastIndex(m.host, ":"):] }},
	{name: "signed header", want: "mismatch", after: func(m *message) { m.header.Set("Content-Type", m.header.Get("Content-Type")+" ; x=y") }},
	{name: "date", want: "mismatch", sign: late(time.Minute), after: func(m *message) {
		m.header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	}},
	{name: "signature", want: "mismatch", after: turnSignature},
	{name: "region of the signature", want: "mismatch", after: inAuth("/us-east-1/", "/eu-west-1/")},
	{name: "key of the signature", want: "key", after: inAuth(nepheletest.RootAccessKeyID, "AKIAIOSFODNN7EXAMPLE")},

	{name: "expired", want: "time", sign: late(15*time.Minute + 5*time.Second)},
	{name: "expired yesterday", want: "time", sign: late(24 * time.Hour)},
	{name: "not yet signed", want: "time", sign: late(-15*time.Minute - 20*time.Second)},
	{name: "expired link", want: "time", s3Want: "link time", sign: link(60, 20*time.Minute)},
	{name: "expired short link", want: "link time", s3Only: true, sign: link(60, 65*time.Second)},
	{name: "link of the future", want: "time", s3Want: "link time", sign: link(300, -20*time.Minute)},

	{name: "unsigned header", want: "unsigned", after: func(m *message) { m.header.Set("X-Amz-Meta-Forged", "1") }},
	{name: "other day", want: "scope", after: func(m *message) {
		m.header.Set("Authorization", scopeDate.ReplaceAllString(m.header.Get("Authorization"), "/20200101/"))
	}},
	{name: "other terminator", want: "scope", after: inAuth("/aws4_request", "/aws5_request")},
	{name: "other service", want: "scope", atAWS: true, sign: func(s *signing) { s.service = otherService(s.service) }},
	{name: "other region", want: "scope", atAWS: true, sign: func(s *signing) { s.region = "eu-west-1" }},
	{name: "nothing wrong at AWS's name", atAWS: true},

	{name: "unknown key", want: "key", sign: func(s *signing) { s.id = "AKIAIOSFODNN7EXAMPLE" }},
	{name: "wrong secret", want: "mismatch", sign: func(s *signing) { s.secret += "x" }},
	{name: "no secret", want: "mismatch", sign: func(s *signing) { s.secret = "" }},

	{name: "no signature", want: "missing", after: func(m *message) { m.header.Del("Authorization") }},
	{name: "empty signature", want: "malformed", after: inAuth("Signature=", "Signature=,x=")},
	{name: "short signature", want: "malformed", after: cutSignature},
	{name: "no date", want: "malformed", s3Want: "missing", after: func(m *message) { m.header.Del("X-Amz-Date") }},
	{name: "bad date", want: "malformed", s3Want: "missing", after: func(m *message) { m.header.Set("X-Amz-Date", "now") }},
	{name: "two headers", want: "two", after: func(m *message) { m.header.Add("Authorization", m.header.Get("Authorization")) }},
	{name: "header and link", want: "two", after: func(m *message) {
		n := *m
		n.target += "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b"
		*m = n
	}},
	{name: "version 2", want: "old", atAWS: true, after: func(m *message) {
		m.header.Set("Authorization", "AWS "+nepheletest.RootAccessKeyID+":frJIUN8DYpKDtOLCwo//yllqDzg=")
	}},
	{name: "no mechanism", want: "old", s3Want: "two", after: func(m *message) { m.header.Set("Authorization", "Bearer x") }},

	{name: "cut off", want: "cut", after: func(m *message) { m.length = len(m.body); m.body = m.body[:len(m.body)-1] }},
	{name: "too large", want: "large", s3Want: "mismatch", after: func(m *message) { m.length, m.body = tooLong, "" }},
	{name: "too large for S3", want: "large", s3Only: true, sign: link(300, 0), before: func(m *message) { m.body = "" }, after: func(m *message) { m.length = 5<<30 + 1 }},
	{name: "cut off before its body", want: "cut", after: func(m *message) { m.length = len(m.body); m.body = "" }},
}

// otherService is one that a signature may not be used across to.
func otherService(s string) string {
	if s == "sts" {
		return "iam"
	}
	return "sts"
}

func TestForgedRequests(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(0))
	families := prepare(t, srv)
	tests := slices.Concat(attacks, tokenAttacks(t, srv))
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var made []string
			for i, a := range tests {
				if a.s3Only && f.service != "s3" || a.link && strings.Contains(f.name, "json 1.") {
					continue
				}
				name := "probe-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
				if f.assault(t, srv, &a, name) && f.service != "sts" {
					made = append(made, name)
				}
			}
			if got := f.present(t, srv); !slices.Equal(got, made) {
				t.Errorf("there are %v, want %v", got, made)
			}
		})
	}
}

// assault sends one bad request and reports whether it was to be accepted.
func (f *family) assault(t *testing.T, srv *nepheletest.Server, a *attack, name string) bool {
	t.Helper()
	m := f.change(name)
	m.host = hostOf(srv)
	if a.atAWS {
		m.host = f.service + ".us-east-1.amazonaws.com"
	}
	s := rootSigning(f.service)
	if a.sign != nil {
		a.sign(&s)
	}
	if a.before != nil {
		a.before(&m)
	}
	m.sign(t, s)
	if a.after != nil {
		a.after(&m)
	}
	r := m.send(t, hostOf(srv))
	if a.want == "" {
		if r.status/100 != 2 {
			t.Errorf("%s: %d %s", a.name, r.status, r.body)
		}
		return true
	}
	word := a.want
	if f.service == "s3" && a.s3Want != "" {
		word = a.s3Want
	}
	want, ok := f.words[word]
	if !ok {
		t.Fatalf("%s: no word for %q", f.name, word)
	}
	if r.status != want.status || r.code() != want.code {
		t.Errorf("%s: %d %s, want %d %s: %q", a.name, r.status, r.code(), want.status, want.code, r.body)
	}
	return false
}

// prepare makes what the requests need.
func prepare(t *testing.T, srv *nepheletest.Server) []*family {
	t.Helper()
	m := rest("PUT", "/bucket-1", "")("")
	m.host = hostOf(srv)
	m.sign(t, rootSigning("s3"))
	if r := m.send(t, m.host); r.status != http.StatusOK {
		t.Fatal(r.body)
	}
	m = form("Action", "CreateRole", "Version", "2010-05-08", "RoleName", "canary", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`)("")
	m.host = hostOf(srv)
	m.sign(t, rootSigning("iam"))
	if r := m.send(t, m.host); r.status != http.StatusOK {
		t.Fatal(r.body)
	}
	m = jsonCall("1.1", "TrentService.CreateKey", `{}`)("")
	m.host = hostOf(srv)
	m.sign(t, rootSigning("kms"))
	r := m.send(t, m.host)
	_, rest, ok := strings.Cut(r.body, `"KeyId":"`)
	if !ok {
		t.Fatal(r.body)
	}
	kmsKey, _, _ := strings.Cut(rest, `"`)
	return families(kmsKey)
}

// tokenAttacks are what can be wrong with temporary credentials.
func tokenAttacks(t *testing.T, srv *nepheletest.Server) []attack {
	t.Helper()
	issue := func(life time.Duration) session.Credentials {
		c, err := srv.App().Sessions().Issue(session.Claims{
			Kind: policy.Root, Account: "000000000000", ARN: "arn:aws:iam::000000000000:root", ID: "000000000000", MFA: true,
		}, life)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	good, other, old := issue(time.Hour), issue(time.Hour), issue(-time.Minute)
	with := func(id session.Credentials, token string) func(*signing) {
		return func(s *signing) { s.id, s.secret, s.token = id.AccessKeyID, string(id.SecretAccessKey), token }
	}
	token := string(good.SessionToken)
	forged := []byte(token)
	forged[len(forged)/2] ^= 1
	return []attack{
		{name: "a session", sign: with(good, token)},
		{name: "a link of a session", link: true, sign: func(s *signing) { with(good, token)(s); s.presign = true }},
		{name: "no token", want: "token", s3Want: "no token", sign: with(good, "")},
		{name: "token of another key", want: "token", sign: with(good, string(other.SessionToken))},
		{name: "forged token", want: "token", sign: with(good, string(forged))},
		{name: "no such token", want: "token", sign: with(good, "no such token")},
		{name: "expired token", want: "expired", sign: with(old, string(old.SessionToken))},
		{name: "expired token in a link", want: "expired", sign: func(s *signing) { with(old, string(old.SessionToken))(s); s.presign = true }},
		{name: "wrong secret of a session", want: "mismatch", sign: func(s *signing) { with(good, token)(s); s.secret += "x" }},
		{name: "token taken out", want: "token", s3Want: "no token", sign: with(good, token), after: func(m *message) { m.header.Del("X-Amz-Security-Token") }},
		{name: "token changed", want: "token", sign: with(good, token), after: func(m *message) { m.header.Set("X-Amz-Security-Token", string(other.SessionToken)) }},
		{name: "token for a user's key", want: "token", sign: func(s *signing) { s.token = token }},
	}
}
