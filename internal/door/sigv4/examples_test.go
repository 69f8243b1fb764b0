package sigv4_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/door/sigv4"
)

// example is a request that AWS's documentation signs.
type example struct {
	name, method, url string
	header            map[string]string
	body              string
	signed, mac       string // of the Authorization header; "" when the URL has them
	id, secret        string
}

const (
	examplesDay = "20130524T000000Z"
	listUsers   = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
)

// The computed examples of the S3 API reference ("Signature Calculations for the
// Authorization Header", "Using Query Parameters") and of the IAM user guide
// ("Create a signed AWS API request"). Uploads in chunks stand in published.
var examples = []example{
	{
		name: "S3 GET Object", method: "GET", url: "https://examplebucket.s3.amazonaws.com/test.txt", id: docKey, secret: docSecret,
		header: map[string]string{"Range": "bytes=0-9", "X-Amz-Content-Sha256": sigv4.EmptyHash, "X-Amz-Date": examplesDay},
		signed: "host;range;x-amz-content-sha256;x-amz-date", mac: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	},
	{
		name: "S3 PUT Object", method: "PUT", url: "https://examplebucket.s3.amazonaws.com/test$file.text", id: docKey, secret: docSecret, body: "Welcome to Amazon S3.",
		header: map[string]string{
			"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Date": examplesDay, "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
			"X-Amz-Content-Sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		},
		signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", mac: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
	},
	{
		name: "S3 GET Bucket lifecycle", method: "GET", url: "https://examplebucket.s3.amazonaws.com/?lifecycle", id: docKey, secret: docSecret,
		header: map[string]string{"X-Amz-Content-Sha256": sigv4.EmptyHash, "X-Amz-Date": examplesDay},
		signed: "host;x-amz-content-sha256;x-amz-date", mac: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
	},
	{
		name: "S3 GET Bucket (List Objects)", method: "GET", url: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", id: docKey, secret: docSecret,
		header: map[string]string{"X-Amz-Content-Sha256": sigv4.EmptyHash, "X-Amz-Date": examplesDay},
		signed: "host;x-amz-content-sha256;x-amz-date", mac: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	},
	{
		name: "S3 presigned URL", method: "GET", id: docKey, secret: docSecret,
		url: "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
			"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
			"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
	},
	{
		name: "IAM ListUsers", method: "GET", url: listUsers, id: accessKey, secret: secret,
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Amz-Date": suiteStamp},
		signed: "content-type;host;x-amz-date", mac: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
	},
	{
		name: "IAM ListUsers presigned", method: "GET", id: accessKey, secret: secret,
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
		url: listUsers + "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fiam%2Faws4_request" +
			"&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signature=37ac2f4fde00b0ac9bd9eadeb459b1bbee224158d66e7ae5fcadb70b2d181d02",
	},
}

func (e example) request(t *testing.T) *http.Request {
	r := request(t, e.method, e.url, []byte(e.body))
	for name, value := range e.header {
		r.Header.Set(name, value)
	}
	if e.mac != "" {
		service, region := "s3", "us-east-1"
		if strings.Contains(e.url, "//iam.") {
			service = "iam"
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+e.id+"/"+e.header["X-Amz-Date"][:8]+"/"+region+"/"+service+
			"/aws4_request,SignedHeaders="+e.signed+",Signature="+e.mac)
	}
	return receive(t, r)
}

func TestPublishedExamples(t *testing.T) {
	t.Parallel()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			if err := verifyVector(e.request(t), e.secret, e.body); err != nil {
				t.Errorf("refused: %v", err)
			}
			if verifyVector(e.request(t), e.secret+"x", e.body) == nil {
				t.Error("accepted with another secret")
			}
			for name, change := range changes {
				r := e.request(t)
				if name != "header" && name != "absent header" && change(r) && verifyVector(r, e.secret, e.body) == nil {
					t.Errorf("accepted after a change of the %s", name)
				}
			}
			for name := range e.header {
				r := e.request(t)
				r.Header.Set(name, "20150830T123602Z")
				if verifyVector(r, e.secret, e.body) == nil {
					t.Errorf("accepted after a change of the header %s", name)
				}
			}
		})
	}
}

// The two keys that AWS's documentation derives.
func TestPublishedKeys(t *testing.T) {
	t.Parallel()
	for date, want := range map[string]string{
		"20120215": "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d",
		"20150830": "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
	} {
		if got := hex.EncodeToString(sigv4.SigningKey(secret, sigv4.Scope{Date: date, Region: "us-east-1", Service: "iam"})); got != want {
			t.Errorf("%s: %s, want %s", date, got, want)
		}
	}
}
