package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// alarmTags holds the tags of alarms; the alarms have a table of their own.
var alarmTags = store.NewCollection[struct{}]("cloudwatch.alarm")

func (k alarmKey) tagKey() store.Key {
	return store.Key{Account: k.Account, Region: k.Region, ID: k.Name}
}

func alarmKeyOf(ctx context.Context, name string) alarmKey {
	c := plane.FromContext(ctx).Caller
	return alarmKey{c.Account, c.Region, name}
}

// PutMetricAlarm makes an alarm, or gives one another configuration and leaves
// its state as it is. It is evaluated from the next period's end on.
func (s *Service) PutMetricAlarm(ctx context.Context, in *api.PutMetricAlarmInput) (*api.PutMetricAlarmOutput, error) {
	key := alarmKeyOf(ctx, in.AlarmName)
	config, err := metricAlarmConfig(key, in)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		b := s.alarmBook(tx)
		a, old, err := b.configure(key, api.AlarmTypeMetricAlarm, alarmConfig{Metric: config, Updated: b.now}, in.Tags)
		if err != nil {
			return err
		}
		shard := shardOf(key, evaluationInterval(config))
		if old != nil && old.Shard != shard {
			if err := b.leave(old.Shard); err != nil {
				return err
			}
		}
		a.Shard = shard
		if err := b.put(a); err != nil {
			return err
		}
		return b.configured(a, old)
	})
	return &api.PutMetricAlarmOutput{}, err
}

// configure returns the alarm with a configuration, and what it was before; nil
// if it is new. Tags are those of a new alarm, as on AWS.
func (b *alarmBook) configure(key alarmKey, kind api.AlarmType, c alarmConfig, tags []*api.Tag) (a, old *alarmRecord, err error) {
	a, err = findAlarm(b.tx, key)
	switch {
	case err == nil && a.Kind != kind:
		return nil, nil, validation("The name %s is that of an alarm of type %s already.", key.Name, a.Kind)
	case err == nil:
		before := *a
		a.Config = c
		return a, &before, nil
	case !errors.Is(err, store.ErrNotFound):
		return nil, nil, err
	}
	a = &alarmRecord{alarmKey: key, Kind: kind, Config: c, Status: alarmStatus{
		State: alarm.Insufficient, Reason: alarm.Initial, Updated: b.now, Transitioned: b.now,
	}}
	given, err := tagsOf(tags)
	if err != nil {
		return nil, nil, err
	}
	return a, nil, alarmTags.ReplaceTags(b.tx, key.tagKey(), given)
}

// configured records that an alarm was made or changed.
func (b *alarmBook) configured(a, old *alarmRecord) error {
	kind, verb := "Create", "created"
	if old != nil {
		kind, verb = "Update", "updated"
	}
	err := b.record(a, api.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q %s", a.Name, verb), configurationData(kind, verb, a))
	if err != nil {
		return err
	}
	return b.emitConfiguration(a, old, kind)
}

// alarmShards is how many work rows share the alarms of one interval.
const alarmShards = 16

// shardOf names the shard of an alarm: its interval in seconds, and a number.
func shardOf(k alarmKey, interval time.Duration) string {
	h := fnv.New32a()
	h.Write([]byte(k.workKey()))
	return fmt.Sprintf("%d/%02d", int(interval/time.Second), h.Sum32()%alarmShards)
}

func shardInterval(shard string) time.Duration {
	var n int
	if _, err := fmt.Sscanf(shard, "%d/", &n); err != nil || n <= 0 {
		return time.Minute
	}
	return seconds(int32(n)) //nolint:gosec // what shardOf wrote
}

// evaluationInterval is how often an alarm is evaluated: each minute; each ten
// seconds, where its period is below a minute; each hour, where its periods are
// hours and add up to more than a day.
func evaluationInterval(m *api.PutMetricAlarmInput) time.Duration {
	period := alarmPeriod(m)
	switch {
	case period < time.Minute:
		return 10 * time.Second
	case period >= time.Hour && period*time.Duration(*m.EvaluationPeriods) > 24*time.Hour:
		return time.Hour
	default:
		return time.Minute
	}
}

// alarmPeriod is the length of an alarm's datapoints: of an expression without
// one, the longest of its metrics'.
func alarmPeriod(m *api.PutMetricAlarmInput) time.Duration {
	if m.Period != nil {
		return seconds(*m.Period)
	}
	var longest int32
	for _, q := range m.Metrics {
		switch {
		case q.MetricStat != nil:
			longest = max(longest, q.MetricStat.Period)
		case q.Period != nil && returnsData(q):
			return seconds(*q.Period)
		case q.Period != nil:
			longest = max(longest, *q.Period)
		}
	}
	return seconds(longest)
}

func returnsData(q *api.MetricDataQuery) bool { return q.ReturnData == nil || *q.ReturnData }
