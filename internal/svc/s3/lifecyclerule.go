package s3

import (
	"net/url"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/store"
)

// ruleFilter is what of a bucket a lifecycle rule is about.
type ruleFilter struct {
	prefix       string
	tags         map[string]string
	above, below *int64 // bytes, exclusive
}

func filterOf(r *api.LifecycleRule) ruleFilter {
	f := r.Filter
	if f == nil {
		return ruleFilter{prefix: value(r.Prefix, "")}
	}
	x := ruleFilter{prefix: value(f.Prefix, ""), above: f.ObjectSizeGreaterThan, below: f.ObjectSizeLessThan}
	tags := []*api.Tag{f.Tag}
	if a := f.And; a != nil {
		x = ruleFilter{prefix: value(a.Prefix, ""), above: a.ObjectSizeGreaterThan, below: a.ObjectSizeLessThan}
		tags = a.Tags
	}
	for _, t := range tags {
		if t == nil {
			continue
		}
		if x.tags == nil {
			x.tags = map[string]string{}
		}
		x.tags[t.Key] = t.Value
	}
	return x
}

func (f ruleFilter) sized() bool { return f.above != nil || f.below != nil }

// matches reports whether a version is one that the rule is about.
func (f ruleFilter) matches(o object) bool {
	if !strings.HasPrefix(o.Key, f.prefix) || f.above != nil && o.Size <= *f.above || f.below != nil && o.Size >= *f.below {
		return false
	}
	for k, v := range f.tags {
		if have, ok := o.Details.Tags[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// about returns the enabled rules for a version.
func (c lifecycle) about(o object) []*api.LifecycleRule {
	var rules []*api.LifecycleRule
	for _, r := range c.Rules {
		if r.Status == "Enabled" && filterOf(r).matches(o) {
			rules = append(rules, r)
		}
	}
	return rules
}

// after is when something that is a number of days old by rule happens: at the
// midnight UTC that follows.
func afterDays(from time.Time, days int32) time.Time {
	return midnightAfter(from.Add(time.Duration(days) * day))
}

// expiry is when the current object o expires and by which rule; the first, if
// there are several. ok is false if it never does.
func (c lifecycle) expiry(o object) (at time.Time, rule *api.LifecycleRule, ok bool) {
	for _, r := range c.about(o) {
		e := r.Expiration
		if e == nil || e.Days == nil && e.Date == nil {
			continue
		}
		var t time.Time
		if e.Days != nil {
			t = afterDays(o.Modified, *e.Days)
		} else {
			t = midnightOf(*e.Date, o.Modified)
		}
		if !ok || t.Before(at) {
			at, rule, ok = t, r, true
		}
	}
	return at, rule, ok
}

// midnightOf is when a rule by date acts on something: on the date, or, what
// comes later, on the next midnight.
func midnightOf(date, modified time.Time) time.Time {
	if modified.Before(date) {
		return date.UTC()
	}
	return midnightAfter(modified)
}

// coldness are the storage classes in the order in which transitions may go.
var coldness = []string{"STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"}

// mayCool reports whether a transition may bring o into class. Small objects
// stay, for that would cost more than it saves: below 128 KiB in every class, or
// in all but the two coldest, as the configuration says; a rule that speaks of
// sizes decides for itself.
func (c lifecycle) mayCool(o object, class string, f ruleFilter) bool {
	if slices.Index(coldness, class) <= slices.Index(coldness, o.Class) {
		return false
	}
	archive := class == "GLACIER" || class == "DEEP_ARCHIVE"
	return o.Size >= 128<<10 || f.sized() || archive && c.Minimum == minimumVaries
}

// transition is the class that o is to have at now, "" if it stays.
func (c lifecycle) transition(o object, now time.Time) string {
	best := ""
	for _, r := range c.about(o) {
		for _, t := range r.Transitions {
			at := time.Time{}
			if t.Days != nil {
				at = afterDays(o.Modified, *t.Days)
			} else if t.Date != nil {
				at = midnightOf(*t.Date, o.Modified)
			}
			class := string(*t.StorageClass)
			if !at.After(now) && c.mayCool(o, class, filterOf(r)) && slices.Index(coldness, class) > slices.Index(coldness, best) {
				best = class
			}
		}
	}
	return best
}

// fate is what the rules want of a noncurrent version at now.
type fate struct {
	expire bool
	class  string // "" if it stays
}

// noncurrent works out the fate of a noncurrent version; newer tells whether at
// least n noncurrent versions of its key are newer.
func (c lifecycle) noncurrent(o object, now time.Time, newer func(n int32) (bool, error)) (fate, error) {
	var f fate
	due := func(days, keep *int32) (bool, error) {
		if afterDays(o.Retired, value(days, 0)).After(now) {
			return false, nil
		}
		if keep == nil {
			return true, nil
		}
		return newer(*keep)
	}
	for _, r := range c.about(o) {
		if e := r.NoncurrentVersionExpiration; e != nil {
			ok, err := due(e.NoncurrentDays, e.NewerNoncurrentVersions)
			if err != nil || ok {
				return fate{expire: ok}, err
			}
		}
		for _, t := range r.NoncurrentVersionTransitions {
			ok, err := due(t.NoncurrentDays, t.NewerNoncurrentVersions)
			if err != nil {
				return fate{}, err
			}
			class := string(*t.StorageClass)
			if ok && !o.Marker && c.mayCool(o, class, filterOf(r)) && slices.Index(coldness, class) > slices.Index(coldness, f.class) {
				f.class = class
			}
		}
	}
	return f, nil
}

// dropsMarker reports whether a delete marker with nothing behind it goes: by
// a rule for such, or by one of days when it has come of age.
func (c lifecycle) dropsMarker(o object, now time.Time) bool {
	return slices.ContainsFunc(c.about(o), func(r *api.LifecycleRule) bool {
		e := r.Expiration
		if e == nil {
			return false
		}
		return value(e.ExpiredObjectDeleteMarker, false) || e.Days != nil && !afterDays(o.Modified, *e.Days).After(now)
	})
}

// aborts is when an upload of key that began at initiated is aborted, and by
// which rule.
func (c lifecycle) aborts(key string, initiated time.Time) (at time.Time, rule *api.LifecycleRule, ok bool) {
	for _, r := range c.Rules {
		a := r.AbortIncompleteMultipartUpload
		if a == nil || r.Status != "Enabled" || !strings.HasPrefix(key, filterOf(r).prefix) {
			continue
		}
		if t := afterDays(initiated, value(a.DaysAfterInitiation, 0)); !ok || t.Before(at) {
			at, rule, ok = t, r, true
		}
	}
	return at, rule, ok
}

// expiration is the x-amz-expiration header of an object: when it expires, and
// by which rule; nil if it never does.
func expiration(tx *store.Tx, b bucket, o object) (*string, error) {
	if !b.hot.Lifecycle {
		return nil, nil
	}
	c, ok, err := loadConfig[lifecycle](tx, o.Bucket, lifecycleConfig)
	if err != nil || !ok {
		return nil, err
	}
	at, rule, ok := c.expiry(o)
	if !ok {
		return nil, nil
	}
	id := strings.ReplaceAll(url.QueryEscape(value(rule.ID, "")), "+", "%20")
	return new(`expiry-date="` + at.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + `", rule-id="` + id + `"`), nil
}
