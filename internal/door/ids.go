package door

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// newUUID returns a random UUID (RFC 9562, version 4). Request ids tell calls
// apart and protect nothing, so they need no entropy of the system.
func newUUID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// s3ID returns id in the form of S3's: 16 hexadecimal digits in capitals.
func s3ID(id string) string {
	id = strings.ToUpper(strings.ReplaceAll(id, "-", ""))
	return id[:min(len(id), 16)]
}

func randomBytes(n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		v := rand.Uint64()
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return b[:n]
}
