package s3

import (
	"context"
	"errors"
	"math"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// lifecycleKind is the flow that carries out a bucket's lifecycle rules; its
// key is the bucket's name. It falls due at midnight UTC and walks, a batch a
// step, over what has come of the age that the rules speak of. An index by age
// leads it there, so that it reads nothing that is younger. A batch is chosen
// in one transaction and carried out in another, which looks again.
const (
	lifecycleKind  = "s3.lifecycle"
	lifecycleLane  = "api"
	lifecycleBatch = 500 // rows looked at in one step
)

// The walks of one night, in their order.
const (
	walkCurrent = iota
	walkNoncurrent
	walkMarkers
	walkUploads
	walksEnd
)

// walk is where the flow is: state of its work row.
type walk struct {
	Midnight int64  `json:"midnight,omitempty"` // microseconds; 0 before the first step
	Phase    int    `json:"phase,omitempty"`
	At       int64  `json:"at,omitempty"` // age of the last row looked at
	Key      string `json:"key,omitempty"`
	Seq      int64  `json:"seq,omitempty"`
	ID       string `json:"id,omitempty"` // of an upload
}

// deed is something that a rule wants done.
type deed func(tx *store.Tx) error

// carryOut takes one step of a bucket's lifecycle.
func (s *Service) carryOut(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var at walk
	if err := w.State(&at); err != nil {
		return engine.Next{}, err
	}
	var deeds []deed
	var next engine.Next
	err := s.db.View(ctx, func(tx *store.Tx) error {
		deeds, next = nil, engine.Done()
		b, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, w.Key))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		c, ok, err := loadConfig[lifecycle](tx, b.Name, lifecycleConfig)
		if err != nil || !ok {
			return err
		}
		pos := at
		if pos.Midnight == 0 {
			pos.Midnight = store.Micros(tx.Now().Truncate(day))
		}
		n := night{s: s, b: b, c: c, now: store.FromMicros(pos.Midnight), pos: pos}
		if deeds, err = n.step(tx); err != nil {
			return err
		}
		next = engine.Now().WithState(n.pos)
		if n.pos.Phase == walksEnd {
			next = engine.At(midnightAfter(tx.Now())).WithState(walk{})
		}
		return nil
	})
	if err != nil {
		return engine.Next{}, err
	}
	if len(deeds) == 0 {
		return next, nil
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error {
		for _, d := range deeds {
			if err := d(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// night is one bucket's lifecycle at one midnight.
type night struct {
	s   *Service
	b   bucket
	c   lifecycle
	now time.Time
	pos walk
}

// step looks at the next batch and moves the position behind it.
func (n *night) step(tx *store.Tx) (deeds []deed, err error) {
	var rows int
	switch n.pos.Phase {
	case walkCurrent:
		rows, deeds, err = n.current(tx)
	case walkNoncurrent:
		rows, deeds, err = n.noncurrent(tx)
	case walkMarkers:
		rows, deeds, err = n.markers(tx)
	case walkUploads:
		rows, deeds, err = n.uploads(tx)
	}
	if rows < lifecycleBatch {
		n.pos = walk{Midnight: n.pos.Midnight, Phase: n.pos.Phase + 1}
	}
	return deeds, err
}

// youngest is the age, as a time, that the youngest must have for any of the
// enabled rules; ok is false when no rule speaks of it.
func (n *night) youngest(days func(*api.LifecycleRule) []int32) (before int64, ok bool) {
	least := int32(math.MaxInt32)
	for _, r := range n.c.Rules {
		if r.Status != "Enabled" {
			continue
		}
		for _, d := range days(r) {
			least, ok = min(least, d), true
		}
	}
	return store.Micros(n.now.Add(-time.Duration(least) * day)), ok
}

// currentDays are the ages at which a rule acts on current objects; one by date
// acts on any from its date on.
func (n *night) currentDays(r *api.LifecycleRule) (days []int32) {
	add := func(d *int32, date *time.Time) {
		switch {
		case d != nil:
			days = append(days, *d)
		case date != nil && !date.After(n.now):
			days = append(days, 0)
		}
	}
	if e := r.Expiration; e != nil {
		add(e.Days, e.Date)
	}
	for _, t := range r.Transitions {
		add(t.Days, t.Date)
	}
	return days
}

func (n *night) current(tx *store.Tx) (rows int, deeds []deed, err error) {
	before, ok := n.youngest(n.currentDays)
	if !ok {
		return 0, nil, nil
	}
	list, err := store.All(store.Query(tx, scanObject, `select `+objectColumns+` from s3_object
		where bucket = ? and modified < ? and (modified, key) > (?, ?) order by modified, key limit ?`,
		n.b.Name, before, n.pos.At, n.pos.Key, lifecycleBatch))
	for _, o := range list {
		n.pos.At, n.pos.Key = store.Micros(o.Modified), o.Key
		if at, _, ok := n.c.expiry(o); ok && !at.After(n.now) {
			deeds = append(deeds, func(tx *store.Tx) error {
				_, err := n.s.expireCurrent(tx, n.b, o.Key, o.Seq)
				return err
			})
		} else if class := n.c.transition(o, n.now); class != "" {
			deeds = append(deeds, func(tx *store.Tx) error { return n.s.cool(tx, n.b, o, class) })
		}
	}
	return len(list), deeds, err
}

func (n *night) noncurrent(tx *store.Tx) (rows int, deeds []deed, err error) {
	before, ok := n.youngest(func(r *api.LifecycleRule) (days []int32) {
		if e := r.NoncurrentVersionExpiration; e != nil {
			days = append(days, value(e.NoncurrentDays, 0))
		}
		for _, t := range r.NoncurrentVersionTransitions {
			days = append(days, value(t.NoncurrentDays, 0))
		}
		return days
	})
	if !ok {
		return 0, nil, nil
	}
	list, err := store.All(store.Query(tx, scanVersion, `select `+versionColumns+` from s3_version
		where bucket = ? and retired > 0 and retired < ? and (retired, key, seq) > (?, ?, ?) order by retired, key, seq limit ?`,
		n.b.Name, before, n.pos.At, n.pos.Key, n.pos.Seq, lifecycleBatch))
	if err != nil {
		return 0, nil, err
	}
	for _, o := range list {
		n.pos.At, n.pos.Key, n.pos.Seq = store.Micros(o.Retired), o.Key, o.Seq
		f, err := n.c.noncurrent(o, n.now, func(keep int32) (bool, error) { return newerVersions(tx, o, keep) })
		switch {
		case err != nil:
			return 0, nil, err
		case f.expire:
			deeds = append(deeds, n.expireVersion(o))
		case f.class != "":
			deeds = append(deeds, func(tx *store.Tx) error { return n.s.cool(tx, n.b, o, f.class) })
		}
	}
	return len(list), deeds, nil
}

func (n *night) expireVersion(o object) deed {
	return func(tx *store.Tx) error {
		_, err := n.s.expireVersion(tx, n.b, o.Key, o.Seq)
		return err
	}
}

// newerVersions reports whether at least keep noncurrent versions of the key
// are newer than o.
func newerVersions(tx *store.Tx, o object, keep int32) (bool, error) {
	var one int
	err := tx.Row(`select 1 from s3_version where bucket = ? and key = ? and seq > ? and retired > 0
		order by seq limit 1 offset ?`, o.Bucket, o.Key, o.Seq, keep-1).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// markers looks at the delete markers that are current and have nothing
// behind them.
func (n *night) markers(tx *store.Tx) (rows int, deeds []deed, err error) {
	_, ok := n.youngest(func(r *api.LifecycleRule) []int32 {
		if e := r.Expiration; e != nil && (e.Days != nil || e.ExpiredObjectDeleteMarker != nil) {
			return []int32{0}
		}
		return nil
	})
	if !ok {
		return 0, nil, nil
	}
	list, err := store.All(store.Query(tx, scanVersion, `select `+versionColumns+` from s3_version v
		where bucket = ? and retired = 0 and marker = 1 and key > ? and not exists (
			select 1 from s3_version o where o.bucket = v.bucket and o.key = v.key and o.seq < v.seq)
		order by key limit ?`, n.b.Name, n.pos.Key, lifecycleBatch))
	for _, o := range list {
		n.pos.Key = o.Key
		if n.c.dropsMarker(o, n.now) {
			deeds = append(deeds, n.expireVersion(o))
		}
	}
	return len(list), deeds, err
}

// pendingUpload is an upload in progress.
type pendingUpload struct {
	id, key   string
	initiated time.Time
}

func (n *night) uploads(tx *store.Tx) (rows int, deeds []deed, err error) {
	before, ok := n.youngest(func(r *api.LifecycleRule) []int32 {
		if a := r.AbortIncompleteMultipartUpload; a != nil {
			return []int32{value(a.DaysAfterInitiation, 0)}
		}
		return nil
	})
	if !ok {
		return 0, nil, nil
	}
	scan := func(r store.Row) (u pendingUpload, err error) {
		var at int64
		err = r.Scan(&u.id, &u.key, &at)
		u.initiated = store.FromMicros(at)
		return u, err
	}
	list, err := store.All(store.Query(tx, scan, `select id, key, initiated from s3_upload
		where bucket = ? and initiated < ? and (key, id) > (?, ?) order by key, id limit ?`,
		n.b.Name, before, n.pos.Key, n.pos.ID, lifecycleBatch))
	for _, u := range list {
		n.pos.Key, n.pos.ID = u.key, u.id
		if at, _, ok := n.c.aborts(u.key, u.initiated); ok && !at.After(n.now) {
			deeds = append(deeds, func(tx *store.Tx) error {
				_, err := n.s.abortUpload(tx, u.id)
				return err
			})
		}
	}
	return len(list), deeds, err
}

// transitioned is the event of a change of class.
const transitioned = "LifecycleTransition"

// cool moves a version to another storage class, as long as it is still there.
func (s *Service) cool(tx *store.Tx, b bucket, o object, class string) error {
	table := "s3_object"
	if !o.Retired.IsZero() {
		table = "s3_version"
	}
	n, err := tx.Exec(`update `+table+` set class = ? where bucket = ? and key = ? and seq = ?`, class, b.Name, o.Key, o.Seq)
	if err != nil || n == 0 {
		return err
	}
	return s.changed(tx, newEvent(tx, b, transitioned, class, o))
}
