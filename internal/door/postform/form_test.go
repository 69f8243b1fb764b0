package postform_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/postform"
)

// form writes a form of alternating names and values, with a file at its end.
func form(t testing.TB, name, file string, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = io.WriteString(part, file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func wantCode(t testing.TB, err error, code, text string) {
	t.Helper()
	if e := awserr.As(err); e == nil || e.Code != code || !strings.Contains(e.Message, text) {
		t.Errorf("error %v, want %s with %q", err, code, text)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	body, kind := form(t, "a b.txt", "content", "Key", "up/${filename}", "x-amz-meta-A", "1")
	f, err := postform.Read(strings.NewReader(body), kind)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Resolve(); err != nil || f.Fields["key"] != "up/a b.txt" || f.Fields["x-amz-meta-a"] != "1" {
		t.Errorf("fields %v, error %v", f.Fields, err)
	}
	if content, err := io.ReadAll(f.File); err != nil || string(content) != "content" {
		t.Errorf("file %q, error %v", content, err)
	}

	cut, err := postform.Read(strings.NewReader(body[:strings.Index(body, "content")+3]), kind)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(cut.File); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that breaks off: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	none, kind := form(t, "", "", "key", "k")
	_, err := postform.Read(strings.NewReader(none), kind)
	wantCode(t, err, "InvalidArgument", "exactly one file")
	_, err = postform.Read(strings.NewReader("nothing"), kind)
	wantCode(t, err, "MalformedPOSTRequest", "")
	_, err = postform.Read(strings.NewReader(none), "multipart/form-data")
	wantCode(t, err, "MalformedPOSTRequest", "")
	long, kind := form(t, "f", "", "key", strings.Repeat("k", 20_001))
	_, err = postform.Read(strings.NewReader(long), kind)
	wantCode(t, err, "MaxPostPreDataLengthExceeded", "")
	twice, kind := form(t, "f", "", "key", "a", "KEY", "b")
	_, err = postform.Read(strings.NewReader(twice), kind)
	wantCode(t, err, "InvalidArgument", "one value")
	endless := io.MultiReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"a\"\r\nX: "), zeros{})
	_, err = postform.Read(endless, "multipart/form-data; boundary=x")
	if awserr.As(err) == nil {
		t.Errorf("an endless header: %v", err)
	}
}

// TestResolveRefuses: the fields of a form do not grow beyond what one may hold,
// however often they name a long file.
func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("n", 200_000)
	body, kind := form(t, name, "", "key", strings.Repeat("${filename}", 1_800))
	f, err := postform.Read(strings.NewReader(body), kind)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.Resolve(), "MaxPostPreDataLengthExceeded", "")
	if got := f.Fields["key"]; len(got) > 20_000 {
		t.Errorf("the key has grown to %d bytes", len(got))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func encoded(policy string) string { return base64.StdEncoding.EncodeToString([]byte(policy)) }

func TestPolicy(t *testing.T) {
	t.Parallel()
	const until = `{"expiration": "2030-01-01T13:00:00.000Z", "conditions": `
	fields := map[string]string{"key": "user/eric/a", "acl": "private", "x-ignore-me": "x", "policy": "p", "x-amz-signature": "s"}
	for _, c := range []struct{ conditions, code, text string }{
		{`[{"bucket": "b"}, ["starts-with", "$key", "user/eric/"], {"acl": "private"}]}`, "", ""},
		{`[["eq", "$bucket", "b"], ["starts-with", "$key", ""], ["eq", "$ACL", "private"], ["content-length-range", 1, "9"]]}`, "", ""},
		{`[{"bucket": "c"}, ["starts-with", "$key", ""], {"acl": "private"}]}`, "AccessDenied", `Policy Condition failed: ["eq", "$bucket", "c"]`},
		{`[["starts-with", "$key", "user/bob/"], {"acl": "private"}]}`, "AccessDenied", `["starts-with", "$key", "user/bob/"]`},
		{`[["starts-with", "$key", ""]]}`, "AccessDenied", "Extra input fields: acl"},
		{`[{"acl": "private"}, {"key": "user/eric/a"}, {"x-amz-date": "1"}]}`, "AccessDenied", "x-amz-date"},
	} {
		p, err := postform.ParsePolicy(encoded(until + c.conditions))
		if err != nil {
			t.Fatalf("%s: %v", c.conditions, err)
		}
		err = p.Check(fields, "b", noon)
		if c.code == "" && err != nil {
			t.Errorf("%s: %v", c.conditions, err)
		}
		if c.code != "" {
			wantCode(t, err, c.code, c.text)
		}
		if err := p.Check(fields, "b", noon.Add(time.Hour)); c.code == "" {
			wantCode(t, err, "AccessDenied", "Policy expired.")
		}
	}
	for _, bad := range []string{
		"", "{", `{"conditions": []}`, `{"expiration": "2030-01-01T13:00:00Z"}`, `{"expiration": "soon", "conditions": []}`,
		until + `[{"a": "1", "b": "2"}]}`, until + `[["near", "$a", "b"]]}`, until + `[["eq", "a", "b"]]}`,
		until + `[["content-length-range", 5, 1]]}`, until + `[["content-length-range", -1, 1]]}`, until + `[7]}`, until + `[{"a": {}}]}`,
	} {
		_, err := postform.ParsePolicy(encoded(bad))
		wantCode(t, err, "InvalidPolicyDocument", "Invalid Policy: ")
	}
	_, err := postform.ParsePolicy("!")
	wantCode(t, err, "InvalidPolicyDocument", "Base64")
}

// FuzzForm feeds the reader of forms and of policies. Whatever comes, they
// answer with an error of AWS's or a form whose fields are bounded.
func FuzzForm(f *testing.F) {
	body, _ := form(f, "a.txt", "content", "key", "k", "policy", encoded(`{"expiration": "2030-01-01T13:00:00Z", "conditions": [["eq", "$key", "k"]]}`))
	boundary := strings.TrimPrefix(body[:strings.Index(body, "\r\n")], "--")
	f.Add([]byte(strings.ReplaceAll(body, boundary, "b")))
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n--b--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := postform.Read(bytes.NewReader(raw), "multipart/form-data; boundary=b")
		if err != nil {
			if awserr.As(err) == nil {
				t.Fatalf("an error that is no answer: %v", err)
			}
			return
		}
		size := 0
		for name, value := range x.Fields {
			size += len(name) + len(value)
		}
		if size > 20_000 {
			t.Fatalf("%d bytes of fields", size)
		}
		if p, err := postform.ParsePolicy(x.Fields["policy"]); err == nil {
			if err := p.Check(x.Fields, "b", p.Expiration); err == nil {
				t.Fatal("an expired policy allows a form")
			}
		}
	})
}
