package multicheck

import (
	"encoding/json"
	"strings"
)

// Settings are what synthetics.json says of reports, logs and metrics, as far
// as it applies to checks.
type Settings struct {
	Step struct {
		// StepSuccessMetric and StepDurationMetric publish metrics of steps.
		StepSuccessMetric  bool `json:"stepSuccessMetric"`
		StepDurationMetric bool `json:"stepDurationMetric"`
		// ContinueOnStepFailure executes the steps after one that failed.
		ContinueOnStepFailure bool `json:"continueOnStepFailure"`
		StepsReport           bool `json:"stepsReport"`
	} `json:"step"`
	Report struct {
		IncludeRequestHeaders   bool     `json:"includeRequestHeaders"`
		IncludeResponseHeaders  bool     `json:"includeResponseHeaders"`
		IncludeRequestBody      bool     `json:"includeRequestBody"`
		IncludeResponseBody     bool     `json:"includeResponseBody"`
		IncludeURLPassword      bool     `json:"includeUrlPassword"`
		RestrictedHeaders       []string `json:"restrictedHeaders"`
		RestrictedURLParameters []string `json:"restrictedUrlParameters"`
	} `json:"report"`
	Logging struct {
		LogRequest         bool `json:"logRequest"`
		LogResponse        bool `json:"logResponse"`
		LogRequestHeaders  bool `json:"logRequestHeaders"`
		LogResponseHeaders bool `json:"logResponseHeaders"`
		LogRequestBody     bool `json:"logRequestBody"`
		LogResponseBody    bool `json:"logResponseBody"`
	} `json:"logging"`
	HTTPMetrics struct {
		Metric2xx                      bool `json:"metric_2xx"`
		Metric4xx                      bool `json:"metric_4xx"`
		Metric5xx                      bool `json:"metric_5xx"`
		FailedRequestsMetric           bool `json:"failedRequestsMetric"`
		Aggregated2xxMetric            bool `json:"aggregated2xxMetric"`
		Aggregated4xxMetric            bool `json:"aggregated4xxMetric"`
		Aggregated5xxMetric            bool `json:"aggregated5xxMetric"`
		AggregatedFailedRequestsMetric bool `json:"aggregatedFailedRequestsMetric"`
	} `json:"httpMetrics"`
	CanaryMetrics struct {
		FailedCanaryMetric           bool `json:"failedCanaryMetric"`
		AggregatedFailedCanaryMetric bool `json:"aggregatedFailedCanaryMetric"`
	} `json:"canaryMetrics"`
	// UserAgent is appended to the User-Agent header.
	UserAgent string `json:"userAgent"`
}

// DefaultSettings are those of an archive without synthetics.json.
func DefaultSettings() Settings {
	var s Settings
	s.Step.StepSuccessMetric, s.Step.StepDurationMetric = true, true
	s.Step.ContinueOnStepFailure, s.Step.StepsReport = true, true
	m := &s.HTTPMetrics
	m.Metric2xx, m.Metric4xx, m.Metric5xx, m.FailedRequestsMetric = true, true, true, true
	m.Aggregated2xxMetric, m.Aggregated4xxMetric, m.Aggregated5xxMetric, m.AggregatedFailedRequestsMetric = true, true, true, true
	s.CanaryMetrics.FailedCanaryMetric, s.CanaryMetrics.AggregatedFailedCanaryMetric = true, true
	return s
}

// ParseSettings reads a synthetics.json. Members that mean nothing to checks,
// such as those of screenshots, are left alone. The error is an *Error.
func ParseSettings(b []byte) (Settings, error) {
	s := DefaultSettings()
	root, err := decode(SettingsFile, b)
	if err != nil {
		return s, err
	}
	plain, err := json.Marshal(root)
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		return DefaultSettings(), &Error{SettingsFile, []Problem{{"", strings.TrimPrefix(err.Error(), "json: ")}}}
	}
	return s, nil
}
