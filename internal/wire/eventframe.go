package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Frames of application/vnd.amazon.eventstream, all numbers big-endian:
//
//	total length 4 │ headers length 4 │ CRC of these 4 │ headers │ payload │ CRC of all before 4
//
// A header is the length of its name (1), the name, a type (1) and a value. The
// CRC is CRC-32 as in IEEE 802.3.
const (
	preludeSize  = 12
	frameTrailer = 4

	// Limits from the AWS event stream encoding: bytes.
	maxEventHeaders = 128 << 10
	maxEventPayload = 24 << 20
)

const typeEventStream = "application/vnd.amazon.eventstream"

// The types of header values.
const (
	headerTrue byte = iota
	headerFalse
	headerByte
	headerShort
	headerInt
	headerLong
	headerBytes
	headerString
	headerTime
	headerUUID
)

// eventFrame is one message of an event stream.
type eventFrame struct {
	headers []eventHeader
	payload []byte
}

// eventHeader is a header of a frame; value is bool, int8, int16, int32, int64,
// []byte, string, time.Time (to the millisecond) or [16]byte.
type eventHeader struct {
	name  string
	value any
}

// text returns a header that is text, or "".
func (f *eventFrame) text(name string) string {
	s, _ := f.value(name).(string)
	return s
}

func (f *eventFrame) value(name string) any {
	for _, h := range f.headers {
		if h.name == name {
			return h.value
		}
	}
	return nil
}

var errFrame = errors.New("wire: malformed event stream")

// append writes the frame behind b.
func (f *eventFrame) append(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, make([]byte, preludeSize)...)
	for _, h := range f.headers {
		var err error
		if b, err = h.append(b); err != nil {
			return nil, err
		}
	}
	headers := len(b) - start - preludeSize
	if headers > maxEventHeaders || len(f.payload) > maxEventPayload {
		return nil, fmt.Errorf("%w: %d bytes of headers and %d of payload are too long", errFrame, headers, len(f.payload))
	}
	b = append(b, f.payload...)
	prelude := b[start : start+preludeSize]
	binary.BigEndian.PutUint32(prelude, uint32(len(b)-start+frameTrailer)) //nolint:gosec // bounded above
	binary.BigEndian.PutUint32(prelude[4:], uint32(headers))               //nolint:gosec // bounded above
	binary.BigEndian.PutUint32(prelude[8:], crc32.ChecksumIEEE(prelude[:8]))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:])), nil
}

func (h *eventHeader) append(b []byte) ([]byte, error) {
	if len(h.name) == 0 || len(h.name) > 255 {
		return nil, fmt.Errorf("%w: header name %q", errFrame, h.name)
	}
	b = append(append(b, byte(len(h.name))), h.name...)
	switch v := h.value.(type) {
	case bool:
		if v {
			return append(b, headerTrue), nil
		}
		return append(b, headerFalse), nil
	case int8:
		return append(b, headerByte, byte(v)), nil
	case int16:
		return binary.BigEndian.AppendUint16(append(b, headerShort), uint16(v)), nil //nolint:gosec // the same bits
	case int32:
		return binary.BigEndian.AppendUint32(append(b, headerInt), uint32(v)), nil //nolint:gosec // the same bits
	case int64:
		return binary.BigEndian.AppendUint64(append(b, headerLong), uint64(v)), nil //nolint:gosec // the same bits
	case time.Time:
		return binary.BigEndian.AppendUint64(append(b, headerTime), uint64(v.UnixMilli())), nil //nolint:gosec // the same bits
	case [16]byte:
		return append(append(b, headerUUID), v[:]...), nil
	case string:
		return appendSized(append(b, headerString), []byte(v))
	case []byte:
		return appendSized(append(b, headerBytes), v)
	}
	return nil, fmt.Errorf("%w: header value of type %T", errFrame, h.value)
}

func appendSized(b, v []byte) ([]byte, error) {
	if len(v) > 1<<15-1 {
		return nil, fmt.Errorf("%w: header value of %d bytes", errFrame, len(v))
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...), nil //nolint:gosec // bounded above
}

// readFrame reads one frame. At the end of the stream its error is io.EOF.
// Nothing is allocated for a length before its checksum is right.
func readFrame(r io.Reader) (eventFrame, error) {
	var prelude [preludeSize]byte
	if _, err := io.ReadFull(r, prelude[:]); err != nil {
		return eventFrame{}, err
	}
	total, headers := binary.BigEndian.Uint32(prelude[:]), binary.BigEndian.Uint32(prelude[4:])
	if binary.BigEndian.Uint32(prelude[8:]) != crc32.ChecksumIEEE(prelude[:8]) {
		return eventFrame{}, fmt.Errorf("%w: checksum of the prelude", errFrame)
	}
	if headers > maxEventHeaders || total < headers+preludeSize+frameTrailer ||
		total-headers-preludeSize-frameTrailer > maxEventPayload {
		return eventFrame{}, fmt.Errorf("%w: lengths %d and %d", errFrame, total, headers)
	}
	rest := make([]byte, total-preludeSize)
	if _, err := io.ReadFull(r, rest); err != nil {
		return eventFrame{}, fmt.Errorf("%w: cut short: %w", errFrame, io.ErrUnexpectedEOF)
	}
	body, sum := rest[:len(rest)-frameTrailer], rest[len(rest)-frameTrailer:]
	if binary.BigEndian.Uint32(sum) != crc32.Update(crc32.ChecksumIEEE(prelude[:]), crc32.IEEETable, body) {
		return eventFrame{}, fmt.Errorf("%w: checksum", errFrame)
	}
	f := eventFrame{payload: body[headers:]}
	var err error
	f.headers, err = readHeaders(body[:headers])
	return f, err
}

func readHeaders(b []byte) (all []eventHeader, err error) {
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || len(b) < n+2 {
			return nil, fmt.Errorf("%w: header", errFrame)
		}
		h := eventHeader{name: string(b[1 : 1+n])}
		if h.value, b, err = readHeaderValue(b[1+n], b[2+n:]); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// readHeaderValue reads a value of type kind and returns what is behind it.
func readHeaderValue(kind byte, b []byte) (value any, rest []byte, err error) {
	size := map[byte]int{headerByte: 1, headerShort: 2, headerInt: 4, headerLong: 8, headerTime: 8, headerUUID: 16}[kind]
	if kind == headerBytes || kind == headerString {
		if len(b) < 2 {
			return nil, nil, fmt.Errorf("%w: header value", errFrame)
		}
		size, b = int(binary.BigEndian.Uint16(b)), b[2:]
	}
	if len(b) < size || kind > headerUUID {
		return nil, nil, fmt.Errorf("%w: header value", errFrame)
	}
	v, rest := b[:size], b[size:]
	switch kind {
	case headerTrue, headerFalse:
		value = kind == headerTrue
	case headerByte:
		value = int8(v[0]) //nolint:gosec // the same bits
	case headerShort:
		value = int16(binary.BigEndian.Uint16(v)) //nolint:gosec // the same bits
	case headerInt:
		value = int32(binary.BigEndian.Uint32(v)) //nolint:gosec // the same bits
	case headerLong:
		value = int64(binary.BigEndian.Uint64(v)) //nolint:gosec // the same bits
	case headerTime:
		value = time.UnixMilli(int64(binary.BigEndian.Uint64(v))).UTC() //nolint:gosec // the same bits
	case headerUUID:
		value = [16]byte(v)
	case headerBytes:
		value = v
	case headerString:
		value = string(v)
	}
	return value, rest, nil
}
