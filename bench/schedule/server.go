package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// server is the process that is measured.
type server struct {
	cmd *exec.Cmd
	url string
	dir string
}

func startServer(ctx context.Context, o options) (*server, error) {
	dir, err := os.MkdirTemp("", "nephele-schedule-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--listen", addr, "--data", dir, "--log-level", "warn"}
	if o.database != "" {
		args = append(args, "--database", o.database)
	}
	if o.workers > 0 {
		n := strconv.Itoa(o.workers)
		args = append(args, "--canary-workers", n, "--canary-script-workers", n, "--canary-native-workers", n)
	}
	s := &server{cmd: exec.CommandContext(ctx, o.binary, args...), url: "http://" + addr, dir: dir}
	s.cmd.Stderr = os.Stderr
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.ready(ctx)
}

func freeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// ready waits until the server answers.
func (s *server) ready(ctx context.Context) error {
	for range 200 {
		if _, err := s.get(ctx, "/_nephele/health"); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the server does not answer")
}

func (s *server) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return body.Bytes(), nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// reading is what the server had done at a time.
type reading struct {
	at         time.Time
	runs       map[string]float64 // by how they ended
	passedOver float64
	waiting    float64
	late       *dto.Histogram
	cpu        time.Duration // of the server, with the checks that it makes itself
	runCPU     time.Duration // of the runs in the sandbox that have ended
	memory     int64         // bytes resident, of the server alone
}

func (s *server) measure(ctx context.Context) (reading, error) {
	text, err := s.get(ctx, "/_nephele/metrics")
	if err != nil {
		return reading{}, err
	}
	r := reading{at: time.Now(), runs: map[string]float64{}, late: &dto.Histogram{}}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return r, err
	}
	for _, m := range families["nephele_canary_runs_total"].GetMetric() {
		r.runs[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	for _, m := range families["nephele_canary_ticks_passed_over_total"].GetMetric() {
		r.passedOver = m.GetCounter().GetValue()
	}
	for _, m := range families["nephele_canary_cpu_seconds_total"].GetMetric() {
		r.runCPU = time.Duration(m.GetCounter().GetValue() * float64(time.Second))
	}
	for _, m := range families["nephele_canary_runs_waiting"].GetMetric() {
		r.waiting += m.GetGauge().GetValue()
	}
	for _, m := range families["nephele_canary_lateness_seconds"].GetMetric() {
		r.late = m.GetHistogram()
	}
	r.cpu, r.memory, err = usage(s.cmd.Process.Pid)
	return r, err
}

// usage reads the processor time of a process, without its children, and its
// resident memory (proc(5)).
func usage(pid int) (cpu time.Duration, memory int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(rest)
	const tick = 10 * time.Millisecond // USER_HZ is 100
	for _, i := range []int{11, 12} {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, 0, err
		}
		cpu += time.Duration(n) * tick
	}
	pages, err := strconv.ParseInt(string(fields[21]), 10, 64)
	return cpu, pages * int64(os.Getpagesize()), err
}
