package sigv4_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/door/sigv4"
)

const (
	docKey    = "AKIAIOSFODNN7EXAMPLE"
	docSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// The two uploads that the S3 API reference computes: 65 KiB of "a" in a
// chunk of 64 KiB and one of 1 KiB, without and with a trailer.
var published = []struct {
	name, mode, headers, seed string
	chunks                    [3]string
	trailer                   string
	header                    map[string]string
}{
	{
		name: "plain", mode: sigv4.StreamingSigned,
		headers: "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
		seed:    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		chunks: [3]string{
			"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
			"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
			"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
		},
	},
	{
		name: "trailer", mode: sigv4.StreamingSignedTrailer,
		headers: "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
		seed:    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
		chunks: [3]string{
			"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		},
		trailer: "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
		header:  map[string]string{"X-Amz-Trailer": "x-amz-checksum-crc32c"},
	},
}

func TestPublishedChunkedUploads(t *testing.T) {
	t.Parallel()
	for _, c := range published {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Repeat([]byte("a"), 66560)
			body := fmt.Sprintf("10000;chunk-signature=%s\r\n%s\r\n400;chunk-signature=%s\r\n%s\r\n0;chunk-signature=%s\r\n%s\r\n",
				c.chunks[0], data[:65536], c.chunks[1], data[65536:], c.chunks[2], c.trailer)
			r := request(t, "PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", []byte(body))
			r.ContentLength = 66824
			for k, v := range map[string]string{
				"Content-Encoding": "aws-chunked", "X-Amz-Content-Sha256": c.mode, "X-Amz-Date": "20130524T000000Z",
				"X-Amz-Decoded-Content-Length": "66560", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
				"Authorization": "AWS4-HMAC-SHA256 Credential=" + docKey + "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + c.headers + ",Signature=" + c.seed,
			} {
				r.Header.Set(k, v)
			}
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			got, b, err := readSigned(r, docSecret)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, data) || b.Length() != 66560 {
				t.Errorf("read %d bytes, announced %d", len(got), b.Length())
			}
		})
	}
}

// readSigned verifies a request whose header decides and reads its body.
func readSigned(r *http.Request, secret string) ([]byte, *sigv4.Body, error) {
	s, err := sigv4.Parse(r)
	if err != nil {
		return nil, nil, err
	}
	key := sigv4.SigningKey(secret, s.Scope)
	if err := s.Verify(r, key, ""); err != nil {
		return nil, nil, err
	}
	b, err := sigv4.NewBody(r, s, key)
	if err != nil {
		return nil, nil, err
	}
	got, err := io.ReadAll(b)
	return got, b, err
}

// upload is a chunked body in the making, signed by the test's own arithmetic.
type upload struct {
	mode, checksum string
	chunks         [][]byte
}

func (u upload) data() []byte { return bytes.Join(u.chunks, nil) }

func (u upload) request(t testing.TB) *http.Request {
	r := request(t, "PUT", "https://b.s3.amazonaws.com/k", nil)
	r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(u.data())))
	if u.checksum != "" {
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-"+u.checksum)
	}
	sign(t, r, nil, signOptions{service: "s3", payload: u.mode})
	_, seed, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	r.Body = io.NopCloser(strings.NewReader(u.encode(seed)))
	return r
}

func (u upload) encode(prev string) string {
	var b strings.Builder
	key := sigv4.SigningKey(secret, sigv4.Scope{Date: "20260304", Region: "us-east-1", Service: "s3"})
	sign := func(kind, hashes string) string {
		text := strings.Join([]string{"AWS4-HMAC-SHA256-" + kind, "20260304T050607Z", "20260304/us-east-1/s3/aws4_request", prev, hashes}, "\n")
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		prev = hex.EncodeToString(h.Sum(nil))
		return prev
	}
	for _, c := range append(slices.Clip(u.chunks), nil) {
		fmt.Fprintf(&b, "%x", len(c))
		if u.mode != sigv4.StreamingTrailer {
			b.WriteString(";chunk-signature=" + sign("PAYLOAD", sigv4.EmptyHash+"\n"+sigv4.BodyHash(c)))
		}
		b.WriteString("\r\n")
		if len(c) > 0 {
			b.Write(c)
			b.WriteString("\r\n")
		}
	}
	if u.checksum != "" {
		h := sigv4.NewChecksum(u.checksum)
		h.Write(u.data())
		line := "x-amz-checksum-" + u.checksum + ":" + base64.StdEncoding.EncodeToString(h.Sum(nil))
		b.WriteString(line + "\r\n")
		if u.mode == sigv4.StreamingSignedTrailer {
			b.WriteString("x-amz-trailer-signature:" + sign("TRAILER", sigv4.BodyHash([]byte(line+"\n"))) + "\r\n")
		}
	}
	return b.String() + "\r\n"
}

