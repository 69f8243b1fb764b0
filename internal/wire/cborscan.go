package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// The major types of RFC 8949 section 3.1.
const (
	majorUint   = 0
	majorNegInt = 1
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorTag    = 6
	majorSimple = 7
)

const (
	tagEpoch    = 1 // seconds since 1970
	cborFalse   = 0xf4
	cborTrue    = 0xf5
	cborNull    = 0xf6
	cborUndef   = 0xf7
	cborFloat16 = 0xf9
	cborFloat32 = 0xfa
	cborFloat64 = 0xfb
	cborBreak   = 0xff // ends an item of indefinite length
	indefinite  = 31   // additional information of such an item
)

// A cborScanner splits CBOR into items.
type cborScanner struct {
	b []byte
	i int
}

// peek returns the next byte without consuming it.
func (d *cborScanner) peek() (byte, error) {
	if d.i >= len(d.b) {
		return 0, malformed("Unexpected end of CBOR input")
	}
	return d.b[d.i], nil
}

// take returns the next n bytes. A length beyond the input costs nothing.
func (d *cborScanner) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.b)-d.i) {
		return nil, malformed("Unexpected end of CBOR input")
	}
	s := d.b[d.i : d.i+int(n)]
	d.i += int(n)
	return s, nil
}

// head reads an item's first byte and its argument.
func (d *cborScanner) head() (major, info byte, arg uint64, err error) {
	c, err := d.peek()
	if err != nil {
		return 0, 0, 0, err
	}
	d.i++
	major, info = c>>5, c&31
	switch {
	case info < 24:
		return major, info, uint64(info), nil
	case info < 28:
		s, err := d.take(1 << (info - 24))
		if err != nil {
			return 0, 0, 0, err
		}
		var full [8]byte
		copy(full[8-len(s):], s)
		return major, info, binary.BigEndian.Uint64(full[:]), nil
	case info == indefinite:
		return major, info, 0, nil
	}
	return 0, 0, 0, malformed("reserved CBOR item 0x%02x", c)
}

// null consumes a null or undefined if there is one.
func (d *cborScanner) null() bool {
	if d.i < len(d.b) && (d.b[d.i] == cborNull || d.b[d.i] == cborUndef) {
		d.i++
		return true
	}
	return false
}

// tag consumes a tag if there is one.
func (d *cborScanner) tag() (uint64, bool) {
	if d.i >= len(d.b) || d.b[d.i]>>5 != majorTag {
		return 0, false
	}
	_, info, arg, err := d.head()
	return arg, err == nil && info != indefinite
}

// boolean reads one of the two simple values.
func (d *cborScanner) boolean() (bool, error) {
	c, err := d.peek()
	if err != nil {
		return false, err
	}
	d.i++
	switch c {
	case cborTrue:
		return true, nil
	case cborFalse:
		return false, nil
	}
	return false, malformed("CBOR item 0x%02x can not be converted to a Boolean", c)
}

// text reads a text string, which must be UTF-8. The slice refers to the
// input.
func (d *cborScanner) text() ([]byte, error) {
	s, err := d.str(majorText)
	if err == nil && !utf8.Valid(s) {
		return nil, malformed("Invalid UTF-8 in CBOR text")
	}
	return s, err
}

// bytes reads a byte string. The slice refers to the input.
func (d *cborScanner) bytes() ([]byte, error) { return d.str(majorBytes) }

// str reads a string of the given major type, joining chunks.
func (d *cborScanner) str(want byte) ([]byte, error) {
	major, info, n, err := d.head()
	if err != nil {
		return nil, err
	}
	if major != want {
		return nil, malformed("CBOR item of type %d where type %d was expected", major, want)
	}
	if info != indefinite {
		return d.take(n)
	}
	joined := []byte{}
	for {
		if c, err := d.peek(); err != nil {
			return nil, err
		} else if c == cborBreak {
			d.i++
			return joined, nil
		}
		major, info, n, err := d.head()
		if err != nil {
			return nil, err
		}
		if major != want || info == indefinite {
			return nil, malformed("wrong chunk in a CBOR string")
		}
		s, err := d.take(n)
		if err != nil {
			return nil, err
		}
		joined = append(joined, s...)
	}
}

