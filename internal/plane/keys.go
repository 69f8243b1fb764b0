package plane

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/policy"
)

// callKeys are the global condition keys that a call has of itself (IAM User
// Guide, "AWS global condition context keys"). Those of its principal are
// policy's, those of its resources their services'.
func callKeys(call *Call) policy.Keys {
	c := &call.Caller
	k := policy.Keys{
		"aws:currenttime":     {call.Time.Format(time.RFC3339)},
		"aws:epochtime":       {strconv.FormatInt(call.Time.Unix(), 10)},
		"aws:requestedregion": {c.Region},
		"aws:securetransport": {strconv.FormatBool(c.secure())},
		"aws:viaawsservice":   {strconv.FormatBool(len(c.Via) > 0)},
	}
	if c.SourceIP.IsValid() && len(c.Via) == 0 {
		k["aws:sourceip"] = []string{c.SourceIP.Unmap().String()}
	}
	if c.UserAgent != "" {
		k["aws:useragent"] = []string{c.UserAgent}
	}
	if referer := call.Header.Get("Referer"); referer != "" {
		k["aws:referer"] = []string{referer}
	}
	if n := len(c.Via); n > 0 {
		k["aws:calledvia"] = c.Via
		k["aws:calledviafirst"], k["aws:calledvialast"] = c.Via[:1], c.Via[n-1:]
	}
	if c.Kind == Service {
		maps.Copy(k, ServiceKeys(*c))
	}
	return k
}

// secure reports whether the caller's requests travel encrypted, as those of
// services always do: theirs do not even leave the process.
func (c *Caller) secure() bool { return c.Secure || c.Kind == Service || len(c.Via) > 0 }

// ServiceKeys are the condition keys of a call that a service makes for a
// resource.
func ServiceKeys(c Caller) policy.Keys {
	k := policy.Keys{}
	k["aws:sourceaccount"] = []string{cmp.Or(c.SourceAccount, c.Account)}
	if c.SourceARN == "" {
		return k
	}
	k["aws:sourcearn"] = []string{c.SourceARN}
	if parts := strings.SplitN(c.SourceARN, ":", 6); len(parts) == 6 && parts[4] != "" {
		k["aws:sourceaccount"] = []string{parts[4]}
	}
	return k
}

// requestKeys are the tags in an input: aws:RequestTag/key and aws:TagKeys.
// Every service calls its members Tags or TagKeys, in one spelling or another.
func requestKeys(in any) policy.Keys {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return nil
	}
	k := policy.Keys{}
	for _, name := range []string{"Tags", "TagList"} {
		if f := v.FieldByName(name); f.IsValid() {
			requestTags(k, f)
		}
	}
	if f := v.FieldByName("TagKeys"); f.IsValid() && f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String {
		for i := range f.Len() {
			addTagKey(k, f.Index(i).String())
		}
	}
	return k
}

func requestTags(k policy.Keys, tags reflect.Value) {
	switch tags.Kind() {
	case reflect.Map:
		for it := tags.MapRange(); it.Next(); {
			requestTag(k, it.Key(), it.Value())
		}
	case reflect.Slice:
		for i := range tags.Len() {
			t := reflect.Indirect(tags.Index(i))
			if t.Kind() != reflect.Struct {
				return
			}
			requestTag(k, tagMember(t, "Key", "TagKey"), tagMember(t, "Value", "TagValue"))
		}
	}
}

// tagMember is the member of a tag that has one of two names.
func tagMember(tag reflect.Value, name, other string) reflect.Value {
	if f := tag.FieldByName(name); f.IsValid() {
		return f
	}
	return tag.FieldByName(other)
}

func requestTag(k policy.Keys, key, value reflect.Value) {
	name, ok := text(key)
	if !ok {
		return
	}
	v, _ := text(value)
	k.AddTag("aws:requesttag/", name, v)
	addTagKey(k, name)
}

func addTagKey(k policy.Keys, name string) {
	if !slices.Contains(k["aws:tagkeys"], name) {
		k["aws:tagkeys"] = append(k["aws:tagkeys"], name)
	}
}

// text is the string in v or behind it.
func text(v reflect.Value) (string, bool) {
	if v = reflect.Indirect(v); !v.IsValid() || v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), true
}
