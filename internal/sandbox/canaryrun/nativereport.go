package canaryrun

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/multicheck"
)

// Artifacts of a run of checks, besides the SyntheticsReport and the log.
const (
	requestsFile = "HttpRequestsReport.json"
	checksFile   = "MultiChecksReport.json" // every check's finding; AWS has no such file
)

// timeForm is how reports write times.
const timeForm = "2006-01-02T15:04:05.000Z"

// failureOf words why a run failed; empty when it passed.
func failureOf(r *multicheck.Result) string {
	var failed []string
	for _, s := range r.Steps {
		if !s.Passed {
			failed = append(failed, s.Name+": "+s.Reason)
		}
	}
	switch len(failed) {
	case 0:
		return ""
	case 1:
		return failed[0]
	}
	return fmt.Sprintf("%s (%d of %d checks failed)", failed[0], len(failed), len(r.Steps)+len(r.Skipped))
}

// conclude fills the verdict, the report and the step metrics.
func (o *Outcome) conclude(job Job, r *multicheck.Result, settings multicheck.Settings, failure string) {
	o.Status, o.TestResult, o.Duration = Passed, string(Passed), r.End.Sub(r.Start)
	if failure != "" {
		o.fail(CanaryFailure, failure)
		o.TestResult = string(Failed)
	}
	report := &Report{
		CanaryName: job.CanaryName, StartTime: stamp(r.Start), EndTime: stamp(r.End), ExecutionStatus: string(Passed),
		CustomerScript: Script{
			StartTime: stamp(r.Start), EndTime: stamp(r.End), Status: o.TestResult, FailureReason: o.StateReason,
			MetricsPublished: true, Requests: countRequests(r.Exchanges), Steps: []Step{}, NonStepScreenshots: []Screenshot{},
		},
		Configuration: configurationOf(settings),
	}
	metrics := &report.Configuration.StepMetrics
	for i, s := range r.Steps {
		o.Steps = append(o.Steps, StepMetric{
			Name: s.Name, Passed: s.Passed, Duration: s.End.Sub(s.Start), EmitSuccess: metrics.Success, EmitDuration: metrics.Duration,
		})
		if settings.Step.StepsReport {
			report.CustomerScript.Steps = append(report.CustomerScript.Steps, stepOf(i, s, metrics.Success || metrics.Duration))
		}
	}
	o.Report = report
	o.keep("SyntheticsReport-"+string(o.Status)+".json", fullReport{report, fullConfiguration(settings)})
	if len(r.Steps) > 0 {
		o.keep(checksFile, map[string]any{"checks": r.Steps, "skipped": names(r.Skipped)})
	}
}

