package synthetics

import (
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// The values of BaseCanaryRunId that are no run's id.
const (
	baseNext = "nextrun"
	baseLast = "lastrun"
)

// oldestBase is how old a run may be that becomes a baseline (API reference,
// VisualReferenceInput).
const oldestBase = 31 * 24 * time.Hour

// visual is what the screenshots of runs in one browser are compared with.
type visual struct {
	Browser string
	Base    string // the run whose screenshots they are, or what was asked for while Key is empty
	Key     string // of the archive with the screenshots, in blob; "" while a run has yet to leave them
	Shots   []shot // those that count
	Chosen  bool   // by BaseScreenshots; else all there are
}

// shot is a screenshot of a baseline.
type shot struct {
	Name   string   // of the file
	Ignore []string // IgnoreCoordinates
}

// setVisual takes over the visual references. Those that name a run are looked
// up by resolveVisuals; one that is in force already keeps its screenshots.
func (p *patch) setVisual(c *config) error {
	asked := p.visuals
	switch {
	case p.visual == nil && asked == nil:
		return nil
	case p.visual != nil && asked != nil:
		return invalid("Specify either VisualReference or VisualReferences, not both")
	case p.visual != nil && c.runtime().PerBrowser():
		return invalid("VisualReference is not supported for runtime version %s, use VisualReferences", c.Runtime)
	case !c.runtime().Visual():
		return invalid("Visual monitoring is not supported for runtime version %s", c.Runtime)
	case p.visual != nil:
		asked = []*api.VisualReferenceInput{p.visual}
	}
	var visuals []visual
	for _, in := range asked {
		v, err := visualOf(in, c)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(visuals, func(other visual) bool { return other.Browser == v.Browser }) {
			return invalid("VisualReferences contains the browser type %s more than once", v.Browser)
		}
		if former := c.visual(v.Browser); former.serves(&v) {
			v.Key = former.Key
			if !v.Chosen {
				v.Shots = former.Shots
			}
		}
		visuals = append(visuals, v)
	}
	c.Visual = visuals
	return nil
}

func visualOf(in *api.VisualReferenceInput, c *config) (visual, error) {
	v := visual{Browser: chrome, Base: in.BaseCanaryRunId, Chosen: len(in.BaseScreenshots) > 0}
	if in.BrowserType != nil {
		v.Browser = string(*in.BrowserType)
	}
	if !slices.Contains(c.browsers(), v.Browser) && (v.Browser != chrome || c.runtime().PerBrowser()) {
		return v, invalid("The canary does not run in browser type %s of VisualReferences", v.Browser)
	}
	for _, s := range in.BaseScreenshots {
		for _, text := range s.IgnoreCoordinates {
			if _, ok := areaOf(text); !ok {
				return v, invalid("Invalid IgnoreCoordinates %s: they must be of the form x1,y1,x2,y2", text)
			}
		}
		if slices.ContainsFunc(v.Shots, func(other shot) bool { return other.Name == s.ScreenshotName }) {
			return v, invalid("BaseScreenshots contains %s more than once", s.ScreenshotName)
		}
		v.Shots = append(v.Shots, shot{Name: s.ScreenshotName, Ignore: s.IgnoreCoordinates})
	}
	return v, nil
}

// serves reports whether a baseline that is there has all that another
// reference to the same run asks for: areas to ignore can be changed when the
// run's artifacts are long gone.
func (v *visual) serves(asked *visual) bool {
	if v == nil || v.Key == "" || v.Base != asked.Base {
		return false
	}
	if !asked.Chosen {
		return !v.Chosen
	}
	return !slices.ContainsFunc(asked.Shots, func(s shot) bool { return !v.has(s.Name) })
}

// areaOf reads "x1,y1,x2,y2": two corners of a rectangle, the upper left first.
func areaOf(text string) (a canaryrun.Area, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return a, false
	}
	for i, to := range []*int{&a.X1, &a.Y1, &a.X2, &a.Y2} {
		n, err := strconv.ParseFloat(strings.TrimSpace(parts[i]), 64) // the console draws between pixels
		if err != nil || n < 0 || n > 1<<20 {
			return a, false
		}
		*to = int(n)
	}
	return a, a.X1 < a.X2 && a.Y1 < a.Y2
}

// visual is the reference of a browser, nil for none.
func (c *config) visual(browser string) *visual {
	if browser == "" {
		browser = chrome
	}
	at := slices.IndexFunc(c.Visual, func(v visual) bool { return v.Browser == browser })
	if at < 0 {
		return nil
	}
	return &c.Visual[at]
}

// pendingVisual is the reference that waits for the next run in a browser.
func (c *config) pendingVisual(browser string) *visual {
	if v := c.visual(browser); v != nil && v.Base == baseNext && v.Key == "" {
		return v
	}
	return nil
}

// settleVisual gives what waits for the next run the baseline that it left.
func (c *config) settleVisual(got *visual) bool {
	v := c.pendingVisual(got.Browser)
	if v == nil {
		return false
	}
	names := v.Shots
	v.Base, v.Key, v.Shots = got.Base, got.Key, got.Shots
	if v.Chosen { // what the run did not leave cannot be compared with
		v.Shots = slices.DeleteFunc(slices.Clone(names), func(s shot) bool { return !got.has(s.Name) })
	}
	return true
}

func (v *visual) has(name string) bool {
	return slices.ContainsFunc(v.Shots, func(s shot) bool { return s.Name == name })
}

// cloneVisual lets a copy of a configuration be changed without the original.
func (c *config) cloneVisual() {
	c.Visual = slices.Clone(c.Visual)
	for i := range c.Visual {
		c.Visual[i].Shots = slices.Clone(c.Visual[i].Shots)
	}
}

// blobs are the keys of what the configuration refers to in blob.
func (c *config) blobs() []string {
	keys := []string{c.Code.Key}
	for i := range c.Visual {
		if key := c.Visual[i].Key; key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// setVisualView shows the references as the runtime does.
func setVisualView(out *api.Canary, rec *store.Record[canary]) {
	c := &rec.Doc.Config
	for i := range c.Visual {
		v := &c.Visual[i]
		shown := &api.VisualReferenceOutput{BaseCanaryRunId: new(v.Base), BrowserType: new(api.BrowserType(v.Browser))}
		for _, s := range v.Shots {
			shown.BaseScreenshots = append(shown.BaseScreenshots, &api.BaseScreenshot{ScreenshotName: s.Name, IgnoreCoordinates: s.Ignore})
		}
		out.VisualReferences = append(out.VisualReferences, shown)
	}
	if len(c.Visual) > 0 && !c.runtime().PerBrowser() {
		out.VisualReference = out.VisualReferences[0]
	}
}
