package multicheck

import (
	"net/http"
	"time"
)

// Result is what a run found. It holds no secret that the run has seen.
type Result struct {
	Start, End time.Time
	Steps      []StepResult // those that were executed, in order
	Skipped    []Step       // those after a failure that ends the run
	Exchanges  []Exchange   // of HTTP steps, in order
}

// Passed reports whether every step has passed.
func (r *Result) Passed() bool {
	for _, s := range r.Steps {
		if !s.Passed {
			return false
		}
	}
	return len(r.Skipped) == 0
}

// StepResult is what a step found.
type StepResult struct {
	Num        int               `json:"stepNum"`
	Name       string            `json:"stepName"`
	Kind       Kind              `json:"checkerType"`
	Target     string            `json:"target"` // the URL, or host and port
	Passed     bool              `json:"passed"`
	Reason     string            `json:"failureReason"` // why it failed
	Start      time.Time         `json:"startTime"`     // after waitTime
	End        time.Time         `json:"endTime"`
	Timings    Timings           `json:"timings"`
	Assertions []AssertionResult `json:"assertions"`
	Details    any               `json:"details,omitempty"`   // a DNSDetails, SSLDetails or TCPDetails
	Extracted  []string          `json:"extracted,omitempty"` // names of variables that were set
	Exchange   int               `json:"httpRequestNum,omitempty"`
}

// AssertionResult is how one assertion was judged.
type AssertionResult struct {
	Type     string `json:"type"`
	Subject  string `json:"subject,omitempty"` // the header, path or field
	Operator string `json:"operator,omitempty"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Passed   bool   `json:"passed"`
}

// Timings are the phases of a check, in milliseconds. A phase that did not take
// place is 0.
type Timings struct {
	DNS     float64 `json:"dns"`     // resolving the name
	Connect float64 `json:"connect"` // TCP
	TLS     float64 `json:"tls"`
	Wait    float64 `json:"wait"`    // from the request sent to the first byte
	Receive float64 `json:"receive"` // from the first byte to the last
	Total   float64 `json:"total"`
}

// Exchange is an HTTP request and its response. Headers and bodies are there if
// Settings.Report asks for them; bodies are cut.
type Exchange struct {
	Step            int
	StepName        string
	Method          string
	URL             string
	RequestHeaders  http.Header
	RequestBody     string
	Status          int // 0 when there was no response
	StatusText      string
	ResponseHeaders http.Header
	ResponseBody    string
	Error           string // when there was no response
	Timings         Timings
}

// since is the time passed in milliseconds, to microseconds.
func since(t time.Time) float64 { return milliseconds(time.Since(t)) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
