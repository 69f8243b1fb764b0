package keyid

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
)

// The prefixes of ids.
const (
	AccessKey       = "AKIA" // long-lived access key
	SessionKey      = "ASIA" // temporary access key
	User            = "AIDA"
	Group           = "AGPA"
	Role            = "AROA"
	Policy          = "ANPA"
	InstanceProfile = "AIPA"
)

const (
	prefixLength  = 4
	keyLength     = prefixLength + 16 // of an access key id
	uniqueLength  = prefixLength + 17
	rawLength     = 10 // bytes behind the prefix
	accountDigits = 12
	maxAccount    = 999_999_999_999
	accountShift  = 7 // of the account within the first 6 bytes
	carries       = 1 << 47
)

// New returns a new access key id of an account (12 digits). An account of
// another form is not carried.
func New(prefix, account string) string {
	var head [8]byte // the first 6 bytes of raw are its last ones
	var raw [rawLength]byte
	_, _ = rand.Read(raw[:]) // never fails
	if n, ok := number(account); ok {
		const randomMask = 1<<accountShift - 1
		copy(head[2:], raw[:6])
		v := binary.BigEndian.Uint64(head[:])&randomMask | n<<accountShift | carries
		binary.BigEndian.PutUint64(head[:], v)
		copy(raw[:6], head[2:])
	} else {
		raw[0] &= 0x7f
	}
	return prefix + base32.StdEncoding.EncodeToString(raw[:])
}

// NewUnique returns a new unique id of a principal or policy of an account:
// the prefix and 17 letters and digits.
func NewUnique(prefix, account string) string {
	return New(prefix, account) + rand.Text()[:1]
}

// Account returns the account that an id carries. It is false for what is not an
// id, and for ids that carry none. Long-lived, temporary and unique ids are
// read alike.
func Account(id string) (string, bool) {
	if len(id) != keyLength && len(id) != uniqueLength {
		return "", false
	}
	var raw [rawLength]byte
	if _, err := base32.StdEncoding.Decode(raw[:], []byte(id[prefixLength:keyLength])); err != nil {
		return "", false
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	v := binary.BigEndian.Uint64(head[:])
	n := (v &^ carries) >> accountShift
	if v&carries == 0 || n > maxAccount {
		return "", false
	}
	return fmt.Sprintf("%0*d", accountDigits, n), true
}

// number is an account as a number.
func number(account string) (uint64, bool) {
	if len(account) != accountDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(account, 10, 64)
	return n, err == nil
}
