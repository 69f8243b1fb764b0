package session

import (
	"maps"
	"strings"
)

// MergeTags are the tags of a principal: those of its role or user, and those
// of its session, which come before. Keys that differ in case alone are one key
// (IAM User Guide, "Passing session tags").
func MergeTags(own, session map[string]string) map[string]string {
	if len(session) == 0 {
		return own
	}
	out := maps.Clone(session)
	taken := make(map[string]bool, len(session))
	for key := range session {
		taken[strings.ToLower(key)] = true
	}
	for key, value := range own {
		if !taken[strings.ToLower(key)] {
			out[key] = value
		}
	}
	return out
}
