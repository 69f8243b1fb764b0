package s3

import (
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
)

// writeCondition is If-Match and If-None-Match of a write.
type writeCondition struct{ ifMatch, ifNoneMatch *string }

func (c writeCondition) empty() bool { return c.ifMatch == nil && c.ifNoneMatch == nil }

// check compares the condition with the object that the write would replace.
// If-None-Match can only be "*": "nothing there". What was there when the write
// began, and has been deleted since, is a conflict.
func (c writeCondition) check(key string, old object, exists, began bool) error {
	if c.ifNoneMatch != nil {
		if *c.ifNoneMatch != "*" {
			return errHeader("If-None-Match")
		}
		if exists {
			return errPrecondition("If-None-Match")
		}
	}
	if c.ifMatch != nil {
		if !exists && began {
			return errConflict(key, "If-Match")
		}
		if !exists {
			return errNoSuchKey(key)
		}
		if !matchesETag(*c.ifMatch, old.ETag) {
			return errPrecondition("If-Match")
		}
	}
	return nil
}

// readCondition are the four conditions of a read, or of a copy's source.
type readCondition struct {
	ifMatch, ifNoneMatch  *string
	modified, notModified *time.Time // If-Modified-Since, If-Unmodified-Since
	prefix                string     // of the header names, for the error
}

// check follows RFC 9110 section 13.2.2: a condition on the entity tag
// overrules the one on the date. unmodified tells that the answer is 304.
func (c readCondition) check(o object) (unmodified bool, err *awserr.Error) {
	date := o.Modified.Truncate(time.Second)
	switch {
	case c.ifMatch != nil:
		if !matchesETag(*c.ifMatch, o.ETag) {
			return false, errPrecondition(c.prefix + "If-Match")
		}
	case c.notModified != nil && date.After(*c.notModified):
		return false, errPrecondition(c.prefix + "If-Unmodified-Since")
	}
	switch {
	case c.ifNoneMatch != nil:
		return matchesETag(*c.ifNoneMatch, o.ETag), nil
	case c.modified != nil && !c.modified.After(time.Now()):
		return !date.After(*c.modified), nil
	}
	return false, nil
}

// matchesETag reports whether a list of entity tags, quoted or not, holds etag.
func matchesETag(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || strings.Trim(tag, `"`) == etag {
			return true
		}
	}
	return false
}