var modes = []upload{
	{mode: sigv4.StreamingSigned},
	{mode: sigv4.StreamingSignedTrailer, checksum: "crc32"},
	{mode: sigv4.StreamingSignedTrailer, checksum: "crc64nvme"},
	{mode: sigv4.StreamingTrailer, checksum: "crc32"},
	{mode: sigv4.StreamingTrailer, checksum: "crc32c"},
	{mode: sigv4.StreamingTrailer, checksum: "crc64nvme"},
	{mode: sigv4.StreamingTrailer, checksum: "sha1"},
	{mode: sigv4.StreamingTrailer, checksum: "sha256"},
}

func TestChunkedBodies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		u := rapid.SampledFrom(modes).Draw(rt, "mode")
		for range rapid.IntRange(0, 3).Draw(rt, "chunks") {
			u.chunks = append(u.chunks, bytes.Repeat([]byte{'x'}, rapid.IntRange(sigv4.MinChunk, 3*sigv4.MinChunk).Draw(rt, "size")))
		}
		u.chunks = append(u.chunks, []byte(rapid.StringN(1, 50, 100).Draw(rt, "last")))
		r := u.request(t)
		if rapid.Bool().Draw(rt, "dribble") {
			r.Body = io.NopCloser(iotest.OneByteReader(r.Body))
		}
		got, b, err := readSigned(r, secret)
		if err != nil {
			rt.Fatalf("%s %s: %v", u.mode, u.checksum, err)
		}
		if !bytes.Equal(got, u.data()) {
			rt.Fatal("other data came out than went in")
		}
		if u.checksum != "" && b.Trailer().Get("X-Amz-Checksum-"+u.checksum) == "" {
			rt.Fatal("the trailer is lost")
		}
	})
}

// No change of a single byte of a chunked body goes unnoticed, except where
// nothing protects it: the case of hexadecimal digits, spaces round a value.
func TestChunkedBodiesTamperedWith(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		u := rapid.SampledFrom(modes).Draw(rt, "mode")
		u.chunks = [][]byte{bytes.Repeat([]byte{'x'}, sigv4.MinChunk), []byte("the last one")}
		r := u.request(t)
		body, _ := io.ReadAll(r.Body)
		i := rapid.IntRange(0, len(body)-1).Draw(rt, "position")
		if rapid.Bool().Draw(rt, "near the end") {
			i = len(body) - 1 - i%min(len(body), 400)
		}
		body[i] ^= byte(rapid.SampledFrom([]int{1, 2, 4, 8, 16, 64, 128}).Draw(rt, "bit"))
		r.Body = io.NopCloser(bytes.NewReader(body))
		if _, _, err := readSigned(r, secret); err == nil {
			rt.Fatalf("%s %s: byte %d of %d is now %q and nobody minds", u.mode, u.checksum, i, len(body), body[i])
		} else {
			reason(t, err)
		}
	})
}

func TestCutChunkedBodies(t *testing.T) {
	t.Parallel()
	for _, u := range modes {
		u.chunks = [][]byte{[]byte("hello")}
		whole, _ := io.ReadAll(u.request(t).Body)
		for n := range len(whole) {
			r := u.request(t)
			r.Body = io.NopCloser(bytes.NewReader(whole[:n]))
			if _, _, err := readSigned(r, secret); err == nil {
				t.Errorf("%s: %d of %d bytes are enough", u.mode, n, len(whole))
			}
		}
	}
}

