package plane

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/policy"
)

// callKeys are the global condition keys that a call has of itself (IAM User
// Guide, "AWS global condition context keys"). Those of its principal are
// policy's, those of its resources their services'.
func callKeys(call *Call) policy.Keys {
	c := &call.Caller
	k := make(policy.Keys, keyRoom)
	single := make([]string, 0, keyRoom) // one allocation for the keys of one value
	set := func(name, value string) {
		n := len(single)
		single = append(single, value)
		k[name] = single[n : n+1 : n+1]
	}
	set("aws:currenttime", call.Time.Format(time.RFC3339))
	set("aws:epochtime", strconv.FormatInt(call.Time.Unix(), 10))
	set("aws:requestedregion", c.Region)
	set("aws:securetransport", strconv.FormatBool(c.secure()))
	set("aws:viaawsservice", strconv.FormatBool(len(c.Via) > 0))
	if c.SourceIP.IsValid() && len(c.Via) == 0 {
		set("aws:sourceip", c.SourceIP.Unmap().String())
	}
	if c.UserAgent != "" {
		set("aws:useragent", c.UserAgent)
	}
	if referer := call.Header.Get("Referer"); referer != "" {
		set("aws:referer", referer)
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

// keyRoom is how many keys most calls have.
const keyRoom = 8

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

// tagFields are where an input has tags; nil for a member that it has not.
type tagFields struct {
	tags [2][]int // Tags, TagList
	keys []int    // TagKeys
}

// tagged is *tagFields by the reflect.Type of an input; as many as there are
// operations.
var tagged sync.Map

func tagFieldsOf(t reflect.Type) *tagFields {
	if f, ok := tagged.Load(t); ok {
		return f.(*tagFields)
	}
	var f tagFields
	for i, name := range []string{"Tags", "TagList"} {
		if m, ok := t.FieldByName(name); ok {
			f.tags[i] = m.Index
		}
	}
	if m, ok := t.FieldByName("TagKeys"); ok && m.Type.Kind() == reflect.Slice && m.Type.Elem().Kind() == reflect.String {
		f.keys = m.Index
	}
	tagged.Store(t, &f)
	return &f
}

// requestKeys are the tags in an input: aws:RequestTag/key and aws:TagKeys.
// Every service calls its members Tags or TagKeys, in one spelling or another.
func requestKeys(in any) policy.Keys {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return nil
	}
	f := tagFieldsOf(v.Type())
	if f.tags[0] == nil && f.tags[1] == nil && f.keys == nil {
		return nil
	}
	k := policy.Keys{}
	for _, at := range f.tags {
		if at != nil {
			requestTags(k, v.FieldByIndex(at))
		}
	}
	if f.keys != nil {
		keys := v.FieldByIndex(f.keys)
		for i := range keys.Len() {
			addTagKey(k, keys.Index(i).String())
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