// numeric reads an integer (isInt) or a float.
func (d *cborScanner) numeric() (x float64, n int64, isInt bool, err error) {
	c, err := d.peek()
	if err != nil {
		return 0, 0, false, err
	}
	major, info, arg, err := d.head()
	switch {
	case err != nil:
	case (major == majorUint || major == majorNegInt) && info != indefinite:
		if arg > math.MaxInt64 {
			return 0, 0, false, malformed("CBOR integer is out of range")
		}
		n = int64(arg)
		if major == majorNegInt {
			n = -1 - n
		}
		return 0, n, true, nil
	case c == cborFloat16:
		return halfFloat(uint16(arg)), 0, false, nil
	case c == cborFloat32:
		return float64(math.Float32frombits(uint32(arg))), 0, false, nil
	case c == cborFloat64:
		return math.Float64frombits(arg), 0, false, nil
	default:
		err = malformed("CBOR item 0x%02x where a number was expected", c)
	}
	return 0, 0, false, err
}

// A cborItems counts the entries of an array or map.
type cborItems struct {
	left  uint64
	until bool // ends with a break
}

// container opens an array or a map. A count beyond the bytes that are left
// is refused before anything is made for it.
func (d *cborScanner) container(want byte, name string) (cborItems, error) {
	for {
		if _, ok := d.tag(); !ok {
			break
		}
	}
	major, info, n, err := d.head()
	if err != nil {
		return cborItems{}, err
	}
	if major != want {
		return cborItems{}, malformed("CBOR item of type %d can not be converted to %s", major, name)
	}
	if info != indefinite && n > uint64(len(d.b)-d.i) {
		return cborItems{}, malformed("Unexpected end of CBOR input")
	}
	return cborItems{left: n, until: info == indefinite}, nil
}

// more reports whether another entry follows.
func (it *cborItems) more(d *cborScanner) bool {
	if it.until {
		if d.i < len(d.b) && d.b[d.i] == cborBreak {
			d.i++
			return false
		}
		return true // at the end of the input, the next read fails
	}
	if it.left == 0 {
		return false
	}
	it.left--
	return true
}

// skip reads over one item of at most the given depth.
func (d *cborScanner) skip(depth int) error {
	if depth == 0 {
		return malformed("nesting is too deep")
	}
	c, err := d.peek()
	if err != nil {
		return err
	}
	switch c >> 5 {
	case majorBytes, majorText:
		_, err := d.str(c >> 5)
		return err
	case majorArray, majorMap:
		return d.skipContainer(c>>5, depth)
	case majorTag:
		if _, ok := d.tag(); !ok {
			return malformed("bad CBOR tag")
		}
		return d.skip(depth - 1)
	}
	_, info, _, err := d.head()
	if err == nil && info == indefinite {
		return malformed("CBOR break where an item was expected")
	}
	return err
}

// skipContainer reads over an array or map.
func (d *cborScanner) skipContainer(major byte, depth int) error {
	it, err := d.container(major, "")
	if err != nil {
		return err
	}
	for it.more(d) {
		if major == majorMap {
			if err := d.skip(depth - 1); err != nil {
				return err
			}
		}
		if err := d.skip(depth - 1); err != nil {
			return err
		}
	}
	return nil
}

// halfFloat widens an IEEE 754 binary16 (RFC 8949 appendix D).
func halfFloat(h uint16) float64 {
	exp, mant := int(h>>10&0x1f), float64(h&0x3ff)
	var x float64
	switch {
	case exp == 0:
		x = math.Ldexp(mant, -24)
	case exp != 31:
		x = math.Ldexp(mant+1024, exp-25)
	case mant == 0:
		x = math.Inf(1)
	default:
		x = math.NaN()
	}
	if h&0x8000 != 0 {
		x = -x
	}
	return x
}
