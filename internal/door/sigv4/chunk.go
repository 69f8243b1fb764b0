package sigv4

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
)

const (
	// MinChunk is the least size of a chunk that is not the last with data.
	MinChunk = 8192

	maxChunkLine   = 256 // size and signature
	maxTrailerLine = 512
	maxTrailers    = 8

	chunkSignature   = "chunk-signature="
	trailerSignature = "x-amz-trailer-signature"
)

// chunkReader takes the framing off a body in aws-chunked form:
//
//	size-in-hex [";chunk-signature=" 64 hex] CRLF  data CRLF   ...
//	"0"         [";chunk-signature=" 64 hex] CRLF  [trailers]  CRLF
//
// Data is passed on as it comes; the signature of a chunk is compared when the
// chunk ends. Nothing after the last CRLF is allowed.
type chunkReader struct {
	src  *bufio.Reader
	left int64 // of the decoded length

	signed  bool   // chunks carry signatures
	chain   *chain // verifies them; nil: they are only read over
	names   []string
	sums    []namedSum
	trailer http.Header

	chunk   int64  // bytes left of the current chunk
	claimed string // the current chunk's signature
	small   bool   // a chunk below MinChunk has been seen
	open    bool   // inside a chunk
	err     error  // sticky
}

func newChunkReader(r io.Reader, length int64) *chunkReader {
	return &chunkReader{src: bufio.NewReaderSize(r, 4096), left: length}
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.err
	}
	for c.err == nil && c.chunk == 0 {
		c.err = c.advance()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.chunk)])
	c.took(p[:n])
	if err != nil {
		c.err = truncated(err)
	}
	return n, c.err
}

// took accounts for data passed on.
func (c *chunkReader) took(p []byte) {
	c.chunk -= int64(len(p))
	if c.chain != nil {
		c.chain.data.Write(p)
	}
	for _, s := range c.sums {
		s.hash.Write(p)
	}
}

// advance ends the current chunk and begins the next. It returns io.EOF after
// the last one.
func (c *chunkReader) advance() error {
	if c.open {
		if err := c.endChunk(); err != nil {
			return err
		}
	}
	size, err := c.beginChunk()
	if err != nil || size > 0 {
		return err
	}
	if err := c.checkChunk(); err != nil {
		return err
	}
	return c.finish()
}

// endChunk reads the line end after the data and verifies the chunk.
func (c *chunkReader) endChunk() error {
	line, err := c.line(2)
	if err != nil {
		return err
	}
	if len(line) != 0 {
		return badFraming("data longer than its chunk")
	}
	c.open = false
	return c.checkChunk()
}

func (c *chunkReader) checkChunk() error {
	if c.chain == nil || c.chain.next(c.claimed) {
		return nil
	}
	return refuse(ChunkMismatch, mismatchText)
}

// beginChunk reads the line before the data.
func (c *chunkReader) beginChunk() (size int64, err error) {
	line, err := c.line(maxChunkLine)
	if err != nil {
		return 0, err
	}
	digits, extension, extended := strings.Cut(line, ";")
	if c.claimed, err = c.claim(extension, extended); err != nil {
		return 0, err
	}
	size, ok := parseSize(digits)
	switch {
	case !ok:
		return 0, badFraming("chunk size")
	case size > c.left:
		return 0, refuse(BodyIncomplete, "The request body is longer than x-amz-decoded-content-length.")
	case size > 0 && c.small:
		return 0, refuse(ChunkTooSmall, "Only the last chunk is allowed to have a size less than %d bytes", MinChunk)
	}
	c.small = c.small || size < MinChunk
	c.left -= size
	c.chunk, c.open = size, size > 0
	return size, nil
}

// claim reads the signature out of a chunk's extension.
func (c *chunkReader) claim(extension string, extended bool) (string, error) {
	if !c.signed {
		if extended {
			return "", badFraming("chunk extension")
		}
		return "", nil
	}
	sig, ok := strings.CutPrefix(extension, chunkSignature)
	if !ok || !IsHash(sig) {
		return "", badFraming("chunk signature")
	}
	return sig, nil
}

