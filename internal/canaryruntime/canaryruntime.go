package canaryruntime

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

var versions = func() (all []Version) {
	for _, row := range table {
		v, _ := parse(string(row.family) + "-" + row.version)
		v.Released, v.Deprecated = row.released, row.deprecated
		all = append(all, v)
	}
	return all
}()

// All lists the versions that are executed here, each family newest first.
func All() []Version { return slices.Clone(versions) }

// ByName returns the version of that name, when it is one of All.
func ByName(name string) (Version, bool) {
	at := slices.IndexFunc(versions, func(v Version) bool { return v.Name == name })
	if at < 0 {
		return Version{}, false
	}
	return versions[at], true
}

// Latest is the newest version of a family.
func Latest(f Family) Version {
	at := slices.IndexFunc(versions, func(v Version) bool { return v.Family == f })
	return versions[at]
}

// Parse reads a name without asking whether there is such a version.
func Parse(name string) (Version, bool) {
	if v, ok := ByName(name); ok {
		return v, true
	}
	return parse(name)
}

func parse(name string) (Version, bool) {
	at := strings.LastIndexByte(name, '-')
	if at < 0 {
		return Version{}, false
	}
	major, minor, _ := strings.Cut(name[at+1:], ".")
	x, err1 := strconv.Atoi(major)
	y, err2 := strconv.Atoi(minor)
	return Version{Name: name, Family: Family(name[:at]), Major: x, Minor: y}, err1 == nil && err2 == nil
}

// AtLeast reports whether v is version major.minor of its family or later.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// since reports whether v is of family f and at least version major.minor.
func (v Version) since(f Family, major, minor int) bool {
	return v.Family == f && v.AtLeast(major, minor)
}

// DeprecatedAt reports whether new canaries may no longer use v at t.
func (v Version) DeprecatedAt(t time.Time) bool {
	return v.Deprecated != "" && !t.Before(day(v.Deprecated))
}

// Dates are the days of release and of deprecation; nil where there is none.
func (v Version) Dates() (released, deprecated *time.Time) {
	if v.Released != "" {
		released = new(day(v.Released))
	}
	if v.Deprecated != "" {
		deprecated = new(day(v.Deprecated))
	}
	return released, deprecated
}

// HasBrowser reports whether scripts of v drive a browser.
func (v Version) HasBrowser() bool { return v.Family != NodeJS }

// Browsers are the browser types that BrowserConfigs may name for v: none where
// there is no browser.
func (v Version) Browsers() []string {
	switch {
	case !v.HasBrowser():
		return nil
	case v.PerBrowser():
		return []string{"CHROME", "FIREFOX"}
	default:
		return []string{"CHROME"}
	}
}

// PerBrowser reports whether a canary has EngineConfigs, BrowserConfigs and
// VisualReferences, one for each browser, instead of one EngineArn and
// VisualReference (Synthetics API reference, Canary).
func (v Version) PerBrowser() bool {
	return v.since(Puppeteer, 11, 0) || v.since(Playwright, 3, 0)
}

// RootLevelCode reports whether the archive may have the script at its root,
// besides nodejs/node_modules or python.
func (v Version) RootLevelCode() bool {
	return v.since(Puppeteer, 11, 0) || v.Family == Playwright || v.Family == NodeJS || v.since(Selenium, 8, 0)
}

// HandlerOnly reports whether the script's function must be called "handler".
func (v Version) HandlerOnly() bool {
	return v.Family == Puppeteer && !v.AtLeast(3, 4) || v.Family == Selenium && !v.AtLeast(1, 1)
}

// DryRuns reports whether StartCanaryDryRun and RetryConfig are offered.
func (v Version) DryRuns() bool {
	return v.since(Puppeteer, 10, 0) || v.since(Playwright, 2, 0) || v.since(Selenium, 5, 1) || v.since(NodeJS, 3, 0)
}

// Visual reports whether visual monitoring is offered.
func (v Version) Visual() bool { return v.since(Puppeteer, 3, 2) || v.since(Playwright, 1, 0) }

// Blueprints are the values that Code.BlueprintTypes may have.
func (v Version) Blueprints() []string {
	if v.since(NodeJS, 3, 0) {
		return []string{"multi-checks"}
	}
	return nil
}

// MultiLocation reports whether canaries may have replicas in other locations.
func (v Version) MultiLocation() bool { return v.since(Puppeteer, 16, 0) }
