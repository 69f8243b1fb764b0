// Canary compares the processor time of a canary run with that of the bare
// script: the same page, the same pictures, by puppeteer-core and the same
// browser, without a sandbox, a recording or a report. Runs alternate, so that
// whatever else the machine does falls on both.
//
//	go run ./bench/canary -n 20
//
// The bare script takes puppeteer-core from runtimes/nodejs/node_modules
// (npm ci there first). Linux only.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// requests is how many resources the page has besides itself.
const requests = 17

const bare = `
const puppeteer = require('puppeteer-core');
(async () => {
  const browser = await puppeteer.launch({
    executablePath: '%s', headless: 'shell', pipe: true, args: ['--no-sandbox'],
    defaultViewport: { width: 1920, height: 1080 },
  });
  const page = await browser.newPage();
  let n = 0;
  const shot = () => page.screenshot({ path: '%s/' + (++n) + '.png' });
  await shot();
  await page.goto('%s', { waitUntil: 'load' });
  await shot();
  await shot();
  if (await page.title() !== 'Bench') throw new Error('wrong page');
  await shot();
  await browser.close();
})();`

const canary = `
const synthetics = require('Synthetics');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', () => page.goto('%s', { waitUntil: 'load' }));
  await synthetics.executeStep('check', async () => {
    if (await page.title() !== 'Bench') throw new Error('wrong page');
  });
};`

func main() {
	n := flag.Int("n", 10, "pairs of runs")
	browser := flag.String("browser", "/usr/lib/chromium/chromium-headless-shell", "the browser of both")
	flag.Parse()
	if err := compare(*n, *browser); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func compare(n int, browser string) error {
	site := httptest.NewServer(http.HandlerFunc(serve))
	defer site.Close()
	// Orphans come to us, so that their time is counted too.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return err
	}
	defer box.Close()
	runner, err := canaryrun.New(canaryrun.Options{Sandbox: box, Browser: browser})
	if err != nil {
		return err
	}
	defer runner.Close()
	var alone, boxed []sample
	for i := range n + 1 { // the first pair warms the caches
		a, err := runBare(browser, site.URL)
		if err != nil {
			return err
		}
		b, err := runCanary(runner, site.URL)
		if err != nil {
			return err
		}
		if i > 0 {
			alone, boxed = append(alone, a), append(boxed, b)
		}
	}
	a, b := median(alone), median(boxed)
	fmt.Printf("isolation   %s\n", box.Level())
	fmt.Printf("bare script cpu %4d ms  wall %4d ms (medians of %d)\n", a.cpu.Milliseconds(), a.wall.Milliseconds(), n)
	fmt.Printf("canary run  cpu %4d ms  wall %4d ms, %d ms of the cpu in the server\n", b.cpu.Milliseconds(), b.wall.Milliseconds(), b.server.Milliseconds())
	fmt.Printf("overhead    cpu %+.1f %%\n", 100*(float64(b.cpu)/float64(a.cpu)-1))
	return nil
}

type sample struct{ cpu, wall, server time.Duration }

func median(s []sample) sample {
	slices.SortFunc(s, func(a, b sample) int { return int(a.cpu - b.cpu) })
	return s[len(s)/2]
}

// serve is a page with some resources.
func serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><circle cx="45" cy="45" r="40" fill="#37a"/></svg>`)
		return
	}
	fmt.Fprint(w, "<!doctype html><title>Bench</title><h1>Bench</h1>")
	for i := range requests {
		fmt.Fprintf(w, "<p>Paragraph %d <img src=/%d.svg></p>", i, i)
	}
}

// used is the processor time of this process or its ended children.
func used(who int) time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(who, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func runBare(browser, url string) (sample, error) {
	dir, err := os.MkdirTemp("", "bench-canary-")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(dir)
	modules, err := filepath.Abs("runtimes/nodejs/node_modules")
	if err != nil {
		return sample{}, err
	}
	before, started := used(unix.RUSAGE_CHILDREN), time.Now()
	c := exec.CommandContext(context.Background(), "node", "-e", fmt.Sprintf(bare, browser, dir, url))
	c.Env = append(os.Environ(), "NODE_PATH="+modules)
	if out, err := c.CombinedOutput(); err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, out)
	}
	wall := time.Since(started)
	for {
		if _, err := syscall.Wait4(-1, nil, 0, nil); errors.Is(err, syscall.ECHILD) {
			break
		}
	}
	return sample{cpu: used(unix.RUSAGE_CHILDREN) - before, wall: wall}, nil
}

func runCanary(runner *canaryrun.Runner, url string) (sample, error) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("nodejs/node_modules/index.js")
	if err != nil {
		return sample{}, err
	}
	fmt.Fprintf(f, canary, url)
	if err := z.Close(); err != nil {
		return sample{}, err
	}
	before, started := used(unix.RUSAGE_SELF), time.Now()
	o, err := runner.Run(context.Background(), canaryrun.Job{
		RunID: "bench", CanaryName: "bench", Handler: "index.handler", RuntimeVersion: "syn-nodejs-puppeteer-10.0",
		Zip: bytes.NewReader(archive.Bytes()), Size: int64(archive.Len()), Egress: sandbox.EgressPolicy{AllowPrivate: true},
	})
	if err != nil {
		return sample{}, err
	}
	defer o.Close()
	if o.Status != canaryrun.Passed {
		return sample{}, fmt.Errorf("the canary failed: %s", o.StateReason)
	}
	server := used(unix.RUSAGE_SELF) - before
	return sample{cpu: o.Usage.CPU + server, wall: time.Since(started), server: server}, nil
}
