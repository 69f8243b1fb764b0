package cloudwatch

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// maxWidgets is how many widgets a dashboard holds.
const maxWidgets = 500

// bodyCheck collects what is wrong with a dashboard's body, and what is only
// unknown. Paths and words are those of CloudWatch: "/widgets/0/properties"
// "Should have required property 'region'".
type bodyCheck struct {
	errors, warnings []*api.DashboardValidationMessage
}

// checkDashboard validates a body. It returns the warnings.
func checkDashboard(body string) ([]*api.DashboardValidationMessage, error) {
	var doc map[string]any
	if json.Unmarshal([]byte(body), &doc) != nil || doc == nil {
		return nil, api.NewDashboardInvalidInputError("The field DashboardBody must be a valid JSON object")
	}
	c := &bodyCheck{warnings: []*api.DashboardValidationMessage{}} // answered even when there are none
	c.known("", doc, "widgets", "start", "end", "periodOverride", "variables")
	c.oneOf("/periodOverride", doc["periodOverride"], "auto", "inherit")
	for _, name := range []string{"start", "end"} {
		c.text("/"+name, doc[name])
	}
	if c.required("", doc, "widgets") {
		if list, ok := c.list("/widgets", doc["widgets"]); ok {
			if len(list) > maxWidgets {
				c.wrong("/widgets", "Should NOT have more than %d items", maxWidgets)
			}
			for i, w := range list[:min(len(list), maxWidgets)] {
				c.widget("/widgets/"+strconv.Itoa(i), w)
			}
		}
	}
	if len(c.errors) == 0 {
		return c.warnings, nil
	}
	return nil, c.refusal()
}

// refusal is the error with all messages, in its text as JSON and as members.
func (c *bodyCheck) refusal() error {
	type message struct {
		DataPath string `json:"dataPath"`
		Message  string `json:"message"`
	}
	list := make([]message, len(c.errors))
	for i, m := range c.errors {
		list[i] = message{*m.DataPath, *m.Message}
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("list validation messages: %w", err)
	}
	return api.NewDashboardInvalidInputError("The dashboard body is invalid, there are %d validation errors:\n%s", len(list), text).
		With("dashboardValidationMessages", c.errors)
}

// maxMessages bounds the answer to a body with thousands of faults.
const maxMessages = 100

func (c *bodyCheck) wrong(path, format string, args ...any) {
	if len(c.errors) < maxMessages {
		c.errors = append(c.errors, &api.DashboardValidationMessage{DataPath: &path, Message: new(fmt.Sprintf(format, args...))})
	}
}

func (c *bodyCheck) warn(path, format string, args ...any) {
	if len(c.warnings) < maxMessages {
		c.warnings = append(c.warnings, &api.DashboardValidationMessage{DataPath: &path, Message: new(fmt.Sprintf(format, args...))})
	}
}

// known warns of properties that nothing reads.
func (c *bodyCheck) known(path string, doc map[string]any, names ...string) {
	var extra []string
	for name := range doc {
		if !slices.Contains(names, name) {
			extra = append(extra, name)
		}
	}
	sort.Strings(extra)
	for _, name := range extra {
		c.warn(path, "Should NOT have additional properties: '%s'", name)
	}
}

func (c *bodyCheck) required(path string, doc map[string]any, name string) bool {
	_, ok := doc[name]
	if !ok {
		c.wrong(path, "Should have required property '%s'", name)
	}
	return ok
}

func (c *bodyCheck) list(path string, v any) ([]any, bool) {
	list, ok := v.([]any)
	if !ok {
		c.wrong(path, "Should be array")
	}
	return list, ok
}

func (c *bodyCheck) object(path string, v any) (map[string]any, bool) {
	doc, ok := v.(map[string]any)
	if !ok {
		c.wrong(path, "Should be object")
	}
	return doc, ok
}

// text checks an optional string.
func (c *bodyCheck) text(path string, v any) {
	if _, ok := v.(string); !ok && v != nil {
		c.wrong(path, "Should be string")
	}
}

// flag checks an optional boolean.
func (c *bodyCheck) flag(path string, v any) {
	if _, ok := v.(bool); !ok && v != nil {
		c.wrong(path, "Should be boolean")
	}
}

// oneOf checks an optional string of a set.
func (c *bodyCheck) oneOf(path string, v any, allowed ...string) {
	if v == nil {
		return
	}
	if s, ok := v.(string); !ok || !slices.Contains(allowed, s) {
		c.wrong(path, "Should be equal to one of the allowed values")
	}
}

// whole checks an optional whole number between two bounds.
func (c *bodyCheck) whole(path string, v any, low, high float64) {
	if v == nil {
		return
	}
	n, ok := v.(float64)
	switch {
	case !ok || n != math.Trunc(n):
		c.wrong(path, "Should be integer")
	case n < low:
		c.wrong(path, "Should be >= %g", low)
	case n > high:
		c.wrong(path, "Should be <= %g", high)
	}
}