func TestBadChunks(t *testing.T) {
	t.Parallel()
	sig := ";chunk-signature=" + strings.Repeat("0", 64)
	small := strings.Repeat("y", 100)
	crc := "x-amz-checksum-crc32:NhCmhg==\r\n" // of hello
	for _, c := range []struct {
		name, mode, body, trailer string
		length                    int
		want                      sigv4.Reason
	}{
		{name: "good", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n" + crc + "\r\n", length: 5, trailer: "x-amz-checksum-crc32"},
		{name: "no trailers", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n\r\n", length: 5},
		{name: "trailing data", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1", length: 5, want: sigv4.BodyMalformed},
		{name: "other trailer", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\nx-evil:1\r\n\r\n", length: 5, trailer: "x-amz-checksum-crc32", want: sigv4.TrailerMalformed},
		{name: "lost trailer", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n\r\n", length: 5, trailer: "x-amz-checksum-crc32", want: sigv4.TrailerMalformed},
		{name: "trailer twice", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n" + crc + crc + "\r\n", length: 5, trailer: "x-amz-checksum-crc32", want: sigv4.TrailerMalformed},
		{name: "wrong checksum", mode: sigv4.StreamingTrailer, body: "5\r\nhullo\r\n0\r\n" + crc + "\r\n", length: 5, trailer: "x-amz-checksum-crc32", want: sigv4.ChecksumMismatch},
		{name: "unknown algorithm", mode: sigv4.StreamingTrailer, body: "0\r\n\r\n", trailer: "x-amz-checksum-md4", want: sigv4.TrailerMalformed},
		{name: "negative size", mode: sigv4.StreamingTrailer, body: "-5\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "prefix", mode: sigv4.StreamingTrailer, body: "0x5\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "underscore", mode: sigv4.StreamingTrailer, body: "0_5\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "huge size", mode: sigv4.StreamingTrailer, body: "ffffffffffffffff\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "overlong size", mode: sigv4.StreamingTrailer, body: strings.Repeat("0", 300) + "\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "no line end", mode: sigv4.StreamingTrailer, body: strings.Repeat("0", 9000), length: 5, want: sigv4.BodyMalformed},
		{name: "bare newline", mode: sigv4.StreamingTrailer, body: "5\nhello\n0\n\n", length: 5, want: sigv4.BodyMalformed},
		{name: "data past its chunk", mode: sigv4.StreamingTrailer, body: "4\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "longer than announced", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n\r\n", length: 4, want: sigv4.BodyIncomplete},
		{name: "shorter than announced", mode: sigv4.StreamingTrailer, body: "5\r\nhello\r\n0\r\n\r\n", length: 6, want: sigv4.BodyIncomplete},
		{name: "no length", mode: sigv4.StreamingTrailer, body: "0\r\n\r\n", length: -1, want: sigv4.LengthMissing},
		{name: "small chunk", mode: sigv4.StreamingTrailer, body: "64\r\n" + small + "\r\n5\r\nhello\r\n0\r\n\r\n", length: 105, want: sigv4.ChunkTooSmall},
		{name: "signature where none belongs", mode: sigv4.StreamingTrailer, body: "5" + sig + "\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "no signature", mode: sigv4.StreamingSigned, body: "5\r\nhello\r\n0\r\n\r\n", length: 5, want: sigv4.BodyMalformed},
		{name: "wrong signature", mode: sigv4.StreamingSigned, body: "5" + sig + "\r\nhello\r\n0" + sig + "\r\n\r\n", length: 5, want: sigv4.ChunkMismatch},
		{name: "asymmetric chunks", mode: "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", length: 5, want: sigv4.HashInvalid},
		{name: "no hash at all", mode: "hello", length: 5, want: sigv4.HashInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "PUT", "https://b.s3.amazonaws.com/k", nil)
			if c.length >= 0 {
				r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(c.length))
			}
			if c.trailer != "" {
				r.Header.Set("X-Amz-Trailer", c.trailer)
			}
			sign(t, r, nil, signOptions{service: "s3", payload: c.mode})
			r.Body = io.NopCloser(strings.NewReader(c.body))
			got, _, err := readSigned(r, secret)
			if reason := reason(t, err); reason != c.want {
				t.Errorf("reason %d (%v), want %d; read %q", reason, err, c.want, got)
			}
		})
	}
}

func TestStreamedHash(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]sigv4.Reason{"hello": 0, "hullo": sigv4.HashMismatch, "hell": sigv4.HashMismatch} {
		r := request(t, "PUT", "https://b.s3.amazonaws.com/k", nil)
		sign(t, r, []byte("hello"), signOptions{service: "s3"})
		r.Body = io.NopCloser(strings.NewReader(body))
		if _, _, err := readSigned(r, secret); reason(t, err) != want {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// Without a key the framing still comes off.
func TestUnverifiedChunks(t *testing.T) {
	t.Parallel()
	r := upload{mode: sigv4.StreamingSigned, chunks: [][]byte{[]byte("hello")}}.request(t)
	b, err := sigv4.NewBody(r, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
}

// A broken connection is no fault of the framing.
func TestBrokenConnection(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	r := request(t, "PUT", "https://b.s3.amazonaws.com/k", nil)
	r.Header.Set("X-Amz-Decoded-Content-Length", "5")
	sign(t, r, nil, signOptions{service: "s3", payload: sigv4.StreamingTrailer})
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("5\r\nhe"), iotest.ErrReader(broken)))
	if _, _, err := readSigned(r, secret); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestChecksumCheckValues(t *testing.T) {
	t.Parallel()
	for algorithm, want := range map[string]string{ // of "123456789", from the CRC catalogues
		"CRC32": "cbf43926", "crc32c": "e3069283", "CRC64NVME": "ae8b14860a799888",
		"XXHASH64": "8cb841db40e6ae83", "xxhash3": "72dcb18b67a17dff", "XXHASH128": "33119477ede5dcd5e9716427681d5860",
	} {
		h := sigv4.NewChecksum(algorithm)
		h.Write([]byte("123456789"))
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s is %s, want %s", algorithm, got, want)
		}
	}
	if sigv4.NewChecksum("md4") != nil {
		t.Error("md4 is no algorithm of S3's")
	}
}
