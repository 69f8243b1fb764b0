package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/nepheletest"
)

// awsEnviron points at a server by the variables of the AWS tools.
func awsEnviron(srv *nepheletest.Server) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + srv.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + nepheletest.RootAccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + nepheletest.RootSecretAccessKey, "AWS_CONFIG_FILE=/nowhere/config", "AWS_SHARED_CREDENTIALS_FILE=/nowhere/credentials",
	}
}

// TestCall is a session at the shell: each step's output and exit status.
func TestCall(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	environ := awsEnviron(srv)
	dir := t.TempDir()
	photo, got, doc := filepath.Join(dir, "photo"), filepath.Join(dir, "got"), filepath.Join(dir, "in.json")
	for file, text := range map[string]string{photo: "\x00bytes\xff", doc: `{"Name": "from-file", "Attributes": {"DisplayName": "d"}}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const arn = "arn:aws:sns:us-east-1:000000000000:"
	for _, step := range []struct {
		args   string // separated by '|' where there is one, else by spaces
		status int
		out    string // the whole output
		errs   string // part of standard error
	}{
		{"sts GetCallerIdentity --query Arn", 0, "\"arn:aws:iam::000000000000:root\"\n", ""},
		{"sns CreateTopic --param Name=news", 0, "{\n    \"TopicArn\": \"" + arn + "news\"\n}\n", ""},
		{"sns create-topic --input file://" + doc + " -p Name=other --output text", 0, arn + "other\n", ""},
		{"sns|CreateTopic|--input|{\"Name\": \"third\"}|--query|TopicArn|--output|text", 0, arn + "third\n", ""},
		{"sns ListTopics --query Topics[].TopicArn --output text", 0, arn + "news\t" + arn + "other\t" + arn + "third\n", ""},
		{"sns list_topics --output text", 0, "TOPICS\t" + arn + "news\nTOPICS\t" + arn + "other\nTOPICS\t" + arn + "third\n", ""},
		{"sns ListTopics --max-items 1 --query length(Topics)", 0, "1\n", ""},
		{"sns DeleteTopic -p TopicArn=" + arn + "news", 0, "", ""},
		{"sns CreateTopic", statusUsage, "", `Missing required parameter in input: "Name"`},
		{"sns GetTopicAttributes -p TopicArn=" + arn + "none", statusService, "", "\nAn error occurred (NotFound) when calling the GetTopicAttributes operation: "},
		{"sns Sing", statusUsage, "", `unknown operation "Sing"`},
		{"sung Sing", statusUsage, "", `unknown service "sung"`},
		{"sns", statusUsage, "", "want SERVICE and OPERATION"},
		{"sns ListTopics --output yaml", statusUsage, "", "neither json nor text"},
		{"sns ListTopics --sing", statusUsage, "", "unknown flag"},
		{"sns CreateTopic --param Name", statusUsage, "", "is not NAME=VALUE"},
		{"sns ListTopics --query [", statusUsage, "", "bad value for the query"},
		{"sns CreateTopic --input file:///nowhere", statusOther, "", "no such file"},
		{"sns Publish --max-items 1", statusUsage, "", "operation cannot be paginated: Publish"},
		{"sns ListTopics --profile none", statusConfig, "", "the config profile (none) could not be found"},

		{"s3 CreateBucket -p Bucket=bucket --query Location", 0, "\"/bucket\"\n", ""},
		{"s3 PutObject -p Bucket=bucket -p Key=photo -p Body=fileb://" + photo + " --query Size", 0, "null\n", ""},
		{"s3 GetObject -p Bucket=bucket -p Key=photo", 0, "\x00bytes\xff", ""},
		{"s3 GetObject -p Bucket=bucket -p Key=photo --query ContentLength --outfile " + got, 0, "7\n", ""},
		{"s3 GetObject -p Bucket=bucket -p Key=none --outfile " + got + "2", statusService, "", "(NoSuchKey)"},
		{"s3 --wait bucket-exists -p Bucket=bucket", 0, "", ""},
		{"s3 HeadObject --wait object_exists -p Bucket=bucket -p Key=photo", 0, "", ""},
		{"s3 GetObject --wait object_exists -p Bucket=bucket -p Key=photo", statusUsage, "", "repeats HeadObject, not GetObject"},
		{"s3 --wait object-exists -p Bucket=bucket -p Key=none --wait-attempts 2 --wait-delay 1ms", statusOther, "", "Waiter ObjectExists failed: Max attempts exceeded"},
		{"s3 --wait song -p Bucket=bucket", statusUsage, "", "unknown waiter"},
		{"s3 ListObjectsV2 -p Bucket=bucket --no-paginate --query IsTruncated", 0, "false\n", ""},
		{"s3 ListObjectsV2 -p Bucket=bucket -p MaxKeys=1 --query MaxKeys", 0, "1\n", ""},
	} {
		sep := " "
		if strings.Contains(step.args, "|") {
			sep = "|"
		}
		status, out, errs := execute(t, environ, append([]string{"call"}, strings.Split(step.args, sep)...)...)
		if status != step.status || out != step.out || !strings.Contains(errs, step.errs) || status == 0 && errs != "" {
			t.Errorf("%s: %d\nhave %q\nwant %q\nerrors %s", step.args, status, out, step.out, errs)
		}
	}
	if data, err := os.ReadFile(got); err != nil || string(data) != "\x00bytes\xff" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(got + "2"); err == nil {
		t.Error("a file is made of an error")
	}
}

// TestCallAndClient runs one program twice, at the shell and from Go, against two
// servers, and wants the same of both.
func TestCallAndClient(t *testing.T) {
	t.Parallel()
	shell := nepheletest.Start(t, nepheletest.WithAuth())
	steps := []string{"sqs CreateQueue -p QueueName=a", "sqs CreateQueue -p QueueName=b", "sqs CreateQueue -p QueueName=c"}
	for _, step := range steps {
		if status, _, errs := execute(t, awsEnviron(shell), append([]string{"call"}, strings.Fields(step)...)...); status != 0 {
			t.Fatal(errs)
		}
	}
	_, first, errs := execute(t, awsEnviron(shell), "call", "sqs", "ListQueues", "--page-size", "1", "--max-items", "2")
	var page struct {
		QueueURLs []string `json:"QueueUrls"`
		NextToken string
	}
	if err := json.Unmarshal([]byte(first), &page); err != nil || len(page.QueueURLs) != 2 || page.NextToken == "" {
		t.Fatalf("%s %s", first, errs)
	}
	_, rest, _ := execute(t, awsEnviron(shell), "call", "sqs", "ListQueues", "--page-size", "1", "--starting-token", page.NextToken, "--query", "QueueUrls[0]", "--output", "text")

	goes := nepheletest.Start(t, nepheletest.WithAuth())
	s, err := client.NewSession(t.Context(), client.WithConfig(goes.Config))
	if err != nil {
		t.Fatal(err)
	}
	sqs, err := s.Client("sqs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := sqs.Call(t.Context(), "CreateQueue", map[string]any{"QueueName": name}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := sqs.Paginator("ListQueues")
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for url, err := range p.Paginate(nil, client.PageSize(1)).Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, strings.ReplaceAll(url.(string), goes.URL, shell.URL))
	}
	if have := append(page.QueueURLs, strings.TrimSpace(rest)); !slices.Equal(have, urls) {
		t.Errorf("the shell lists %v, Go %v", have, urls)
	}
}

// TestCallLocal finds the server of a data directory by itself.
func TestCallLocal(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithConfig(func(c *config.Config) { c.Auth = config.AuthOn }))
	addr := strings.TrimPrefix(srv.URL, "http://")
	status, out, errs := execute(t, nil, "call", "sts", "GetCallerIdentity", "--query", "Arn", "--listen", addr, "--data", srv.Data, "--debug")
	if status != 0 || out != "\"arn:aws:iam::000000000000:root\"\n" {
		t.Errorf("%d %s %s", status, out, errs)
	}
	if !strings.Contains(errs, "operation=GetCallerIdentity") || !strings.Contains(errs, "status=200") || strings.Contains(errs, "Signature=") {
		t.Errorf("--debug shows %s", errs)
	}
	status, _, errs = execute(t, nil, "call", "sts", "GetSessionToken", "--listen", addr, "--data", t.TempDir())
	if status != statusService || !strings.Contains(errs, "An error occurred (InvalidClientTokenId) when calling the GetSessionToken operation") {
		t.Errorf("with credentials of another server: %d %s", status, errs)
	}
	status, _, errs = execute(t, nil, "call", "sts", "GetCallerIdentity", "--listen", "127.0.0.1:1", "--data", srv.Data)
	if status != statusOther || !strings.Contains(errs, `Could not connect to the endpoint URL "http://127.0.0.1:1"`) {
		t.Errorf("nobody there: %d %s", status, errs)
	}
}

// TestCallPresign prints a link that works, and what has to be sent with others.
func TestCallPresign(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	environ := awsEnviron(srv)
	status, out, errs := execute(t, environ, "call", "sts", "get-caller-identity", "--presign", "--method", "GET", "--expires", "1m")
	if status != 0 || errs != "" || !strings.Contains(out, "X-Amz-Expires=60") {
		t.Fatalf("%d %s %s", status, out, errs)
	}
	body, code := fetch(t, strings.TrimSpace(out))
	if code != 200 || !strings.Contains(body, ":root</Arn>") {
		t.Errorf("%d %s", code, body)
	}
	status, _, errs = execute(t, environ, "call", "synthetics", "DescribeCanaries", "-p", "MaxResults=3", "--presign")
	if status != 0 || !strings.Contains(errs, "Send it with the method POST.\n") || !strings.Contains(errs, `Send the body {"MaxResults":3}`) {
		t.Errorf("%d %s", status, errs)
	}
	if status, _, errs := execute(t, environ, "call", "s3", "ListBuckets", "--presign", "--expires", "1000h"); status != statusOther || !strings.Contains(errs, "seven days") {
		t.Errorf("%d %s", status, errs)
	}
}

func fetch(t *testing.T, url string) (string, int) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), resp.StatusCode
}

// TestCallLists needs no server.
func TestCallLists(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--list":                            "logs             json               CloudWatch Logs\n",
		"s3 --list":                         "BucketExists                                     --wait\n",
		"sns --list":                        "ListTopics                                       paginates\n",
		"sns CreateTopic --skeleton":        "{\n    \"Name\": \"\",\n    \"Attributes\": {\n        \"KeyName\": \"\"\n    },\n",
		"sts GetCallerIdentity --skeleton":  "{}\n",
		"iam --list --data /nowhere/at/all": "CreateUser\n",
	} {
		status, out, errs := execute(t, nil, append([]string{"call"}, strings.Fields(args)...)...)
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: %d %s\n%s", args, status, errs, out)
		}
	}
}

// TestText holds the form of --output text.
func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, "None\n"},
		{true, "True\n"},
		{2.5, "2.5\n"},
		{[]any{"a", 1.0, nil}, "a\t1\tNone\n"},
		{[]any{[]any{"a", "b"}, []any{"c"}}, "a\tb\nc\n"},
		{[]any{}, ""},
		{map[string]any{"b": "x", "a": int64(1), "List": []any{"p", "q"}, "M": map[string]any{"k": false}}, "1\tx\nLIST\tp\nLIST\tq\nM\tFalse\n"},
		{map[string]any{"Items": []any{map[string]any{"a": "1"}, map[string]any{"b": "2", "In": []any{map[string]any{"c": "3"}}}}}, "ITEMS\t1\tNone\nITEMS\tNone\t2\nIN\t3\n"},
	} {
		var b strings.Builder
		if err := printText(&b, tt.v); err != nil || b.String() != tt.want {
			t.Errorf("%v: have %q, want %q", tt.v, b.String(), tt.want)
		}
	}
}
