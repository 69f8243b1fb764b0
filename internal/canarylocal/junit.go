package canarylocal

import (
	"encoding/xml"
	"io"
	"strings"
)

// The part of JUnit's report format that its readers agree on.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Time      float64     `xml:"time,attr"` // seconds
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
		Out       string      `xml:"system-out"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    float64       `xml:"time,attr"` // seconds
		Failure *junitFailure `xml:"failure"`
		Error   *junitFailure `xml:"error"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a run as a test suite: one case a step, and one more for a
// failure that belongs to no step.
func (r *Run) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: r.Canary, Time: r.Completed.Sub(r.Started).Seconds(), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Out: plain(strings.Join(r.Log, "\n")),
	}
	for _, s := range r.Steps {
		c := junitCase{Name: plain(s.Name), Class: r.Canary, Time: s.DurationMs / 1000}
		if s.Status != "PASSED" {
			c.Failure = &junitFailure{Message: plain(s.FailureReason), Type: r.code()}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if r.Status != "PASSED" && suite.Failures == 0 || len(r.Steps) == 0 {
		c := junitCase{Name: "canary", Class: r.Canary, Time: r.DurationMs / 1000}
		if r.Status != "PASSED" {
			c.Error = &junitFailure{Message: plain(r.StateReason), Type: r.code()}
			suite.Errors++
		}
		suite.Cases = append(suite.Cases, c)
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	return e.Encode(junitSuites{Suites: []junitSuite{suite}})
}

func (r *Run) code() string {
	if r.StateReasonCode == "" {
		return "CANARY_FAILURE"
	}
	return r.StateReasonCode
}

// plain is a text without the characters that XML cannot carry.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
			return 0xFFFD
		}
		return c
	}, s)
}