// widgetTypes are the types of widget with the check of their properties.
var widgetTypes = map[string]func(c *bodyCheck, path string, p map[string]any){
	"metric":   (*bodyCheck).metricWidget,
	"text":     func(c *bodyCheck, path string, p map[string]any) { c.required(path, p, "markdown") },
	"log":      (*bodyCheck).logWidget,
	"alarm":    (*bodyCheck).alarmWidget,
	"explorer": func(c *bodyCheck, path string, p map[string]any) { c.required(path, p, "metrics") },
	"custom":   func(c *bodyCheck, path string, p map[string]any) { c.required(path, p, "endpoint") },
	"chart":    func(*bodyCheck, string, map[string]any) {},
	"trace":    func(*bodyCheck, string, map[string]any) {},
}

func (c *bodyCheck) widget(path string, v any) {
	w, ok := c.object(path, v)
	if !ok {
		return
	}
	c.known(path, w, "type", "x", "y", "width", "height", "properties")
	c.whole(path+"/x", w["x"], 0, 23)
	c.whole(path+"/y", w["y"], 0, math.MaxInt32)
	c.whole(path+"/width", w["width"], 1, 24)
	c.whole(path+"/height", w["height"], 1, 1000)
	var check func(*bodyCheck, string, map[string]any)
	if c.required(path, w, "type") {
		kind, _ := w["type"].(string)
		if check = widgetTypes[kind]; check == nil {
			c.wrong(path+"/type", "Should be equal to one of the allowed values")
		}
	}
	if !c.required(path, w, "properties") {
		return
	}
	if p, ok := c.object(path+"/properties", w["properties"]); ok && check != nil {
		check(c, path+"/properties", p)
	}
}

func (c *bodyCheck) logWidget(path string, p map[string]any) {
	c.required(path, p, "query")
	c.required(path, p, "region")
	c.oneOf(path+"/view", p["view"], "table", "timeSeries", "bar", "pie")
}

func (c *bodyCheck) alarmWidget(path string, p map[string]any) {
	if c.required(path, p, "alarms") {
		c.list(path+"/alarms", p["alarms"])
	}
	c.oneOf(path+"/sortBy", p["sortBy"], "default", "stateUpdatedTimestamp", "timestamp")
}

func (c *bodyCheck) metricWidget(path string, p map[string]any) {
	c.known(path, p, "accountId", "annotations", "legend", "liveData", "metrics", "period", "region", "stat", "stacked", "table", "title",
		"view", "yAxis", "sparkline", "trend", "timezone", "singleValueFullPrecision", "setPeriodToTimeRange", "labels", "start", "end", "width", "height")
	c.required(path, p, "region")
	c.oneOf(path+"/view", p["view"], "timeSeries", "singleValue", "gauge", "bar", "pie", "table")
	c.flag(path+"/stacked", p["stacked"])
	c.flag(path+"/liveData", p["liveData"])
	c.text(path+"/title", p["title"])
	c.text(path+"/stat", p["stat"])
	if n, ok := p["period"]; ok {
		if f, ok := n.(float64); !ok || f != math.Trunc(f) || f > math.MaxInt32 || !validPeriod(int32(f)) {
			c.wrong(path+"/period", "Should be 1, 5, 10, 20, 30 or a multiple of 60")
		}
	}
	if legend, ok := p["legend"].(map[string]any); ok {
		c.oneOf(path+"/legend/position", legend["position"], "right", "bottom", "hidden")
	}
	if _, ok := p["metrics"]; !ok {
		if a, _ := p["annotations"].(map[string]any); a["alarms"] == nil {
			c.wrong(path, "Should have required property 'metrics'")
		}
		return
	}
	list, ok := c.list(path+"/metrics", p["metrics"])
	for i, row := range list {
		if ok {
			c.metricRow(path+"/metrics/"+strconv.Itoa(i), row)
		}
	}
}

// metricRow checks one metric: strings, and an object that may come last.
func (c *bodyCheck) metricRow(path string, v any) {
	const shape = `Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element`
	row, ok := c.list(path, v)
	if !ok {
		c.wrong(path, shape)
		return
	}
	if len(row) == 0 {
		c.wrong(path, "Should NOT have fewer than 1 items")
		return
	}
	names := row
	if options, ok := row[len(row)-1].(map[string]any); ok {
		names = row[:len(row)-1]
		c.oneOf(path+"/"+strconv.Itoa(len(names))+"/yAxis", options["yAxis"], "left", "right")
	}
	for _, n := range names {
		if _, ok := n.(string); !ok {
			c.wrong(path, shape)
			return
		}
	}
}
