package s3

import (
	"bytes"
	"context"
	"errors"
	"io"

	"nephele.dev/nephele/internal/store"
)

// piece is a stretch of one blob.
type piece struct {
	data  string
	span  span
	small []byte // the stretch itself, of a small object
}

// pieces returns the blobs that hold a span of an object, in order.
func pieces(tx *store.Tx, o object, p span) ([]piece, error) {
	if o.Parts == 0 && isSmall(o.Data) {
		one, err := smallPiece(tx, o.Data, p)
		return []piece{one}, err
	}
	if o.Parts == 0 {
		return []piece{{data: o.Data, span: p}}, nil
	}
	scan := func(r store.Row) (piece, error) {
		var c piece
		var start, size int64
		err := r.Scan(&c.data, &start, &size)
		from, to := max(start, p.offset), min(start+size, p.offset+p.length)
		c.span = span{from - start, to - from}
		return c, err
	}
	return store.All(store.Query(tx, scan, `select data, start, size from s3_part
		where upload = ? and start < ? and start + size > ? order by number`, o.Data, p.offset+p.length, p.offset))
}

// openPieces opens the first piece, and the others as reading gets to them. A
// key decrypts them.
func (s *Service) openPieces(ctx context.Context, list []piece, key *customerKey) (io.ReadCloser, error) {
	if len(list) == 0 {
		return io.NopCloser(eof{}), nil
	}
	open := func(p piece) (io.ReadCloser, error) {
		if isSmall(p.data) {
			return key.decrypt(io.NopCloser(bytes.NewReader(p.small)), p.data, p.span.offset), nil
		}
		r, err := s.blobs.Open(ctx, p.data, p.span.offset, p.span.length)
		if err != nil {
			return nil, err
		}
		return key.decrypt(r, p.data, p.span.offset), nil
	}
	first, err := open(list[0])
	if err != nil || len(list) == 1 {
		return first, err
	}
	return &pieceReader{open: open, current: first, rest: list[1:]}, nil
}

// pieceReader reads pieces one after the other, with one open at a time.
type pieceReader struct {
	open    func(piece) (io.ReadCloser, error)
	current io.ReadCloser // nil once closed
	rest    []piece
}

var _ io.WriterTo = (*pieceReader)(nil)

// Read implements io.Reader.
func (r *pieceReader) Read(p []byte) (int, error) {
	for {
		if r.current == nil {
			return 0, io.EOF
		}
		n, err := r.current.Read(p)
		if n > 0 || err == nil || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil // this piece's end is not the end
			}
			return n, err
		}
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
}

// WriteTo implements io.WriterTo, so that each piece can take the kernel's
// short way to a socket.
func (r *pieceReader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for r.current != nil {
		n, err := io.Copy(w, r.current)
		total += n
		if err != nil {
			return total, err
		}
		if err := r.advance(); err != nil {
			return total, err
		}
	}
	return total, nil
}

// advance closes the current piece and opens the next, if there is one.
func (r *pieceReader) advance() error {
	if err := r.Close(); err != nil {
		return err
	}
	if len(r.rest) == 0 {
		return nil
	}
	next, err := r.open(r.rest[0])
	if err != nil {
		return err
	}
	r.current, r.rest = next, r.rest[1:]
	return nil
}

// Close closes the open piece. Reading on finds the end.
func (r *pieceReader) Close() error {
	if r.current == nil {
		return nil
	}
	err := r.current.Close()
	r.current = nil
	return err
}
