package s3

import "encoding/binary"

// crcParams is a CRC in its bit-reversed form, whose register starts as and
// is finally inverted with all ones.
type crcParams struct {
	width      int // bits
	polynomial uint64
}

// combine returns the CRC of A followed by B, given theirs and B's length in
// bytes. Appending n zero bytes to a message is a linear map of its CRC, that
// is a matrix over GF(2); the matrix for n comes by repeated squaring, as in
// zlib's crc32_combine.
func (p crcParams) combine(a, b uint64, lengthB int64) uint64 {
	m := p.zeroBit()
	for range 3 {
		m = m.square() // eight bits
	}
	for ; lengthB > 0; lengthB >>= 1 {
		if lengthB&1 != 0 {
			a = m.times(a)
		}
		m = m.square()
	}
	return a ^ b
}

// matrix holds the images of the unit vectors.
type matrix []uint64

// zeroBit is the map of appending one zero bit.
func (p crcParams) zeroBit() matrix {
	m := make(matrix, p.width)
	m[0] = p.polynomial
	for i := 1; i < p.width; i++ {
		m[i] = 1 << (i - 1)
	}
	return m
}

func (m matrix) times(v uint64) uint64 {
	var sum uint64
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func (m matrix) square() matrix {
	out := make(matrix, len(m))
	for i, v := range m {
		out[i] = m.times(v)
	}
	return out
}

// decode and encode convert between a CRC and its big-endian bytes.
func (p crcParams) decode(raw []byte) uint64 {
	if p.width == 32 {
		return uint64(binary.BigEndian.Uint32(raw))
	}
	return binary.BigEndian.Uint64(raw)
}

func (p crcParams) encode(v uint64) []byte {
	if p.width == 32 {
		return binary.BigEndian.AppendUint32(nil, uint32(v)) //nolint:gosec // 32 bits wide
	}
	return binary.BigEndian.AppendUint64(nil, v)
}
