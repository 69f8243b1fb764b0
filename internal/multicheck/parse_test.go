package multicheck_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/multicheck"
)

// guide is put together from what the guide shows of every kind of check.
const guide = `{
	"globalSettings": {"stepTimeout": 30000, "userAgent": "CloudWatch-Synthetics-Advanced/1.0"},
	"variables": {"baseUrl": "https://api.example.com", "apiKey": "${AWS_SECRET:my-api-key}", "timeout": "30000", "userEmail": "test@example.com"},
	"steps": {
		"2": {"stepName": "dnsResolution", "checkerType": "DNS", "domain": "example.com", "recordType": "A", "nameserver": "8.8.8.8", "timeout": 10000,
			"assertions": [{"type": "RECORD_VALUE", "operator": "CONTAINS", "value": "192.168"}, {"type": "AUTHORITATIVE", "value": true},
				{"type": "TTL", "operator": "GREATER_THAN", "value": 60}, {"type": "RECORD_COUNT", "operator": "EQUALS", "value": 1}]},
		"1": {"stepName": "createUser", "checkerType": "HTTP", "url": "${baseUrl}/users", "httpMethod": "POST", "timeout": "${timeout}", "waitTime": 1,
			"headers": {"Content-Type": "application/json", "X-API-Version": "v1", "Authorization": "Bearer ${apiKey}"},
			"body": "{\"name\":\"John Doe\",\"email\":\"john@example.com\"}",
			"authentication": {"type": "API_KEY", "apiKey": "${AWS_SECRET:api-credentials}", "headerName": "X-API-Key"},
			"assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 201}, {"type": "STATUS_CODE", "operator": "IN_RANGE", "rangeMin": 200, "rangeMax": 299},
				{"type": "RESPONSE_TIME", "operator": "LESS_THAN", "value": 500, "unit": "MILLISECONDS"},
				{"type": "HEADER", "headerName": "Content-Type", "operator": "CONTAINS", "value": "application/json", "description": "JSON"},
				{"type": "HEADER", "headerName": "Location", "operator": "EXIST", "value": true},
				{"type": "BODY", "target": "JSON", "path": "$.users[0].name", "operator": "EQUALS", "value": "John Doe"},
				{"type": "BODY", "path": "$.users", "operator": "EXISTS", "value": true}],
			"extractors": [{"name": "userId", "type": "BODY", "path": "$.user.id", "regex": "(\\d+)", "regexGroup": 1}]},
		"3": {"stepName": "sslCertCheck", "checkerType": "SSL", "hostname": "secure.example.com", "port": 443, "sni": true, "verifyHostname": true, "allowSelfSigned": false,
			"assertions": [{"type": "CERTIFICATE_EXPIRY", "operator": "GREATER_THAN", "value": 30, "unit": "DAYS"},
				{"type": "CERTIFICATE_SUBJECT", "field": "CN", "operator": "CONTAINS", "value": "example.com"},
				{"type": "CERTIFICATE_ISSUER", "field": "O", "operator": "EQUALS", "value": "Example"}, {"type": "CERTIFICATE_VALID", "value": true},
				{"type": "CIPHER_SUITE", "operator": "NOT_CONTAINS", "value": "RC4"}, {"type": "CERTIFICATE_TRANSPARENCY", "value": true}]},
		"4": {"stepName": "databaseConnection", "checkerType": "TCP", "hostname": "db.example.com", "port": 3306, "connectionTimeout": 5000, "sendData": "SELECT 1",
			"expectedResponse": "1", "encoding": "ASCII",
			"assertions": [{"type": "CONNECTION_SUCCESSFUL", "value": true}, {"type": "RESPONSE_DATA", "operator": "STARTS_WITH", "value": "31", "encoding": "HEX"},
				{"type": "RESPONSE_SIZE", "operator": "LESS_THAN", "value": 100, "unit": "BYTES"}]},
		"10": {"stepName": "signed", "checkerType": "HTTP", "url": "${baseUrl}/${userId}", "httpMethod": "GET",
			"authentication": {"type": "SIGV4", "service": "execute-api", "region": "us-east-1", "roleArn": "arn:aws:iam::123456789012:role/SyntheticsRole"}},
		"9": {"stepName": "oauth", "checkerType": "HTTP", "url": "${baseUrl}/o", "httpMethod": "GET",
			"authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "https://auth.example.com/oauth/token", "clientId": "${AWS_SECRET:oauth-creds:client_id}",
				"clientSecret": "${AWS_SECRET:oauth-creds:client_secret}", "scope": "read write", "tokenApiAuth": ["REQUEST_BODY"], "tokenCacheTtl": 7200}},
		"8": {"stepName": "basic", "checkerType": "HTTP", "url": "http://a.test", "httpMethod": "HEAD",
			"authentication": {"type": "BASIC", "username": "admin", "password": "${AWS_SECRET:basic-auth:password}"}},
		"7": {"stepName": "open", "checkerType": "HTTP", "url": "http://a.test", "httpMethod": "GET", "authentication": {"type": "NONE"}}
	}
}`

