package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/store"
)

// wrapped is a data key as the database keeps it. Its version is its ID.
type wrapped struct {
	Master string // ID of the master key
	Bytes  []byte
}

var dataKeys = store.NewCollection[wrapped]("seal.datakey")

// Options say how to open a database.
type Options struct {
	Ring *Ring // nil when no master key is known
	// Generate makes the first master key of a database that nothing is sealed
	// in; nil makes none.
	Generate func() (*Ring, error)
	// AcceptLoss opens a database although the ring lacks master keys that have
	// sealed in it.
	AcceptLoss bool
}

// ErrUnknownMaster refuses a database that was sealed under a master key that
// is not in the ring.
var ErrUnknownMaster = errors.New("seal: the database is sealed under another master key")

// Open returns the Sealer of a database. It wraps data keys anew when the
// ring's first master key is not the one that has wrapped them.
func Open(ctx context.Context, db *store.DB, o Options) (*Sealer, error) {
	s := &Sealer{db: db, ring: o.Ring}
	for try := 0; ; try++ {
		err := s.prepare(ctx, o)
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrConflict) || try == 3 {
			return nil, err
		} // another server was faster
	}
	return s, s.Reload(ctx)
}

// NewEphemeral returns a Sealer whose keys live in memory alone.
func NewEphemeral() *Sealer {
	return &Sealer{data: map[uint32]*dataKey{1: {bytes: random()}}, newest: 1}
}

func random() []byte {
	b := make([]byte, MasterSize)
	rand.Read(b) //nolint:errcheck // never fails since Go 1.24
	return b
}

// prepare sees to it that the newest data key is wrapped by the first master.
func (s *Sealer) prepare(ctx context.Context, o Options) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	if s.ring == nil && len(rows) == 0 && o.Generate != nil {
		if s.ring, err = o.Generate(); err != nil {
			return err
		}
	}
	if s.ring == nil {
		if len(rows) == 0 {
			return ErrNoMaster
		}
		return unknown(rows[len(rows)-1].Doc.Master)
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return s.wrapAll(tx, o.AcceptLoss) })
}

func unknown(id string) error {
	return fmt.Errorf("%w: %s, which was not given", ErrUnknownMaster, id)
}

func (s *Sealer) rows(ctx context.Context) (rows []store.Record[wrapped], err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		rows, err = allKeys(tx)
		return err
	})
	return rows, err
}

// allKeys returns the data keys, oldest first.
func allKeys(tx *store.Tx) ([]store.Record[wrapped], error) {
	return dataKeys.List(tx, "", "", store.ListOptions{})
}

// wrapAll wraps what another master key has wrapped, and makes a data key when
// the newest is not the first master's.
func (s *Sealer) wrapAll(tx *store.Tx, acceptLoss bool) error {
	rows, err := allKeys(tx)
	if err != nil {
		return err
	}
	first := s.ring.keys[0]
	var newest uint32
	fresh := len(rows) == 0
	for i := range rows {
		r := &rows[i]
		newest = max(newest, version(r.ID))
		if r.Doc.Master == first.id {
			continue
		}
		if i == len(rows)-1 {
			fresh = true
		}
		key, err := s.unwrap(r)
		if errors.Is(err, ErrLost) && acceptLoss {
			continue
		}
		if errors.Is(err, ErrLost) {
			return unknown(r.Doc.Master)
		}
		if err != nil {
			return err
		}
		if r.Doc, err = wrap(first, key, r.ID); err != nil {
			return err
		}
		if err := dataKeys.Put(tx, r); err != nil {
			return err
		}
	}
	if !fresh {
		return nil
	}
	id := identifier(newest + 1)
	doc, err := wrap(first, random(), id)
	if err != nil {
		return err
	}
	_, err = dataKeys.Create(tx, store.Key{ID: id}, doc)
	return err
}

// identifier is the ID of a version, which sorts like it.
func identifier(v uint32) string { return fmt.Sprintf("%010d", v) }

func version(id string) uint32 {
	v, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(v)
}

const wrapInfo = "nephele data key"

func wrap(m master, key []byte, id string) (wrapped, error) {
	aead, err := newAEAD(m.key, wrapInfo)
	if err != nil {
		return wrapped{}, err
	}
	return wrapped{Master: m.id, Bytes: aead.Seal(nil, nil, key, []byte(id))}, nil
}

// unwrap returns a data key in the clear, or ErrLost.
func (s *Sealer) unwrap(r *store.Record[wrapped]) ([]byte, error) {
	m := s.ring.find(r.Doc.Master)
	if m == nil {
		return nil, ErrLost
	}
	aead, err := newAEAD(m, wrapInfo)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, nil, r.Doc.Bytes, []byte(r.ID))
	if err != nil {
		return nil, fmt.Errorf("seal: data key %s: %w", r.ID, ErrSealed)
	}
	return key, nil
}

// Reload reads the data keys anew, as after the database was emptied, which
// makes the first one.
func (s *Sealer) Reload(ctx context.Context) error {
	rows, err := s.rows(ctx)
	if err == nil && len(rows) == 0 {
		if err = s.db.Update(ctx, func(tx *store.Tx) error { return s.wrapAll(tx, true) }); err == nil {
			rows, err = s.rows(ctx)
		}
	}
	if err != nil {
		return err
	}
	data, newest := make(map[uint32]*dataKey, len(rows)), uint32(0)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rows {
		v := version(rows[i].ID)
		if data[v], err = s.reopen(&rows[i], s.data[v]); err != nil {
			return err
		}
		if data[v].bytes != nil {
			newest = max(newest, v)
		}
	}
	s.data, s.newest = data, newest
	return nil
}

// reopen returns a data key; known is what is known of its version, or nil. A
// key in memory outlasts its master key: another server may have wrapped it
// under one that this server has not been given yet.
func (s *Sealer) reopen(r *store.Record[wrapped], known *dataKey) (*dataKey, error) {
	key, err := s.unwrap(r)
	if err != nil && !errors.Is(err, ErrLost) {
		return nil, err
	}
	if key == nil && known != nil && known.created.Equal(r.Created) {
		return known, nil
	}
	return &dataKey{bytes: key, created: r.Created}, nil
}

// reloadUnknown is Reload for a version that is not known, now and then only:
// strangers can make versions up.
func (s *Sealer) reloadUnknown() {
	s.mu.Lock()
	again := time.Since(s.reloaded) >= reloadRate
	if again {
		s.reloaded = time.Now()
	}
	s.mu.Unlock()
	if !again {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.Reload(ctx) // what is not found then stays unknown
}

// Status tells under which master keys the data keys are.
type Status struct {
	Ring []string       // IDs of the master keys given, the one that wraps first
	Keys map[string]int // data keys by the ID of their master key
}

// Inspect tells what a database is sealed under, changing nothing. ring may be
// nil.
func Inspect(ctx context.Context, db *store.DB, ring *Ring) (Status, error) {
	st := Status{Keys: map[string]int{}}
	if ring != nil {
		st.Ring = ring.IDs()
	}
	rows, err := (&Sealer{db: db}).rows(ctx)
	for i := range rows {
		st.Keys[rows[i].Doc.Master]++
	}
	return st, err
}
