package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// spoolLimit is up to which length, in bytes, a stream that cannot be read twice
// is kept in memory.
const spoolLimit = 1 << 20

// A body is a stream that can be read again from where it was, by several
// readers at once: net/http may still read for an attempt that has failed when
// the next begins.
type body struct {
	mu     sync.Mutex
	source io.ReadSeeker
	start  int64
	size   int64
	file   *os.File // to be removed; nil for none
}

// newBody takes over a reader. Its close must be called.
func newBody(r io.Reader) (*body, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if b, err := measure(s); err == nil {
			return b, nil
		} // else a pipe, which is a file all the same
	}
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, spoolLimit)
	if errors.Is(err, io.EOF) {
		return &body{source: bytes.NewReader(head.Bytes()), size: n}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the stream to send: %w", err)
	}
	return spoolFile(io.MultiReader(&head, r))
}

func measure(s io.ReadSeeker) (*body, error) {
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	_, err = s.Seek(start, io.SeekStart)
	return &body{source: s, start: start, size: max(0, end-start)}, err
}

func spoolFile(r io.Reader) (*body, error) {
	f, err := os.CreateTemp("", "nephele-upload-")
	if err != nil {
		return nil, fmt.Errorf("keeping the stream to send: %w", err)
	}
	b := &body{source: f, file: f}
	if b.size, err = io.Copy(f, r); err != nil {
		b.close()
		return nil, fmt.Errorf("keeping the stream to send: %w", err)
	}
	return b, nil
}

// close removes what was kept. The caller's own stream stays open.
func (b *body) close() {
	if b.file != nil {
		_ = b.file.Close()
		_ = os.Remove(b.file.Name())
	}
}

// open returns a reader from the start.
func (b *body) open() io.ReadCloser { return &bodyReader{body: b} }

// Read makes a body an io.Reader, as codecs want one. It is opened instead.
func (b *body) Read([]byte) (int, error) {
	return 0, errors.New("client: a body is read before it is opened")
}

type bodyReader struct {
	body   *body
	offset int64
	closed bool
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (int, error) {
	b := r.body
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.size - r.offset
	if r.closed {
		return 0, os.ErrClosed
	}
	if left <= 0 {
		return 0, io.EOF
	}
	if _, err := b.source.Seek(b.start+r.offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := b.source.Read(p[:min(int64(len(p)), left)])
	r.offset += int64(n)
	if errors.Is(err, io.EOF) && r.offset < b.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (r *bodyReader) Close() error {
	r.body.mu.Lock()
	defer r.body.mu.Unlock()
	r.closed = true
	return nil
}
