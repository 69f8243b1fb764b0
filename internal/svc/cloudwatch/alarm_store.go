package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/store"
)

// alarmKey names an alarm.
type alarmKey struct{ Account, Region, Name string }

func (k alarmKey) arn() string {
	return arn.New("cloudwatch", "alarm", k.Region, k.Account, k.Name).String()
}

// alarmRecord is a row of table alarm.
type alarmRecord struct {
	alarmKey
	Kind    api.AlarmType
	Shard   string // "" of a composite
	Rev     int64
	Version int64
	Config  alarmConfig
	Status  alarmStatus
}

// alarmConfig is what the caller put, with defaults filled in and without tags:
// one of the two.
type alarmConfig struct {
	Metric    *api.PutMetricAlarmInput    `json:",omitempty"`
	Composite *api.PutCompositeAlarmInput `json:",omitempty"`
	Updated   time.Time
}

// alarmStatus is what became of the alarm.
type alarmStatus struct {
	State        alarm.State
	Reason       string
	ReasonData   string `json:",omitempty"` // JSON
	Updated      time.Time
	Transitioned time.Time
	Evaluation   api.EvaluationState `json:",omitempty"` // why not all is well with evaluations
	Suppression  alarm.Suppression   `json:"Suppression,omitzero"`
}

// actions returns those that the alarm takes in a state.
func (a *alarmRecord) actions(s alarm.State) []string {
	ok, alarming, insufficient := a.actionLists()
	switch s {
	case alarm.OK:
		return ok
	case alarm.Alarm:
		return alarming
	default:
		return insufficient
	}
}

func (a *alarmRecord) actionLists() (ok, alarming, insufficient []string) {
	if m := a.Config.Metric; m != nil {
		return m.OKActions, m.AlarmActions, m.InsufficientDataActions
	}
	c := a.Config.Composite
	return c.OKActions, c.AlarmActions, c.InsufficientDataActions
}

func (a *alarmRecord) actionsEnabled() *bool {
	if m := a.Config.Metric; m != nil {
		return m.ActionsEnabled
	}
	return a.Config.Composite.ActionsEnabled
}

func (a *alarmRecord) description() *string {
	if m := a.Config.Metric; m != nil {
		return m.AlarmDescription
	}
	return a.Config.Composite.AlarmDescription
}

const alarmColumns = "account, region, name, kind, shard, rev, version, config, status"

func scanAlarm(row store.Row) (*alarmRecord, error) {
	a := &alarmRecord{}
	var config, status []byte
	err := row.Scan(&a.Account, &a.Region, &a.Name, &a.Kind, &a.Shard, &a.Rev, &a.Version, &config, &status)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(config, &a.Config); err != nil {
		return nil, fmt.Errorf("decode alarm %q: %w", a.Name, err)
	}
	if err := json.Unmarshal(status, &a.Status); err != nil {
		return nil, fmt.Errorf("decode status of alarm %q: %w", a.Name, err)
	}
	return a, nil
}

// findAlarm returns the alarm, or store.ErrNotFound.
func findAlarm(tx *store.Tx, k alarmKey) (*alarmRecord, error) {
	return scanAlarm(tx.Row("select "+alarmColumns+" from alarm where account = ? and region = ? and name = ?",
		k.Account, k.Region, k.Name))
}

// alarmBook is the alarms as one transaction writes them.
type alarmBook struct {
	s    *Service
	tx   *store.Tx
	now  time.Time
	revs map[string]int64 // of shards that this transaction wrote to
}

func (s *Service) alarmBook(tx *store.Tx) *alarmBook {
	return &alarmBook{s: s, tx: tx, now: tx.Now(), revs: map[string]int64{}}
}

// put writes a new alarm, or over the one that a was read from.
func (b *alarmBook) put(a *alarmRecord) error {
	config, err := encodeJSON(a.Config)
	if err != nil {
		return fmt.Errorf("encode alarm %q: %w", a.Name, err)
	}
	status, err := encodeJSON(a.Status)
	if err != nil {
		return fmt.Errorf("encode status of alarm %q: %w", a.Name, err)
	}
	if a.Rev, err = b.revise(a.Shard); err != nil {
		return err
	}
	var namespace, metric string
	if m := a.Config.Metric; m != nil && m.MetricName != nil && m.Namespace != nil {
		namespace, metric = *m.Namespace, *m.MetricName
	}
	a.Version++
	_, err = b.tx.Exec(`insert into alarm (account, region, name, kind, shard, rev, version, state, namespace, metric, config, status)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (account, region, name) do update set shard = excluded.shard, rev = excluded.rev, version = excluded.version,
		state = excluded.state, namespace = excluded.namespace, metric = excluded.metric, config = excluded.config, status = excluded.status`,
		a.Account, a.Region, a.Name, string(a.Kind), a.Shard, a.Rev, a.Version, string(a.Status.State), namespace, metric, config, status)
	if err != nil {
		return fmt.Errorf("put alarm %q: %w", a.Name, err)
	}
	return nil
}

