package cloudwatch

import (
	"bytes"
	"encoding/json"
	"time"
)

// encodeJSON writes v as JSON text, leaving <, > and & as they are.
func encodeJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// stampLayout is how times are written in texts of alarms, always in UTC.
const stampLayout = "2006-01-02T15:04:05.000+0000"

func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

// raw is JSON text inside of JSON; empty text is left out by omitempty.
func raw(text string) json.RawMessage {
	if !json.Valid([]byte(text)) {
		return nil
	}
	return json.RawMessage(text)
}

// orEmpty is a list that is written as [] when there is none.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
