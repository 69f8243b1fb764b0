// Command testsum reads the output of go test -json, prints a line for each
// package and everything a failed test printed, and closes with the line
// "N passed, N failed" (and ", N skipped" where any were). It exits with status
// 1 when a test or a package failed, or when no test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of go test -json (cmd/test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

type tally struct {
	passed, failed, skipped int
	output                  map[string][]string // what each running test printed
	brokenBuilds            []string
}

func main() {
	t := &tally{output: map[string][]string{}}
	if err := t.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	os.Exit(t.close(os.Stdout))
}

func (t *tally) read(r io.Reader, w io.Writer) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 1<<20), 16<<20)
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			fmt.Fprintln(w, in.Text())
			continue
		}
		t.add(e, w)
	}
	return in.Err()
}

func (t *tally) add(e event, w io.Writer) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "output":
		t.output[key] = append(t.output[key], e.Output)
	case "build-output":
		fmt.Fprint(w, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, key, w)
		} else {
			t.endTest(e, key, w)
		}
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, key string, w io.Writer) {
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		fmt.Fprintf(w, "skipped  %s %s\n%s", e.Package, e.Test, strings.Join(t.output[key], ""))
	case "fail":
		t.failed++
		fmt.Fprintf(w, "FAILED   %s %s\n%s", e.Package, e.Test, strings.Join(t.output[key], ""))
	}
}

func (t *tally) endPackage(e event, key string, w io.Writer) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(w, "ok       %s %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		t.brokenBuilds = append(t.brokenBuilds, e.Package)
		fmt.Fprintf(w, "FAILED   %s %.1fs\n%s", e.Package, e.Elapsed, strings.Join(t.output[key], ""))
	}
}

// close prints the closing line and returns the exit status. A package that
// failed without a failed test (it did not build, or its TestMain exited)
// counts as one failure.
func (t *tally) close(w io.Writer) int {
	if t.failed == 0 {
		t.failed = len(t.brokenBuilds)
	}
	if t.skipped > 0 {
		fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	} else {
		fmt.Fprintf(w, "%d passed, %d failed\n", t.passed, t.failed)
	}
	if t.failed > 0 || t.passed == 0 {
		return 1
	}
	return 0
}
