package sigv4_test

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/door/sigv4"
)

// vector is a request of AWS's published Signature Version 4 test suite, with
// the signatures that it gives for the two places where one can stand. All of
// them are made at 2015-08-30 12:36:00 UTC for the service "service" in
// us-east-1.
//
// Two remarks on the suite. It escapes paths that go over the wire unescaped
// ("/example space/"), which no HTTP client sends; the request is built as if one
// did. And its requests in query form carry a stray X-Amz-Date header that is
// not signed, which is left out here: a service refuses it.
type vector struct {
	name   string
	method string // GET unless set
	target string
	header []string // "Name: value", besides Host and X-Amz-Date
	body   string
	signed string // the signed headers besides host and x-amz-date
	mac    string // of the Authorization header; "" where the suite has none
	query  string // of the presigned URL; the same
	life   string // X-Amz-Expires, "" where the suite leaves it out
}

const (
	suiteHost  = "example.amazonaws.com"
	suiteStamp = "20150830T123600Z"
	suiteScope = "20150830/us-east-1/service/aws4_request"

	suiteToken = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

	letters   = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	formHash  = "X-Amz-Content-Sha256: 9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
	formType  = "Content-Type: application/x-www-form-urlencoded"
	rootQuery = "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"
	rootMAC   = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	postMAC   = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
)