func TestParseTheGuidesExamples(t *testing.T) {
	t.Parallel()
	plan, err := multicheck.Parse([]byte(guide))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range plan.Steps() {
		got = append(got, fmt.Sprint(s.Num, s.Kind, s.Name))
	}
	want := []string{
		"1HTTPcreateUser", "2DNSdnsResolution", "3SSLsslCertCheck", "4TCPdatabaseConnection", "7HTTPopen", "8HTTPbasic", "9HTTPoauth", "10HTTPsigned",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// config makes a file of members of the root, and stepped one of a step's.
func config(members string) string { return "{" + members + "}" }

func stepped(members string) string {
	return config(`"variables": {"v": "x", "n": "7"}, "steps": {"1": {"stepName": "s", ` + members + "}}")
}

func httpStep(members string) string {
	return stepped(`"checkerType": "HTTP", "url": "http://a.test/", "httpMethod": "GET", ` + members)
}

func asserted(kind, members, assertion string) string {
	return stepped(`"checkerType": "` + kind + `", ` + members + `, "assertions": [{` + assertion + `}]`)
}

// TestParseRefuses: what is wrong is said with its place in the file.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"1": {"stepName": "s", "checkerType": "HTTP", "url": "http://a.test", "httpMethod": "GET"}`
	const host = `"hostname": "a.test", "port": 1`
	many := func(n int, each string) string { return strings.TrimSuffix(strings.Repeat(each+",", n), ",") }
	var eleven []string
	for i := range 11 {
		eleven = append(eleven, fmt.Sprintf(`"v%d": "x"`, i))
	}
	for name, tt := range map[string]struct{ config, want string }{
		"empty":           {"", "is not JSON"},
		"not JSON":        {`{"steps": `, "is not JSON"},
		"trailing":        {`{"steps": {` + ok + `}} x`, "there is more after its end"},
		"array":           {"[]", "must be a JSON object"},
		"too large":       {`{"x": "` + strings.Repeat("x", multicheck.MaxConfig) + `"}`, "is larger than"},
		"no steps":        {`{}`, "steps is missing"},
		"steps array":     {`{"steps": []}`, "steps must be an object"},
		"zero steps":      {`{"steps": {}}`, "steps must have at least one step"},
		"step 0":          {`{"steps": {"0": {}}}`, "steps.0 is not the number of a step"},
		"step 11":         {`{"steps": {"11": {}}}`, "steps.11 is not the number of a step"},
		"step 01":         {`{"steps": {"01": {}}}`, "steps.01 is not the number of a step"},
		"root member":     {config(`"steps": {` + ok + `}, "version": 1`), "version is not a member here; known are globalSettings, steps, variables"},
		"setting":         {config(`"steps": {` + ok + `}, "globalSettings": {"retries": 3}`), "globalSettings.retries is not a member"},
		"stepTimeout low": {config(`"steps": {` + ok + `}, "globalSettings": {"stepTimeout": 999}`), "globalSettings.stepTimeout must be at least 1000"},
		"stepTimeout top": {config(`"steps": {` + ok + `}, "globalSettings": {"stepTimeout": 300001}`), "globalSettings.stepTimeout must be at most 300000"},
		"variables":       {config(`"steps": {` + ok + `}, "variables": {` + strings.Join(eleven, ",") + `}`), "variables has more than 10 members"},
		"variable name":   {config(`"steps": {` + ok + `}, "variables": {"1a": "x"}`), "variables.1a is not a name"},
		"variable type":   {config(`"steps": {` + ok + `}, "variables": {"a": 1}`), "variables.a must be a string"},
		"circle":          {config(`"steps": {` + ok + `}, "variables": {"a": "${b}", "b": "x${a}"}`), "variables.a refers to itself"},
		"self":            {config(`"steps": {` + ok + `}, "variables": {"a": "${a}"}`), "variables.a refers to itself"},
		"unknown in var":  {config(`"steps": {` + ok + `}, "variables": {"a": "${nope}"}`), "variables.a refers to ${nope}"},

		"no name":        {config(`"steps": {"1": {"checkerType": "DNS", "domain": "a.test"}}`), "steps.1.stepName is missing"},
		"bad name":       {config(`"steps": {"1": {"stepName": "1st", "checkerType": "DNS", "domain": "a.test"}}`), "steps.1.stepName must be a letter"},
		"long name":      {config(`"steps": {"1": {"stepName": "` + strings.Repeat("a", 65) + `", "checkerType": "DNS", "domain": "a.test"}}`), "steps.1.stepName"},
		"same name":      {config(`"steps": {` + ok + `, "2": {"stepName": "s", "checkerType": "DNS", "domain": "a.test"}}`), "steps.2.stepName is the name of an earlier step"},
		"no type":        {config(`"steps": {"1": {"stepName": "s"}}`), "steps.1.checkerType is missing"},
		"bad type":       {stepped(`"checkerType": "PING"`), "steps.1.checkerType must be one of HTTP, DNS, SSL, TCP"},
		"type reference": {stepped(`"checkerType": "${v}"`), "steps.1.checkerType must be one of"},
		"member":         {httpStep(`"retries": 1`), "steps.1.retries is not a member here"},
		"other's member": {httpStep(`"hostname": "a.test"`), "steps.1.hostname is not a member here"},
		"timeout":        {httpStep(`"timeout": 500`), "steps.1.timeout must be at least 1000"},
		"timeout text":   {httpStep(`"timeout": "5000"`), "steps.1.timeout must be a number"},
		"timeout ref":    {httpStep(`"timeout": "${n}"`), "steps.1.timeout must be at least 1000"},
		"timeout word":   {httpStep(`"timeout": "${v}"`), "steps.1.timeout must be a number"},
		"fraction":       {httpStep(`"timeout": 1500.5`), "steps.1.timeout must be an integer"},
		"waitTime":       {httpStep(`"waitTime": 61`), "steps.1.waitTime must be at most 60"},
		"method":         {httpStep(`"httpMethod": "TRACE"`), "steps.1.httpMethod must be one of GET, POST"},
		"no url":         {stepped(`"checkerType": "HTTP", "httpMethod": "GET"`), "steps.1.url is missing"},
		"ftp":            {stepped(`"checkerType": "HTTP", "url": "ftp://a.test/"`), "steps.1.url must begin with http:// or https://"},
		"relative":       {stepped(`"checkerType": "HTTP", "url": "/path"`), "steps.1.url must begin with http"},
		"url by ref":     {stepped(`"checkerType": "HTTP", "url": "${v}"`), "steps.1.url must begin with http"},
		"port":           {stepped(`"checkerType": "HTTP", "url": "http://a.test:99999/"`), "steps.1.url has a port that is none"},
		"unknown ref":    {stepped(`"checkerType": "HTTP", "url": "http://a.test/${nope}"`), "steps.1.url refers to ${nope}, which is neither"},
		"header name":    {httpStep(`"headers": {"a b": "x"}`), "steps.1.headers.a b is not a name of a header"},
		"header value":   {httpStep(`"headers": {"A": 1}`), "steps.1.headers.A must be a string"},
		"body":           {httpStep(`"body": {"a": 1}`), "steps.1.body must be a string"},
		"assertions":     {httpStep(`"assertions": {}`), "steps.1.assertions must be an array"},
		"many":           {httpStep(`"assertions": [` + many(51, `{}`) + `]`), "steps.1.assertions has more than 50"},

		"auth type":    {httpStep(`"authentication": {"type": "DIGEST"}`), "steps.1.authentication.type must be one of NONE, BASIC"},
		"basic":        {httpStep(`"authentication": {"type": "BASIC", "username": "u"}`), "steps.1.authentication.password is missing"},
		"none":         {httpStep(`"authentication": {"type": "NONE", "username": "u"}`), "steps.1.authentication.username is not a member"},
		"api key":      {httpStep(`"authentication": {"type": "API_KEY", "apiKey": "k", "header": "X"}`), "steps.1.authentication.header is not a member"},
		"oauth url":    {httpStep(`"authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "x", "clientId": "i", "clientSecret": "s"}`), "authentication.tokenUrl must begin"},
		"oauth auth":   {httpStep(`"authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "http://a.test", "clientId": "i", "clientSecret": "s", "tokenApiAuth": ["JWT"]}`), "authentication.tokenApiAuth[0] must be one of"},
		"oauth ttl":    {httpStep(`"authentication": {"type": "OAUTH_CLIENT_CREDENTIALS", "tokenUrl": "http://a.test", "clientId": "i", "clientSecret": "s", "tokenCacheTtl": 59}`), "tokenCacheTtl must be at least 60"},
		"sigv4":        {httpStep(`"authentication": {"type": "SIGV4", "service": "s3", "region": "us-east-1"}`), "steps.1.authentication.roleArn is missing"},
		"assert type":  {asserted("HTTP", `"url": "http://a.test"`, `"type": "TTL"`), "steps.1.assertions[0].type must be one of BODY, HEADER, RESPONSE_TIME, STATUS_CODE"},
		"operator":     {asserted("HTTP", `"url": "http://a.test"`, `"type": "STATUS_CODE", "operator": "CONTAINS", "value": 200`), "steps.1.assertions[0].operator must be one of EQUALS"},
		"status":       {asserted("HTTP", `"url": "http://a.test"`, `"type": "STATUS_CODE", "operator": "EQUALS", "value": 600`), "assertions[0].value must be at most 599"},
		"no value":     {asserted("HTTP", `"url": "http://a.test"`, `"type": "STATUS_CODE", "operator": "EQUALS"`), "assertions[0].value is missing"},
		"range":        {asserted("HTTP", `"url": "http://a.test"`, `"type": "STATUS_CODE", "operator": "IN_RANGE", "rangeMin": 200`), "assertions[0].rangeMax is missing"},
		"unit":         {asserted("HTTP", `"url": "http://a.test"`, `"type": "RESPONSE_TIME", "operator": "EQUALS", "value": 1, "unit": "SECONDS"`), "assertions[0].unit must be one of MILLISECONDS"},
		"headerName":   {asserted("HTTP", `"url": "http://a.test"`, `"type": "HEADER", "operator": "EQUALS", "value": "x"`), "assertions[0].headerName is missing"},
		"exist":        {asserted("HTTP", `"url": "http://a.test"`, `"type": "HEADER", "headerName": "A", "operator": "EXIST", "value": "yes"`), "assertions[0].value must be true or false"},
		"regex":        {asserted("HTTP", `"url": "http://a.test"`, `"type": "HEADER", "headerName": "A", "operator": "REGEX_MATCH", "value": "(?=x)"`), "is not a regular expression in RE2 syntax"},
		"long regex":   {asserted("HTTP", `"url": "http://a.test"`, `"type": "HEADER", "headerName": "A", "operator": "REGEX_MATCH", "value": "`+strings.Repeat("a", 1001)+`"`), "is longer than a regular expression"},
		"no path":      {asserted("HTTP", `"url": "http://a.test"`, `"type": "BODY", "operator": "EXISTS", "value": true`), "assertions[0].path is missing"},
		"path":         {asserted("HTTP", `"url": "http://a.test"`, `"type": "BODY", "path": "users", "operator": "EXISTS", "value": true`), "assertions[0].path JSONPath, at 0"},
		"body regex":   {asserted("HTTP", `"url": "http://a.test"`, `"type": "BODY", "path": "$", "operator": "REGEX_MATCH", "value": "x"`), "assertions[0].operator must be one of"},
		"domain":       {stepped(`"checkerType": "DNS", "domain": "a b"`), "steps.1.domain must be a domain name"},
		"record type":  {stepped(`"checkerType": "DNS", "domain": "a.test", "recordType": "ANY"`), "steps.1.recordType must be one of"},
		"nameserver":   {stepped(`"checkerType": "DNS", "domain": "a.test", "nameserver": "a:53"`), "steps.1.nameserver must be a host name"},
		"dns port":     {stepped(`"checkerType": "DNS", "domain": "a.test", "port": 0`), "steps.1.port must be at least 1"},
		"protocol":     {stepped(`"checkerType": "DNS", "domain": "a.test", "protocol": "DOH"`), "steps.1.protocol must be one of UDP, TCP"},
		"count":        {asserted("DNS", `"domain": "a.test"`, `"type": "RECORD_COUNT", "operator": "EQUALS", "value": -1`), "assertions[0].value must be at least 0"},
		"flag":         {asserted("DNS", `"domain": "a.test"`, `"type": "AUTHORITATIVE", "value": "maybe"`), "assertions[0].value must be true or false"},
		"flag op":      {asserted("DNS", `"domain": "a.test"`, `"type": "AUTHORITATIVE", "operator": "EQUALS", "value": true`), "assertions[0].operator is not a member"},
		"sni":          {stepped(`"checkerType": "SSL", "hostname": "a.test", "sni": 1`), "steps.1.sni must be true or false"},
		"ssl host":     {stepped(`"checkerType": "SSL", "hostname": "https://a.test"`), "steps.1.hostname must be a host name"},
		"field":        {asserted("SSL", `"hostname": "a.test"`, `"type": "CERTIFICATE_ISSUER", "field": "OU", "operator": "EQUALS", "value": "x"`), "assertions[0].field must be one of CN, O"},
		"no port":      {stepped(`"checkerType": "TCP", "hostname": "a.test"`), "steps.1.port is missing"},
		"encoding":     {stepped(`"checkerType": "TCP", ` + host + `, "encoding": "BASE64"`), "steps.1.encoding must be one of UTF-8, ASCII, HEX"},
		"hex":          {stepped(`"checkerType": "TCP", ` + host + `, "encoding": "HEX", "sendData": "0g"`), "steps.1.sendData must be pairs of hexadecimal digits"},
		"ascii":        {stepped(`"checkerType": "TCP", ` + host + `, "encoding": "ASCII", "expectedResponse": "ä"`), "steps.1.expectedResponse must be ASCII"},
		"hex expected": {asserted("TCP", host, `"type": "RESPONSE_DATA", "operator": "EQUALS", "value": "xyz", "encoding": "HEX"`), "assertions[0].value must be pairs"},

		"extractor":      {httpStep(`"extractors": [{"name": "a", "type": "HEADER"}]`), "steps.1.extractors[0].type must be one of BODY"},
		"extractor name": {httpStep(`"extractors": [{"name": "a-b", "type": "BODY"}]`), "extractors[0].name is not a name"},
		"extractor path": {httpStep(`"extractors": [{"name": "a", "type": "BODY", "path": "$["}]`), "extractors[0].path JSONPath, at 2"},
		"group":          {httpStep(`"extractors": [{"name": "a", "type": "BODY", "regex": "(x)", "regexGroup": 2}]`), "regexGroup is 2, but the regular expression has 1 groups"},
		"own extraction": {httpStep(`"body": "${a}", "extractors": [{"name": "a", "type": "BODY"}]`), "steps.1.body refers to ${a}"},
		"later extraction": {
			config(`"steps": {"2": {"stepName": "b", "checkerType": "DNS", "domain": "a.test", "extractors": [{"name": "a", "type": "BODY"}]}, ` +
				`"1": {"stepName": "s", "checkerType": "HTTP", "url": "http://a.test/${a}"}}`), "steps.1.url refers to ${a}",
		},
	} {
		_, err := multicheck.Parse([]byte(tt.config))
		if _, ok := errors.AsType[*multicheck.Error](err); !ok {
			t.Errorf("%s: accepted (%v)", name, err)
		} else if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "blueprint-config.json: ") {
			t.Errorf("%s: %q lacks %q", name, err, tt.want)
		}
	}
}

