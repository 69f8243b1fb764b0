package synthetics

import (
	"context"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
)

// runtime is a version of the canary runtime, as DescribeRuntimeVersions lists it.
type runtime struct {
	name        string
	description string
	released    string // ISO 8601 date, or "" where we could not establish it
	deprecated  string // ISO 8601 date, or "" while supported
}

// runtimes are the versions that this installation executes, newest first.
// Dates are those of the CloudWatch user guide's table of runtime versions.
var runtimes = []runtime{
	{"syn-nodejs-puppeteer-17.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-16.1", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-16.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-15.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-14.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-13.1", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-13.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-12.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-11.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-10.0", "Canary library for Node.js with Puppeteer", "", ""},
	{"syn-nodejs-puppeteer-9.1", "Canary library for Node.js with Puppeteer", "2024-10-02", ""},
	{"syn-nodejs-puppeteer-9.0", "Canary library for Node.js with Puppeteer", "2024-07-22", ""},
	{"syn-nodejs-puppeteer-8.0", "Canary library for Node.js with Puppeteer", "2024-06-21", ""},
	{"syn-nodejs-puppeteer-7.0", "Canary library for Node.js with Puppeteer", "2024-03-08", "2026-01-22"},
	{"syn-nodejs-puppeteer-6.2", "Canary library for Node.js with Puppeteer", "2024-02-02", "2026-01-22"},
	{"syn-nodejs-puppeteer-6.1", "Canary library for Node.js with Puppeteer", "2023-11-13", "2024-03-08"},
	{"syn-nodejs-puppeteer-6.0", "Canary library for Node.js with Puppeteer", "2023-09-15", "2024-03-08"},
	{"syn-nodejs-puppeteer-5.2", "Canary library for Node.js with Puppeteer", "2024-02-01", "2026-01-22"},
	{"syn-nodejs-puppeteer-5.1", "Canary library for Node.js with Puppeteer", "2023-08-09", "2024-03-08"},
	{"syn-nodejs-puppeteer-5.0", "Canary library for Node.js with Puppeteer", "2023-07-21", "2024-03-08"},
	{"syn-nodejs-puppeteer-4.0", "Canary library for Node.js with Puppeteer", "2023-05-01", "2024-03-08"},
}

func runtimeByName(name string) (runtime, bool) {
	for _, r := range runtimes {
		if r.name == name {
			return r, true
		}
	}
	return runtime{}, false
}

// deprecatedAt reports whether new canaries may no longer use r.
func (r runtime) deprecatedAt(t time.Time) bool {
	return r.deprecated != "" && !t.Before(date(r.deprecated))
}

func date(iso string) time.Time {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		panic("synthetics: runtime table: " + err.Error())
	}
	return t
}

func dateOrNil(iso string) *time.Time {
	if iso == "" {
		return nil
	}
	return new(date(iso))
}

// runtimeAtLeast reports whether a puppeteer runtime's name is of version
// major.minor or later.
func runtimeAtLeast(name string, major, minor int) bool {
	version := name[strings.LastIndexByte(name, '-')+1:]
	a, b, _ := strings.Cut(version, ".")
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return x > major || x == major && y >= minor
}

// DescribeRuntimeVersions lists the runtimes that this installation executes.
func (s *Service) DescribeRuntimeVersions(ctx context.Context, in *api.DescribeRuntimeVersionsInput) (*api.DescribeRuntimeVersionsOutput, error) {
	from := 0
	if err := s.position(ctx, nil, in.NextToken, &from); err != nil {
		return nil, err
	}
	to := min(from+limitOr(in.MaxResults, 100), len(runtimes))
	out := &api.DescribeRuntimeVersionsOutput{RuntimeVersions: []*api.RuntimeVersion{}}
	for _, r := range runtimes[from:to] {
		out.RuntimeVersions = append(out.RuntimeVersions, &api.RuntimeVersion{
			VersionName: new(r.name), Description: new(r.description),
			ReleaseDate: dateOrNil(r.released), DeprecationDate: dateOrNil(r.deprecated),
		})
	}
	if to == len(runtimes) {
		return out, nil
	}
	var err error
	out.NextToken, err = s.token(ctx, nil, to)
	return out, err
}