func names(steps []multicheck.Step) []string {
	out := []string{}
	for _, s := range steps {
		out = append(out, s.Name)
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(timeForm) }

func stepOf(i int, s multicheck.StepResult, metrics bool) Step {
	out := Step{
		StepNum: i + 1, StepName: s.Name, StartTime: stamp(s.Start), EndTime: stamp(s.End), Status: string(Passed),
		FailureReason: s.Reason, MetricsPublished: metrics, Screenshots: []Screenshot{}, HTTPRequestNum: s.Exchange,
	}
	if !s.Passed {
		out.Status = string(Failed)
	}
	if s.Kind == multicheck.HTTP {
		out.SourceURL, out.DestinationURL = s.Target, s.Target
	}
	return out
}

func countRequests(exchanges []multicheck.Exchange) (n Requests) {
	for _, x := range exchanges {
		switch x.Status / 100 {
		case 0:
			n.Failed++
		case 2:
			n.C2xx++
		case 3:
			n.C3xx++
		case 4:
			n.C4xx++
		case 5:
			n.C5xx++
		}
	}
	return n
}

// configurationOf is the part of the settings that the service acts on.
func configurationOf(s multicheck.Settings) (c Configuration) {
	h := &s.HTTPMetrics
	c.CanaryMetrics = CanaryMetrics{
		FailedCanary: s.CanaryMetrics.FailedCanaryMetric, AggregatedFailedCanary: s.CanaryMetrics.AggregatedFailedCanaryMetric,
		C2xx: h.Metric2xx, C4xx: h.Metric4xx, C5xx: h.Metric5xx, FailedRequests: h.FailedRequestsMetric,
		Aggregated2xx: h.Aggregated2xxMetric, Aggregated4xx: h.Aggregated4xxMetric, Aggregated5xx: h.Aggregated5xxMetric,
		AggregatedFailedRequests: h.AggregatedFailedRequestsMetric,
	}
	c.StepMetrics.Success, c.StepMetrics.Duration = s.Step.StepSuccessMetric, s.Step.StepDurationMetric
	return c
}

// fullReport is the report as an artifact, with all of the configuration.
type fullReport struct {
	*Report
	Configuration map[string]any `json:"configuration"`
}

// fullConfiguration has the groups that reports of scripts have, as far as they
// mean something to checks.
func fullConfiguration(s multicheck.Settings) map[string]any {
	c := configurationOf(s)
	return map[string]any{
		"reportingConfiguration":     map[string]any{"stepsReport": s.Step.StepsReport, "report": s.Report},
		"loggingConfiguration":       s.Logging,
		"executionConfiguration":     map[string]any{"continueOnStepFailure": s.Step.ContinueOnStepFailure},
		"stepMetricsConfiguration":   c.StepMetrics,
		"canaryMetricsConfiguration": c.CanaryMetrics,
	}
}

// exchange is one element of HttpRequestsReport.json, in the form that the
// library for scripts writes.
type exchange struct {
	StepNum       int                `json:"stepNum"`
	StepName      string             `json:"stepName"`
	RequestMethod string             `json:"requestMethod"`
	Request       exchanged          `json:"request"`
	Response      exchanged          `json:"response"`
	Error         string             `json:"error,omitempty"`
	Timings       multicheck.Timings `json:"httpTimings"`
}

type exchanged struct {
	URL           string      `json:"url,omitempty"`
	StatusCode    int         `json:"statusCode,omitempty"`
	StatusMessage string      `json:"statusMessage,omitempty"`
	Headers       http.Header `json:"headers,omitempty"`
	Body          string      `json:"body,omitempty"`
}

// keepExchanges writes HttpRequestsReport.json if there were requests.
func (o *Outcome) keepExchanges(r *multicheck.Result) {
	var out []exchange
	for _, x := range r.Exchanges {
		out = append(out, exchange{
			StepNum: x.Step, StepName: x.StepName, RequestMethod: x.Method, Error: x.Error, Timings: x.Timings,
			Request:  exchanged{URL: x.URL, Headers: x.RequestHeaders, Body: x.RequestBody},
			Response: exchanged{StatusCode: x.Status, StatusMessage: x.StatusText, Headers: x.ResponseHeaders, Body: x.ResponseBody},
		})
	}
	if len(out) > 0 {
		o.keep(requestsFile, map[string]any{"requests": out})
	}
}

// keep makes an artifact in memory.
func (o *Outcome) keep(name string, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil { // no value here can cause it
		o.fail(ExecutionFailure, name+": "+err.Error())
		return
	}
	o.files[name] = b.Bytes()
}

// listFiles lists the artifacts in memory.
func (o *Outcome) listFiles() {
	for _, name := range slices.Sorted(maps.Keys(o.files)) {
		o.Artifacts = append(o.Artifacts, Artifact{Name: name, Size: int64(len(o.files[name])), ContentType: contentType(name)})
	}
}

// readResolvConf returns the address of the first name server in a
// resolv.conf(5).
func readResolvConf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("the system's name server is not known: set nameserver")
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if addr, err := netip.ParseAddr(fields[1]); err == nil {
			return netip.AddrPortFrom(addr, 53).String(), nil
		}
	}
	return "", errors.New("the system's name server is not known: set nameserver")
}
