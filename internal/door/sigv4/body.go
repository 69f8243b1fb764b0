package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The forms of x-amz-content-sha256 besides a hash.
const (
	UnsignedPayload        = "UNSIGNED-PAYLOAD"
	StreamingSigned        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingTrailer       = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// Body is a request's body as its sender means it: without chunk framing, and
// held to what was said about it. Nothing that was read counts before io.EOF.
type Body struct {
	src     io.ReadCloser
	length  int64 // of what is read from here; -1 when unknown
	reader  io.Reader
	trailer http.Header
}

// NewBody returns r's body. s and key are those of its verified signature;
// without a key (s may then be nil too) hashes, framing and checksums are
// still checked, signatures of chunks are not. The error is an *Error.
//
// Reading fails with an *Error when the body is not what was announced.
func NewBody(r *http.Request, s *Signature, key []byte) (*Body, error) {
	mode := payloadMode(r, s)
	b := &Body{src: r.Body, length: r.ContentLength, reader: r.Body}
	switch {
	case mode == "" || mode == UnsignedPayload:
	case IsHash(mode):
		b.reader = &hashReader{r: r.Body, hash: sha256.New(), want: mode}
	case mode == StreamingTrailer, mode == StreamingSigned, mode == StreamingSignedTrailer:
		if err := b.dechunk(r, s, key, mode); err != nil {
			return nil, err
		}
	default:
		return nil, &Error{
			Reason: HashInvalid, Name: "x-amz-content-sha256", Got: clip(mode),
			Message: "x-amz-content-sha256 must be " + UnsignedPayload + ", " + StreamingTrailer + ", " +
				StreamingSigned + ", " + StreamingSignedTrailer + " or a valid sha256 value.",
		}
	}
	return b, nil
}

func payloadMode(r *http.Request, s *Signature) string {
	if s != nil {
		return s.Payload
	}
	return r.Header.Get("X-Amz-Content-Sha256")
}

// Chunked reports whether x-amz-content-sha256 announces chunk framing.
func Chunked(mode string) bool { return strings.HasPrefix(mode, "STREAMING-") }

func (b *Body) dechunk(r *http.Request, s *Signature, key []byte, mode string) error {
	length, err := decodedLength(r.Header)
	if err != nil {
		return err
	}
	names, err := announced(r.Header, mode)
	if err != nil {
		return err
	}
	b.length, b.trailer = length, make(http.Header)
	c := newChunkReader(r.Body, length)
	c.trailer, c.names = b.trailer, names
	if mode != StreamingTrailer {
		c.signed = true
		if key != nil {
			c.chain = newChain(s, key)
		}
	}
	for _, name := range names {
		if algorithm, ok := strings.CutPrefix(name, checksumPrefix); ok {
			c.sums = append(c.sums, namedSum{name, NewChecksum(algorithm)})
		}
	}
	b.reader = c
	return nil
}

// decodedLength is the length of the body without its framing.
func decodedLength(h http.Header) (int64, error) {
	text := h.Get("X-Amz-Decoded-Content-Length")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || len(h["X-Amz-Decoded-Content-Length"]) != 1 {
		return 0, &Error{
			Reason: LengthMissing, Name: "x-amz-decoded-content-length",
			Message: "You must provide the x-amz-decoded-content-length HTTP header.",
		}
	}
	return n, nil
}

// announced returns the names in x-amz-trailer, lower case. Only checksums
// that we can verify are accepted.
func announced(h http.Header, mode string) ([]string, error) {
	var names []string
	for _, v := range h["X-Amz-Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				names = append(names, name)
			}
		}
	}
	ok := len(names) <= 1 && (len(names) == 0 || mode != StreamingSigned)
	for _, name := range names {
		algorithm, is := strings.CutPrefix(name, checksumPrefix)
		ok = ok && is && NewChecksum(algorithm) != nil
	}
	if !ok {
		return nil, &Error{
			Reason: TrailerMalformed, Name: "x-amz-trailer", Got: clip(strings.Join(names, ",")),
			Message: "The value specified in the x-amz-trailer header is not supported",
		}
	}
	return names, nil
}

// Read implements io.Reader. Its errors are an *Error, or the connection's.
func (b *Body) Read(p []byte) (int, error) { return b.reader.Read(p) }

// Close closes the request's body.
func (b *Body) Close() error { return b.src.Close() }

// Length is how many bytes there are to read, or -1 when that is unknown.
func (b *Body) Length() int64 { return b.length }

// Trailer returns the trailers, for example "X-Amz-Checksum-Crc32", once Read
// has returned io.EOF; their checksums have been verified.
func (b *Body) Trailer() http.Header { return b.trailer }

// hashReader compares the hash of what went through with the one signed.
type hashReader struct {
	r    io.Reader
	hash hash.Hash
	want string
}

func (h *hashReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.hash.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(h.hash.Sum(nil)); got != h.want {
			return n, hashMismatch(h.want, got)
		}
	}
	return n, err
}

// namedSum is a checksum in the making, under its trailer's name.
type namedSum struct {
	name string
	hash hash.Hash
}

// verify compares the checksum with what the trailers say.
func (s namedSum) verify(trailer http.Header) error {
	want := base64.StdEncoding.EncodeToString(s.hash.Sum(nil))
	if got := trailer.Get(s.name); got != want {
		algorithm := strings.ToUpper(strings.TrimPrefix(s.name, checksumPrefix))
		return &Error{
			Reason: ChecksumMismatch, Name: s.name, Got: clip(got), Want: want,
			Message: "The " + algorithm + " you specified did not match the calculated checksum.",
		}
	}
	return nil
}