// suite is in the suite's order. Where its older and its newer form differ,
// both stand here.
var suite = []vector{
	{
		name: "get-header-key-duplicate", target: "/", header: []string{"My-Header1: value2", "My-Header1: value2", "My-Header1: value1"}, signed: "my-header1", life: "3600",
		mac:   "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
		query: "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97",
	},
	{ // lines folded in the suite, which are values of their own to it
		name: "get-header-value-multiline", target: "/", header: []string{"My-Header1: value1", "My-Header1: value2", "My-Header1: value3"}, signed: "my-header1", life: "3600",
		mac:   "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
		query: "07f38a7bae261a5b2eec137361e6403c191bbf8e3f75466bb8114a08acd99936",
	},
	{
		name: "get-header-value-order", target: "/", header: []string{"My-Header1: value4", "My-Header1: value1", "My-Header1: value3", "My-Header1: value2"}, signed: "my-header1", life: "3600",
		mac:   "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
		query: "313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e",
	},
	{
		name: "get-header-value-trim", target: "/", header: []string{"My-Header1:  value1", `My-Header2: "a   b   c"`}, signed: "my-header1;my-header2", life: "3600",
		mac:   "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
		query: "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
	},
	{name: "get-relative normalized", target: "/example/..", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-relative unnormalized", target: "/example/..", life: "3600",
		mac:   "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
		query: "cbcb213b928a077e43275df47b500f1dfaa864ab3f5a18f6b95f4ff0938167ee",
	},
	{name: "get-relative-relative normalized", target: "/example1/example2/../..", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-relative-relative unnormalized", target: "/example1/example2/../..", life: "3600",
		mac:   "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
		query: "b45db0bfd1cf15003493b733e33aa208dd981bd0e63037a6ed953f71d2118a16",
	},
	{name: "get-slash normalized", target: "//", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-slash unnormalized", target: "//", life: "3600",
		mac:   "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
		query: "b2a9542809db687769200f56a844a03f2bd0291d6eb90232d5101c6a579446cd",
	},
	{name: "get-slash-dot-slash normalized", target: "/./", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-slash-dot-slash unnormalized", target: "/./", life: "3600",
		mac:   "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
		query: "a9b13e8f3484d9505bf1a6f347219f8f35b0fe8f128ceea597efc146a3dfe90c",
	},
	{
		name: "get-slash-pointless-dot normalized", target: "/./example", life: "3600",
		mac:   "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
		query: "35034b1a0bdd969f346975386daf8aedfd4976573b8348cf4f67eaa41c5857de",
	},
	{
		name: "get-slash-pointless-dot unnormalized", target: "/./example", life: "3600",
		mac:   "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
		query: "72b11f16d9530b18204bfb71f2d6ab085894c0ed8d352730a6e76234c58b5e10",
	},
	{
		name: "get-slashes normalized", target: "//example//", life: "3600",
		mac:   "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
		query: "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082",
	},
	{
		name: "get-slashes unnormalized", target: "//example//", life: "3600",
		mac:   "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
		query: "822a5a9ba28072c5ab2bb4a6307d0c88276d40e49fec6b724c03fb4d4ba60fc2",
	},
	{
		name: "get-space", target: "/example space/", life: "3600",
		mac:   "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
		query: "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6",
	},
	{
		name: "get-space for no given time", target: "/example space/",
		query: "df2538a2f0e3833e12597dc3955a6a4545255907051db5a7c6e22550c4ddc380",
	},
	{
		name: "get-unreserved", target: "/" + letters, life: "3600",
		mac:   "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
		query: "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005",
	},
	{
		name: "get-utf8", target: "/ሴ", life: "3600",
		mac:   "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
		query: "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
	},
	{name: "get-vanilla", target: "/", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-vanilla-empty-query-key", target: "/?Param1=value1", life: "3600",
		mac:   "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
		query: "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de",
	},
	{name: "get-vanilla-query", target: "/", life: "3600", mac: rootMAC, query: rootQuery},
	{
		name: "get-vanilla-query-order-encoded", target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", life: "3600",
		mac:   "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
		query: "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
	},
	{
		name: "get-vanilla-query-order-key", target: "/?Param1=value2&Param1=Value1",
		mac: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
	},
	{
		name: "get-vanilla-query-order-key-case", target: "/?Param2=value2&Param1=value1", life: "3600",
		mac:   "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		query: "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
	},
	{
		name: "get-vanilla-query-order-value", target: "/?Param1=value2&Param1=value1",
		mac: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
	},
	{
		name: "get-vanilla-query-unreserved", target: "/?" + letters + "=" + letters, life: "3600",
		mac:   "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
		query: "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf",
	},
	{
		name: "get-vanilla-utf8-query", target: "/?ሴ=bar", life: "3600",
		mac:   "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
		query: "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
	},
	{
		name: "get-vanilla-with-session-token", target: "/", signed: "x-amz-security-token",
		header: []string{"X-Amz-Security-Token: 6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"},
		mac:    "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	},
	{name: "post-header-key-case", method: "POST", target: "/", mac: postMAC},
	{
		name: "post-header-key-sort", method: "POST", target: "/", header: []string{"My-Header1: value1"}, signed: "my-header1", life: "3600",
		mac:   "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
		query: "c09d07e0d55871f10f2a6d350d994acf6825a3cae70673d7def55616e6119dd7",
	},
	{
		name: "post-header-value-case", method: "POST", target: "/", header: []string{"My-Header1: VALUE1"}, signed: "my-header1", life: "3600",
		mac:   "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
		query: "0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed",
	},
	{name: "post-sts-header-after", method: "POST", target: "/", mac: postMAC},
	{
		name: "post-sts-header-before", method: "POST", target: "/", header: []string{"X-Amz-Security-Token: " + suiteToken}, signed: "x-amz-security-token", life: "3600",
		mac:   "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
		query: "aca67b49ed321f377645504bccbd5a65f9085c536ff1961bc49c835d30827b16",
	},
	{
		name: "post-vanilla", method: "POST", target: "/", life: "3600", mac: postMAC,
		query: "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b",
	},
	{
		name: "post-vanilla-empty-query-value", method: "POST", target: "/?Param1=value1", life: "3600",
		mac:   "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
		query: "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682",
	},
	{
		name: "post-vanilla-query", method: "POST", target: "/?Param1=value1",
		mac:   "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
		query: "3db81c23f61a113c20a450ddd23cd505339301826c402790ceaa9490520fb718",
	},
	{ // "@#$%^&+=/,?><`\";:\\|][{}" in the suite, escaped here as URLs must be
		name: "post-vanilla-query-nonunreserved", method: "POST", target: "/?%40%23%24%25%5E&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D",
		mac: "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e",
	},
	{ // "p aram1=val ue1" in the suite, of which a request line holds only "p"
		name: "post-vanilla-query-space", method: "POST", target: "/?p",
		mac: "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b",
	},
	{
		name: "post-x-www-form-urlencoded", method: "POST", target: "/", header: []string{formType}, body: "Param1=value1", signed: "content-type",
		mac: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
	},
	{
		name: "post-x-www-form-urlencoded with length and hash", method: "POST", target: "/", header: []string{formType, formHash}, body: "Param1=value1",
		signed: "content-length;content-type;x-amz-content-sha256", life: "3600",
		mac:   "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
		query: "c2348f57d08c84939944d6c878b3f7be56316f8e7fd6817e81eded279a362d69",
	},
	{
		name: "post-x-www-form-urlencoded-parameters", method: "POST", target: "/", header: []string{formType + "; charset=utf8"}, body: "Param1=value1", signed: "content-type",
		mac: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
	},
	{
		name: "post-x-www-form-urlencoded-parameters with length and hash", method: "POST", target: "/", header: []string{formType + "; charset=utf-8", formHash}, body: "Param1=value1",
		signed: "content-length;content-type;x-amz-content-sha256", life: "3600",
		mac:   "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
		query: "1b8d9ac4ab8553a224622753bae7714608a7c61f8994dbd385150e6da12114df",
	},
}

// names sorts further signed headers in among host and x-amz-date.
func (v vector) names(more ...string) string {
	names := append([]string{"host"}, more...)
	if v.signed != "" {
		names = append(names, strings.Split(v.signed, ";")...)
	}
	slices.Sort(names)
	return strings.Join(names, ";")
}

// request is what a server sees of the vector, without a signature.
func (v vector) request(t *testing.T) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(v.target, "?")
	plain, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{
		Method: cmp.Or(v.method, "GET"), Host: suiteHost, Header: http.Header{}, ContentLength: int64(len(v.body)),
		URL: &url.URL{Path: plain, RawPath: path, RawQuery: query},
	}
	for _, line := range v.header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func (v vector) inHeader(t *testing.T) *http.Request {
	r := v.request(t)
	r.Header.Set("X-Amz-Date", suiteStamp)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"+suiteScope+
		", SignedHeaders="+v.names("x-amz-date")+", Signature="+v.mac)
	return r
}

