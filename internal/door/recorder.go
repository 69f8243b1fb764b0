package door

import (
	"net/http"
	"time"
)

// recorder counts what is answered and gives a peer that takes nothing a
// deadline.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	http2   bool
	stall   time.Duration

	status   int
	bytes    int64
	deadline time.Time
}

func newRecorder(w http.ResponseWriter, r *http.Request, stall time.Duration) *recorder {
	return &recorder{ResponseWriter: w, control: http.NewResponseController(w), http2: r.ProtoMajor > 1, stall: stall}
}

// Unwrap lets http.ResponseController find the server's own writer.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the first final status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write counts, and allows each piece its time.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extend()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	if w.http2 {
		// There the deadline is a timer that ends the stream, writing or not.
		w.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // only lost when the stream is
		w.deadline = time.Time{}
	}
	return n, err
}

// extend moves the deadline when a good part of it has passed. In HTTP/1 it
// stays after the last write, for that is when the server flushes.
func (w *recorder) extend() {
	now := time.Now()
	if w.deadline.Sub(now) > w.stall*3/4 {
		return
	}
	w.deadline = now.Add(w.stall)
	w.control.SetWriteDeadline(w.deadline) //nolint:errcheck // without deadlines in tests
}
