package synthetics

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/canaryruntime"
	"nephele.dev/nephele/internal/store"
)

// The browser types of BrowserConfigs.
const (
	chrome  = string(api.BrowserTypeChrome)
	firefox = string(api.BrowserTypeFirefox)
)

// setBrowsers takes over BrowserConfigs, and sees to it that the runtime, which
// may have changed, has all browsers that are in force.
func (p *patch) setBrowsers(c *config) error {
	v := c.runtime()
	if p.browsers != nil {
		c.Browsers = nil
		for _, b := range p.browsers {
			if b.BrowserType == nil {
				return invalid("BrowserType is required in BrowserConfigs")
			}
			c.Browsers = append(c.Browsers, string(*b.BrowserType))
		}
	}
	return checkBrowsers(c.Browsers, v)
}

func checkBrowsers(browsers []string, v canaryruntime.Version) error {
	for i, b := range browsers {
		switch {
		case slices.Contains(browsers[:i], b):
			return invalid("BrowserConfigs contains the browser type %s more than once", b)
		case !v.HasBrowser():
			return invalid("BrowserConfigs is not supported for runtime version %s", v.Name)
		case !slices.Contains(v.Browsers(), b):
			return invalid("Browser type %s is not supported for runtime version %s", b, v.Name)
		}
	}
	return nil
}

// browsers are those that a tick runs the script in: a name for each run, which
// is empty where the runtime does not choose.
func (c *config) browsers() []string {
	switch {
	case !c.runtime().PerBrowser():
		return []string{""}
	case len(c.Browsers) == 0:
		return []string{chrome}
	default:
		return c.Browsers
	}
}

// engineID is the UUID in the name of the function that runs the script in a
// browser. Each has one of its own; Chrome's is the canary's.
func (d *canary) engineID(browser string) string {
	if browser != firefox {
		return d.Engine
	}
	id, err := uuid.Parse(d.Engine)
	if err != nil {
		return d.Engine // of an older version
	}
	return uuid.NewSHA1(id, []byte(browser)).String()
}

func engineARN(rec *store.Record[canary], browser string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s:1", rec.Region, rec.Account, functionName(rec.ID, rec.Doc.engineID(browser)))
}

// setEngine shows the engine as the canary's runtime does: one ARN before
// puppeteer 11.0 and playwright 3.0, one for each browser since.
func setEngine(out *api.Canary, rec *store.Record[canary]) {
	c := &rec.Doc.Config
	if !c.runtime().PerBrowser() {
		out.EngineArn = new(engineARN(rec, ""))
		return
	}
	for _, b := range c.browsers() {
		out.EngineConfigs = append(out.EngineConfigs, &api.EngineConfig{EngineArn: new(engineARN(rec, b)), BrowserType: new(api.BrowserType(b))})
		out.BrowserConfigs = append(out.BrowserConfigs, &api.BrowserConfig{BrowserType: new(api.BrowserType(b))})
	}
}