// parseSize reads up to 16 hexadecimal digits; more cannot be a size.
func parseSize(s string) (int64, bool) {
	if s == "" || len(s) > 16 {
		return 0, false
	}
	var n uint64
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return int64(n), n < 1<<63
}

// finish reads the trailers and what must be the end.
func (c *chunkReader) finish() error {
	if c.left != 0 {
		return refuse(BodyIncomplete, "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header")
	}
	mac, text, err := c.readTrailers()
	if err != nil {
		return err
	}
	if _, err := c.src.Peek(1); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return badFraming("data after the last chunk")
	}
	if err := c.checkTrailers(mac, text); err != nil {
		return err
	}
	for _, s := range c.sums {
		if err := s.verify(c.trailer); err != nil {
			return err
		}
	}
	return io.EOF
}

// readTrailers reads lines up to an empty one. text is what their signature
// covers, mac that signature.
func (c *chunkReader) readTrailers() (mac string, text []byte, err error) {
	for range maxTrailers {
		line, err := c.line(maxTrailerLine)
		if err != nil || line == "" {
			return mac, text, err
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.TrimSpace(value)
		switch {
		case !ok || mac != "" || c.trailer.Get(name) != "":
			return "", nil, badTrailer()
		case name == trailerSignature && c.signed:
			mac = value
			continue
		case !c.expects(name):
			return "", nil, badTrailer()
		}
		c.trailer.Set(name, value)
		text = append(text, name+":"+value+"\n"...)
	}
	return "", nil, badTrailer()
}

func (c *chunkReader) expects(name string) bool {
	return slices.Contains(c.names, name)
}

// checkTrailers requires all announced trailers, signed where chunks are.
func (c *chunkReader) checkTrailers(mac string, text []byte) error {
	if len(c.trailer) != len(c.names) {
		return badTrailer()
	}
	if !c.signed || len(c.names) == 0 && mac == "" {
		return nil
	}
	if !IsHash(mac) {
		return badTrailer()
	}
	if c.chain != nil && !c.chain.trailer(text, mac) {
		return refuse(ChunkMismatch, mismatchText)
	}
	return nil
}

// line reads up to CRLF, which it takes off. It holds no more than the
// reader's buffer whatever comes.
func (c *chunkReader) line(limit int) (string, error) {
	b, err := c.src.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(b) > limit:
		return "", badFraming("line too long")
	case err != nil:
		return "", truncated(err)
	case len(b) < 2 || b[len(b)-2] != '\r':
		return "", badFraming("line end")
	}
	return string(b[:len(b)-2]), nil
}

// truncated turns an early end of the stream into the refusal that it is.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(BodyIncomplete, "The request body terminated unexpectedly")
	}
	return err
}

func badFraming(what string) error {
	return &Error{Reason: BodyMalformed, Name: what, Message: "The request body is not in aws-chunked form: " + what + "."}
}

func badTrailer() error {
	return refuse(TrailerMalformed, "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}

// chain verifies the signatures of chunks, each of which is seeded by the one
// before it.
type chain struct {
	key   []byte
	stamp string
	scope string
	prev  string
	data  hash.Hash // of the current chunk
}

func newChain(s *Signature, key []byte) *chain {
	return &chain{key: key, stamp: s.stamp, scope: s.Scope.String(), prev: s.mac, data: sha256.New()}
}

// next reports whether mac is the signature of the chunk that went through
// data, and begins the next.
func (c *chain) next(mac string) bool {
	sum := hex.EncodeToString(c.data.Sum(nil))
	c.data.Reset()
	return c.advance(algorithm+"-PAYLOAD", EmptyHash+"\n"+sum, mac)
}

// trailer does the same for the trailers.
func (c *chain) trailer(text []byte, mac string) bool {
	return c.advance(algorithm+"-TRAILER", BodyHash(text), mac)
}

func (c *chain) advance(kind, hashes, mac string) bool {
	text := strings.Join([]string{kind, c.stamp, c.scope, c.prev, hashes}, "\n")
	c.prev = mac
	return equalMAC(c.key, []byte(text), mac)
}