// putStatus writes a's status alone.
func (b *alarmBook) putStatus(a *alarmRecord) error {
	status, err := encodeJSON(a.Status)
	if err != nil {
		return fmt.Errorf("encode status of alarm %q: %w", a.Name, err)
	}
	if a.Rev, err = b.revise(a.Shard); err != nil {
		return err
	}
	a.Version++
	_, err = b.tx.Exec(`update alarm set rev = ?, version = ?, state = ?, status = ? where account = ? and region = ? and name = ?`,
		a.Rev, a.Version, string(a.Status.State), status, a.Account, a.Region, a.Name)
	if err != nil {
		return fmt.Errorf("put status of alarm %q: %w", a.Name, err)
	}
	return nil
}

// revise returns the shard's revision in this transaction. A shard's first alarm
// makes the shard, with the work row that evaluates it.
func (b *alarmBook) revise(shard string) (int64, error) {
	if shard == "" {
		return 0, nil
	}
	if rev, ok := b.revs[shard]; ok {
		return rev, nil
	}
	var rev int64
	err := b.tx.Row("update alarm_shard set rev = rev + 1 where id = ? returning rev", shard).Scan(&rev)
	if errors.Is(err, store.ErrNotFound) {
		rev = 1
		_, err = b.tx.Exec("insert into alarm_shard (id, incarnation, rev) values (?, ?, ?)", shard, incarnation(), rev)
		if err == nil {
			due := b.now.Truncate(shardInterval(shard)).Add(shardInterval(shard))
			err = b.s.engine.Put(b.tx, alarmsKind, shard, due, nil)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("revise shard %s of alarms: %w", shard, err)
	}
	b.revs[shard] = rev
	return rev, nil
}

// leave tells a shard that an alarm has left it.
func (b *alarmBook) leave(shard string) error {
	if shard == "" {
		return nil
	}
	_, err := b.tx.Exec("update alarm_shard set incarnation = ? where id = ?", incarnation(), shard)
	return err
}

// incarnation is a number that a shard did not have before.
func incarnation() int64 { return rand.Int64() } //nolint:gosec // not a secret

// delete removes the alarm, its tags and what it listens to. Its history stays.
func (b *alarmBook) delete(a *alarmRecord) error {
	_, err := b.tx.Exec("delete from alarm where account = ? and region = ? and name = ?", a.Account, a.Region, a.Name)
	if err == nil {
		err = b.leave(a.Shard)
	}
	if err == nil {
		err = b.listen(a.alarmKey, nil, "")
	}
	if err == nil {
		err = alarmTags.ReplaceTags(b.tx, a.tagKey(), nil)
	}
	if err == nil && a.Kind == api.AlarmTypeCompositeAlarm {
		err = b.s.engine.Delete(b.tx, compositeKind, a.workKey())
		if err == nil {
			err = b.s.engine.Delete(b.tx, suppressionKind, a.workKey())
		}
	}
	return err
}

// The roles of an edge.
const (
	roleRule       = "rule"
	roleSuppressor = "suppressor"
)

// listen has a composite alarm listen to these alarms, and to no others.
func (b *alarmBook) listen(parent alarmKey, children []string, suppressor string) error {
	_, err := b.tx.Exec("delete from alarm_edge where account = ? and region = ? and parent = ?",
		parent.Account, parent.Region, parent.Name)
	add := func(child, role string) {
		if err == nil {
			_, err = b.tx.Exec(`insert into alarm_edge (account, region, parent, child, role) values (?, ?, ?, ?, ?) on conflict do nothing`,
				parent.Account, parent.Region, parent.Name, child, role)
		}
	}
	for _, c := range children {
		add(c, roleRule)
	}
	if suppressor != "" {
		add(suppressor, roleSuppressor)
	}
	return err
}

// listeners returns the composite alarms that listen to an alarm.
func listeners(tx *store.Tx, k alarmKey) ([]string, error) {
	return store.All(store.Query(tx, store.Scan1[string],
		"select distinct parent from alarm_edge where account = ? and region = ? and child = ?", k.Account, k.Region, k.Name))
}

// workKey names the composite's work row.
func (k alarmKey) workKey() string { return k.Account + "/" + k.Region + "/" + k.Name }
