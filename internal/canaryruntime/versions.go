package canaryruntime

import "time"

// Family is a line of runtimes: the name of a version without its number.
type Family string

// The families.
const (
	Puppeteer  Family = "syn-nodejs-puppeteer"
	Playwright Family = "syn-nodejs-playwright"
	NodeJS     Family = "syn-nodejs" // without a browser: API scripts and the multi-checks blueprint
	Selenium   Family = "syn-python-selenium"
	Java       Family = "syn-java" // not executed here
)

// Version is one runtime version.
type Version struct {
	Name         string // "syn-nodejs-puppeteer-10.0"
	Family       Family
	Major, Minor int
	Released     string // ISO 8601 date; empty where it could not be established
	Deprecated   string // ISO 8601 date; empty while it is supported
}

// Description is what DescribeRuntimeVersions says of the version.
func (v Version) Description() string { return descriptions[v.Family] }

var descriptions = map[Family]string{
	Puppeteer:  "Canary library for Node.js with Puppeteer",
	Playwright: "Canary library for Node.js with Playwright",
	NodeJS:     "Canary library for Node.js without a browser",
	Selenium:   "Canary library for Python with Selenium",
}

// table lists the versions that are executed, each family newest first. Dates
// are those of the CloudWatch user guide's tables of runtime versions.
var table = []struct {
	family               Family
	version              string
	released, deprecated string
}{
	{Puppeteer, "17.0", "", ""},
	{Puppeteer, "16.1", "", ""},
	{Puppeteer, "16.0", "", ""},
	{Puppeteer, "15.0", "", ""},
	{Puppeteer, "14.0", "", ""},
	{Puppeteer, "13.1", "", ""},
	{Puppeteer, "13.0", "", ""},
	{Puppeteer, "12.0", "", ""},
	{Puppeteer, "11.0", "", ""},
	{Puppeteer, "10.0", "", ""},
	{Puppeteer, "9.1", "2024-10-02", ""},
	{Puppeteer, "9.0", "2024-07-22", ""},
	{Puppeteer, "8.0", "2024-06-21", ""},
	{Puppeteer, "7.0", "2024-03-08", "2026-01-22"},
	{Puppeteer, "6.2", "2024-02-02", "2026-01-22"},
	{Puppeteer, "6.1", "2023-11-13", "2024-03-08"},
	{Puppeteer, "6.0", "2023-09-15", "2024-03-08"},
	{Puppeteer, "5.2", "2024-02-01", "2026-01-22"},
	{Puppeteer, "5.1", "2023-08-09", "2024-03-08"},
	{Puppeteer, "5.0", "2023-07-21", "2024-03-08"},
	{Puppeteer, "4.0", "2023-05-01", "2024-03-08"},
	{Puppeteer, "3.9", "", "2024-01-08"},
	{Puppeteer, "3.8", "", "2024-01-08"},
	{Puppeteer, "3.7", "", "2024-01-08"},
	{Puppeteer, "3.6", "", "2024-01-08"},
	{Puppeteer, "3.5", "", "2024-01-08"},
	{Puppeteer, "3.4", "", "2022-11-13"},
	{Puppeteer, "3.3", "", "2022-11-13"},
	{Puppeteer, "3.2", "", "2022-11-13"},
	{Puppeteer, "3.1", "", "2022-11-13"},
	{Puppeteer, "3.0", "", "2022-11-13"},
	{Playwright, "9.0", "", ""},
	{Playwright, "8.0", "", ""},
	{Playwright, "6.0", "", ""},
	{Playwright, "5.1", "", ""},
	{Playwright, "5.0", "", ""},
	{Playwright, "4.0", "", ""},
	{Playwright, "3.0", "", ""},
	{Playwright, "2.0", "", ""},
	{Playwright, "1.0", "", ""},
	{NodeJS, "5.2", "", ""},
	{NodeJS, "5.1", "", ""},
	{NodeJS, "5.0", "", ""},
	{NodeJS, "4.0", "", ""},
	{NodeJS, "3.1", "", ""},
	{NodeJS, "3.0", "", ""},
	{Selenium, "14.0", "", ""},
	{Selenium, "13.0", "", ""},
	{Selenium, "12.0", "", ""},
	{Selenium, "11.1", "", ""},
	{Selenium, "11.0", "", ""},
	{Selenium, "10.0", "", ""},
	{Selenium, "9.0", "", ""},
	{Selenium, "8.0", "", ""},
	{Selenium, "7.0", "", ""},
	{Selenium, "6.0", "", ""},
	{Selenium, "5.1", "", "2026-02-03"},
	{Selenium, "5.0", "", "2026-02-03"},
	{Selenium, "4.1", "", "2026-02-03"},
	{Selenium, "4.0", "", "2026-02-03"},
	{Selenium, "3.0", "", "2026-01-22"},
	{Selenium, "2.1", "", "2026-01-22"},
	{Selenium, "2.0", "", "2024-03-08"},
	{Selenium, "1.3", "", "2024-03-08"},
	{Selenium, "1.2", "", "2024-03-08"},
	{Selenium, "1.1", "", "2024-03-08"},
	{Selenium, "1.0", "", "2024-03-08"},
}

// day reads a date of the table.
func day(iso string) time.Time {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		panic("canaryruntime: " + err.Error())
	}
	return t
}
