package sns

import (
	"errors"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/store"
)

// dedupInterval is how long a FIFO topic remembers a deduplication id.
const dedupInterval = 5 * time.Minute

// Sequence numbers have 20 digits, begin here, and grow by this much.
const (
	sequenceStart = 10_000_000_000_000_000
	sequenceScale = "000" // appended: 20 digits do not fit 64 bits
)

// inOrder gives a message its place in a FIFO topic. It reports false for a
// duplicate, which gets the ID and number of the first.
func inOrder(tx *store.Tx, t *topic, m *message) (fresh bool, err error) {
	if m.Dedup == "" {
		if t.Attributes[attrContentDedup] != "true" {
			return false, invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		m.Dedup = m.Digest
	}
	id := m.Dedup
	if t.Attributes[attrThroughput] == "MessageGroup" {
		id = m.Group + " " + id // neither holds a blank
	}
	now := tx.Now()
	if _, err := tx.Exec("delete from sns_dedup where topic = ? and expires <= ?", m.Topic, store.Micros(now)); err != nil {
		return false, err
	}
	var n int64
	err = tx.Row("select message, sequence from sns_dedup where topic = ? and id = ?", m.Topic, id).Scan(&m.ID, &n)
	if err == nil {
		m.Sequence = sequenceNumber(n)
		return false, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if n, err = nextSequence(tx, m.Topic); err != nil {
		return false, err
	}
	m.Sequence = sequenceNumber(n)
	_, err = tx.Exec("insert into sns_dedup (topic, id, message, sequence, expires) values (?, ?, ?, ?, ?)",
		m.Topic, id, m.ID, n, store.Micros(now.Add(dedupInterval)))
	return true, err
}

func nextSequence(tx *store.Tx, topic string) (n int64, err error) {
	err = tx.Row(`insert into sns_sequence (topic, last) values (?, 1)
		on conflict (topic) do update set last = sns_sequence.last + 1 returning last`, topic).Scan(&n)
	return n, err
}

func sequenceNumber(n int64) string {
	return strconv.FormatInt(sequenceStart+n, 10) + sequenceScale
}
