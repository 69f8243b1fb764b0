package s3

import (
	"bytes"
	"crypto/md5" //nolint:gosec // an ETag, not a signature
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// maxSmall is the largest object whose bytes are kept in the database, in
// s3_small, instead of in a blob: below it, a file's creation and its flushes
// cost several times what the row does. The bytes are committed with the
// object's row, and deleted with it: there is nothing to flush before, and
// neither garbage nor orphans.
const maxSmall = 16 << 10

const smallPrefix = "row/"

func smallName(begun time.Time) string {
	return fmt.Sprintf("%s%014x/%s", smallPrefix, begun.UnixMicro(), randomName())
}

func isSmall(data string) bool { return strings.HasPrefix(data, smallPrefix) }

// take is stream for a body that may be small: its bytes are returned in memory.
func take(b body, fallback string) (stored, error) {
	v, err := newVerifier(b, fallback)
	if err != nil {
		return stored{}, err
	}
	begun := time.Now()
	name := smallName(begun)
	var buf bytes.Buffer
	buf.Grow(int(v.length) + bytes.MinRead)
	n, err2 := buf.ReadFrom(io.LimitReader(b.key.cipher(v, name, 0), v.length+1))
	if err2 != nil {
		return stored{}, uploadError(v, err2)
	}
	if n > v.length {
		return stored{}, errIncompleteBody()
	}
	sum := md5.Sum(buf.Bytes()) //nolint:gosec // see the import
	return stored{
		data: name, size: v.n, etag: hex.EncodeToString(sum[:]), begun: begun, small: buf.Bytes(),
		sum: checksum{Algorithm: v.algorithm, Type: fullObject, Value: encodeSum(v.sum.Sum(nil))},
	}, nil
}

func (b body) small() bool { return b.length != nil && *b.length >= 0 && *b.length <= maxSmall }

// writeSmall keeps the bytes of a small object, with its row.
func writeSmall(tx *store.Tx, st stored) error {
	if !isSmall(st.data) {
		return nil
	}
	_, err := tx.Exec(`insert into s3_small (data, bytes) values (?, ?)`, st.data, st.small)
	return err
}

func removeSmall(tx *store.Tx, data string) error {
	_, err := tx.Exec(`delete from s3_small where data = ?`, data)
	return err
}

// smallPiece reads a stretch of a small object, so that it is read whole even
// when the object is replaced meanwhile.
func smallPiece(tx *store.Tx, data string, p span) (piece, error) {
	c := piece{data: data, span: p}
	err := tx.Row(`select substr(bytes, cast(? as integer), cast(? as integer)) from s3_small where data = ?`,
		p.offset+1, p.length, data).Scan(&c.small)
	return c, err
}