func (v vector) inQuery(t *testing.T) *http.Request {
	r := v.request(t)
	q := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + url.QueryEscape("AKIDEXAMPLE/"+suiteScope) +
		"&X-Amz-Date=" + suiteStamp + "&X-Amz-SignedHeaders=" + url.QueryEscape(v.names())
	if v.life != "" {
		q += "&X-Amz-Expires=" + v.life
	}
	r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+q+"&X-Amz-Signature="+v.query, "&")
	return r
}

func verifyVector(r *http.Request, secret, body string) error {
	s, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	return s.Verify(r, sigv4.SigningKey(secret, s.Scope), sigv4.BodyHash([]byte(body)))
}

func TestPublishedSuite(t *testing.T) {
	t.Parallel()
	for _, v := range suite {
		for form, make := range map[string]func(*testing.T) *http.Request{"header": v.inHeader, "query": v.inQuery} {
			if form == "header" && v.mac == "" || form == "query" && v.query == "" {
				continue
			}
			t.Run(v.name+" "+form, func(t *testing.T) {
				t.Parallel()
				if err := verifyVector(make(t), secret, v.body); err != nil {
					t.Errorf("refused: %v", err)
				}
				if verifyVector(make(t), secret+"x", v.body) == nil {
					t.Error("accepted with another secret")
				}
				if verifyVector(make(t), secret, v.body+"x") == nil {
					t.Error("accepted with another body")
				}
				for name, change := range changes {
					r := make(t)
					if change(r) && verifyVector(r, secret, v.body) == nil {
						t.Errorf("accepted after a change of the %s", name)
					}
				}
			})
		}
	}
}

// changes are made to each vector, one at a time. They report false where
// there is nothing to change.
var changes = map[string]func(*http.Request) bool{
	"method": func(r *http.Request) bool { r.Method = "PATCH"; return true },
	"host":   func(r *http.Request) bool { r.Host = "example.amazonaws.org"; return true },
	"path": func(r *http.Request) bool {
		r.URL.Path += "x"
		r.URL.RawPath += "x"
		return true
	},
	"added parameter": func(r *http.Request) bool { r.URL.RawQuery += "&x"; return true },
	"first byte of the query": func(r *http.Request) bool {
		if r.URL.RawQuery == "" {
			return false
		}
		r.URL.RawQuery = "y" + r.URL.RawQuery[1:]
		return true
	},
	"time": func(r *http.Request) bool {
		if r.Header.Get("X-Amz-Date") == "" {
			return changeSignature("00Z&", "01Z&")(r)
		}
		r.Header.Set("X-Amz-Date", strings.Replace(r.Header.Get("X-Amz-Date"), "00Z", "01Z", 1))
		return true
	},
	"region":    changeSignature("us-east-1", "us-east-2"),
	"service":   changeSignature("service", "services"),
	"signature": func(r *http.Request) bool { return flipSignature(r) },
	"headers that are signed": func(r *http.Request) bool {
		return changeSignature("SignedHeaders=", "SignedHeaders=accept;")(r) || changeSignature("SignedHeaders=", "SignedHeaders=accept%3B")(r)
	},
	"added header": func(r *http.Request) bool { r.Header.Set("X-Amz-Meta-A", "b"); return true },
	"header": func(r *http.Request) bool {
		for name, values := range r.Header {
			if name != "Authorization" && name != "X-Amz-Date" {
				r.Header.Set(name, values[0]+"x")
				return true
			}
		}
		return false
	},
	"absent header": func(r *http.Request) bool {
		for name := range r.Header {
			if name != "Authorization" && name != "X-Amz-Date" {
				r.Header.Del(name)
				return true
			}
		}
		return false
	},
}

// changeSignature replaces text in what a request says of its signature.
func changeSignature(from, to string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		if auth := r.Header.Get("Authorization"); auth != "" {
			r.Header.Set("Authorization", strings.Replace(auth, from, to, 1))
			return r.Header.Get("Authorization") != auth
		}
		was := r.URL.RawQuery
		r.URL.RawQuery = strings.Replace(was, from, to, 1)
		return r.URL.RawQuery != was
	}
}

// flipSignature changes the last digit of a signature.
func flipSignature(r *http.Request) bool {
	flip := func(s string) string {
		last := byte('0')
		if s[len(s)-1] == last {
			last = '1'
		}
		return s[:len(s)-1] + string(last)
	}
	if auth := r.Header.Get("Authorization"); auth != "" {
		r.Header.Set("Authorization", flip(auth))
	} else {
		r.URL.RawQuery = flip(r.URL.RawQuery)
	}
	return true
}
