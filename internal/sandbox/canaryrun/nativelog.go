package canaryrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// nativeLog writes a run's log as the library for scripts does: to the log
// group, with Lambda's prefix, and to a file.
type nativeLog struct {
	lines  lineLog
	file   bytes.Buffer
	level  slog.Level
	asJSON bool
	id     string
	first  string // the time of the first line, which names the file
}

// levels are the values of CW_SYNTHETICS_LOG_LEVEL.
var levels = map[string]slog.Level{
	"TRACE": slog.LevelDebug, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo,
	"WARN": slog.LevelWarn, "ERROR": slog.LevelError, "FATAL": slog.LevelError + 1,
}

func newNativeLog(job Job) *nativeLog {
	l := &nativeLog{id: job.RunID, asJSON: strings.EqualFold(job.Env["CW_SYNTHETICS_LOG_FORMAT"], "JSON")}
	l.level = levels[strings.ToUpper(job.Env["CW_SYNTHETICS_LOG_LEVEL"])] // none is 0, which is info
	l.first = stamp(time.Now())
	return l
}

func (l *nativeLog) name() string {
	return strings.NewReplacer(":", "-", ".", "-").Replace(l.first) + "-log.txt"
}

func (l *nativeLog) write(level slog.Level, message string) {
	if level < l.level {
		return
	}
	now := stamp(time.Now())
	message = shorten(message)
	fmt.Fprintf(&l.file, "%s %s: %s\n", now, level, message)
	if l.asJSON {
		b, err := json.Marshal(map[string]string{"timestamp": now, "level": level.String(), "requestId": l.id, "message": message})
		if err == nil {
			l.lines.add(string(b))
		}
		return
	}
	l.lines.add(fmt.Sprintf("%s\t%s\t%s\t%s: %s", now, l.id, level, level, message))
}

// shorten holds a message below the largest event that CloudWatch Logs takes.
func shorten(s string) string {
	const most = 200 << 10
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