// Members that stand twice count the last time, as the guide says.
func TestParseTakesTheLastOfTwo(t *testing.T) {
	t.Parallel()
	plan, err := multicheck.Parse([]byte(`{"steps": {"1": 7}, "steps": {"1": {"stepName": "a", "stepName": "b", "checkerType": "DNS", "domain": "a.test"}}}`))
	if err != nil || plan.Steps()[0].Name != "b" {
		t.Errorf("%v %v", plan, err)
	}
}

func TestParseTellsAtMostTenProblems(t *testing.T) {
	t.Parallel()
	_, err := multicheck.Parse([]byte(httpStep(`"assertions": [` + strings.TrimSuffix(strings.Repeat(`{"type": "STATUS_CODE"},`, 20), ",") + `]`)))
	if e, ok := errors.AsType[*multicheck.Error](err); !ok || len(e.Problems) != 10 {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(guide))
	f.Add([]byte(httpStep(`"assertions": [{"type": "BODY", "path": "$[?@.a]", "operator": "EXISTS", "value": "${v}"}]`)))
	f.Add([]byte(`{"variables": {"a": "${b}${b}", "b": "${AWS_SECRET:arn:aws:secretsmanager:us-east-1:1:secret:n:k}"}, "steps": {"1": {"timeout": "${a}"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		plan, err := multicheck.Parse(b)
		if err != nil {
			if e, ok := errors.AsType[*multicheck.Error](err); !ok || len(e.Problems) == 0 || len(e.Problems) > 10 {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		if n := len(plan.Steps()); n < 1 || n > multicheck.MaxSteps {
			t.Errorf("%d steps", n)
		}
	})
}

func archive(t testing.TB, files map[string]string) (*bytes.Reader, int64) {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes()), int64(out.Len())
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"good":         {map[string]string{"blueprint-config.json": guide}, ""},
		"with BOM":     {map[string]string{"blueprint-config.json": "\xef\xbb\xbf" + guide}, ""},
		"settings":     {map[string]string{"blueprint-config.json": guide, "synthetics.json": `{"step": {"stepSuccessMetric": false, "screenshotOnStepStart": true}}`}, ""},
		"none":         {map[string]string{"nodejs/blueprint-config.json": guide}, "the archive: has no blueprint-config.json at its root"},
		"bad":          {map[string]string{"blueprint-config.json": "{}"}, "blueprint-config.json: steps is missing"},
		"bad settings": {map[string]string{"blueprint-config.json": guide, "synthetics.json": `{"step": {"stepSuccessMetric": "no"}}`}, "synthetics.json: cannot unmarshal string"},
		"bomb":         {map[string]string{"blueprint-config.json": strings.Repeat(" ", 4<<20)}, "blueprint-config.json: is larger than"},
	} {
		r, size := archive(t, tt.files)
		err := multicheck.Check(r, size)
		if got := fmt.Sprint(err); (tt.want == "") != (err == nil) || err != nil && !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if err := multicheck.Check(strings.NewReader("PK"), 2); err == nil || !strings.HasPrefix(err.Error(), "the archive: cannot be read") {
		t.Error(err)
	}
}

func TestParseSettings(t *testing.T) {
	t.Parallel()
	s, err := multicheck.ParseSettings([]byte(`{"step": {"continueOnStepFailure": false}, "report": {"restrictedHeaders": ["x-a"], "includeUrlPassword": true},
		"httpMetrics": {"metric_2xx": false}, "canaryMetrics": {"failedCanaryMetric": false}, "userAgent": "mine", "har": true}`))
	want := multicheck.DefaultSettings()
	want.Step.ContinueOnStepFailure, want.Report.IncludeURLPassword, want.HTTPMetrics.Metric2xx = false, true, false
	want.CanaryMetrics.FailedCanaryMetric, want.UserAgent, want.Report.RestrictedHeaders = false, "mine", []string{"x-a"}
	if diff := cmp.Diff(want, s); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
